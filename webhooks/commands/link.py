"""`paidmark link`: says which entries an invoice stands for, where the invoice itself cannot. Goes straight to the ledger."""

from typing import Annotated

import typer

from webhooks.desk.store import NOTHING_DONE, WRONG_USE, Visit, fail, visit
from webhooks.desk.tables import say
from webhooks.desk.words import plain
from webhooks.settings import DoorSettings
from webhooks.source_settings import source_name
from worker.entries import is_id
from worker.marking import Link, Verdict, Wanted
from worker.settings import SettingsError, load

SAID = {
    Verdict.LINKED: "linked: its entries are marked when it is paid",
    Verdict.ACCEPTED: "linked: it was paid before, and is being marked now",
    Verdict.NAMED: "kept, but without effect: the invoice names its entries itself, or by another link",
}


def link(
    source: Annotated[str, typer.Argument(help="The source's name in the settings.")],
    invoice: Annotated[
        str, typer.Argument(help="The invoice's id or number, or what it shows as clockify_link.")
    ],
    entries: Annotated[str, typer.Option(help="The entries, separated by spaces or commas.")],
    workspace: Annotated[
        str, typer.Option(help="The workspace that they are in; PAIDMARK_WORKSPACE, if left out.")
    ] = "",
    account: Annotated[
        str, typer.Option(help="The vendor's account that the id belongs to, where a source has several.")
    ] = "",
) -> None:
    """Say which entries an invoice stands for; before it is paid, or after.

    For systems whose invoices have no room for ids. What an invoice names itself goes before. Said anew, it counts anew:
    entries that are no longer among them are unmarked.

    Exit status 0; 1 where the invoice names its entries itself, 2 for wrong settings or arguments, 3 for no store.

    Examples: paidmark link recurly 1001 --entries "64c777ddd3fcab07cfbb210c 64c777ddd3fcab07cfbb210d" · paidmark link shop-a march-7 --workspace 64a687e29ae1f428e7ebe303 --entries 64c777ddd3fcab07cfbb210c
    """
    told(source, invoice, tuple(entries.replace(",", " ").split()), workspace=workspace, account=account)


def told(source: str, invoice: str, entries: tuple[str, ...], *, workspace: str, account: str = "") -> None:
    """Tell the ledger, and say what has come of it."""
    if wrong := [one for one in (*entries, *filter(None, [workspace])) if not is_id(one)]:
        fail(WRONG_USE, f"not an id of 24 letters and digits: {plain(', '.join(wrong))}")
    if not (entries and invoice):
        fail(WRONG_USE, "name an invoice and at least one entry")
    _warn_of(source)
    name = f"{plain(source)} {plain(invoice)}"
    _say(name, visit(lambda at: _link(at, source, invoice, Wanted(workspace or at.home, entries), account)))


def _say(name: str, verdict: Verdict) -> None:
    say(f"{name}: {SAID[verdict]}")
    if verdict is Verdict.NAMED:
        raise typer.Exit(NOTHING_DONE)


async def _link(at: Visit, source: str, invoice: str, wanted: Wanted, account: str) -> Verdict:
    if not wanted.workspace:
        fail(WRONG_USE, "say where the entries are: --workspace, or PAIDMARK_WORKSPACE")
    return await at.desk.link(
        Link(source=source, account=account, name=invoice, wanted=(Wanted(wanted.workspace, _once(wanted)),))
    )


def _once(wanted: Wanted) -> tuple[str, ...]:
    return tuple(dict.fromkeys(wanted.entries))


def _warn_of(source: str) -> None:
    """The desk need not have the receiver's settings; where it has, a slip in the name is told."""
    try:
        source_name(source)
        known = load(DoorSettings).sources
    except ValueError as error:
        fail(WRONG_USE, f"{plain(source)}: {error}")
    except SettingsError:
        return
    if known and source not in known:
        typer.echo(
            f"no source {plain(source)!r} in the settings here; there are: {', '.join(known)}", err=True
        )
