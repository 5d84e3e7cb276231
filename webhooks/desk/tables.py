"""Tables for people and documents for programs, on stdout.

Nothing that came from outside is read as markup, and no id is ever cut short: a narrow terminal wraps the line.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from webhooks.desk.rows import Row, name
from webhooks.desk.words import ago, plain
from worker.ledger.records import UNDECODED

_AS_WIDE_AS_IT_TAKES = 100_000
_NARROWEST_REASON = 30
_STYLES = {
    "applied": "green",
    "draining": "green",
    "waiting": "cyan",
    "unresolved": "yellow",
    "partly_applied": "yellow",
    "rejected": "red",
    "parked": "red",
}
REASON = "reason"
"""The one column that may be broken into lines."""


def table(columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    """Print a table. States have their colours, where colours are wanted."""
    made = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        broken = column == REASON
        made.add_column(
            column,
            no_wrap=not broken,
            overflow="fold",
            min_width=_NARROWEST_REASON if broken else None,
            justify="right" if column == "entries" else "left",
        )
    for line in lines:
        made.add_row(*(Text(plain(cell), style=_STYLES.get(cell, "")) for cell in line))
    console = _console()
    wide = console.options.update(max_width=_AS_WIDE_AS_IT_TAKES)
    if console.is_terminal:
        console.width = max(console.width, Measurement.get(console, wide, made).minimum)
    else:
        console.width = _AS_WIDE_AS_IT_TAKES
    console.print(made)


def say(text: str = "", style: str = "") -> None:
    """Print a line for people, broken by nobody but the terminal."""
    _console().print(Text(plain(text), style=style), soft_wrap=True)


def document(said: Any) -> None:
    """Print one JSON document. All that is not ASCII is escaped."""
    typer.echo(json.dumps(said, indent=2))


def row_table(rows: Iterable[Row], now: int) -> None:
    """Print markings and events, a line each. `now` in milliseconds since 1970."""
    columns = ("source", "invoice", "event", "says", "workspace", "state", "entries", "age", REASON)
    table(columns, (_cells(row, now) for row in rows))


def _cells(row: Row, now: int) -> list[str]:
    told = name(row.ref)
    age = ago(row.since, now) if row.since else "-"
    count = str(len(row.ids)) if row.ids else "-"
    return [
        told.source or "-",
        row.ref,
        # The digest of a body that could not be decoded, whose ref has enough of it.
        row.event if row.event and told.kind != UNDECODED else "-",
        row.says or "-",
        row.workspace or "-",
        row.state.value,
        count,
        age,
        row.reason,
    ]


def _console() -> Console:
    return Console(markup=False, emoji=False, highlight=False)
