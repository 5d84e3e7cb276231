"""The detailed report: the one place where Clockify shows whether an entry is invoiced. Pure.

`POST /v1/workspaces/{ws}/reports/detailed`, body `DetailedReportFilterV1` of https://docs.clockify.me. Windows are wall
clock in `timeZone`, an offset in them is ignored, and times come back in that zone, as was seen. Left out: tasks, user groups, currencies,
custom fields, rounding, rates, exports other than JSON, the interval's limit of 31 days on the Free plan. Assumed: that
running entries are not reported, the newest come first, and 50 are a page where none is asked for.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from msgspec import DecodeError, Meta, Struct
from msgspec.json import Decoder

from worker.sandbox import replies
from worker.sandbox.filters import Filter, TagFilter
from worker.sandbox.replies import Reply
from worker.sandbox.resources import identity
from worker.sandbox.world import Entry, World

_AtLeastOne = Annotated[int, Meta(ge=1)]


class Options(Struct):
    """Whether the totals are asked for."""

    totals: Literal["CALCULATE", "EXCLUDE"] | None = None


class Detailed(Struct, rename="camel"):
    """Which page, in which order."""

    page: _AtLeastOne | None = None
    page_size: _AtLeastOne | None = None
    sort_column: (
        Literal["ID", "DESCRIPTION", "USER", "DURATION", "DATE", "ZONED_DATE", "NATURAL", "USER_DATE"] | None
    ) = None
    options: Options | None = None


class Query(Struct, rename="camel"):
    """The body of the call; what is null filters nothing."""

    date_range_start: str | None = None
    date_range_end: str | None = None
    time_zone: str | None = None
    detailed_filter: Detailed | None = None
    invoicing_state: Literal["INVOICED", "UNINVOICED", "ALL"] | None = None
    approval_state: Literal["APPROVED", "UNAPPROVED", "ALL"] | None = None
    billable: bool | None = None
    description: str | None = None
    clients: Filter | None = None
    projects: Filter | None = None
    users: Filter | None = None
    tags: TagFilter | None = None
    sort_order: Literal["ASCENDING", "DESCENDING"] | None = None


def _seconds(entry: Entry) -> int:
    end = entry.facts.end or entry.facts.start
    return int((end - entry.facts.start).total_seconds())


_QUERY: Final = Decoder(Query)
_SORTS: Final[dict[str | None, Callable[[Entry], Any]]] = {
    "ID": lambda entry: entry.id,
    "DESCRIPTION": lambda entry: entry.facts.description,
    "USER": lambda entry: entry.facts.user,
    "DURATION": _seconds,
}


def report(world: World, workspace: str, body: bytes, now: float) -> Reply:
    """One page of the entries that `body` asks for, as they were `world.report_lag` seconds ago."""
    try:
        query = _QUERY.decode(body)
    except (DecodeError, UnicodeDecodeError) as why:
        return replies.unreadable(str(why))
    if not query.date_range_start or not query.date_range_end:
        missing = query.date_range_start is None or query.date_range_end is None
        return replies.IS_NULL if missing else replies.IS_EMPTY
    try:
        zone = ZoneInfo(query.time_zone or "UTC")
        since = datetime.fromisoformat(query.date_range_start).replace(tzinfo=zone)
        until = datetime.fromisoformat(query.date_range_end).replace(tzinfo=zone)
    except (ValueError, KeyError, OSError) as why:
        return replies.unreadable(str(why))
    at = now - world.report_lag
    found = [
        entry
        for entry in world.entries.values()
        if _is_there(world, workspace, entry)
        and since <= entry.facts.start <= until
        and _fits(query, entry, at)
    ]
    return _page(query, found, at, zone)


def _is_there(world: World, workspace: str, entry: Entry) -> bool:
    return entry.workspace == workspace and entry.id not in world.bad and entry.facts.end is not None


def _fits(query: Query, entry: Entry, at: float) -> bool:
    facts = entry.facts
    return (
        query.billable in (None, facts.billable)
        and query.invoicing_state in (None, "ALL", "INVOICED" if entry.was_invoiced(at) else "UNINVOICED")
        and query.approval_state in (None, "ALL", "APPROVED" if facts.approved else "UNAPPROVED")
        and (query.description or "").lower() in facts.description.lower()
        and (query.clients is None or query.clients.lets("client", facts.client))
        and (query.projects is None or query.projects.lets("project", facts.project))
        and (query.users is None or query.users.lets("user", facts.user))
        and (query.tags is None or query.tags.lets("tag", *facts.tags))
    )


def _page(query: Query, found: list[Entry], at: float, zone: ZoneInfo) -> Reply:
    asked = query.detailed_filter or Detailed()
    page, size = asked.page or 1, asked.page_size or 50
    by = _SORTS.get(asked.sort_column, lambda entry: entry.facts.start)
    found.sort(key=by, reverse=query.sort_order != "ASCENDING")
    shown = found[(page - 1) * size : page * size]
    totals = [] if asked.options and asked.options.totals == "EXCLUDE" else [_totals(found)]
    body = {"totals": totals, "timeentries": [_row(entry, at, zone) for entry in shown]}
    return replies.told(body, {"Last-Page": "true" if page * size >= len(found) else "false"})


def _totals(found: list[Entry]) -> dict[str, Any] | None:
    if not found:
        return None
    return {
        "_id": "",
        "totalTime": sum(_seconds(entry) for entry in found),
        "totalBillableTime": sum(_seconds(entry) for entry in found if entry.facts.billable),
        "entriesCount": len(found),
        "totalAmount": 0,
        "amounts": [{"type": "EARNED", "value": 0}],
    }


def _row(entry: Entry, at: float, zone: ZoneInfo) -> dict[str, Any]:
    facts = entry.facts
    return {
        "_id": entry.id,
        "description": facts.description,
        "userId": identity("user", facts.user),
        "timeInterval": {
            "start": _local(facts.start, zone),
            "end": facts.end and _local(facts.end, zone),
            "duration": _seconds(entry),
        },
        "billable": facts.billable,
        "projectId": identity("project", facts.project),
        "taskId": None,
        "tagIds": [identity("tag", tag) for tag in facts.tags],
        "tags": [{"_id": identity("tag", tag), "name": tag} for tag in facts.tags],
        "approvalRequestId": identity("approval", entry.id) if facts.approved else None,
        "type": "REGULAR",
        "isLocked": facts.locked or facts.approved,
        "amount": 0,
        "rate": 0,
        "projectName": facts.project or None,
        "projectColor": "#9C27B0" if facts.project else None,
        "clientName": facts.client or None,
        "clientId": identity("client", facts.client),
        "taskName": None,
        "userName": facts.user,
        "userEmail": "sandbox@example.com",
        **_invoicing(entry, at),
    }


def _invoicing(entry: Entry, at: float) -> dict[str, Any]:
    if entry.was_invoiced(at):
        return {"invoicingInfo": {"manuallyInvoiced": True}}
    # Both an empty list and nothing were seen; which of them means what is not known.
    return {"invoicingInfo": []} if entry.changed else {}


def _local(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")
