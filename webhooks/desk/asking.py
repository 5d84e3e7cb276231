"""What a person means, and whether they mean it: the one invoice of a name, and the question before a change.

Must not change anything: it ends the command, or lets it go on.
"""

import sys
from collections.abc import Sequence

import typer

from webhooks.desk.rows import Row
from webhooks.desk.search import named, read
from webhooks.desk.store import NOTHING_DONE, Visit, fail
from webhooks.desk.tables import row_table, say
from webhooks.desk.undecoded import meant
from webhooks.desk.words import plain
from worker.ledger.records import Record, Undecoded

_MOST_SHOWN = 50


async def one_meant(at: Visit, ref: str) -> Record | Undecoded:
    """The one invoice, or body that could not be decoded, that is meant. Ends the command where there is none, or more."""
    found: Sequence[Record | Undecoded] = await meant(at.desk, ref)
    if not found:
        found = await read(at.desk, await named(at.desk, ref))
    if not found:
        fail(NOTHING_DONE, f"nothing is known of {plain(ref)}")
    if len(found) > 1:
        fail(NOTHING_DONE, f"{plain(ref)} can mean more than one: {', '.join(one.ref for one in found)}")
    return found[0]


def ask(what: str, rows: list[Row], now: int, *, yes: bool, quiet: bool = False) -> None:
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
