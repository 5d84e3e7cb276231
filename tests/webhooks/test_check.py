"""`paidmark check`, run against a real store and the sandbox."""

import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from redis.asyncio import Redis
from typer.testing import CliRunner

from tests.webhooks.desk_scene import scene
from webhooks.commands.check import check
from worker.ledger import Hands, Intake, Keeping, connect
from worker.ledger.intake import Rules
from worker.ledger.work import Handover
from worker.marking import Cause, Wanted
from worker.sandbox import Fault, Sandbox, Seed, Workspace, running

WS, OTHER = "64a687e29ae1f428e7ebe303", "74a687e29ae1f428e7ebe303"

app = typer.Typer()
app.command()(check)


class Checked:
    """What a run of the command said: its exit status, and its findings by what they are about."""

    def __init__(self, status: int, said: dict[str, Any]) -> None:
        self.status = status
        self.findings: list[dict[str, str]] = said["findings"]
        assert said["ok"] is (status == 0)

    def about(self, what: str) -> tuple[str, str]:
        """Mark, and text with advice, of the last finding about `what`."""
        one = next(one for one in reversed(self.findings) if one["about"] == what)
        return one["mark"], f"{one['text']}; {one['advice']}"

    @property
    def wrong(self) -> set[str]:
        return {one["about"] for one in self.findings if one["mark"] == "wrong"}


Check = Callable[..., Awaitable[Checked]]
LONG = "made-up-secret-of-a-test"


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    made.seed(Seed(workspaces=[Workspace(id=WS, keys=frozenset({"key"}), tokens=frozenset({"token"}))]))
    return made


async def plain(*arguments: str, **env: str | None) -> tuple[int, str]:
    said = await asyncio.to_thread(
        lambda: CliRunner().invoke(app, arguments, env=env, catch_exceptions=False)
    )
    return said.exit_code, said.stdout


@pytest.fixture
async def environment(sandbox: Sandbox, store: Redis, store_url: str) -> AsyncIterator[dict[str, str | None]]:
    async with running(sandbox) as url:
        yield {
            "PAIDMARK_REDIS_URL": store_url,
            "PAIDMARK_CLOCKIFY_URL": url,
            "PAIDMARK_CLOCKIFY_API_KEY": "key",
            "PAIDMARK_SOURCES__STRIPE__SECRETS": "whsec_made_up_for_tests",
        }


@pytest.fixture
async def checked(environment: dict[str, str | None]) -> Check:
    async def _checked(*arguments: str, **env: str | None) -> Checked:
        status, said = await plain("--json", *arguments, **{**environment, **env})
        return Checked(status, json.loads(said))

    return _checked


@pytest.fixture
async def hands(store_url: str) -> AsyncIterator[Hands]:
    client = connect(store_url)
    yield Hands(client, Keeping(), 8.0)
    await client.aclose()


async def test_where_all_is_well_nothing_is_wrong(checked: Check, hands: Hands) -> None:
    await hands.live("w", 60)
    found = await checked()

    assert (found.status, {one["mark"] for one in found.findings}) == (0, {"ok"})
    assert [one["about"] for one in found.findings] == [
        "receiver's settings", "source stripe", "worker's settings", "store", "store version", "store role",
        "store durability", "store memory", "store clock", "worker", "key", f"workspace {WS}", "clock",
    ]  # fmt: skip


async def test_the_list_is_for_people_with_advice_below(environment: dict[str, str | None]) -> None:
    status, said = await plain(**{**environment, "PAIDMARK_SOURCES__STRIPE__SECRETS": "x"})

    assert status == 0
    assert "ok      store durability: append-only file" in said
    assert (
        "warning source stripe: a secret does not begin with whsec_\n        is PAIDMARK_SOURCES__STRIPE__SECRETS the"
        in said
    )


async def test_no_secret_is_shown(environment: dict[str, str | None]) -> None:
    _, said = await plain("--json", **environment)

    assert "whsec_made_up_for_tests" not in said
    assert '"key"' not in said.replace('"about": "key"', "")


async def test_every_mistake_in_the_settings_of_both_halves_is_told_once(checked: Check) -> None:
    found = await checked(PAIDMARK_OPS_PORT="x", PAIDMARK_PORT="y", PAIDMARK_BATCH_SIZE="0")
    wrong = [(one["about"], one["text"]) for one in found.findings if one["mark"] == "wrong"]

    assert (found.status, len(wrong)) == (1, 3)
    assert [about for about, _ in wrong] == ["receiver's settings"] * 2 + ["worker's settings"]
    assert [
        name for name in ("OPS_PORT", "PAIDMARK_PORT", "BATCH_SIZE") if any(name in text for _, text in wrong)
    ] == [
        "OPS_PORT",
        "PAIDMARK_PORT",
        "BATCH_SIZE",
    ]


async def test_the_store_is_looked_at_though_one_half_does_not_load(checked: Check) -> None:
    assert (await checked(PAIDMARK_BATCH_SIZE="0")).about("store")[0] == "ok"
    found = await checked(PAIDMARK_PORT="y")
    assert (found.about("store")[0], found.about("key")[0]) == ("ok", "ok")


@pytest.mark.parametrize(
    ("env", "about", "mark", "said"),
    [
        ({"PAIDMARK_SOURCES__STRIPE__SECRETS": None}, "receiver's settings", "warning", "no source is set"),
        (
            {"PAIDMARK_SOURCES__SHOP__KIND": "standard"},
            "source shop",
            "wrong",
            "set PAIDMARK_SOURCES__SHOP__SECRETS",
        ),
        (
            {"PAIDMARK_SOURCES__STRIPE__SECRETS": "sk_live_1"},
            "source stripe",
            "wrong",
            "looks like an API key",
        ),
        (
            {"PAIDMARK_SOURCES__STRIPE__SECRETS": '["whsec_made_up_for_tests", "whsec_made_up_as_well"]'},
            "source stripe",
            "ok",
            "with 2 secrets",
        ),
        (
            {"PAIDMARK_SOURCES__STRIPE__SECRETS": "whsec_nope"},
            "source stripe",
            "warning",
            "short enough to be guessed",
        ),
        (
            {"PAIDMARK_LINK_TOKENS": f'["{LONG}", "short"]'},
            "receiver's settings",
            "warning",
            "PAIDMARK_LINK_TOKENS wants 16 characters or more",
        ),
        (
            {"PAIDMARK_SOURCES__KILLBILL__SECRETS": LONG, "PAIDMARK_UNREFERENCED": "unresolved"},
            "source killbill",
            "warning",
            "set PAIDMARK_SOURCES__KILLBILL__IN_FULL=true",
        ),
        (
            {"PAIDMARK_SOURCES__RECURLY__SECRETS": LONG},
            "source recurly",
            "ok",
            "those that nobody links are only counted, unless PAIDMARK_UNREFERENCED=unresolved",
        ),
        (
            {"PAIDMARK_SOURCES__RECURLY__SECRETS": LONG, "PAIDMARK_UNREFERENCED": "unresolved"},
            "source recurly",
            "ok",
            "of kind recurly, with 1 secret",
        ),
        (
            {
                "PAIDMARK_SOURCES__A_B__SECRETS": LONG,
                "PAIDMARK_SOURCES__A_B__KIND": "gocardless",
                "PAIDMARK_SOURCES__A_B__MARK_ON": "issued",
            },
            "source a-b",
            "warning",
            "leave PAIDMARK_SOURCES__A_B__MARK_ON out",
        ),
        ({"PAIDMARK_CLOCKIFY_API_KEY": None}, "worker's settings", "warning", "there is no key for Clockify"),
        ({"PAIDMARK_DRY_RUN": "true"}, "worker's settings", "warning", "nothing is sent"),
    ],
)
async def test_what_is_missing_in_the_settings_is_told(
    checked: Check, env: dict[str, str | None], about: str, mark: str, said: str
) -> None:
    found = await checked(**env)

    assert found.about(about)[0] == mark
    assert said in found.about(about)[1]


async def test_a_store_that_is_not_there_is_wrong(checked: Check, tmp_path: Path) -> None:
    nowhere = await checked(PAIDMARK_REDIS_URL=None, PAIDMARK_DATA=str(tmp_path))
    gone = await checked(PAIDMARK_REDIS_URL="redis://:secret@127.0.0.1:1/0")

    assert (nowhere.wrong, gone.wrong) == ({"store"}, {"store"})
    assert "does not answer (ConnectionError)" in gone.about("store")[1]
    assert "secret" not in gone.about("store")[1]


async def test_a_store_that_does_not_let_us_in_is_wrong(checked: Check, store: Redis, store_url: str) -> None:
    found = await checked(PAIDMARK_REDIS_URL=store_url.replace("unix://", "unix://nobody:wrong@"))

    assert "does not let us in (AuthenticationError)" in found.about("store")[1]


async def test_a_store_that_refuses_commands_is_wrong(checked: Check, store_url: str) -> None:
    found = await checked(PAIDMARK_REDIS_URL=store_url.replace("db=0", "db=999"))

    assert "refuses a command: DB index is out of range" in found.about("store")[1]


async def test_a_store_that_may_lose_what_it_acknowledged_is_wrong_unless_it_is_trusted(
    checked: Check, store: Redis
) -> None:
    await store.config_set("appendfsync", "everysec")
    try:
        doubted = await checked()
        trusted = await checked(PAIDMARK_STORE_DURABILITY="trusted")
    finally:
        await store.config_set("appendfsync", "always")

    assert doubted.wrong == {"store durability"}
    assert "appendfsync is 'everysec', must be 'always'" in doubted.about("store durability")[1]
    assert (trusted.status, trusted.about("store durability")[0]) == (0, "warning")


async def test_a_store_that_is_nearly_full_is_a_warning(checked: Check, store: Redis) -> None:
    used = (await store.info("memory"))["used_memory"]
    try:
        await store.config_set("maxmemory", used * 10)
        roomy = await checked()
        await store.config_set("maxmemory", used + used // 20)
        full = await checked()
    finally:
        await store.config_set("maxmemory", 0)

    assert (roomy.about("store memory")[0], full.about("store memory")[0]) == ("ok", "warning")


async def test_without_a_worker_there_is_a_warning_and_with_one_there_is_none(
    checked: Check, hands: Hands
) -> None:
    assert (await checked()).about("worker")[0] == "warning"
    await hands.live("w", 60)
    assert (await checked()).about("worker")[0] == "ok"


async def test_a_parked_workspace_is_told_with_the_reason(
    checked: Check, hands: Hands, store_url: str
) -> None:
    await accept(store_url)
    lease = await hands.take(WS)
    assert lease is not None
    await hands.release(lease, Handover(wait=60, parked="the key is not accepted"))
    mark, said = (await checked(PAIDMARK_CLOCKIFY_API_KEY=None)).about(f"workspace {WS}")

    assert (mark, said) == (
        "warning",
        "parked, 1 waiting: the key is not accepted; when that is mended: paidmark workspaces resume " + WS,
    )


@pytest.mark.parametrize(
    ("bodies", "bound", "mark", "said"),
    [
        (1, 1000, "warning", "1 authentic body cannot be decoded"),
        (3, 4, "warning", "3 authentic bodies cannot be decoded"),
        (
            4,
            5,
            "wrong",
            "80% of the room for them is used, and when it is full, more of them are answered 503",
        ),
    ],
)
@pytest.mark.parametrize("counted", ["MOST_UNDECODED", "MOST_UNDECODED_BYTES"])
async def test_what_cannot_be_decoded_is_told_and_more_loudly_where_its_room_is_nearly_full(
    checked: Check, store_url: str, monkeypatch: pytest.MonkeyPatch, counted: str, bodies: int, bound: int,
    mark: str, said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(f"webhooks.checks.store.{counted}", bound)
    async with scene(store_url) as at:
        for number in range(bodies):
            await at.intake.keep_undecoded("stripe", f"{number:064x}", b"{")

    found = await checked()

    assert found.about("undecoded")[0] == mark
    assert said in found.about("undecoded")[1]
    assert "paidmark markings --state unresolved" in found.about("undecoded")[1]
    assert found.status == (1 if mark == "wrong" else 0)


async def accept(store_url: str) -> None:
    """Let one marking wait for WS."""
    client = connect(store_url, durable=True)
    intake = Intake(client, Keeping(), Rules())
    accepting = asyncio.create_task(intake.run())
    at = int(time.time() * 1000)
    await intake.accept(
        Cause(
            source="stripe", account="", event="evt_1", invoice="in_1", payment="", invoiced=True, order=at, rank=0,
            at=at, wanted=(Wanted(WS, ("a" * 24,)),), unresolved="",
        )
    )  # fmt: skip
    accepting.cancel()
    await asyncio.gather(accepting, return_exceptions=True)
    await client.aclose()


async def test_a_health_check_asks_only_for_a_worker(checked: Check, hands: Hands, sandbox: Sandbox) -> None:
    dead = await checked("--worker")
    await hands.live("w", 60)
    alive = await checked("--worker")

    assert (dead.status, dead.wrong, alive.status, len(alive.findings)) == (1, {"worker"}, 0, 1)
    assert sandbox.log.total == 0


async def test_a_health_check_without_a_store_or_settings_fails(checked: Check, tmp_path: Path) -> None:
    assert (await checked("--worker", PAIDMARK_REDIS_URL=None, PAIDMARK_DATA=str(tmp_path))).wrong == {
        "store"
    }
    assert (await checked("--worker", PAIDMARK_REDIS_URL="redis://127.0.0.1:1")).wrong == {"store"}
    assert (await checked("--worker", PAIDMARK_REDIS_URL="http://x")).wrong == {"settings"}


def test_the_command_loads_neither_client_nor_store_before_it_runs() -> None:
    code = "import sys, webhooks.commands.check as _; print(sorted({'worker.reports', 'worker.clockify'} & sys.modules.keys()))"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


async def test_a_health_check_is_quick_as_a_process_of_its_own(
    environment: dict[str, str | None], hands: Hands
) -> None:
    await hands.live("w", 60)
    code = "import typer; from webhooks.commands.check import check; typer.run(check)"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, "--worker", env={k: v for k, v in environment.items() if v}
    )

    assert await process.wait() == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 2


@pytest.mark.parametrize(
    ("fault", "mark", "said"),
    [
        (Fault(kind="key_refused"), "wrong", "the key is not accepted (401)"),
        (Fault(kind="cut"), "wrong", "is the network there?"),
        (Fault(kind="throttled"), "warning", "cannot tell: the rate limit is reached (429)"),
    ],
)
async def test_a_key_that_clockify_does_not_take_is_told(
    checked: Check, sandbox: Sandbox, fault: Fault, mark: str, said: str
) -> None:
    sandbox.faults.order(fault)
    found = await checked()

    assert found.about("key")[0] == mark
    assert said in found.about("key")[1]


async def test_every_key_is_looked_at_once_with_the_workspaces_that_it_is_for(
    checked: Check, sandbox: Sandbox
) -> None:
    sandbox.seed(Seed(workspaces=[Workspace(id=OTHER, keys=frozenset({"second"}))]))
    found = await checked(
        PAIDMARK_CLOCKIFY_API_KEY=json.dumps({WS: "key", OTHER: "second"}),
        PAIDMARK_SOURCES__STRIPE__WORKSPACE=WS,
        PAIDMARK_WORKSPACE="84a687e29ae1f428e7ebe303",
    )

    assert (found.about(f"key for {WS}")[0], found.about(f"key for {OTHER}")[0]) == ("ok", "ok")
    assert found.about("workspace 84a687e29ae1f428e7ebe303") == (
        "wrong",
        "has no key; set PAIDMARK_CLOCKIFY_API_KEY",
    )
    assert sandbox.log.total == 4


async def test_a_workspace_that_the_key_does_not_see_is_wrong(checked: Check) -> None:
    found = await checked(PAIDMARK_WORKSPACE=OTHER)

    assert found.wrong == {f"workspace {OTHER}"}
    assert f"the key sees: {WS}" in found.about(f"workspace {OTHER}")[1]


async def test_an_addon_asks_for_each_workspace_by_its_id(checked: Check, sandbox: Sandbox) -> None:
    token: dict[str, str | None] = {
        "PAIDMARK_CLOCKIFY_API_KEY": None,
        "PAIDMARK_CLOCKIFY_ADDON_TOKEN": "token",
    }
    seen = await checked(**token, PAIDMARK_WORKSPACE=WS)
    unseen = await checked(**token, PAIDMARK_WORKSPACE=OTHER)
    sandbox.faults.order(Fault(kind="error", routes=frozenset({"workspace"})))
    failed = await checked(**token, PAIDMARK_WORKSPACE=WS)

    assert (seen.wrong, seen.about(f"add-on token for {WS}")[0], seen.about(f"workspace {WS}")[0]) == (
        set(),
        "ok",
        "ok",
    )
    assert "is not visible: access denied" in unseen.about(f"workspace {OTHER}")[1]
    assert "Clockify answered 503" in failed.about(f"workspace {WS}")[1]


async def test_a_free_workspace_is_wrong_where_a_setting_names_it_and_a_warning_where_none_does(
    checked: Check, sandbox: Sandbox
) -> None:
    sandbox.seed(Seed(workspaces=[Workspace(id=WS, plan="FREE", invoicing=False)]))
    named, unnamed = await checked(PAIDMARK_WORKSPACE=WS), await checked()

    assert (named.wrong, unnamed.wrong) == ({f"workspace {WS}"}, set())
    assert "at most 50/s is set, and Clockify allows 30/h on the Free plan; PAIDMARK_RATE_LIMIT=30/h" in str(
        named.about(f"workspace {WS}")
    )
