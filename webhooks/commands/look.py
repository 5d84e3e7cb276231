"""`paidmark markings` and `paidmark workspaces`: how a person looks. Changes nothing but when a workspace is looked at."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from webhooks.desk import rows as desk_rows
from webhooks.desk import story as desk_story
from webhooks.desk.search import Found, Search, named, read, search
from webhooks.desk.store import NOTHING_DONE, WRONG_USE, Visit, fail, visit
from webhooks.desk.tables import REASON, document, row_table, say, table
from webhooks.desk.words import counted, duration, plain
from webhooks.desk.workspaces import held_up_by, next_look, standing, why
from worker.entries import is_id
from worker.ledger.records import Record, Workspace
from worker.marking import State

Json = Annotated[bool, typer.Option("--json", help="One JSON document, for programs; times in UTC.")]

workspaces = typer.Typer()


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found: the one invoice that was asked for, or lines."""

    one: Record | None
    found: Found
    held_up: dict[str, str]
    now: int


def markings(
    ref: Annotated[
        str, typer.Argument(metavar="[REF-OR-ID]", help="One invoice: by its ref, or the vendor's id.")
    ] = "",
    state: Annotated[
        State | None, typer.Option(help="Only what is in this state; rejected: in part, too.")
    ] = None,
    invoice: Annotated[str, typer.Option(help="The same as the argument.")] = "",
    entry: Annotated[str, typer.Option(help="Only invoices that name this entry, or did.")] = "",
    workspace: Annotated[str, typer.Option(help="Only this workspace; alone: what waits there.")] = "",
    source: Annotated[str, typer.Option(help="Only what came from this source.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="So many lines at most, the newest.")] = 50,
    as_json: Json = False,
) -> None:
    """Show markings, newest first; or, for one invoice, all that has happened to it.

    Quick: by ref, by entry, by workspace, and what is waiting, rejected or unresolved. Anything else looks through the
    whole ledger. An invoice that is named by the vendor's id alone is looked for as well, and so is an entry that the
    default workspace does not know.

    Exit status 0, or 1 where the invoice or the entry is not found, 2 for wrong settings or arguments, 3 for no store.

    Examples: paidmark markings --state rejected · paidmark markings in_1PgafTB7WZ01zgkW · paidmark markings --entry 64c777ddd3fcab07cfbb210c --json
    """
    _check(entry=entry, workspace=workspace)
    if ref and invoice and ref != invoice:
        fail(WRONG_USE, "two invoices are named: give one, as the argument or as --invoice")
    asked = Search(
        invoice=ref or invoice, state=state, entry=entry, workspace=workspace, source=source, limit=limit
    )
    _show(visit(lambda at: _look(at, asked)), asked, as_json=as_json)


@workspaces.callback(invoke_without_command=True)
def show_workspaces(context: typer.Context, as_json: Json = False) -> None:
    """Show the workspaces with something to do: how much, since when, and what it waits for.

    State: draining (a worker is at it), due, waiting (a retry), rate limit, dry run, or parked: Clockify refuses the
    workspace as a whole, and nothing is lost.

    Examples: paidmark workspaces · paidmark workspaces --json · paidmark workspaces resume 64a687e29ae1f428e7ebe303
    """
    if context.invoked_subcommand is None:
        _show_workspaces(visit(lambda at: at.desk.workspaces()), as_json=as_json)


@workspaces.command()
def resume(
    workspace: Annotated[str, typer.Argument(help="The workspace's id.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every workspace that is parked, or waits.")] = False,
) -> None:
    """Have a parked or waiting workspace looked at now, instead of at its next retry or probe.

    Exit status 1 where there is nothing to resume: it has no backlog, or a worker is at it already.

    Examples: paidmark workspaces resume 64a687e29ae1f428e7ebe303 · paidmark workspaces resume --all
    """
    if bool(workspace) == every:
        fail(WRONG_USE, "name one workspace, or give --all")
    _show_resumed(visit(lambda at: _resume(at, workspace)), workspace)


async def _look(at: Visit, asked: Search) -> _Looked:
    held_up = {one.workspace: held_up_by(one) for one in await at.desk.workspaces()}
    if asked.invoice and not (asked.state or asked.entry or asked.workspace):
        records = await read(at.desk, await named(at.desk, asked.invoice, asked.source))
        if len(records) == 1:
            return _Looked(records[0], Found([], 1), held_up, at.now)
    found = await search(at.desk, asked, home=at.home, held_up=held_up)
    return _Looked(None, found, held_up, at.now)


async def _resume(at: Visit, workspace: str) -> list[str]:
    """Resume one workspace, or all that do not get on. Returns those that were."""
    stuck = [one.workspace for one in await at.desk.workspaces() if not one.leased and one.next_in > 0]
    return [one for one in ([workspace] if workspace else stuck) if await at.desk.resume(one)]


def _check(**ids: str) -> None:
    for option, value in ids.items():
        if value and not is_id(value):
            fail(WRONG_USE, f"--{option}: {plain(value)} is not an id of 24 letters and digits")


def _show(looked: _Looked, asked: Search, *, as_json: bool) -> None:
    if looked.one is not None:
        _show_one(looked.one, looked, as_json=as_json)
        return
    _show_found(looked, as_json=as_json)
    if not looked.found.total and (asked.invoice or asked.entry):
        fail(NOTHING_DONE, f"nothing is known of {plain(asked.invoice or asked.entry)} that fits")


def _show_one(record: Record, looked: _Looked, *, as_json: bool) -> None:
    if as_json:
        document(desk_story.document(record, looked.held_up))
    else:
        desk_story.tell(record, looked.held_up, looked.now)


def _show_found(looked: _Looked, *, as_json: bool) -> None:
    found = looked.found
    if as_json:
        document({"markings": [desk_rows.document(row) for row in found.rows], "total": found.total})
    elif found.rows:
        row_table(found.rows, looked.now)
        if found.total > len(found.rows):
            typer.echo(f"and {found.total - len(found.rows):,} more: --limit {found.total}", err=True)
    else:
        typer.echo("no markings", err=True)


def _show_workspaces(found: list[Workspace], *, as_json: bool) -> None:
    if as_json:
        document({"workspaces": [_workspace(one) for one in found]})
    elif found:
        columns = ("workspace", "state", "backlog", "oldest", "failures", "next look", REASON)
        table(columns, (_cells(one) for one in found))
    else:
        say("no workspace has anything to do")


def _show_resumed(resumed: list[str], workspace: str) -> None:
    for one in resumed:
        say(f"{one} will be looked at now")
    if not resumed:
        what = (
            f"{plain(workspace)} is neither parked nor waiting"
            if workspace
            else "no workspace is parked or waiting"
        )
        fail(NOTHING_DONE, f"nothing to resume: {what}")


def _cells(one: Workspace) -> list[str]:
    return [
        one.workspace,
        standing(one),
        counted(one.backlog, "marking", "markings"),
        duration(one.oldest),
        f"{one.failures} in {duration(one.failing_for)}" if one.failures else "-",
        next_look(one),
        why(one),
    ]


def _workspace(one: Workspace) -> dict[str, Any]:
    """A workspace for programs. Times in seconds."""
    return {
        "workspace": one.workspace,
        "state": standing(one),
        "backlog": one.backlog,
        "oldest_seconds": round(one.oldest, 3),
        "failures": one.failures,
        "failing_seconds": round(one.failing_for, 3),
        "next_look_in_seconds": round(one.next_in, 3),
        "parked": one.parked,
        "reason": one.reason,
    }
