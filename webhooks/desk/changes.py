"""What a person is about to change, and what has become of it. Must not print, and changes nothing unasked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from webhooks.desk.rows import Row, awaiting, why
from worker.ledger import Desk
from worker.ledger.records import Record
from worker.marking import State, Wanted

_NO_ENTRIES = "say what it shall name: --workspace and --entries"
_NO_WORKSPACE = "say where its entries are: --workspace"


@dataclass(frozen=True, slots=True)
class Naming:
    """What unresolved events shall name: entries of a workspace, or only the workspace of those that named none."""

    workspace: str
    entries: tuple[str, ...]
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """An invoice to bring back: its lines as they would be sent, and what the ledger has to be told for it."""

    ref: str
    rows: list[Row]
    wanted: tuple[Wanted, ...]
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one line: `after` is its state now, empty where the ledger has it no more."""

    row: Row
    after: str
    words: str

    @property
    def still_awaits(self) -> bool:
        """Whether a person is still awaited, as before."""
        return self.row.state is State.UNRESOLVED and self.after == State.UNRESOLVED


def planned(record: Record, naming: Naming) -> Change:
    """What bringing an invoice back would do."""
    wanted = _wanted(record, naming)
    rows = [_previewed(record, row, wanted) for row in awaiting(record)]
    return Change(record.ref, rows, wanted, naming.decision)


async def carry_out(desk: Desk, changes: Iterable[Change]) -> list[Result]:
    """Bring invoices back, one after the other, and see what became of each line."""
    results = []
    for change in changes:
        await desk.retry(change.ref, change.wanted, change.decision)
        after = await desk.show(change.ref)
        results += [_result(row, after) for row in change.rows]
    return results


def document(result: Result) -> dict[str, Any]:
    """What became of one line, for programs."""
    row = result.row
    return {
        "ref": row.ref,
        "event": row.event,
        "workspace": row.workspace,
        "before": row.state.value,
        "after": result.after,
        "outcome": result.words,
    }


def _wanted(record: Record, naming: Naming) -> tuple[Wanted, ...]:
    """What the ledger is told that unresolved events name; nothing, where what they named themselves will do."""
    unresolved = [one for one in record.history if one.state is State.UNRESOLVED]
    if not unresolved:
        return ()
    if naming.entries:
        return (Wanted(naming.workspace, naming.entries),)
    named = max(unresolved, key=lambda one: (one.order, one.rank)).wanted
    if not naming.workspace or all(one.workspace for one in named):
        return ()
    return _merged((one.workspace or naming.workspace, one.entries) for one in named)


def _merged(named: Iterable[tuple[str, Sequence[str]]]) -> tuple[Wanted, ...]:
    together: dict[str, dict[str, None]] = {}
    for workspace, entries in named:
        together.setdefault(workspace, {}).update(dict.fromkeys(entries))
    return tuple(Wanted(workspace, tuple(entries)) for workspace, entries in together.items())


def _previewed(record: Record, row: Row, wanted: tuple[Wanted, ...]) -> Row:
    """A line as it would be sent, or with what is missing for it."""
    if row.state is not State.UNRESOLVED:
        return row
    if wanted:
        ids = tuple(entry for one in wanted for entry in one.entries)
        return replace(row, workspace=", ".join(one.workspace for one in wanted), ids=ids)
    missing = ""
    if row.says in ("issued", "paid") and not row.ids:
        missing = _NO_ENTRIES
    elif any(
        not one.workspace for event in record.history if event.event == row.event for one in event.wanted
    ):
        missing = _NO_WORKSPACE
    return replace(row, reason="; ".join(filter(None, (row.reason, missing))))


def _result(row: Row, after: Record | None) -> Result:
    if after is None:
        return Result(row, "", "gone: it was moved to its invoice, or forgotten")
    if row.state is State.UNRESOLVED:
        found = [(one.state, why(one)) for one in after.history if one.event == row.event]
    else:
        found = [(one.state, "") for one in after.places if one.workspace == row.workspace]
    state, reason = found[0] if found else (State.SUPERSEDED, "")
    return Result(row, state.value, _words(state, reason))


def _words(state: State, reason: str) -> str:
    if state is State.WAITING:
        return "waits again"
    if state is State.SUPERSEDED:
        return f"superseded: {reason}"
    if state is State.UNRESOLVED:
        return f"still unresolved: {reason}"
    return state.value.replace("_", " ")
