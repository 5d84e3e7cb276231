"""Finds what a person asks for: by index where the ledger has one, else by looking through all of it.

Must not print. What comes back is newest first, and no more than was asked for.
"""

import heapq
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

from webhooks.desk import undecoded
from webhooks.desk.rows import Row, name, rows
from worker.ledger import Desk
from worker.ledger.records import Record
from worker.marking import State, reference

_TOGETHER = 500
_WHOLE_REF = 2
_QUOTED = re.compile(r"[0-9A-Za-z_.~%-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is asked for; empty means anything."""

    invoice: str = ""
    state: State | None = None
    entry: str = ""
    workspace: str = ""
    source: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Found:
    """The newest lines, and how many there are in all."""

    rows: list[Row]
    total: int


async def named(desk: Desk, invoice: str, source: str = "") -> list[str]:
    """Refs of the invoices (or payments) that a person means: by ref, or by the vendor's id alone, as it is or quoted."""
    for ref in _as_refs(invoice):
        if await desk.show(ref) is not None:
            return [ref]
    ends = {reference("", "", invoice).removeprefix("//")} | (
        {invoice} if _QUOTED.fullmatch(invoice) else set()
    )
    found: dict[str, None] = {}
    for end in sorted(ends):
        pattern = f"{glob(source)}/*{end}" if source else f"*{end}"
        async for ref in desk.matching(pattern):
            if ref.split("/", 2)[2].removeprefix("@") == end:
                found[ref] = None
    return sorted(found)


async def search(desk: Desk, asked: Search, *, home: str, held_up: Mapping[str, str]) -> Found:
    """The lines that fit, `held_up` saying by workspace why what waits there does.

    An entry is looked for in the default workspace `home` first, and then everywhere.
    """
    found = await _gather(desk, asked, home, held_up)
    if asked.entry and home and not asked.workspace and not found.total:
        found = await _gather(desk, asked, "", held_up)
    return found


def glob(text: str) -> str:
    """Text as a pattern that matches just it (https://valkey.io/commands/keys/)."""
    return re.sub(r"([*?\[\]\\^-])", r"\\\1", text)


async def read(desk: Desk, refs: Iterable[str]) -> list[Record]:
    """The records of refs, in their order. What is gone is left out."""
    return [record async for record in _records(desk, _each(refs))]


async def _gather(desk: Desk, asked: Search, home: str, held_up: Mapping[str, str]) -> Found:
    newest: list[Row] = []
    fitting = [row for row in await _bodies(desk, asked) if _fits(row, asked)]
    total = len(fitting)
    async for record in _records(desk, _candidates(desk, asked, home)):
        fit = [row for row in _rows(record, asked, held_up) if _fits(row, asked)]
        total += len(fit)
        fitting += fit
        if len(fitting) > _TOGETHER:
            newest, fitting = _newest(asked.limit, newest + fitting), []
    return Found(_newest(asked.limit, newest + fitting), total)


async def _bodies(desk: Desk, asked: Search) -> list[Row]:
    """The bodies that could not be decoded, where what is unresolved is asked for. They name no entry."""
    if asked.entry or asked.workspace or asked.state not in (None, State.UNRESOLVED):
        return []
    found = await (undecoded.meant(desk, asked.invoice) if asked.invoice else desk.undecoded())
    return [undecoded.row(one) for one in found]


def _newest(limit: int, some: list[Row]) -> list[Row]:
    return heapq.nlargest(limit, some, key=lambda row: (row.since, row.ref))


def _rows(record: Record, asked: Search, held_up: Mapping[str, str]) -> list[Row]:
    """Partly applied is rejected in part: who asks for what was rejected sees both."""
    if asked.state is State.REJECTED:
        return rows(record, held_up, State.REJECTED) + rows(record, held_up, State.PARTLY_APPLIED)
    return rows(record, held_up, asked.state)


def _fits(row: Row, asked: Search) -> bool:
    return (
        (not asked.entry or asked.entry in row.ids)
        and (not asked.workspace or asked.workspace in row.workspace.split(", "))
        and (not asked.source or asked.source == name(row.ref).source)
    )


async def _candidates(desk: Desk, asked: Search, home: str) -> AsyncIterator[str]:
    """Refs among which the answer is: as few as the indexes allow."""
    workspace = asked.workspace or home
    if asked.invoice:
        refs = await named(desk, asked.invoice, asked.source)
    elif asked.entry and workspace:
        # Claims are written when there is time: what they are missing of is looked through, and what is unresolved.
        refs = await desk.naming(workspace, asked.entry)
        refs += await desk.in_backlog(workspace) + await desk.unclaimed(workspace)
        refs += await desk.in_state(State.UNRESOLVED)
    elif asked.state is State.UNRESOLVED:
        refs = await desk.in_state(State.UNRESOLVED)
    elif asked.state in (State.REJECTED, State.PARTLY_APPLIED):
        refs = await desk.in_state(State.REJECTED)
    elif asked.workspace and asked.state in (None, State.WAITING):
        refs = await desk.in_backlog(asked.workspace)
    elif asked.state is State.WAITING:
        refs = [ref for one in await desk.workspaces() for ref in await desk.in_backlog(one.workspace)]
    else:
        async for ref in desk.matching(f"{glob(asked.source)}/*" if asked.source else "*"):
            yield ref
        return
    for ref in refs:
        yield ref


async def _records(desk: Desk, refs: AsyncIterator[str]) -> AsyncIterator[Record]:
    """The records of refs, each once, many to a round trip."""
    seen: set[str] = set()
    some: list[str] = []
    async for ref in refs:
        if ref not in seen:
            seen.add(ref)
            some.append(ref)
        if len(some) == _TOGETHER:
            for record in await desk.show_each(some):
                if record:
                    yield record
            some = []
    for record in await desk.show_each(some):
        if record:
            yield record


async def _each(refs: Iterable[str]) -> AsyncIterator[str]:
    for ref in refs:
        yield ref


def _as_refs(text: str) -> list[str]:
    """A ref as it is, and as it would be of ids that are not quoted."""
    if text.count("/") < _WHOLE_REF:
        return []
    source, account, invoice = text.split("/", 2)
    return [text, reference(source, account, invoice)]
