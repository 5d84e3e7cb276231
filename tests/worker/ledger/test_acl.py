"""Who may do what in the store: `worker/ledger/paidmark.acl` lets each part do all of its work, and nothing else.

Receiver, worker and desk do everything that they ever do, as their users, while the store writes down every command.
Then each grant in turn is taken away, and the store is asked whether it would still let them.
"""

import asyncio
import codecs
import json
import os
import re
import shutil
import signal
import sys
import textwrap
import time
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, ResponseError

from bench.ports import free_port
from tests.conditions import wait_until
from tests.own_store import OwnStore, own_store
from tests.service import STANDARD_SECRET, standard_headers
from tests.worker.worlds import ELSEWHERE, WORKSPACE, ids, paid, taken_back, tie
from webhooks.app import served
from webhooks.settings import DoorSettings
from worker.app import work
from worker.embedded.valkey import binary
from worker.ending import end
from worker.ledger import Desk, Hands, Intake, Keeping, Lease, connect
from worker.ledger.intake import Rules
from worker.ledger.replicas import Confirmation
from worker.ledger.work import Effect, Handover, LeaseLostError, Limit, Progress, Sent
from worker.marking import Link, Pending, State, Wanted
from worker.sandbox import Sandbox, World, running
from worker.settings import HandsSettings, load

ROOT = Path(__file__).parent.parent.parent.parent
FILE = ROOT / "worker" / "ledger" / "paidmark.acl"
COMPOSE = ROOT / "docker-compose.yml"
USERS = ("receiver", "worker", "desk")
ADMIN = "admin"
PAIDMARK = (sys.executable, "-m", "webhooks.cli")
ARQ = (sys.executable, "-m", "arq", "worker.settings.WorkerSettings")
A, B, C, D, E, F, G = ids(7)
QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"')

Command = tuple[str, ...]


def rules(user: str) -> list[str]:
    """The rules of a user, one a word, as the file has them."""
    (line,) = [line for line in FILE.read_text().splitlines() if line.startswith(f"user {user} ")]
    return [word for word in line.split()[2:] if not word.startswith("#")]


def password(user: str) -> str:
    return f"of-the-{user}"


def filled_in() -> str:
    """The file as an operator completes it, with somebody who may look at everything beside."""
    text = FILE.read_text()
    for user in USERS:
        digest = sha256(password(user).encode()).hexdigest()
        text = text.replace(f"#SHA256_OF_{user.upper()}_PASSWORD", f"#{digest}")
    return f"{text}user {ADMIN} on >{password(ADMIN)} ~* &* +@all\n"


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


@asynccontextmanager
async def guarded(folder: Path) -> AsyncIterator[OwnStore]:
    """A store with the users of the file."""
    async with own_store(folder, "--aclfile", written(folder / "users.acl", filled_in())) as store:
        yield store


def as_user(store: OwnStore, user: str) -> Redis:
    client: Redis = Redis.from_url(store.url_of(user, password(user)))
    return client


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[OwnStore]:
    async with guarded(tmp_path) as running_store:
        yield running_store


@pytest.fixture
async def admin(store: OwnStore) -> AsyncIterator[Redis]:
    async with as_user(store, ADMIN) as client:
        yield client


async def refusals(admin: Redis) -> list[object]:
    """What the store has refused since it started."""
    said: list[object] = await admin.execute_command("ACL", "LOG")  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it
    return said


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


# What each part does, each alone on the store, so that what the store writes down is known to be theirs.


@asynccontextmanager
async def intake_of(url: str, **rules: Any) -> AsyncIterator[Intake]:
    client = connect(url, durable=True, patience=5.0)
    intake = Intake(client, Keeping(), Rules(deadline=5.0, **rules))
    taking = asyncio.create_task(intake.run())
    try:
        yield intake
    finally:
        await end(taking)
        await client.aclose()


@asynccontextmanager
async def hands_of(url: str, lease: float = 8.0) -> AsyncIterator[Hands]:
    client = connect(url)
    try:
        yield Hands(client, Keeping(), lease)
    finally:
        await client.aclose()


@asynccontextmanager
async def desk_of(url: str) -> AsyncIterator[Desk]:
    client = connect(url)
    try:
        yield Desk(client, Keeping())
    finally:
        await client.aclose()


def linked(name: str, *entries: str) -> Link:
    return Link(source="stripe", account="", name=name, wanted=(Wanted(WORKSPACE, entries),))


async def receive_all(url: str) -> None:
    """Each kind of event, and what is asked of the receiver's second listener."""
    async with intake_of(url) as intake:
        await intake.accept(paid("in_1", 1, A, B))
        await intake.accept(paid("in_2", 1, D))
        await intake.accept(paid("in_bad", 1, E))
        await intake.accept(taken_back("in_unknown", 1))
        await intake.accept(paid("in_nothing", 1))
        await intake.accept(paid("in_broken", 1, unresolved="its references are broken"))
        await intake.accept(taken_back("", 1, payment="pi_1", event="untied"))
        await intake.tie(tie("pi_1", "in_2"))
        await intake.accept(taken_back("", 9, payment="pi_1", event="tied"))
        await intake.accept(paid("in_linked", 1, link="march", number="INV-1"))
        await intake.link(linked("march", A))
        await intake.keep_undecoded("stripe", "digest", b"not what it should be")
    async with desk_of(url) as desk:
        await desk.figures()
        await desk.workspaces()


async def receive_more(url: str) -> None:
    """News of invoices that are settled."""
    async with intake_of(url) as intake:
        await intake.accept(paid("in_1", 2, A, B))
        await intake.accept(paid("in_1", 3, A, C))
        await intake.accept(taken_back("in_1", 4))


async def work_all(url: str) -> None:
    """A lease from its beginning to its end: some is refused, some was given up and is contradicted later."""
    async with hands_of(url) as hands, desk_of(url) as desk:
        await desk.figures()
        await desk.workspaces()
        await hands.live("one", 60)
        await hands.look_again()
        await hands.overdue(10)
        lease = await taken(hands)
        await hands.permit(lease, [Limit("calls", 1, 0.01)])
        planned = {one.ref: one for one in await everything(hands, lease)}
        one, bad = planned["stripe//in_1"], planned["stripe//in_bad"]
        await hands.settle(lease, [], Sent(one.entries, False, Effect.DOUBTFUL))
        await hands.settle(
            lease, [Progress(one.ref, one.revision, "++")], Sent(one.entries, True, Effect.TAKEN)
        )
        await hands.settle(lease, [Progress(bad.ref, bad.revision, "x", ((0, "deleted"),))])
        await hands.release(lease, Handover())
        await hands.look_again(WORKSPACE)
        lease = await taken(hands)
        rest = [
            Progress(left.ref, left.revision, "+" * len(left.entries))
            for left in await everything(hands, lease)
        ]
        await hands.settle(lease, rest, Sent((), True, Effect.TAKEN))
        await hands.release(lease, Handover())


async def work_late(url: str) -> None:
    """A repair whose time has come, a failure, a worker that slept through its lease."""
    async with hands_of(url) as hands:
        lease = await taken(hands)
        (repair,) = await everything(hands, lease)
        await hands.settle(lease, [Progress(repair.ref, repair.revision, "++")], Sent((), True, Effect.TAKEN))
        late = replace(lease, token="another")
        with pytest.raises(LeaseLostError):
            await hands.settle(late, [], Sent((A,), True, Effect.TAKEN))
        await hands.release(lease, Handover(wait=3600.0, failures=1, reason="a failure"))


async def work_after_months(url: str) -> None:
    """What has waited for long has its claims written anew."""
    async with hands_of(url) as hands:
        lease = await taken(hands)
        await everything(hands, lease)
        await hands.release(lease, Handover(wait=3600.0, failures=1, reason="a failure"))


async def everything(hands: Hands, lease: Lease) -> tuple[Pending, ...]:
    return (await hands.plan(lease, most_entries=1000, most_markings=1000)).pending


async def taken(hands: Hands) -> Lease:
    lease = await hands.take(WORKSPACE)
    assert lease is not None
    return lease


async def look_and_intervene(url: str) -> None:
    """The desk's questions, and its answers to what awaits a person."""
    async with desk_of(url) as desk:
        await desk.link(linked("march", B))
        assert [ref async for ref, _ in desk.links()] == ["stripe//march"]
        await desk.link(Link(source="stripe", account="", name="march", wanted=()))
        await desk.show("stripe//in_1")
        await desk.workspaces()
        await desk.workers()
        for state in (State.UNRESOLVED, State.REJECTED):
            await desk.in_state(state)
        await desk.in_backlog(WORKSPACE)
        await desk.unclaimed(WORKSPACE)
        await desk.naming(WORKSPACE, A)
        assert "stripe//in_1" in [ref async for ref in desk.matching("*in_1")]
        assert await desk.retry("stripe//in_bad") == 1
        assert await desk.retry("stripe//in_broken", [Wanted(WORKSPACE, (B,))]) == 1
        assert await desk.drop("stripe//in_broken", "billed by hand") == 1
        assert await desk.resume(WORKSPACE)
        (body,) = await desk.undecoded()
        assert await desk.body(body) == b"not what it should be"
        assert await desk.drop_body(body, "sent again")


async def be_the_receiver(url: str, invoice: str = "in_9") -> None:
    """The process itself: a delivery, and its second listener."""
    environ = {
        "PAIDMARK_REDIS_URL": url, "PAIDMARK_PORT": "0", "PAIDMARK_OPS_PORT": (port := str(free_port())),
        "PAIDMARK_SOURCES__STANDARD__SECRETS": STANDARD_SECRET,
    }  # fmt: skip
    data = {"invoice_id": invoice, "workspace_id": ELSEWHERE, "time_entry_ids": [F, G]}
    body = json.dumps({"type": "invoice.paid", "timestamp": int(time.time()), "data": data})
    async with served(load(DoorSettings, environ)) as door, aiohttp.ClientSession() as session:
        post = session.post(
            f"{door}/webhooks/standard", data=body, headers=standard_headers(body, f"msg_{invoice}")
        )
        async with post as response:
            assert response.status == 200
        for page in ("readyz", "metrics"):
            async with session.get(f"http://127.0.0.1:{port}/{page}") as response:
                assert response.status == 200


async def be_the_worker(url: str) -> None:
    """The process itself: arq's worker, woken by a pop; the sweep; its second listener."""
    closing = asyncio.Event()
    async with clockify() as (sandbox, address):
        environ = {
            "PAIDMARK_REDIS_URL": url,
            "PAIDMARK_CLOCKIFY_URL": address,
            "PAIDMARK_CLOCKIFY_API_KEY": "a-key",
        }
        settings = load(HandsSettings, environ | {"PAIDMARK_OPS_PORT": (port := str(free_port()))})
        working = asyncio.create_task(work(settings, closing))
        await wait_until(lambda: marked(sandbox, F, G), within=20, because="the entries were not marked")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/metrics") as page,
        ):
            assert page.status == 200
        closing.set()
        await working


async def be_arqs_own_worker(url: str) -> None:
    """`arq worker.settings.WorkerSettings`, which keeps books of its own."""
    async with clockify() as (sandbox, address):
        environ = {
            "PAIDMARK_REDIS_URL": url,
            "PAIDMARK_CLOCKIFY_URL": address,
            "PAIDMARK_CLOCKIFY_API_KEY": "a-key",
        }
        arq = await asyncio.create_subprocess_exec(
            *ARQ, env=clean_environ() | environ | {"PYTHONPATH": str(ROOT)}, stdout=PIPE, stderr=STDOUT
        )
        assert arq.stdout is not None
        said = b""
        while "←".encode() not in said:  # a job has ended
            line = await arq.stdout.readline()
            assert line, said.decode()
            said += line
        arq.send_signal(signal.SIGTERM)
        rest, _ = await arq.communicate()
    assert b"Traceback" not in said + rest, (said + rest).decode()
    assert marked(sandbox, F, G)


async def run_commands(url: str) -> None:
    """`paidmark check`, and the desk's commands."""
    for arguments, status in (
        (("check", "--json"), 0),
        (("check", "--worker"), 0),
        (("markings", "in_9"), 0),
        (("workspaces",), 0),
    ):
        process = await asyncio.create_subprocess_exec(
            *PAIDMARK,
            *arguments,
            env=clean_environ() | {"PAIDMARK_REDIS_URL": url},
            stdout=PIPE,
            stderr=STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == status, output.decode()


@asynccontextmanager
async def clockify() -> AsyncIterator[tuple[Sandbox, str]]:
    sandbox = Sandbox(world=World(open_world=True))
    async with running(sandbox) as address:
        yield sandbox, address


def marked(sandbox: Sandbox, *entries: str) -> bool:
    found = [sandbox.world.entries.get(one) for one in entries]
    return all(one is not None and one.invoiced for one in found)


def clean_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PAIDMARK_")}


MONTHS = 150 * 86_400

PHASES: tuple[tuple[str, Callable[[str], Awaitable[None]], int], ...] = (
    ("receiver", receive_all, 0),
    ("worker", work_all, 0),
    ("worker", work_late, 61),
    ("receiver", receive_more, 0),
    ("worker", work_after_months, MONTHS),
    ("desk", look_and_intervene, -MONTHS),
    ("receiver", be_the_receiver, 0),
    ("worker", be_the_worker, 0),
    ("desk", run_commands, 0),
    ("receiver", partial(be_the_receiver, invoice="in_10"), -61),
    ("worker", be_arqs_own_worker, 0),
)
"""Who does what, in this order, and for how many seconds the ledger's clock goes forward before."""


async def recorded(store: OwnStore, admin: Redis, doing: Awaitable[None]) -> list[Command]:
    """The commands that the store executed, by itself or in a script, while `doing` was done."""
    reader, writer = await asyncio.open_connection("127.0.0.1", store.port, limit=2**24)
    writer.write(f"AUTH {ADMIN} {password(ADMIN)}\r\nMONITOR\r\n".encode())
    assert [await reader.readline() for _ in range(2)] == [b"+OK\r\n"] * 2
    await doing
    await admin.echo("all is done")
    commands = []
    while b"all is done" not in (line := await reader.readline()):
        commands.append(tuple(_unquoted(word) for word in QUOTED.findall(line)))
    writer.close()
    return commands


def _unquoted(word: bytes) -> str:
    plain, _ = codecs.escape_decode(word)
    return bytes(plain).decode("latin-1")


def shape(command: Command) -> Command:
    """What a command has in common with others that need the same grants: its name, and the families of its keys."""
    keys = [":".join(word.split(":")[:2]) for word in command[1:] if word.startswith(("paidmark:", "arq:"))]
    subcommand = command[1:2] if command[0].lower() in ("config", "client", "script") else ()
    return (command[0].lower(), *subcommand, *keys)


async def phases(store: OwnStore, admin: Redis) -> dict[str, dict[Command, Command]]:
    """What each user's work consists of: of each shape, one command."""
    done: dict[str, dict[Command, Command]] = {user: {} for user in USERS}
    for user, doing, forward in PHASES:
        await admin.script_flush()
        await admin.incrby("paidmark:clock-offset", forward * 1000)
        for command in await recorded(store, admin, doing(store.url_of(user, password(user)))):
            done[user].setdefault(shape(command), command)
    # The store's MONITOR leaves out what is an administrator's.
    for user in ("receiver", "desk"):
        done[user][("config", "get")] = ("CONFIG", "GET", "appendonly")
    # There is one store only here, so nobody is waited for.
    for words in Confirmation(replicas=1, on_disk=True, patience=1.0).commands:
        done["receiver"][(str(words[0]),)] = tuple(str(word) for word in words)
    return done


# Grants, one by one.

GRANT = re.compile(r"[+~%][^\s()]+")


def without(user: str) -> Iterator[tuple[str, list[str]]]:
    """Each grant of a user, and the rules without it; of a grant to read and to write, without either half, too."""
    line = " ".join(rules(user))
    for found in GRANT.finditer(line):
        lesser = [""] + ([f"%R{found[0]}", f"%W{found[0]}"] if found[0].startswith("~") else [])
        for less in lesser:
            changed = line[: found.start()] + less + line[found.end() :]
            yield f"{user}: {less or 'no'} {'for' if less else ''} {found[0]}", changed.split()


async def refused(admin: Redis, words: list[str], commands: Iterable[Command]) -> list[str]:
    """What the store would not let a user with these rules do."""
    await admin.execute_command("ACL", "SETUSER", "mutant", "reset", *words)  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it
    asking = admin.pipeline(transaction=False)
    for command in commands:
        asking.execute_command("ACL", "DRYRUN", "mutant", *command)
    return [_text(answer) for answer in await asking.execute() if _text(answer) != "OK"]


async def test_each_part_does_all_of_its_work_and_no_grant_can_be_spared(
    store: OwnStore, admin: Redis
) -> None:
    done = await phases(store, admin)

    assert await refusals(admin) == []
    for user in USERS:
        assert await refused(admin, rules(user), done[user].values()) == []
    spared = [
        grant
        for user in USERS
        for grant, words in without(user)
        if not await refused(admin, words, done[user].values())
    ]
    assert not spared, spared


async def test_a_worker_that_waits_is_woken_by_a_receiver_that_may_do_much_less(
    store: OwnStore, admin: Redis
) -> None:
    url = {user: store.url_of(user, password(user)) for user in USERS}

    await asyncio.gather(be_the_worker(url["worker"]), be_the_receiver(url["receiver"]))

    assert await refusals(admin) == []


# What is not granted.

OF_NOBODY = (
    "FLUSHALL", "FLUSHDB", "KEYS *", "CONFIG SET appendfsync no", "CONFIG REWRITE", "SCRIPT FLUSH", "SHUTDOWN",
    "MONITOR", "CLIENT LIST", "ACL LIST", "REPLICAOF localhost 1", "SAVE", "SWAPDB 0 1",
    "SUBSCRIBE paidmark", "GET another:key", "SET another:key 1", "SET paidmark:another 1",
    "DUMP paidmark:invoice:stripe//in_1", "HGETALL paidmark:undecoded", "FUNCTION LIST", "MODULE LIST",
)  # fmt: skip
BEYOND = {
    "receiver": (
        "GET arq:job:drain:1", "HSET paidmark:workspace:1 parked no", "HGETALL paidmark:claims:1:1",
        "ZRANGE paidmark:workers 0 -1", "LRANGE paidmark:backlog:1 0 -1", "SCAN 0", "BZPOPMIN arq:queue 1",
        "HGET paidmark:numbers:1 1", "ZRANGE paidmark:unresolved 0 -1",
    ),
    "worker": (
        "HGET paidmark:undecoded stripe/1", "HSET paidmark:undecoded stripe/1 x", "GET paidmark:payment:1", "SCAN 0",
        "HGETALL paidmark:numbers:1", "CONFIG GET appendonly",
    ),
    "desk": (
        "GET arq:job:drain:1", "HSET paidmark:workspace:1 parked no", "DEL paidmark:invoice:stripe//in_1",
        "ZADD paidmark:workers 1 nobody", "HLEN paidmark:undecoded", "BZPOPMIN arq:queue 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("user", USERS)
async def test_what_is_not_granted_is_refused(store: OwnStore, user: str) -> None:
    async with as_user(store, user) as client:
        for command in (*OF_NOBODY, *BEYOND[user]):
            with pytest.raises(NoPermissionError):
                await client.execute_command(*command.split())  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it
        with pytest.raises(ResponseError, match="ACL failure in script"):
            await client.execute_command("EVAL", "return redis.pcall('HGETALL', 'paidmark:undecoded')", 0)  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it


async def test_without_a_name_and_a_password_nothing_is_answered(store: OwnStore) -> None:
    for url in (store.url, store.url_of("receiver", "guessed"), store.url_of("default", "")):
        async with Redis.from_url(url) as client:
            with pytest.raises(AuthenticationError):
                await client.ping()


async def test_a_file_in_which_the_passwords_were_forgotten_lets_no_store_start(tmp_path: Path) -> None:
    store = OwnStore(tmp_path, ("--aclfile", str(FILE)))

    with pytest.raises(AssertionError, match="password hash"):
        await store.start()


# docker-compose.yml


def command_of_compose() -> str:
    """The shell's part of the store's command."""
    block = COMPOSE.read_text().partition("      - |\n")[2].partition("    environment:\n")[0]
    return textwrap.dedent(block).replace("$$", "$")


@pytest.mark.skipif(
    shutil.which("sha256sum") is None, reason="the store's image has it, this machine has not"
)
async def test_the_store_of_docker_compose_has_these_users(tmp_path: Path) -> None:
    store = OwnStore(tmp_path / "data")
    (tmp_path / "data").mkdir()
    server = tmp_path / "redis-server"
    server.write_text(f'#!/bin/sh\nexec {binary()} "$@" --port {store.port} --dir {store.folder}\n')
    server.chmod(0o700)
    command = command_of_compose()
    for place, here in (("/etc/paidmark.acl", FILE), ("/tmp/users.acl", tmp_path / "users.acl")):
        assert place in command
        command = command.replace(place, str(here))
    passwords = {f"STORE_PASSWORD_{user.upper()}": password(user) for user in USERS}
    environ = clean_environ() | passwords | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}

    try:
        await store.run(("sh", "-euc", command), environ)
        for user in USERS:
            await work_a_little(user, store.url_of(user, password(user)))
    finally:
        await store.kill()


async def work_a_little(user: str, url: str) -> None:
    """The first thing that each user does."""
    if user == "receiver":
        await be_the_receiver(url)
    else:
        async with desk_of(url) as desk:
            await desk.workspaces()
