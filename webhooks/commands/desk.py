"""`paidmark retry` and `paidmark drop`: how a person intervenes; and the desk's commands, gathered.

What is to happen is shown first. Nothing is changed unless somebody says yes.
"""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from webhooks.commands.look import Json, markings, workspaces
from webhooks.desk import changes as desk_changes
from webhooks.desk.changes import Change, Naming, Result, carry_out, planned
from webhooks.desk.rows import Row, unfinished
from webhooks.desk.search import named, read
from webhooks.desk.store import NOTHING_DONE, WRONG_USE, Visit, fail, visit
from webhooks.desk.tables import document, row_table, say, table
from webhooks.desk.words import counted, plain
from worker.entries import is_id
from worker.ledger.records import Record
from worker.marking import State

LONGEST_REASON = 200
_MOST_SHOWN = 50
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


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
    what the invoice is: --as reversed gives its entries back, --as paid keeps them.

    Exit status 0, or 1 where nothing was brought back or something still is unresolved, 2 for wrong settings or
    arguments, 3 for no store.

    Examples: paidmark retry --state rejected · paidmark retry in_1PgafTB7WZ01zgkW --yes · paidmark retry stripe//in_9 --workspace 64a687e29ae1f428e7ebe303 --entries "64c777ddd3fcab07cfbb210c 64c777ddd3fcab07cfbb210d"
    """
    naming = Naming(workspace, tuple(dict.fromkeys(entries.replace(",", " ").split())), decision or "")
    _check_retry(refs or [], state, naming, every=every)
    states = [State(one.value) for one in ([state] if state else Awaiting)]
    _bring_back(*visit(lambda at: _plan(at, refs or [], states, naming)), yes=yes, as_json=as_json)


def drop(
    ref: Annotated[str, typer.Argument(help="The invoice, by its ref or the vendor's id.")],
    reason: Annotated[str, typer.Option(help=f"Why; kept for good. At most {LONGEST_REASON} characters.")],
    yes: Yes = False,
) -> None:
    """End what waits, or awaits a person, on one invoice, for good. Shows it first, and asks.

    Entries stay as they are at Clockify. A newer event of the invoice makes markings as ever. The reason is kept with
    the invoice: write no names and no amounts into it.

    Exit status 0, or 1 where there is nothing to drop, 2 for wrong settings or arguments, 3 for no store.

    Examples: paidmark drop in_1PgafTB7WZ01zgkW --reason "billed by hand" · paidmark drop stripe//in_9 --reason "entries were deleted" --yes
    """
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        fail(WRONG_USE, f"--reason: one line, from 1 to {LONGEST_REASON} characters, all of them printable")
    _end(*visit(lambda at: _one(at, ref)), reason, yes=yes)


desk = typer.Typer(help="Look, and intervene.")
desk.command()(markings)
desk.command()(retry)
desk.command()(drop)
desk.add_typer(workspaces, name="workspaces")


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


async def _plan(at: Visit, refs: list[str], states: list[State], naming: Naming) -> tuple[list[Change], int]:
    """What there is to bring back, and the store's time. Ends the command where an invoice is not found."""
    naming = Naming(naming.workspace or at.home, naming.entries, naming.decision)
    if naming.entries and not naming.workspace:
        fail(WRONG_USE, "--entries needs --workspace, as there is no default: PAIDMARK_WORKSPACE is not set")
    if refs:
        records = [(await _one(at, ref))[0] for ref in refs]
    else:
        found = [ref for state in states for ref in await at.desk.in_state(state)]
        records = await read(at.desk, reversed(found))
    changes = [planned(record, naming) for record in records]
    if naming.entries and not changes[0].wanted:
        fail(
            NOTHING_DONE, f"nothing is unresolved on {changes[0].ref}: there is no event to name entries for"
        )
    return changes, at.now


async def _one(at: Visit, ref: str) -> tuple[Record, int]:
    """The one invoice that is meant, and the store's time. Ends the command where there is none, or more."""
    found = await named(at.desk, ref)
    records = await read(at.desk, found)
    if not records:
        fail(NOTHING_DONE, f"nothing is known of {plain(ref)}")
    if len(records) > 1:
        fail(NOTHING_DONE, f"{plain(ref)} can mean more than one: {', '.join(found)}")
    return records[0], at.now


def _ask(what: str, rows: list[Row], now: int, *, yes: bool, quiet: bool) -> None:
    """Show what is about to be changed; end the command unless somebody says yes."""
    if not quiet:
        row_table(rows[:_MOST_SHOWN], now)
        if len(rows) > _MOST_SHOWN:
            say(f"and {len(rows) - _MOST_SHOWN:,} more")
    if yes:
        return
    if quiet or not sys.stdin.isatty():
        fail(NOTHING_DONE, "nothing was changed: there is no terminal to ask at. Say --yes to go ahead")
    if not typer.confirm(plain(what[0].upper() + what[1:] + "?")):
        fail(NOTHING_DONE, "nothing was changed")


def _bring_back(changes: list[Change], now: int, *, yes: bool, as_json: bool) -> None:
    """Ask, bring back, and show what became of it."""
    rows = [row for change in changes for row in change.rows]
    if not rows:
        _nothing_to_retry(changes, as_json=as_json)
    else:
        _ask("bring this back", rows, now, yes=yes, quiet=as_json)
        _show_results(visit(lambda at: carry_out(at.desk, changes)), as_json=as_json)


def _nothing_to_retry(changes: list[Change], *, as_json: bool) -> None:
    if as_json:
        document({"retried": []})
    if changes:
        fail(NOTHING_DONE, "nothing to retry: nothing there was rejected or is unresolved")
    typer.echo("nothing to retry: nothing awaits a person", err=True)


def _end(record: Record, now: int, reason: str, *, yes: bool) -> None:
    """Ask, drop, and say how much it was."""
    rows = unfinished(record)
    if not rows:
        fail(NOTHING_DONE, f"nothing to drop on {record.ref}: nothing waits there, or awaits a person")
    _ask(f"drop this, because: {reason}", rows, now, yes=yes, quiet=False)
    _say_dropped(record.ref, visit(lambda at: at.desk.drop(record.ref, reason)))


def _say_dropped(ref: str, ended: int) -> None:
    say(f"{ref}: {counted(ended, 'marking or event', 'markings and events')} dropped")


def _show_results(results: list[Result], *, as_json: bool) -> None:
    if as_json:
        document({"retried": [desk_changes.document(one) for one in results]})
    else:
        say()
        table(
            ("invoice", "event", "was", "now"),
            ([one.row.ref, one.row.event or "-", one.row.state.value, one.words] for one in results),
        )
    if any(one.still_awaits for one in results):
        raise typer.Exit(NOTHING_DONE)
