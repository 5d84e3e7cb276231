"""`paidmark retry`: how a person brings back what can work now. It is shown first; nothing is changed unless somebody says yes."""

from enum import StrEnum
from typing import Annotated

import typer

from webhooks.commands.options import Json, Yes
from webhooks.desk import changes as desk_changes
from webhooks.desk.asking import ask, one_meant
from webhooks.desk.changes import Change, Naming, Result, carry_out, planned
from webhooks.desk.search import read
from webhooks.desk.store import NOTHING_DONE, WRONG_USE, Visit, fail, visit
from webhooks.desk.tables import document, say, table
from webhooks.desk.undecoded import REASON, advice
from webhooks.desk.words import counted, plain
from worker.entries import is_id
from worker.ledger.records import Record, Undecoded
from worker.marking import State


class Decision(StrEnum):
    """What a person says of an invoice whose event does not say it."""

    PAID = "paid"
    REVERSED = "reversed"


class Awaiting(StrEnum):
    """What awaits a person."""

    REJECTED = "rejected"
    UNRESOLVED = "unresolved"


def retry(
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="[REF]...", help="Invoices, by ref or vendor's id.")
    ] = None,
    state: Annotated[Awaiting | None, typer.Option(help="All invoices with something in this state.")] = None,
    workspace: Annotated[
        str, typer.Option(help="Where the entries are of an event that names no workspace.")
    ] = "",
    entries: Annotated[str, typer.Option(help="What the unresolved event of one REF shall name.")] = "",
    decision: Annotated[
        Decision | None,
        typer.Option(
            "--as", help="What one REF is, where its event leaves that to you (a refund of a part)."
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that awaits a person.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Bring back refused entries and unresolved events, an invoice at a time; shows them first, and asks.

    Bring back what can work now: the entries exist again, the period is unlocked, the references are given here. An
    event that a newer one has overtaken stays superseded. One that says "decide by hand" stays as it is until you say
    what the invoice is: --as reversed gives its entries back, --as paid keeps them. A body that cannot be decoded cannot
    be brought back: its source has to send it again, after an upgrade.

    Exit status 0, or 1 where nothing was brought back or something still is unresolved, 2 for wrong settings or
    arguments, 3 for no store.

    Examples: paidmark retry --state rejected · paidmark retry in_1PgafTB7WZ01zgkW --yes · paidmark retry stripe//in_9 --workspace 64a687e29ae1f428e7ebe303 --entries "64c777ddd3fcab07cfbb210c 64c777ddd3fcab07cfbb210d"
    """
    naming = Naming(workspace, tuple(dict.fromkeys(entries.replace(",", " ").split())), decision or "")
    _check_retry(refs or [], state, naming, every=every)
    states = [State(one.value) for one in ([state] if state else Awaiting)]
    _bring_back(*visit(lambda at: _plan(at, refs or [], states, naming)), yes=yes, as_json=as_json)


def _check_retry(refs: list[str], state: Awaiting | None, naming: Naming, *, every: bool) -> None:
    """End the command where its arguments do not go together."""
    if bool(refs) == (every or state is not None):
        fail(WRONG_USE, "name invoices, or give --state or --all")
    wrong = [one for one in (naming.workspace, *naming.entries) if one and not is_id(one)]
    if wrong:
        fail(WRONG_USE, f"not an id of 24 letters and digits: {plain(', '.join(wrong))}")
    if naming.decision and len(refs) != 1:
        fail(WRONG_USE, "--as decides about one invoice: give it with one REF")
    if naming.entries and len(refs) != 1:
        fail(WRONG_USE, "--entries says what one event shall name: give it with one REF")
    if naming.workspace and state is Awaiting.REJECTED:
        fail(
            WRONG_USE, "--workspace is for events that name none; what was rejected goes where it went before"
        )


async def _plan(
    at: Visit, refs: list[str], states: list[State], naming: Naming
) -> tuple[list[Change], int, int]:
    """What there is to bring back, the store's time, and how many bodies there are that cannot be brought back.

    Ends the command where an invoice is not found.
    """
    naming = Naming(naming.workspace or at.home, naming.entries, naming.decision)
    if naming.entries and not naming.workspace:
        fail(WRONG_USE, "--entries needs --workspace, as there is no default: PAIDMARK_WORKSPACE is not set")
    left = 0
    if refs:
        records = [_decoded(await one_meant(at, ref)) for ref in refs]
    else:
        found = [ref for state in states for ref in await at.desk.in_state(state)]
        records = await read(at.desk, reversed(found))
        left = len(await at.desk.undecoded()) if State.UNRESOLVED in states else 0
    changes = [planned(record, naming) for record in records]
    if naming.entries and not changes[0].wanted:
        fail(
            NOTHING_DONE, f"nothing is unresolved on {changes[0].ref}: there is no event to name entries for"
        )
    return changes, at.now, left


def _decoded(one: Record | Undecoded) -> Record:
    """An invoice. Ends the command with what can be done instead where it is a body that could not be decoded."""
    if isinstance(one, Undecoded):
        fail(NOTHING_DONE, "\n".join([f"nothing to retry: {one.ref} {REASON}", *advice(one)]))
    return one


def _bring_back(changes: list[Change], now: int, left: int, *, yes: bool, as_json: bool) -> None:
    """Ask, bring back, and show what became of it. `left`: bodies that cannot be brought back."""
    rows = [row for change in changes for row in change.rows]
    if not rows:
        _nothing_to_retry(changes, left, as_json=as_json)
    else:
        ask("bring this back", rows, now, yes=yes, quiet=as_json)
        _show_results(visit(lambda at: carry_out(at.desk, changes)), left, as_json=as_json)


def _nothing_to_retry(changes: list[Change], left: int, *, as_json: bool) -> None:
    if as_json:
        document({"retried": []})
    if changes:
        fail(NOTHING_DONE, "nothing to retry: nothing there was rejected or is unresolved")
    _tell_left(left)
    typer.echo("nothing to retry: nothing awaits a person", err=True)


def _show_results(results: list[Result], left: int, *, as_json: bool) -> None:
    if as_json:
        document({"retried": [desk_changes.document(one) for one in results]})
    else:
        say()
        table(
            ("invoice", "event", "was", "now"),
            ([one.row.ref, one.row.event or "-", one.row.state.value, one.words] for one in results),
        )
    _tell_left(left)
    if any(one.still_awaits for one in results):
        raise typer.Exit(NOTHING_DONE)


def _tell_left(left: int) -> None:
    """End the command where bodies are left that could not be decoded: a person is still awaited."""
    if left:
        what = f"{counted(left, 'body', 'bodies')} that {REASON}"
        fail(NOTHING_DONE, f"left as it was: {what}; see paidmark markings --state unresolved")
