"""`paidmark link`: says which entries an invoice stands for, where the invoice itself cannot. Goes straight to the ledger."""

import sys
from typing import Annotated

import typer

from webhooks.commands.options import Yes
from webhooks.desk.linking import look
from webhooks.desk.store import NOTHING_DONE, WRONG_USE, Visit, fail, visit
from webhooks.desk.tables import say
from webhooks.desk.words import plain
from webhooks.settings import DoorSettings
from webhooks.source_settings import source_name
from worker.entries import is_id
from worker.marking import Link, Verdict, Wanted
from worker.settings import SettingsError, load

SAID = {
    Verdict.LINKED: "linked: its entries will be marked with the invoice",
    Verdict.ACCEPTED: "linked: the invoice came before, and is being marked now",
    Verdict.AWAITS: "linked: a payment of it awaits your decision, paidmark markings --state unresolved",
    Verdict.NAMED: "kept, but without effect: the invoice names its entries itself, or by another link",
}
TAKEN_BACK = {
    Verdict.LINKED: "no longer linked",
    Verdict.ACCEPTED: "no longer linked: what was marked for it is being unmarked now",
    Verdict.KNOWN: "was not linked, and nothing has changed: paidmark links lists what was told",
}


def link(
    source: Annotated[str, typer.Argument(help="The source's name in the settings.")],
    invoice: Annotated[
        str, typer.Argument(help="The invoice's id or number, or what it shows as clockify_link.")
    ],
    entries: Annotated[str, typer.Option(help="The entries, separated by spaces or commas.")] = "",
    workspace: Annotated[
        str, typer.Option(help="The workspace that they are in; PAIDMARK_WORKSPACE, if left out.")
    ] = "",
    account: Annotated[
        str, typer.Option(help="The vendor's account that the id belongs to, where a source has several.")
    ] = "",
    remove: Annotated[bool, typer.Option("--remove", help="Take back what was told.")] = False,
    yes: Yes = False,
) -> None:
    """Say which entries an invoice stands for; before it is paid, or after.

    For systems whose invoices have no room for ids. What an invoice names itself goes before. Said anew, it counts anew:
    entries that are no longer among them are unmarked, which you are asked about first.

    Exit status 0; 1 where nothing was changed, or where the invoice names its entries itself, 2 for wrong settings or
    arguments, 3 for no store.

    Examples: paidmark link recurly 1001 --entries "64c777ddd3fcab07cfbb210c 64c777ddd3fcab07cfbb210d" · paidmark link shop-a march-7 --workspace 64a687e29ae1f428e7ebe303 --entries 64c777ddd3fcab07cfbb210c · paidmark link recurly 1001 --remove
    """
    named = tuple(entries.replace(",", " ").split())
    if remove == bool(named):
        fail(WRONG_USE, "give --entries, or --remove")
    told(source, invoice, named, workspace=workspace, account=account, yes=yes)


def told(
    source: str,
    invoice: str,
    entries: tuple[str, ...],
    *,
    workspace: str,
    account: str = "",
    yes: bool = False,
) -> None:
    """Tell the ledger, and say what has come of it. Without entries, what was told is taken back."""
    if wrong := [one for one in (*entries, *filter(None, [workspace])) if not is_id(one)]:
        fail(WRONG_USE, f"not an id of 24 letters and digits: {plain(', '.join(wrong))}")
    if not invoice.strip():
        fail(WRONG_USE, "name an invoice")
    _check_source(source, yes=yes)
    wanted = (Wanted(workspace, tuple(dict.fromkeys(entries))),) if entries else ()
    told = Link(source=source, account=account, name=invoice.strip(), wanted=wanted)
    _say(told, visit(lambda at: _link(at, told, yes=yes)))


def _say(told: Link, verdict: Verdict) -> None:
    said = (SAID if told.wanted else TAKEN_BACK)[verdict]
    say(f"{plain(told.source)} {plain(told.name)}: {said}")
    if verdict in (Verdict.NAMED, Verdict.KNOWN):
        raise typer.Exit(NOTHING_DONE)


async def _link(at: Visit, given: Link, *, yes: bool) -> Verdict:
    wanted = tuple(Wanted(one.workspace or at.home, one.entries) for one in given.wanted)
    if not all(one.workspace for one in wanted):
        fail(WRONG_USE, "say where the entries are: --workspace, or PAIDMARK_WORKSPACE")
    link = Link(source=given.source, account=given.account, name=given.name, wanted=wanted)
    before = await look(at.desk, link)
    if warning := before.warning():
        typer.echo(plain(warning), err=True)
    if (question := before.question(link)) and not yes:
        _ask(plain(question))
    return await at.desk.link(link)


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        fail(NOTHING_DONE, f"nothing was changed: {question}. Say --yes to go ahead")
    if not typer.confirm(f"{question}?"):
        fail(NOTHING_DONE, "nothing was changed")


def _check_source(source: str, *, yes: bool) -> None:
    """The desk need not have the receiver's settings; where it has, a slip in the name is a mistake."""
    try:
        source_name(source)
        known = load(DoorSettings).sources
    except SettingsError:
        return
    except ValueError as error:
        fail(WRONG_USE, f"{plain(source)}: {error}")
    if known and source not in known and not yes:
        there_are = ", ".join(known)
        fail(
            WRONG_USE,
            f"no source {plain(source)!r} in the settings here; there are: {there_are}. Say --yes if there is elsewhere",
        )
