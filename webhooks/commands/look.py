"""`paidmark markings`: how a person looks. Changes nothing."""

import sys
from dataclasses import dataclass
from typing import Annotated

import typer

from webhooks.commands.options import Json
from webhooks.desk import rows as desk_rows
from webhooks.desk import story as desk_story
from webhooks.desk import undecoded as desk_undecoded
from webhooks.desk.search import Found, Search, named, read, search
from webhooks.desk.store import NOTHING_DONE, WRONG_USE, Visit, fail, visit
from webhooks.desk.tables import document, row_table, say
from webhooks.desk.words import plain
from webhooks.desk.workspaces import held_up_by
from worker.entries import is_id
from worker.ledger.records import Record, Undecoded
from worker.marking import State


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found: the one invoice, or body, that was asked for, or lines."""

    one: Record | Undecoded | None
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
    body: Annotated[
        bool,
        typer.Option("--body", help="What is in a body that cannot be decoded: customers' data, perhaps."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Show markings, newest first; or, for one invoice, all that has happened to it.

    Quick: by ref, by entry, by workspace, and what is waiting, rejected or unresolved. Anything else looks through the
    whole ledger. An invoice that is named by the vendor's id alone is looked for as well, and so is an entry that the
    default workspace does not know.

    Authentic bodies that cannot be decoded are unresolved, too; each has a ref like shop/undecoded/3f79bb7b435b. What is
    in one is only printed with --body: byte for byte, but at a terminal what a terminal could obey is spelt. It may hold
    names, addresses and amounts: mind where it goes.

    Exit status 0, or 1 where the invoice or the entry is not found, 2 for wrong settings or arguments, 3 for no store.

    Examples: paidmark markings --state rejected · paidmark markings in_1PgafTB7WZ01zgkW · paidmark markings --entry 64c777ddd3fcab07cfbb210c --json · paidmark markings shop/undecoded/3f79bb7b435b --body > body
    """
    _check(entry=entry, workspace=workspace)
    if ref and invoice and ref != invoice:
        fail(WRONG_USE, "two invoices are named: give one, as the argument or as --invoice")
    if body:
        if state or entry or workspace or as_json or not (ref or invoice):
            fail(WRONG_USE, "--body goes with the REF of one body, and with no --json and no other filter")
        _write(visit(lambda at: _body(at, ref or invoice, source)))
    else:
        asked = Search(
            invoice=ref or invoice, state=state, entry=entry, workspace=workspace, source=source, limit=limit
        )
        _show(visit(lambda at: _look(at, asked)), asked, as_json=as_json)


async def _look(at: Visit, asked: Search) -> _Looked:
    held_up = {one.workspace: held_up_by(one) for one in await at.desk.workspaces()}
    if asked.invoice and not (asked.state or asked.entry or asked.workspace):
        meant: list[Record | Undecoded] = [
            *await desk_undecoded.meant(at.desk, asked.invoice, asked.source)
        ] or [*await read(at.desk, await named(at.desk, asked.invoice, asked.source))]
        if len(meant) == 1:
            return _Looked(meant[0], Found([], 1), held_up, at.now)
    found = await search(at.desk, asked, home=at.home, held_up=held_up)
    return _Looked(None, found, held_up, at.now)


async def _body(at: Visit, ref: str, source: str) -> bytes:
    """What is in the one body that is meant. Ends the command where there is none, or more."""
    found = await desk_undecoded.meant(at.desk, ref, source)
    bodies = [body for one in found if (body := await at.desk.body(one)) is not None]
    if len(bodies) != 1:
        fail(NOTHING_DONE, f"{plain(ref)} is not the ref of one body that could not be decoded")
    return bodies[0]


def _write(body: bytes) -> None:
    """Byte for byte, but for a terminal, which could obey some of them."""
    if sys.stdout.isatty():
        for line in body.decode(errors="backslashreplace").splitlines():
            say(line)
    else:
        typer.echo(body, nl=False)


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


def _show_one(one: Record | Undecoded, looked: _Looked, *, as_json: bool) -> None:
    if isinstance(one, Undecoded):
        if as_json:
            document(desk_undecoded.document(one))
        else:
            desk_undecoded.tell(one, looked.now)
    elif as_json:
        document(desk_story.document(one, looked.held_up))
    else:
        desk_story.tell(one, looked.held_up, looked.now)


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
