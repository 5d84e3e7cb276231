"""No secret leaves the place that it was given to: not into a log, a metric, an answer, an error, a repr, nor the store.

The service lives through a day on which everything goes wrong, with secrets that cannot be mistaken for anything else.
All that anybody could read of it afterwards is searched: for the secrets in every spelling, for the signatures that came
with deliveries, and for the customer whom the bodies speak of.
"""

import ast
import asyncio
import base64
import json
import re
import subprocess
import sys
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import stripe
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from redis.asyncio import Redis
from standardwebhooks.webhooks import Webhook
from typer.testing import CliRunner

from bench.ports import free_port
from tests.conditions import wait_until
from tests.own_store import OwnStore, own_store
from tests.service import WORKSPACE, entry, stripe_event
from webhooks.app import served, source
from webhooks.cli import app as paidmark
from webhooks.delivery import Delivery, Trust
from webhooks.settings import DoorSettings
from webhooks.sources import KINDS
from worker.clockify import Clockify
from worker.ledger import connect
from worker.sandbox import Sandbox, Seed, Workspace, running
from worker.settings import HandsSettings, SettingsError, StoreSettings, load

ROOT = Path(__file__).parent.parent
PAIDMARK = (sys.executable, "-m", "webhooks.cli")
STORE_PASSWORD = "Mpw-store/Quagmire+77"
SECRETS = {
    "stripe, new": "whsec_StripeNewZephyr9Quokka3Umbra",
    "stripe, old": "whsec_StripeOldFjord8Walrus2Onyx",
    "standard, new": "whsec_" + base64.b64encode(b"standard-new-kumquat-obelisk").decode(),
    "standard, old": "whsec_" + base64.b64encode(b"standard-old-nutmeg-parasol").decode(),
    "key": "ClkKeyYm9ndXMta2V5LWZvci10aGUtdGVzdA7Xylophone",
    "token": "AddonTok.eyJhbGciOiJub25lIn0.Marzipan-Obsidian",
    "store's password": STORE_PASSWORD,
}
CUSTOMER = {
    "name": "Zsuzsanna Quillfeather",
    "e-mail": "quillfeather@customer.example",
    "amount": "98765431",
    "address": "https://invoice.example/i/walrus-and-carpenter",
}
A, B, C = (entry(number) for number in range(3))
ELSEWHERE = "64a687e29ae1f428e7ebe304"


# Searching.


def spellings(secret: str) -> set[bytes]:
    """A secret in all the forms in which it could be found again."""
    bare = re.sub("^wh(sec|sk|pk)_", "", secret)
    forms = {secret, bare, quote(secret, safe=""), quote(bare, safe=""), json.dumps(secret)[1:-1]}
    raw = {one.encode() for one in forms}
    for one in (secret.encode(), bare.encode()):
        raw |= {base64.b64encode(one).rstrip(b"="), base64.urlsafe_b64encode(one).rstrip(b"=")}
        raw |= {one.hex().encode(), sha256(one).hexdigest().encode()}
    with suppress(ValueError):
        raw.add(base64.b64decode(bare, validate=True))
    return raw


def found(text: bytes | str, wanted: Mapping[str, str]) -> list[str]:
    """Which of the `wanted` stand in a text, in any spelling."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    return [name for name, one in wanted.items() if any(form in data for form in spellings(one))]


@pytest.mark.parametrize("name", SECRETS)
def test_the_search_finds_a_secret_in_every_spelling(name: str) -> None:
    for form in spellings(SECRETS[name]):
        assert name in found(b'{"said": "before ' + form + b' after"}', SECRETS)
    assert len(spellings(SECRETS[name])) >= 4
    assert found(b"nothing of the kind", SECRETS) == []


# A Clockify that says back whatever it is told.


@dataclass(slots=True)
class Echo:
    """A Clockify that answers each call with the next of its `manners`, and with all that the call has carried."""

    manners: list[int | str] = field(default_factory=list)
    asked: int = 0
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        manner = self.manners.pop(0) if self.manners else 200
        carried = {name: value for name, value in request.headers.items() if name.startswith("X-A")}
        told = {
            "message": f"refused: {carried}",
            "code": 501,
            "headers": carried,
            "id": "1",
            "name": str(carried),
        }
        if manner == "cut":
            assert request.transport is not None
            request.transport.abort()
        status = manner if isinstance(manner, int) else 200
        headers = (
            {"Location": f"http://127.0.0.1/?{carried}", "Retry-After": f"{carried}"} if status != 200 else {}
        )
        return web.json_response(told, status=status, headers=headers)


@asynccontextmanager
async def echoing() -> AsyncIterator[Echo]:
    clockify = Echo()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", clockify.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        clockify.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
        yield clockify
    finally:
        await runner.cleanup()


# The day.


@dataclass
class Day:
    """What was left behind: texts by where they were found, and the signatures that came with deliveries."""

    texts: dict[str, bytes] = field(default_factory=dict)
    store: dict[str, dict[str, bytes]] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    statuses: list[tuple[str, int]] = field(default_factory=list)
    facts: set[str] = field(default_factory=set)


@dataclass
class Machine:
    """Receiver and worker as processes, a store with a password, and a Clockify that echoes."""

    folder: Path
    store: OwnStore
    clockify: Echo
    day: Day
    session: aiohttp.ClientSession
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("door", "door ops", "worker ops")}
    )
    running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    @property
    def redis_url(self) -> str:
        return self.store.url_of("", quote(STORE_PASSWORD, safe=""))

    def environ(self, half: str) -> dict[str, str]:
        """The settings of one half, its secrets from the environment and from a file."""
        usual = {
            "PAIDMARK_REDIS_URL": self.redis_url,
            "PAIDMARK_LOG_LEVEL": "debug",
            "PAIDMARK_OPS_PORT": str(self.ports[f"{half} ops"]),
            "PYTHONPATH": str(ROOT),
        }
        if half == "door":
            return usual | {
                "PAIDMARK_PORT": str(self.ports["door"]),
                "PAIDMARK_MAX_BODY": "100KiB",
                "PAIDMARK_SOURCES__STRIPE__SECRETS": json.dumps(
                    [SECRETS["stripe, new"], SECRETS["stripe, old"]]
                ),
                "PAIDMARK_SOURCES__STANDARD__SECRETS_FILE": self._file(
                    "standard", json.dumps([SECRETS["standard, new"], SECRETS["standard, old"]])
                ),
            }
        return usual | {
            "PAIDMARK_CLOCKIFY_URL": self.clockify.url,
            "PAIDMARK_CLOCKIFY_API_KEY_FILE": self._file("key", json.dumps({"*": SECRETS["key"]})),
            "PAIDMARK_CLOCKIFY_ADDON_TOKEN": json.dumps({ELSEWHERE: SECRETS["token"]}),
            "PAIDMARK_RETRY_CAP": "0.1",
            "PAIDMARK_PROBE_INTERVAL": "0.1",
        }

    def _file(self, name: str, secret: str) -> str:
        path = self.folder / f"{name}.secret"
        path.write_text(secret)
        return str(path)

    async def start(self, half: str, command: str) -> None:
        with (self.folder / f"{half}.log").open("ab") as log:
            self.running[half] = await asyncio.create_subprocess_exec(
                *PAIDMARK, command, env=self.environ(half), stdout=log, stderr=log
            )

    async def end(self) -> None:
        for half, process in self.running.items():
            process.terminate()
            await process.wait()
            self.day.texts[f"log of the {half}"] = (self.folder / f"{half}.log").read_bytes()

    async def stripe(
        self, invoice: str, *, secret: str = SECRETS["stripe, new"], spoilt: bytes = b"", **also: Any
    ) -> int:
        """Post a paid invoice of a customer, signed by Stripe's own library."""
        metadata = {"clockify_workspace_id": WORKSPACE, "clockify_time_entry_ids": f"{A} {B}"}
        described = {"id": invoice, "status": "paid", "metadata": metadata, "customer_name": CUSTOMER["name"],
                     "customer_email": CUSTOMER["e-mail"], "amount_paid": int(CUSTOMER["amount"]),
                     "hosted_invoice_url": CUSTOMER["address"]} | also  # fmt: skip
        body = stripe_event("invoice.paid", described, event=f"evt_{invoice}", created=time.time()) + spoilt
        header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret)
        return await self.post("stripe", body, {"Stripe-Signature": header})

    async def standard(self, invoice: str, body: str = "", secret: str = SECRETS["standard, new"]) -> int:
        """Post a paid invoice of a customer, signed by Standard Webhooks' own library."""
        data = {"invoice_id": invoice, "workspace_id": ELSEWHERE, "time_entry_ids": [C], "customer": CUSTOMER}
        now = datetime.now(UTC)
        body = body or json.dumps({"type": "invoice.paid", "timestamp": now.isoformat(), "data": data})
        headers = {
            "webhook-id": f"msg_{invoice}",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign(f"msg_{invoice}", now, body),
        }
        return await self.post("standard", body.encode(), headers)

    async def post(self, source: str, body: bytes, headers: dict[str, str]) -> int:
        url = f"http://127.0.0.1:{self.ports['door']}/webhooks/{source}"
        for name, value in headers.items():
            if "signature" in name.lower():
                sent = re.sub("t=[0-9]*,|v1[=,]", "", value)
                self.day.signatures[f"signature {len(self.day.signatures)}"] = sent
        async with self.session.post(url, data=body, headers=headers) as response:
            self.day.texts[f"answer {len(self.day.statuses)}"] = (
                await response.read() + str(response.headers).encode()
            )
            self.day.statuses.append((source, response.status))
            return response.status

    async def look(self, when: str) -> None:
        """What an operator sees: both listeners, and the processes' list."""
        for half in self.running:
            for page in ("readyz", "metrics"):
                url = f"http://127.0.0.1:{self.ports[f'{half} ops']}/{page}"
                async with self.session.get(url) as response:
                    self.day.texts[f"{page} of the {half}, {when}"] = await response.read()
        listed = await asyncio.create_subprocess_exec("ps", "-eo", "args", stdout=subprocess.PIPE)
        lines = (await listed.communicate())[0].splitlines()
        # The test's own store is given its password on the command line; Paidmark's processes are ours to answer for.
        self.day.texts[f"processes, {when}"] = b"\n".join(
            line for line in lines if b"valkey-server" not in line
        )

    async def up(self) -> bool:
        try:
            for half in self.running:
                async with self.session.get(
                    f"http://127.0.0.1:{self.ports[f'{half} ops']}/readyz"
                ) as response:
                    await response.read()
        except aiohttp.ClientError:
            return False
        return True


async def everything_in(client: Redis) -> dict[str, bytes]:
    """All keys of a store with their values, whatever their type."""
    read: dict[bytes, Callable[[Any], Any]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }
    return {
        key.decode("latin-1"): key + b" " + b" ".join(_flat(await read[await client.type(key)](key)))
        async for key in client.scan_iter(count=1000)
    }


def _flat(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        value = [one for pair in value.items() for one in pair]
    if isinstance(value, list | tuple):
        for one in value:
            yield from _flat(one)
    else:
        yield value if isinstance(value, bytes) else str(value).encode()


async def keep_what_is_stored(machine: Machine, when: str) -> None:
    """The whole store as it is now, and every byte of its files."""
    async with Redis.from_url(machine.redis_url) as client:
        machine.day.store[when] = await everything_in(client)
    for path in machine.store.folder.rglob("*.aof"):
        machine.day.store[when][path.name] = path.read_bytes()


async def good_hours(machine: Machine) -> None:
    """Deliveries under each secret, and a Clockify that refuses in all its ways before it takes what it is sent."""
    assert await machine.stripe("in_1") == 200
    assert await machine.stripe("in_2", secret=SECRETS["stripe, old"]) == 200
    assert await machine.standard("in_3") == 200
    assert await machine.standard("in_4", secret=SECRETS["standard, old"]) == 200
    await wait_until(
        lambda: not machine.clockify.manners, within=20, because="Clockify was not asked often enough"
    )

    async def settled() -> bool:
        async with Redis.from_url(machine.redis_url) as client:
            return not await client.exists(f"paidmark:backlog:{WORKSPACE}", f"paidmark:backlog:{ELSEWHERE}")

    await wait_until(settled, within=20, because="the work was not done")
    await machine.look("when all is well")
    await keep_what_is_stored(machine, "when all is well")


async def strangers(machine: Machine) -> None:
    """Deliveries that are not authentic, or no deliveries at all."""
    assert await machine.stripe("in_5", secret="whsec_of_somebody_else") == 401
    assert await machine.standard("in_6", secret="whsec_c29tZWJvZHkgZWxzZQ==") == 401
    for headers in ({"Stripe-Signature": "t=1,v1=made-up-by-a-forger"}, {"Stripe-Signature": "\xff"}, {}):
        assert await machine.post("stripe", json.dumps(CUSTOMER).encode(), headers) == 401
    assert await machine.post("nobody", json.dumps(CUSTOMER).encode(), {}) == 401
    assert await machine.post("stripe", json.dumps(CUSTOMER).encode(), {"Content-Encoding": "gzip"}) == 400
    assert await machine.post("stripe", json.dumps(CUSTOMER).encode() * 1_000, {}) == 413
    reader, writer = await asyncio.open_connection("127.0.0.1", machine.ports["door"])
    signature = machine.day.signatures["signature 0"]
    writer.write(
        f"POST /webhooks/stripe HTTP/1.1\r\nStripe-Signature: v1={signature}\r\n : {signature}\0\r\n\r\n".encode()
    )
    machine.day.texts["answer to a broken request"] = await reader.read()
    writer.close()


async def undecodable_bodies(machine: Machine) -> None:
    """Authentic bodies of another shape: they are kept, and this is the only place for what a customer is called."""
    assert await machine.standard("in_7", body=json.dumps({"type": 1, "data": CUSTOMER})) == 200
    assert await machine.stripe("in_8", metadata=[CUSTOMER]) == 200
    assert await machine.stripe("in_9", spoilt=b"}") == 200
    await keep_what_is_stored(machine, "with undecodable bodies")


async def bad_store(machine: Machine) -> None:
    """A store that is full, not durable, behind another password, and gone."""
    admin = Redis.from_url(machine.redis_url)
    await admin.config_set("maxmemory", 1)
    assert await machine.stripe("in_10") == 503
    assert await machine.standard("in_11", body=json.dumps({"type": 1, "data": CUSTOMER})) == 503
    await machine.look("with a full store")
    await admin.config_set("maxmemory", 0)
    await admin.config_set("appendfsync", "everysec")
    await admin.execute_command("CLIENT", "KILL", "TYPE", "normal")
    assert await machine.stripe("in_12") == 503
    await machine.look("with a store that is not durable")
    await admin.config_set("requirepass", "another")
    await admin.execute_command("CLIENT", "KILL", "TYPE", "normal")
    assert await machine.stripe("in_13") == 503
    log = machine.folder / "worker.log"
    await wait_until(lambda: b"store.lost" in log.read_bytes(), within=10, because="the worker lost nothing")
    await machine.look("with another password")
    await admin.aclose()
    await machine.store.kill()
    assert await machine.stripe("in_14") == 503
    await machine.look("without a store")


async def lived(folder: Path) -> Day:
    """The day, from its beginning to its end."""
    day = Day()
    async with (
        own_store(folder / "store", "--requirepass", STORE_PASSWORD) as store,
        echoing() as clockify,
        aiohttp.ClientSession() as session,
    ):
        clockify.manners = [401, "cut", 403, 302, 500, 429, 404, 400, 418]
        machine = Machine(folder, store, clockify, day, session)
        try:
            await machine.start("door", "receive")
            await machine.start("worker", "work")
            await wait_until(machine.up, within=20, because="receiver and worker did not come up")
            for hours in (good_hours, strangers, undecodable_bodies, bad_store):
                await hours(machine)
        finally:
            await machine.end()
    return day


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """One day for all tests that look at what it has left behind."""
    return asyncio.run(lived(tmp_path_factory.mktemp("day")))


def test_on_that_day_everything_went_wrong_that_can(day: Day) -> None:
    log = day.texts["log of the door"] + day.texts["log of the worker"]
    facts = {json.loads(line)["event"] for line in log.splitlines()}

    assert facts >= {
        "delivery.accepted", "delivery.refused", "delivery.postponed", "delivery.undecodable", "batch.applied",
        "batch.parked", "batch.postponed", "store.lost",
    }  # fmt: skip
    for said in (b"maxmemory", b"not durable", b"invalid username-password"):
        assert said in log


@pytest.mark.parametrize("wanted", [SECRETS, CUSTOMER], ids=["secrets", "customer"])
def test_nothing_that_is_written_or_answered_holds(day: Day, wanted: Mapping[str, str]) -> None:
    assert {where: what for where, text in day.texts.items() if (what := found(text, wanted))} == {}


def test_no_signature_is_written_or_answered(day: Day) -> None:
    assert len(day.signatures) > 5
    assert {where: what for where, text in day.texts.items() if (what := found(text, day.signatures))} == {}


def test_the_store_holds_no_secret_no_signature_and_no_customer(day: Day) -> None:
    stored = day.store["when all is well"]

    assert {"paidmark:due", "paidmark:figures"} & stored.keys()
    assert any(name.endswith(".aof") and b"stripe//in_1" in text for name, text in stored.items())
    everything = SECRETS | CUSTOMER | day.signatures
    assert {where: what for where, text in stored.items() if (what := found(text, everything))} == {}


def test_but_for_authentic_bodies_that_could_not_be_decoded(day: Day) -> None:
    stored = day.store["with undecodable bodies"]
    files = {name for name in stored if name.endswith(".aof")}

    assert {where for where, text in stored.items() if found(text, CUSTOMER)} - files == {
        "paidmark:undecoded"
    }
    assert {
        where: what for where, text in stored.items() if (what := found(text, SECRETS | day.signatures))
    } == {}


# Commands, wrong settings, a crash.

MISTAKES: dict[str, dict[str, str]] = {
    "a secret that is no base64": {"PAIDMARK_SOURCES__STANDARD__SECRETS": SECRETS["stripe, new"] + "!"},
    "a broken list": {"PAIDMARK_SOURCES__STRIPE__SECRETS": f'["{SECRETS["stripe, new"]}", '},
    "a list of lists": {"PAIDMARK_SOURCES__STRIPE__SECRETS": f'[["{SECRETS["stripe, new"]}"]]'},
    "a secret for a table": {"PAIDMARK_SOURCES__STRIPE": SECRETS["stripe, new"]},
    "a secret for a kind": {"PAIDMARK_SOURCES__SHOP__KIND": SECRETS["stripe, new"]},
    "a secret for a workspace": {"PAIDMARK_WORKSPACE": SECRETS["key"]},
    "a secret for a level": {"PAIDMARK_LOG_LEVEL": SECRETS["key"]},
    "a secret for a port": {"PAIDMARK_OPS_PORT": SECRETS["key"]},
    "a secret for a rate": {"PAIDMARK_RATE_LIMIT": SECRETS["key"]},
    "a secret for a time": {"PAIDMARK_RETRY_CAP": SECRETS["key"], "PAIDMARK_KEEP_EVENTS": SECRETS["key"]},
    "a secret for an address": {"PAIDMARK_CLOCKIFY_URL": SECRETS["token"]},
    "a secret in an address": {"PAIDMARK_CLOCKIFY_URL": f"https://me:{SECRETS['token']}@api.clockify.me/api"},
    "key and workspace the wrong way round": {"PAIDMARK_CLOCKIFY_API_KEY": json.dumps({SECRETS["key"]: WORKSPACE})},
    "a broken table of keys": {"PAIDMARK_CLOCKIFY_API_KEY": f'{{"*": "{SECRETS["key"]}"'},
    "a key and a token": {"PAIDMARK_CLOCKIFY_API_KEY": SECRETS["key"], "PAIDMARK_CLOCKIFY_ADDON_TOKEN": SECRETS["token"]},
    "a misspelt name": {"PAIDMARK_CLOCKIFY_APIKEY": SECRETS["key"], "PAIDMARK_SOURCES__STRIPE__SECRET": SECRETS["stripe, new"]},
    "a store of another kind": {"PAIDMARK_REDIS_URL": f"http://:{quote(STORE_PASSWORD, safe='')}@127.0.0.1/0"},
    "a store with a broken port": {"PAIDMARK_REDIS_URL": f"redis://:{STORE_PASSWORD}@127.0.0.1:x/0"},
    "a store with an unknown option": {"PAIDMARK_REDIS_URL": f"redis://:{quote(STORE_PASSWORD, safe='')}@127.0.0.1:1/0?nonsense=1"},
    "a store that is not there": {"PAIDMARK_REDIS_URL": f"redis://:{quote(STORE_PASSWORD, safe='')}@127.0.0.1:1/0"},
    "a socket that is not there": {"PAIDMARK_REDIS_URL": f"unix:///nowhere?password={quote(STORE_PASSWORD, safe='')}"},
    "both, a secret and its file": {"PAIDMARK_CLOCKIFY_API_KEY": SECRETS["key"], "PAIDMARK_CLOCKIFY_API_KEY_FILE": __file__},
    "a file that is not there": {"PAIDMARK_CLOCKIFY_API_KEY_FILE": "/nowhere/key", "PAIDMARK_SOURCES__STRIPE__SECRETS_FILE": "/nowhere"},
}  # fmt: skip
TOML: dict[str, str] = {
    "no sign between": f'clockify_api_key "{SECRETS["key"]}"',
    "no quotes": f"clockify_api_key = {SECRETS['key']}",
    "no end of quotes": f'clockify_api_key = "{SECRETS["key"]}\n',
    "twice": f'clockify_api_key = "{SECRETS["key"]}"\nclockify_api_key = "{SECRETS["key"]}"',
    "misspelt": f'clockify_apikey = "{SECRETS["key"]}"\n[sources.stripe]\nsecret = "{SECRETS["stripe, new"]}"',
    "a table where a secret belongs": f'clockify_api_key = ["{SECRETS["key"]}"]\n[sources]\nstripe = "{SECRETS["stripe, new"]}"',
    "an unknown escape": f'clockify_api_key = "\\q{SECRETS["key"]}"',
}  # fmt: skip


def usual(folder: Path) -> dict[str, str]:
    """Settings with every kind of secret in them, with which each command gets as far as it can without a network."""
    return {
        "PAIDMARK_REDIS_URL": f"redis://:{quote(STORE_PASSWORD, safe='')}@127.0.0.1:1/0",
        "PAIDMARK_DATA": str(folder / "data"),
        "PAIDMARK_CLOCKIFY_URL": "http://127.0.0.1:1/api",
        "PAIDMARK_CLOCKIFY_API_KEY": SECRETS["key"],
        "PAIDMARK_SOURCES__STRIPE__SECRETS": SECRETS["stripe, new"],
        "PAIDMARK_SOURCES__STANDARD__SECRETS": SECRETS["standard, new"],
    }


def said(arguments: tuple[str, ...], environ: Mapping[str, str]) -> str:
    """All that a command has said: its output, and how it has ended, tracebacks and what they hold included."""
    ended = CliRunner().invoke(paidmark, list(arguments), env=dict(environ))
    crash = traceback.TracebackException.from_exception(ended.exception) if ended.exception else None
    words = [ended.output, repr(ended.exception), *(crash.format() if crash else ())]
    assert "".join(words).strip(), arguments
    return "".join(words)


RUNS = [("check",), ("check", "--json"), ("markings",), ("send", "stripe", "--url", "http://127.0.0.1:1")]


@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.usefixtures("log_as_before")
def test_no_mistake_in_the_settings_makes_a_command_show_a_secret(mistake: str, tmp_path: Path) -> None:
    environ = usual(tmp_path) | MISTAKES[mistake]

    assert {arguments: what for arguments in RUNS if (what := found(said(arguments, environ), SECRETS))} == {}


def test_a_secret_in_place_of_the_name_of_its_file_is_not_shown(tmp_path: Path) -> None:
    assert found(said(("check",), {"PAIDMARK_CLOCKIFY_API_KEY_FILE": SECRETS["key"]}), SECRETS) == []


@pytest.mark.parametrize("mistake", TOML)
def test_no_mistake_in_a_file_of_settings_makes_a_command_show_a_secret(mistake: str, tmp_path: Path) -> None:
    path = tmp_path / "paidmark.toml"
    path.write_text(TOML[mistake])
    environ = {"PAIDMARK_CONFIG": str(path)}

    text = said(("check",), environ)

    assert str(path) in text
    assert found(text, SECRETS) == []


def test_the_search_would_find_a_secret_that_a_command_says() -> None:
    assert found(said(("markings",), {"PAIDMARK_CONFIG": f"/nowhere/{SECRETS['key']}"}), SECRETS) == ["key"]


async def test_a_clockify_that_repeats_the_key_does_not_make_commands_show_it(tmp_path: Path) -> None:
    async with echoing() as clockify:
        environ = usual(tmp_path) | {
            "PAIDMARK_CLOCKIFY_URL": clockify.url,
            "PAIDMARK_CLOCKIFY_REPORTS_URL": clockify.url,
        }
        for arguments in (("check",), ("check", "--json"), ("entries", "--workspace", WORKSPACE)):
            for status in (200, 400, 401, 403, 302, 404):
                clockify.manners = [status] * 10
                assert found(await asyncio.to_thread(said, arguments, environ), SECRETS) == []
        assert clockify.asked >= 18


async def test_a_workspace_that_is_called_like_the_key_does_not_make_the_check_show_it(
    tmp_path: Path,
) -> None:
    sandbox = Sandbox()
    sandbox.seed(
        Seed(workspaces=[Workspace(id=WORKSPACE, name=SECRETS["key"], keys=frozenset({SECRETS["key"]}))])
    )
    async with running(sandbox) as url:
        environ = usual(tmp_path) | {"PAIDMARK_CLOCKIFY_URL": url}
        text = await asyncio.to_thread(said, ("check", "--json"), environ)

    assert "***, visible" in text
    assert found(text, SECRETS) == []


@pytest.mark.parametrize(
    "command",
    [
        (*PAIDMARK, "receive"),
        (*PAIDMARK, "work"),
        (*PAIDMARK, "up"),
        (*PAIDMARK, "markings"),
        (sys.executable, "-m", "arq", "worker.settings.WorkerSettings"),
        (sys.executable, "-m", "arq", "worker.settings.WorkerSettings", "--check"),
    ],
    ids=lambda command: " ".join(command[2:]),
)
def test_a_crash_shows_no_secret(command: tuple[str, ...], tmp_path: Path) -> None:
    """An option that redis-py does not know breaks whatever asks the store first, deep in libraries."""
    nonsense = {
        "PAIDMARK_REDIS_URL": f"{usual(tmp_path)['PAIDMARK_REDIS_URL']}?nonsense=1",
        "PAIDMARK_OPS_PORT": "0",
        "PAIDMARK_PORT": "0",
    }
    environ = usual(tmp_path) | nonsense | {"PYTHONPATH": str(ROOT), "PAIDMARK_LOG_LEVEL": "debug"}

    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        try:
            output, _ = process.communicate(timeout=3)
        except subprocess.TimeoutExpired:
            process.terminate()
            output, _ = process.communicate()

    assert output
    assert found(output, SECRETS) == []


def holders(tmp_path: Path) -> dict[str, object]:
    """Everything that holds a secret while a process runs."""
    environ = usual(tmp_path) | {"PAIDMARK_CLOCKIFY_ADDON_TOKEN": json.dumps({WORKSPACE: SECRETS["token"]}),
                                 "PAIDMARK_CLOCKIFY_API_KEY": json.dumps({ELSEWHERE: SECRETS["key"]})}  # fmt: skip
    door, hands = load(DoorSettings, environ), load(HandsSettings, environ)
    credential = hands.credential(WORKSPACE)
    headers = CIMultiDictProxy(CIMultiDict({"Stripe-Signature": "v1=abc"}))
    return {
        "receiver's settings": door,
        "worker's settings": hands,
        "settings of both": load(StoreSettings, environ),
        "settings of a source": door.sources["stripe"],
        "source": source("stripe", door.sources["stripe"], None),
        "trust": Trust(secrets=tuple(SECRETS.values()), now=0.0, tolerance=0.0),
        "credential": credential,
        "credentials": {"of": [credential]},
        "client of Clockify": Clockify(hands.clockify_url, hands.credential, timeout=1.0),
        "delivery": Delivery(headers, b""),
    }


@pytest.mark.parametrize("name", list(holders(Path())))
def test_what_holds_a_secret_does_not_show_it(name: str) -> None:
    held = holders(Path())[name]

    assert found(f"{held!r} {held} {held:}", SECRETS) == []


async def test_a_client_of_the_store_does_not_show_the_password() -> None:
    store = connect(usual(Path())["PAIDMARK_REDIS_URL"], durable=True)

    assert found(f"{store!r} {store} {store.connection_pool!r}", SECRETS) == []
    await store.aclose()


@pytest.mark.parametrize("name", ["receiver's settings", "worker's settings", "settings of both"])
def test_a_dump_of_settings_holds_no_secret(name: str) -> None:
    settings: Any = holders(Path())[name]

    assert found(f"{settings.model_dump()} {settings.model_dump_json()}", SECRETS) == []


def test_a_mistake_does_not_carry_the_values_along() -> None:
    with pytest.raises(SettingsError) as caught:
        load(
            DoorSettings,
            usual(Path()) | {"PAIDMARK_SOURCES__STRIPE__SECRETS": f'["{SECRETS["stripe, new"]}"'},
        )

    error: BaseException | None = caught.value
    while error is not None:
        assert found(f"{error!r} {error} {error.args}", SECRETS) == []
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


# Comparing.

OF_SECRETS = re.compile(
    r"secret|signature|digest|expected|given|hmac|mac\b|password|credential|proven", re.IGNORECASE
)


def comparisons(code: str) -> Iterator[str]:
    """Comparisons (`==`, `!=`, `in`, and the like) in which a value takes part that is named like a secret or a digest."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Compare) and not all(isinstance(one, ast.Is | ast.IsNot) for one in node.ops):
            sides = (node.left, *node.comparators)
            if any(OF_SECRETS.search(name) for side in sides for name in named(side)):
                yield ast.unparse(node)


def named(node: ast.AST) -> Iterator[str]:
    """The names and attributes of which an expression is made, but for what is only measured by `len`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len":
        return
    if isinstance(node, ast.Name):
        yield node.id
    if isinstance(node, ast.Attribute):
        yield node.attr
    for child in ast.iter_child_nodes(node):
        yield from named(child)


@pytest.mark.parametrize(
    "code", ["expected == given", "self.secret != other", "header in signatures", "hmac_hex(k, m) == x"]
)
def test_the_search_finds_a_comparison_that_takes_as_long_as_it_agrees(code: str) -> None:
    assert list(comparisons(code)) == [code]


LOOKED_AT = {
    "1 <= len(signatures) <= MOST_SIGNATURES": "how many were sent",
    "credential[0] == ADDON": "the name of a header, which is no secret",
    "base64.b64encode(signature).decode() == text": "what was sent, compared with itself: no secret takes part",
    "base64.b64encode(raw).decode() == signature": "the same, of another vendor's signature",
    "signatures.wire(signed) != delivery.body": "what a proven token says the body is, and the body: both were sent",
    "given.count('.') == 2": "whether what was sent has the form of a token",
    "signature in headers": "the name of a header, which is no secret",
    "':' in secret": "a setting, when it is read: nothing was sent",
    "':' not in secret": "a setting, when it is read: nothing was sent",
}
"""Comparisons that a person has looked at, each with the reason why it tells nobody anything."""


def test_no_secret_and_no_signature_is_compared_but_in_constant_time() -> None:
    """By names, so it asks for honest names. Whoever adds a comparison lists it above, and a reviewer reads why."""
    modules = sorted((ROOT / "webhooks").rglob("*.py"))
    compared = {one for path in modules for one in comparisons(path.read_text())}

    assert compared == LOOKED_AT.keys()
    assert "hmac.compare_digest(" in (ROOT / "webhooks" / "signatures.py").read_text()


async def test_who_names_no_source_costs_no_work_with_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """So how long the answer takes tells nothing of secrets; a source that is known is asked for a proof."""
    asked = []
    kind = replace(KINDS["stripe"], verify=lambda _, trust, __: asked.append(trust))
    monkeypatch.setattr("webhooks.app.KINDS", {"stripe": kind, "standard": kind})
    settings = load(DoorSettings, usual(tmp_path) | {"PAIDMARK_PORT": "0", "PAIDMARK_OPS_PORT": "0"})
    thin = b'{"object": "thin", "type": "", "id": "", "created": 1, "livemode": true}'

    async with served(settings) as url, aiohttp.ClientSession() as session:

        async def status(method: str, name: str) -> int:
            async with session.request(method, f"{url}/webhooks/{name}", data=thin) as response:
                return response.status

        for method, name in (("POST", "nobody"), ("GET", "stripe"), ("POST", "Stripe"), ("DELETE", "nobody")):
            assert await status(method, name) == 401
        assert asked == []
        assert await status("POST", "stripe") == 200
        assert len(asked) == 1
