"""`paidmark entries`, run against the sandbox over a real socket."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime

import pytest
import typer
from aiohttp import web
from redis.asyncio import Redis
from typer.testing import CliRunner, Result

from tests.worker.answering import answering
from webhooks.commands.entries import entries
from webhooks.references import VALUE_LENGTH, from_metadata
from worker.sandbox import Fault, Sandbox, Seed, Seeded, Workspace, running, sample

WS, OTHER = "64a687e29ae1f428e7ebe303", "74a687e29ae1f428e7ebe303"
NOW = datetime(2026, 1, 31, 18, tzinfo=UTC)
JANUARY = ("--from", "2026-01-01", "--to", "2026-01-31")
HOSTILE = "\x1b[2J[red]all"

Paidmark = Callable[..., Awaitable[Result]]

app = typer.Typer()
app.command()(entries)


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    made.seed(sample(NOW, workspace=WS))
    return made


async def run(url: str, *arguments: str, **more: str | None) -> Result:
    env = {"PAIDMARK_CLOCKIFY_URL": url, "PAIDMARK_CLOCKIFY_API_KEY": "key", "COLUMNS": "120", **more}
    return await asyncio.to_thread(
        lambda: CliRunner().invoke(app, arguments, env=env, catch_exceptions=False)
    )


@pytest.fixture
async def paidmark(sandbox: Sandbox) -> AsyncIterator[Paidmark]:
    async with running(sandbox) as url:

        async def _paidmark(*arguments: str, **env: str | None) -> Result:
            return await run(url, *arguments, **env)

        yield _paidmark


def of(said: Result) -> dict[str, str]:
    return dict(line.split("=", 1) for line in said.stdout.splitlines() if line.startswith("clockify_"))


async def test_the_table_shows_what_can_be_billed_and_the_metadata_that_bills_it(paidmark: Paidmark) -> None:
    said = await paidmark(*JANUARY)

    assert said.exit_code == 0
    assert "date        hours  project    client     description" in said.stdout
    assert "2026-01-28   1:30  Website    Northwind  Layout of the start page" in said.stdout
    assert "34 entries, 51:00 hours" in said.stdout
    assert set(of(said)) == {"clockify_workspace_id", "clockify_time_entry_ids", "clockify_time_entry_ids_2"}


async def test_a_document_and_a_link_do_not_go_together(paidmark: Paidmark) -> None:
    said = await paidmark(*JANUARY, "--link", "recurly", "1001", "--json")

    assert (said.exit_code, said.stdout) == (2, "")
    assert "give one of them" in said.stderr


async def test_what_is_listed_can_be_linked_to_an_invoice_at_once(
    paidmark: Paidmark, store_url: str, store: Redis
) -> None:
    said = await paidmark(*JANUARY, "--link", "recurly", "1001", PAIDMARK_REDIS_URL=store_url)

    assert said.exit_code == 0
    assert "recurly 1001: linked: its entries will be marked with the invoice" in said.stdout
    assert await store.exists("paidmark:link:recurly//1001")


async def test_where_there_is_nothing_to_bill_nothing_is_linked(
    paidmark: Paidmark, store_url: str, store: Redis
) -> None:
    days = ("--from", "2020-01-01", "--to", "2020-01-02")
    said = await paidmark(*days, "--link", "recurly", "1001", PAIDMARK_REDIS_URL=store_url)

    assert said.exit_code == 0
    assert not await store.exists("paidmark:link:recurly//1001")


async def test_the_metadata_names_exactly_the_entries_in_values_of_at_most_500_characters(
    paidmark: Paidmark, sandbox: Sandbox
) -> None:
    named = of(await paidmark(*JANUARY, "--metadata"))
    (references,) = from_metadata(named, inherited={}, lines=(), more_lines=False).references

    facts = {one.id: one for one in sandbox.world.entries.values()}
    meant = {one.id for one in facts.values() if one.facts.billable and one.facts.end and not one.invoiced}
    assert (references.workspace, set(references.entries)) == (WS, meant)
    assert max(len(value) for value in named.values()) == 499 <= VALUE_LENGTH


async def test_for_scripts_there_is_only_the_metadata(paidmark: Paidmark) -> None:
    said = await paidmark(*JANUARY, "--metadata", "--client", "contoso")

    assert [line.split("=")[0] for line in said.stdout.splitlines()] == [
        "clockify_workspace_id",
        "clockify_time_entry_ids",
    ]


async def test_as_json_there_are_the_entries_and_the_metadata(paidmark: Paidmark) -> None:
    document = json.loads((await paidmark(*JANUARY, "--json", "--tag", "Mobile")).stdout)

    assert document["workspace"] == document["metadata"]["clockify_workspace_id"] == WS
    assert (document["from"], document["to"], document["zone"]) == ("2026-01-01", "2026-01-31", "UTC")
    assert document["total"] == sum(entry["seconds"] for entry in document["entries"])
    assert document["entries"][-1] == {
        "id": document["metadata"]["clockify_time_entry_ids"].split(",")[-1],
        "start": "2026-01-30T04:00:00Z",
        "seconds": 5400,
        "project": "App",
        "client": "Northwind",
        "user": "Sandbox",
        "tags": ["build", "mobile"],
        "description": "Push notifications",
    }


async def test_by_default_it_is_the_last_month_and_this_one_so_far(
    paidmark: Paidmark, sandbox: Sandbox
) -> None:
    sandbox.seed(sample(datetime.now(UTC), workspace=WS, count=2))
    document = json.loads((await paidmark("--json")).stdout)

    assert document["from"].endswith("-01")
    assert document["from"] < document["to"] == datetime.now(UTC).date().isoformat()


@pytest.mark.parametrize(
    ("option", "name", "project"),
    [
        ("--project", "website", "Website"),
        ("--user", "SANDBOX@example.com", "App"),
        ("--workspace", WS, "App"),
    ],
)
async def test_it_can_be_narrowed(paidmark: Paidmark, option: str, name: str, project: str) -> None:
    document = json.loads((await paidmark(*JANUARY, "--json", option, name)).stdout)

    assert project in {entry["project"] for entry in document["entries"]}


async def test_a_name_that_nothing_has_is_told_with_the_nearest(paidmark: Paidmark) -> None:
    said = await paidmark(*JANUARY, "--project", "Websites")

    assert (said.exit_code, said.stdout) == (2, "")
    assert "no entry of project 'Websites'; did you mean Website?" in said.stderr
    assert "nothing to bill: no uninvoiced, billable entry from 2026-01-01 to 2026-01-31" in said.stderr


async def test_a_name_that_nothing_resembles_is_told_with_those_that_there_are(paidmark: Paidmark) -> None:
    assert "there are: Contoso, Northwind" in (await paidmark(*JANUARY, "--client", "zzz")).stderr
    assert (
        "there are: none"
        in (await paidmark("--from", "2020-01-01", "--to", "2020-01-02", "--tag", "x")).stderr
    )


async def test_a_hundred_names_are_not_told(paidmark: Paidmark, sandbox: Sandbox) -> None:
    sandbox.seed(Seed(entries=[Seeded(id=f"{n:024x}", workspace=WS, project=f"p{n:03}") for n in range(100)]))

    assert (
        "there are: App, Migration, Website, p000"
        in (said := await paidmark(*JANUARY, "--project", "zzz")).stderr
    )
    assert "p006 ...\n" in said.stderr


async def test_names_cannot_steer_the_terminal(paidmark: Paidmark, sandbox: Sandbox) -> None:
    sandbox.seed(Seed(entries=[Seeded(id="a" * 24, workspace=WS, description=HOSTILE)]))
    said = await paidmark(*JANUARY)

    assert "\x1b" not in said.stdout
    assert "[red]all" in said.stdout


async def test_running_entries_are_left_out_and_it_is_said() -> None:
    async def answer(request: web.BaseRequest) -> web.Response:
        if request.path.endswith("/user"):
            return web.json_response({"id": "u", "settings": {"timeZone": "Mars/Olympus"}})
        row = {
            "_id": "a" * 24,
            "billable": True,
            "timeInterval": {"start": "2026-01-05T09:00:00Z", "end": None},
        }
        return web.json_response({"timeentries": [row]})

    async with answering(answer) as url:
        said = await run(url, "--workspace", WS)

    assert (said.exit_code, said.stdout) == (0, "")
    assert "left out because still running: 1" in said.stderr


async def test_more_entries_than_an_invoice_can_name_at_stripe_are_remarked(
    paidmark: Paidmark, sandbox: Sandbox
) -> None:
    sandbox.seed(Seed(entries=[Seeded(id=f"{n:024x}", workspace=WS) for n in range(1000)]))
    said = await paidmark(*JANUARY, "--metadata")

    assert "53 metadata keys: Stripe takes 50" in said.stderr
    assert len(said.stdout.splitlines()) == 53


async def test_days_are_asked_for_in_pieces_that_the_free_plan_allows(
    paidmark: Paidmark, sandbox: Sandbox
) -> None:
    await paidmark("--from", "2025-11-01", "--to", "2026-01-31", "--workspace", WS)

    assert [call.route for call in sandbox.log.calls] == ["user", "report", "report", "report"]


async def test_where_several_workspaces_are_seen_one_has_to_be_named(
    paidmark: Paidmark, sandbox: Sandbox
) -> None:
    sandbox.seed(Seed(workspaces=[Workspace(id=OTHER, name="Second")]))
    said = await paidmark(*JANUARY)

    assert said.exit_code == 2
    assert f"the key sees: {WS} (Sandbox), {OTHER} (Second)" in said.stderr
    assert (await paidmark(*JANUARY, PAIDMARK_WORKSPACE=WS)).exit_code == 0


async def test_a_key_that_sees_no_workspace_is_told(paidmark: Paidmark, sandbox: Sandbox) -> None:
    sandbox.world.bad.add(WS)

    assert "the key sees: none" in (await paidmark(*JANUARY)).stderr


@pytest.mark.parametrize(
    ("arguments", "env", "said"),
    [
        (("--workspace", "x"), {}, "not an id of 24 letters and digits: x"),
        (
            ("--from", "2026-02-01", "--to", "2026-01-01"),
            {},
            "--from 2026-02-01 is later than --to 2026-01-01",
        ),
        ((), {"PAIDMARK_CLOCKIFY_API_KEY": None}, "no key for Clockify: set PAIDMARK_CLOCKIFY_API_KEY"),
        (("--workspace", WS), {"PAIDMARK_CLOCKIFY_API_KEY": None}, f"no key for workspace {WS}"),
        ((), {"PAIDMARK_BATCH_SIZE": "none"}, "PAIDMARK_BATCH_SIZE"),
        (("--from", "yesterday"), {}, "--from"),
    ],
)
async def test_wrong_arguments_and_settings_are_status_2(
    paidmark: Paidmark, arguments: tuple[str, ...], env: dict[str, str | None], said: str
) -> None:
    result = await paidmark(*arguments, **env)

    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


async def test_a_refusal_by_clockify_is_status_1(paidmark: Paidmark, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="key_refused"))
    said = await paidmark(*JANUARY)

    assert (said.exit_code, said.stdout) == (1, "")
    assert "the key is not accepted (401)" in said.stderr


async def test_a_workspace_that_is_not_visible_is_status_1(paidmark: Paidmark) -> None:
    assert (await paidmark("--workspace", OTHER)).exit_code == 1


async def test_no_answer_is_status_3_in_the_end(
    paidmark: Paidmark, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webhooks.commands.entries.TRIES", 2)
    sandbox.faults.order(Fault(kind="cut"))
    said = await paidmark(*JANUARY)

    assert said.exit_code == 3
    assert "the connection to Clockify failed" in said.stderr


def test_the_command_does_not_load_the_client_before_it_runs() -> None:
    code = "import sys, webhooks.commands.entries; print('worker.reports' in sys.modules, 'worker.clockify' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False False\n"
