"""The billable entries that nobody has invoiced yet: which windows to ask for, and which rows are meant.

It asks through `worker.reports`; the rest is pure. What it finds is shown, and kept nowhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from worker.clockify import Credential
from worker.reports import Reports
from worker.reports.timesheet import Row

LONGEST_SPAN = 31
"""Days in one report on the Free plan: https://docs.clockify.me (generateDetailedReport)."""
PAGE_SIZE = 200
NAMED_BY = ("project", "client", "tag", "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which entries are meant: those that start from `since` to `until`, both included, on the days of `zone`.

    `names` maps some of NAMED_BY to the name or id that is asked for; upper and lower case are one.
    """

    workspace: str
    since: date
    until: date
    zone: str
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """The entries that are meant, oldest first; how many are left out because they still run.

    `others` holds, by what is asked for, the names that there are where none of them fits.
    """

    rows: tuple[Row, ...]
    running: int
    others: Mapping[str, tuple[str, ...]]


def months(today: date) -> tuple[date, date]:
    """The last month and this one so far."""
    return (today.replace(day=1) - timedelta(days=1)).replace(day=1), today


def spans(since: date, until: date) -> Iterator[tuple[date, date]]:
    """The days from `since` to `until` in pieces that every plan may ask for; both ends included."""
    while since <= until:
        last = min(until, since + timedelta(days=LONGEST_SPAN - 1))
        yield since, last
        since = last + timedelta(days=1)


def query(asked: Asked, span: tuple[date, date], number: int) -> dict[str, object]:
    """The filter for one page (DetailedReportFilterV1). Times in it are wall clock in `timeZone`."""
    return {
        "dateRangeStart": f"{span[0].isoformat()}T00:00:00.000",
        "dateRangeEnd": f"{span[1].isoformat()}T23:59:59.999",
        "timeZone": asked.zone,
        "invoicingState": "UNINVOICED",
        "billable": True,
        "sortOrder": "ASCENDING",
        "detailedFilter": {"page": number, "pageSize": PAGE_SIZE, "sortColumn": "DATE"},
    }


async def find(reports: Reports, credential: Credential, asked: Asked) -> Found:
    """Read the report, page by page, and choose. Raises worker.reports.ReadingError."""
    rows: dict[str, Row] = {}
    for span in spans(asked.since, asked.until):
        number, last = 1, False
        while not last:
            page = await reports.detailed(credential, asked.workspace, query(asked, span, number))
            known = len(rows)
            rows.update((row.id, row) for row in page.rows)
            last = (
                page.last is True or len(rows) == known or (page.last is None and len(page.rows) < PAGE_SIZE)
            )
            number += 1
    return choose(rows.values(), asked.names)


def choose(rows: Iterable[Row], names: Mapping[str, str]) -> Found:
    """Those of the rows that can be billed and are asked for. The report's own filters are not taken on trust."""
    open_rows = [row for row in rows if row.billable and not row.invoiced]
    meant = [row for row in open_rows if all(_fits(row, by, name) for by, name in names.items())]
    others = {
        by: _names(open_rows, by)
        for by, name in names.items()
        if not any(_fits(row, by, name) for row in open_rows)
    }
    ended = sorted((row for row in meant if not row.running), key=lambda row: (row.start, row.id))
    return Found(tuple(ended), len(meant) - len(ended), others)


def _fits(row: Row, by: str, name: str) -> bool:
    return name.strip().casefold() in row.called[by]


def _names(rows: Iterable[Row], by: str) -> tuple[str, ...]:
    return tuple(sorted({name for row in rows for name in row.shown[by]}))
