"""Which entries are listed as uninvoiced: windows, pages, choice."""

import asyncio
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from tests.worker.answering import answering
from worker.reports import Patience, Reports
from worker.reports.timesheet import Row
from worker.reports.uninvoiced import LONGEST_SPAN, PAGE_SIZE, Asked, choose, find, months, spans

WS = "64a687e29ae1f428e7ebe303"
KEY = ("X-Api-Key", "key")


def row(number: int, **more: Any) -> Row:
    project = more.pop("project", "Web")
    facts: dict[str, Any] = {
        "start": "2026-01-05T09:00:00Z", "seconds": 60, "running": False, "billable": True, "invoiced": False,
        "description": "", "shown": {"project": (project,)}, "called": {"project": frozenset({project.casefold()})},
    }  # fmt: skip
    return Row(id=f"{number:024x}", **{**facts, **more})


class Pages:
    """A report that answers with pages which were written down before: the numbers of their rows, and `Last-Page`."""

    def __init__(self, *pages: tuple[Iterable[int], str]) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[str, int]] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        query = await request.json()
        self.asked.append((query["dateRangeStart"][:10], query["detailedFilter"]["page"]))
        numbers, last = self.pages.pop(0)
        interval = {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T10:00:00Z"}
        rows = [{"_id": f"{number:024x}", "billable": True, "timeInterval": interval} for number in numbers]
        return web.json_response({"timeentries": rows}, headers={"Last-Page": last} if last else {})


def asked(since: str = "2026-01-01", until: str = "2026-01-31", **names: str) -> Asked:
    return Asked(
        workspace=WS,
        since=date.fromisoformat(since),
        until=date.fromisoformat(until),
        zone="UTC",
        names=names,
    )


async def ids(pages: Pages, question: Asked) -> list[int]:
    patience = Patience(1, asyncio.sleep, lambda: 0.5)
    async with answering(pages.answer) as url, Reports(url, url, timeout=5, patience=patience) as reports:
        return [int(one.id, 16) for one in (await find(reports, KEY, question)).rows]


def test_the_window_is_the_last_month_and_this_one_so_far() -> None:
    assert months(date(2026, 1, 5)) == (date(2025, 12, 1), date(2026, 1, 5))
    assert months(date(2026, 3, 31)) == (date(2026, 2, 1), date(2026, 3, 31))


@given(st.dates(date(2020, 1, 1), date(2027, 1, 1)), st.integers(0, 400))
def test_spans_cover_every_day_once_and_none_is_longer_than_the_free_plan_allows(
    since: date, days: int
) -> None:
    pieces = list(spans(since, since + timedelta(days=days)))
    covered = [first + timedelta(days=n) for first, last in pieces for n in range((last - first).days + 1)]

    assert covered == [since + timedelta(days=n) for n in range(days + 1)]
    assert max((last - first).days + 1 for first, last in pieces) <= LONGEST_SPAN


async def test_pages_are_read_until_one_says_that_it_is_the_last() -> None:
    pages = Pages(([1], "false"), ([2], "true"))

    assert await ids(pages, asked()) == [1, 2]
    assert pages.asked == [("2026-01-01", 1), ("2026-01-01", 2)]


async def test_where_no_page_says_so_the_first_that_is_not_full_is_the_last() -> None:
    pages = Pages((range(PAGE_SIZE), ""), ([999], ""))

    assert len(await ids(pages, asked())) == PAGE_SIZE + 1


async def test_a_report_that_repeats_itself_for_ever_is_left() -> None:
    pages = Pages(([1], "false"), ([1], "false"))

    assert await ids(pages, asked()) == [1]


async def test_an_entry_that_two_spans_show_is_listed_once() -> None:
    pages = Pages(([1], "true"), ([1, 2], "true"))

    assert await ids(pages, asked(until="2026-02-10")) == [1, 2]
    assert pages.asked == [("2026-01-01", 1), ("2026-02-01", 1)]


def test_what_is_invoiced_or_not_billable_is_left_out_whatever_the_report_was_asked() -> None:
    found = choose([row(1), row(2, billable=False), row(3, invoiced=True)], {})

    assert [int(one.id, 16) for one in found.rows] == [1]


def test_running_entries_are_left_out_and_counted() -> None:
    found = choose([row(1), row(2, running=True)], {})

    assert (len(found.rows), found.running) == (1, 1)


def test_the_oldest_comes_first() -> None:
    found = choose([row(1, start="2026-01-06"), row(2, start="2026-01-05"), row(3, start="2026-01-05")], {})

    assert [int(one.id, 16) for one in found.rows] == [2, 3, 1]


@pytest.mark.parametrize(("name", "number"), [("WEB", 1), (" app ", 2)])
def test_a_name_fits_in_any_case(name: str, number: int) -> None:
    found = choose([row(1), row(2, project="App")], {"project": name})

    assert [int(one.id, 16) for one in found.rows] == [number]
    assert found.others == {}


def test_where_no_name_fits_those_that_there_are_are_told() -> None:
    found = choose([row(1), row(2, project="App"), row(3)], {"project": "Wep"})

    assert (found.rows, found.others) == ((), {"project": ("App", "Web")})
