"""How uninvoiced entries look to people and to scripts: a table, a JSON document, remarks. It asks for nothing."""

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from rich.console import Console
from rich.table import Table
from rich.text import Text

from webhooks.desk.words import plain
from webhooks.places import ENTRIES
from worker.reports.timesheet import Row
from worker.reports.uninvoiced import Asked, Found

MOST_KEYS = 50
"""Keys in the metadata of one object at Stripe: https://docs.stripe.com/metadata"""
_MOST_NAMES = 10


def show(found: Found) -> None:
    """Print the table."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("date", no_wrap=True)
    table.add_column("hours", justify="right", no_wrap=True)
    table.add_column("project")
    table.add_column("client")
    table.add_column("description", overflow="ellipsis", no_wrap=True)
    for row in found.rows:
        texts = (
            row.start[:10],
            hours(row.seconds),
            _joined(row, "project"),
            _joined(row, "client"),
            row.description,
        )
        table.add_row(*(Text(plain(text)) for text in texts))
    console = Console()
    console.print(table)
    total = sum(row.seconds for row in found.rows)
    console.print(f"\n{len(found.rows)} entries, {hours(total)} hours\n", style="bold", highlight=False)


def hours(seconds: int) -> str:
    """`12:05` for twelve hours and five minutes, to the nearest minute."""
    minutes = (seconds + 30) // 60
    return f"{minutes // 60}:{minutes % 60:02}"


def document(asked: Asked, found: Found, metadata: Mapping[str, str]) -> str:
    """Everything, as JSON. `seconds` in all is in `total`."""
    return json.dumps(
        {
            "workspace": asked.workspace,
            "from": asked.since.isoformat(),
            "to": asked.until.isoformat(),
            "zone": asked.zone,
            "entries": [_entry(row) for row in found.rows],
            "total": sum(row.seconds for row in found.rows),
            "running": found.running,
            "metadata": metadata,
        },
        indent=2,
        ensure_ascii=False,
    )


def remarks(asked: Asked, found: Found, metadata: Mapping[str, str]) -> Iterator[str]:
    """What a person should know beside the list."""
    for by, others in found.others.items():
        near = get_close_matches(asked.names[by], others, n=1)
        there_are = ", ".join(others[:_MOST_NAMES]) + (" ..." if len(others) > _MOST_NAMES else "")
        hint = f"did you mean {near[0]}?" if near else f"there are: {there_are or 'none'}"
        yield plain(f"no entry of {by} {asked.names[by]!r}; {hint}")
    if not found.rows:
        yield f"nothing to bill: no uninvoiced, billable entry from {asked.since} to {asked.until}"
    if found.running:
        yield f"left out because still running: {found.running}"
    if len(metadata) > MOST_KEYS:
        yield f"{len(metadata)} metadata keys: Stripe takes {MOST_KEYS} an object; put some {ENTRIES} on lines, or bill in parts"


def _entry(row: Row) -> dict[str, object]:
    return {
        "id": row.id,
        "start": row.start,
        "seconds": row.seconds,
        "project": _joined(row, "project"),
        "client": _joined(row, "client"),
        "user": _joined(row, "user"),
        "tags": list(row.shown["tag"]),
        "description": row.description,
    }


def _joined(row: Row, by: str) -> str:
    return ", ".join(row.shown[by])
