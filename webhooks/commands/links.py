"""`paidmark links`: what was told of invoices apart from them."""

from typing import Annotated

import typer

from webhooks.commands.options import Json
from webhooks.desk import linking
from webhooks.desk.rows import name
from webhooks.desk.store import Visit, visit
from webhooks.desk.tables import document, say, table
from worker.marking import Wanted

Links = list[tuple[str, tuple[Wanted, ...]]]
COLUMNS = ("source", "account", "link", "workspace", "entries")


def links(
    source: Annotated[str, typer.Option(help="Only those of this source.")] = "",
    as_json: Json = False,
) -> None:
    """List what was told with `paidmark link`, or over HTTP: under which names, and how many entries.

    Whether its invoice is known, and what became of it: paidmark markings INVOICE.

    Exit status 0; 2 for wrong settings, 3 for no store.

    Examples: paidmark links · paidmark links --source recurly --json
    """
    _show(visit(lambda at: _found(at, source)), as_json=as_json)


def _show(found: Links, *, as_json: bool) -> None:
    if as_json:
        document({"links": [linking.document(ref, wanted) for ref, wanted in found]})
    elif found:
        table(COLUMNS, (_cells(ref, one) for ref, wanted in found for one in wanted))
    else:
        say("nothing is linked")


async def _found(at: Visit, source: str) -> Links:
    return sorted([one async for one in at.desk.links() if source in ("", name(one[0]).source)])


def _cells(ref: str, one: Wanted) -> list[str]:
    told = name(ref)
    return [told.source, told.account or "-", told.id, one.workspace, str(len(one.entries))]
