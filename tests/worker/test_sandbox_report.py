"""The sandbox's detailed report, the only place where an invoiced entry can be told from another."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pytest
from aiohttp import ClientSession

from worker.sandbox import Sandbox, Seed, Seeded, Workspace, running, sample
from worker.sandbox.resources import identity

WS = "64a687e29ae1f428e7ebe303"
A, B, C, RUNNING, ELSEWHERE = (f"63b03060b01ebfad292c61e{n}" for n in range(5))
JANUARY = {"dateRangeStart": "2026-01-01T00:00:00", "dateRangeEnd": "2026-01-31T23:59:59.999"}


class Page(NamedTuple):
    status: int
    headers: Any
    said: Any

    @property
    def ids(self) -> list[str]:
        return [row["_id"] for row in self.said["timeentries"]]


Report = Callable[..., Awaitable[Page]]


def at(day: int, hour: int = 9) -> datetime:
    return datetime(2026, 1, day, hour, tzinfo=UTC)


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    entries = [
        Seeded(
            id=A, workspace=WS, start=at(5), end=at(5, 12), project="Web", client="Acme", tags=("x", "y"),
            description="Start page",
        ),
        Seeded(id=B, workspace=WS, start=at(6), end=at(6, 10), project="App", client="Acme", tags=("x",), billable=False),
        Seeded(id=C, workspace=WS, start=at(7), end=at(7, 11), user="Zed", approved=True, invoiced=True),
        Seeded(id=RUNNING, workspace=WS, start=at(8), end=None),
        Seeded(id=ELSEWHERE, workspace="f" * 24, start=at(5)),
    ]  # fmt: skip
    made.seed(Seed(workspaces=[Workspace(id=WS)], entries=entries))
    return made


@pytest.fixture
async def report(sandbox: Sandbox) -> AsyncIterator[Report]:
    async with running(sandbox) as url, ClientSession(headers={"X-Api-Key": "key"}) as session:

        async def _report(
            body: Any = None, *, root: str = "/report/v1", raw: bytes = b"", **more: Any
        ) -> Page:
            data = raw or json.dumps({**JANUARY, **(body or {}), **more}).encode()
            path = f"{url.removesuffix('/api')}{root}/workspaces/{WS}/reports/detailed"
            async with session.post(path, data=data) as reply:
                return Page(reply.status, reply.headers, await reply.json())

        yield _report


async def mark(sandbox: Sandbox, *entries: str, invoiced: bool, now: float) -> None:
    assert sandbox.world.mark(WS, entries, invoiced, now) is None


@pytest.mark.parametrize("root", ["/report/v1", "/v1"])
async def test_it_is_served_as_by_a_region_and_as_by_the_host_for_reports(report: Report, root: str) -> None:
    page = await report(root=root)

    assert (page.status, page.ids, page.headers["Last-Page"]) == (200, [C, B, A], "true")


async def test_a_row_names_project_client_and_tags(report: Report) -> None:
    row = (await report(sortOrder="ASCENDING")).said["timeentries"][0]

    assert (row["_id"], row["projectName"], row["clientName"]) == (A, "Web", "Acme")
    assert row["tags"] == [
        {"_id": identity("tag", "x"), "name": "x"},
        {"_id": identity("tag", "y"), "name": "y"},
    ]
    assert row["timeInterval"] == {
        "start": "2026-01-05T09:00:00Z",
        "end": "2026-01-05T12:00:00Z",
        "duration": 10800,
    }


async def test_a_row_says_that_it_is_invoiced_by_hand_or_says_nothing(
    report: Report, sandbox: Sandbox
) -> None:
    await mark(sandbox, B, invoiced=True, now=1)
    await mark(sandbox, B, invoiced=False, now=2)
    rows = {row["_id"]: row for row in (await report()).said["timeentries"]}

    assert rows[C]["invoicingInfo"] == {"manuallyInvoiced": True}
    assert rows[B]["invoicingInfo"] == []
    assert "invoicingInfo" not in rows[A]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"invoicingState": "INVOICED"}, [C]),
        ({"invoicingState": "UNINVOICED"}, [B, A]),
        ({"invoicingState": "ALL", "approvalState": "ALL"}, [C, B, A]),
        ({"approvalState": "APPROVED"}, [C]),
        ({"approvalState": "UNAPPROVED"}, [B, A]),
        ({"billable": True}, [C, A]),
        ({"billable": False}, [B]),
        ({"description": "start"}, [A]),
        ({"clients": {"ids": [identity("client", "Acme")], "contains": "CONTAINS", "status": "ALL"}}, [B, A]),
        ({"projects": {"ids": [identity("project", "Web")]}}, [A]),
        ({"projects": {"ids": [identity("project", "Web")], "contains": "DOES_NOT_CONTAIN"}}, [C, B]),
        ({"projects": {"ids": [], "contains": "CONTAINS"}}, [C, B, A]),
        ({"users": {"ids": [identity("user", "Zed")]}}, [C]),
        ({"tags": {"ids": [identity("tag", "y")], "containedInTimeentry": "CONTAINS"}}, [A]),
        ({"tags": {"ids": [identity("tag", "x")], "containedInTimeentry": "CONTAINS_ONLY"}}, [B]),
        ({"tags": {"ids": [identity("tag", "x")], "contains": "DOES_NOT_CONTAIN"}}, [C]),
        ({"detailedFilter": {"sortColumn": "ID"}, "sortOrder": "ASCENDING"}, [A, B, C]),
        ({"detailedFilter": {"sortColumn": "DURATION"}}, [A, C, B]),
        ({"detailedFilter": {"sortColumn": "USER"}}, [C, A, B]),
        ({"detailedFilter": {"sortColumn": "DESCRIPTION"}}, [A, B, C]),
    ],
)  # fmt: skip
async def test_it_filters_and_sorts_as_documented(report: Report, asked: Any, found: list[str]) -> None:
    assert (await report(asked)).ids == found


async def test_pages_end_with_a_header_that_says_so(report: Report) -> None:
    first = await report(detailedFilter={"page": 1, "pageSize": 2})
    last = await report(detailedFilter={"page": 2, "pageSize": 2})

    assert (first.ids, first.headers["Last-Page"]) == ([C, B], "false")
    assert (last.ids, last.headers["Last-Page"]) == ([A], "true")
    assert last.said["totals"][0]["entriesCount"] == 3
    assert (await report(detailedFilter={"pageSize": 3})).headers["Last-Page"] == "true"


async def test_totals_are_left_out_if_asked_and_null_if_there_are_none(report: Report) -> None:
    assert (await report(detailedFilter={"options": {"totals": "EXCLUDE"}})).said["totals"] == []
    assert (await report(detailedFilter={"options": {}})).said["totals"][0]["totalBillableTime"] == 18000
    assert (await report(description="nothing like it")).said == {"totals": [None], "timeentries": []}


async def test_the_window_is_wall_clock_in_the_zone_that_is_asked_for(report: Report) -> None:
    window = {"dateRangeStart": "2026-01-05T22:00:00Z", "dateRangeEnd": "2026-01-05T22:00:00Z"}
    page = await report(window, timeZone="Pacific/Auckland")

    assert page.ids == [A]
    assert page.said["timeentries"][0]["timeInterval"]["start"] == "2026-01-05T22:00:00+13:00"
    assert (await report(window, timeZone="UTC")).ids == []


async def test_it_can_trail_behind_the_marks(report: Report, sandbox: Sandbox) -> None:
    await mark(sandbox, A, invoiced=True, now=datetime.now(UTC).timestamp())
    sandbox.world.report_lag = 3600
    assert (await report(invoicingState="INVOICED")).ids == [C]

    sandbox.world.report_lag = 0
    assert (await report(invoicingState="INVOICED")).ids == [C, A]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"dateRangeStart": None}, 501),
        ({"dateRangeEnd": ""}, 501),
        ({"dateRangeStart": "yesterday"}, 3002),
        ({"timeZone": "Mars/Olympus"}, 3002),
        ({"invoicingState": "PAID"}, 3002),
        ({"detailedFilter": {"page": 0}}, 3002),
    ],
)
async def test_a_question_that_makes_no_sense_is_400(report: Report, asked: Any, code: int) -> None:
    page = await report(asked)

    assert (page.status, page.said["code"]) == (400, code)


async def test_a_body_that_is_no_json_is_400(report: Report) -> None:
    assert (await report(raw=b"{")).said["code"] == 3002


async def test_a_bad_entry_is_not_reported(report: Report, sandbox: Sandbox) -> None:
    sandbox.world.bad.add(A)

    assert (await report()).ids == [C, B]


async def test_the_sample_has_something_of_everything(report: Report, sandbox: Sandbox) -> None:
    sandbox.world.entries.clear()
    sandbox.seed(sample(datetime(2026, 1, 31, 18, tzinfo=UTC), workspace=WS))

    assert len((await report()).ids) == 39
    assert len((await report(invoicingState="INVOICED")).ids) == 1
    assert len((await report(billable=False)).ids) == 4
    assert {row["clientName"] for row in (await report()).said["timeentries"]} == {"Northwind", "Contoso"}
