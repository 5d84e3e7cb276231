"""`paidmark drop`: how a person ends what will never work. It is shown first; nothing is changed unless somebody says yes."""

from collections.abc import Sequence
from typing import Annotated

import typer

from webhooks.commands.options import Yes
from webhooks.desk import undecoded as bodies
from webhooks.desk.asking import ask, one_meant
from webhooks.desk.rows import unfinished
from webhooks.desk.store import NOTHING_DONE, WRONG_USE, Visit, fail, visit
from webhooks.desk.tables import say
from webhooks.desk.words import counted
from worker.ledger.records import Record, Undecoded

LONGEST_REASON = 200


def drop(
    reason: Annotated[str, typer.Option(help=f"Why; kept for good. At most {LONGEST_REASON} characters.")],
    ref: Annotated[
        str, typer.Argument(metavar="[REF]", help="The invoice, by its ref or the vendor's id; or a body.")
    ] = "",
    undecoded: Annotated[
        bool, typer.Option("--undecoded", help="All bodies that could not be decoded.")
    ] = False,
    source: Annotated[str, typer.Option(help="With --undecoded: only those from this source.")] = "",
    yes: Yes = False,
) -> None:
    """End what waits, or awaits a person, on one invoice, for good. Shows it first, and asks.

    Entries stay as they are at Clockify. A newer event of the invoice makes markings as ever. The reason is kept with
    the invoice: write no names and no amounts into it.

    So is a body ended that could not be decoded: it is gone then, and only the reason stays.

    Exit status 0, or 1 where there is nothing to drop, 2 for wrong settings or arguments, 3 for no store.

    Examples: paidmark drop in_1PgafTB7WZ01zgkW --reason "billed by hand" · paidmark drop stripe//in_9 --reason "entries were deleted" --yes · paidmark drop shop/undecoded/3f79bb7b435b --reason "sent again" · paidmark drop --undecoded --source shop --reason "a test"
    """
    if not reason.strip() or len(reason) > LONGEST_REASON or not reason.isprintable():
        fail(WRONG_USE, f"--reason: one line, from 1 to {LONGEST_REASON} characters, all of them printable")
    if bool(ref) == undecoded:
        fail(WRONG_USE, "name an invoice or a body, or give --undecoded")
    if source and not undecoded:
        fail(WRONG_USE, "--source goes with --undecoded")
    _end(*visit(lambda at: _meant(at, ref, source)), reason, yes=yes)


async def _meant(at: Visit, ref: str, source: str) -> tuple[Record | list[Undecoded], int]:
    """What is to be ended, and the store's time. Without a ref, all bodies of a source."""
    if ref:
        one = await one_meant(at, ref)
        return ([one] if isinstance(one, Undecoded) else one), at.now
    return [one for one in await at.desk.undecoded() if source in ("", one.source)], at.now


def _end(found: Record | list[Undecoded], now: int, reason: str, *, yes: bool) -> None:
    """Ask, drop, and say what it was. Bodies that have come meanwhile stay."""
    what = f"drop this, because: {reason}"
    if isinstance(found, Record):
        rows = unfinished(found)
        if not rows:
            fail(NOTHING_DONE, f"nothing to drop on {found.ref}: nothing waits there, or awaits a person")
        ask(what, rows, now, yes=yes)
        _say_dropped(found.ref, visit(lambda at: at.desk.drop(found.ref, reason)))
    else:
        if not found:
            fail(NOTHING_DONE, "nothing to drop: no body is kept there that could not be decoded")
        ask(what, [bodies.row(one) for one in found], now, yes=yes)
        _say_gone(visit(lambda at: _drop_each(at, found, reason)))


async def _drop_each(at: Visit, found: Sequence[Undecoded], reason: str) -> list[Undecoded]:
    return [one for one in found if await at.desk.drop_body(one, reason)]


def _say_dropped(ref: str, ended: int) -> None:
    say(f"{ref}: {counted(ended, 'marking or event', 'markings and events')} dropped")


def _say_gone(ended: Sequence[Undecoded]) -> None:
    for one in ended:
        say(f"{one.ref}: {counted(one.size, 'byte', 'bytes')} dropped, sha256 {one.digest}")
    if not ended:
        fail(NOTHING_DONE, "nothing was dropped: it is gone already")
