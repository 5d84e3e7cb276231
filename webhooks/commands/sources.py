"""`paidmark sources`: the billing systems that there are kinds for, and what each of them needs. Reads no settings."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from webhooks.commands.options import Json
from webhooks.desk.store import NOTHING_DONE, fail
from webhooks.desk.tables import document, say, table
from webhooks.sources import KINDS, explained
from webhooks.sources.kind import About, Kind

COLUMNS = ("kind", "system", "to set", "a delivery proves", "entries go into")
_PROVES = {
    "body and time": "that the system sent this body, now",
    "body": "that the system sent this body, once",
    "checksum": "that the system sent a body with this checksum; others can fit a body to it",
    "as set": "what the settings describe",
    "secret": "that the sender knows the secret; not what is in the body",
}


def sources(
    name: Annotated[str, typer.Argument(metavar="[KIND]", help="All that is known of one kind.")] = "",
    as_json: Json = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the table in the README.")] = False,
) -> None:
    """List the kinds of billing systems: what each needs, what it reacts to, where the ids of entries go.

    A source is set by its secret: PAIDMARK_SOURCES__STRIPE__SECRETS. Its kind is its own name, or what is set as KIND.

    Exit status 1 where there is no such kind.

    Examples: paidmark sources · paidmark sources stripe · paidmark sources --json
    """
    if name and name not in KINDS:
        fail(NOTHING_DONE, f"no such kind; there are: {', '.join(KINDS)}")
    chosen = [KINDS[name]] if name else list(KINDS.values())
    if as_json:
        document({"sources": [_document(kind) for kind in chosen]})
    elif markdown:
        for line in lines(chosen):
            say(line)
    elif name:
        _show(KINDS[name])
    else:
        table(COLUMNS[:3], (_cells(kind)[:3] for kind in chosen))
        say("paidmark sources KIND: all that is known of one")


def lines(kinds: Iterable[Kind]) -> list[str]:
    """The table as Markdown."""
    rows = [COLUMNS, tuple("---" for _ in COLUMNS)]
    rows += [(f"`{kind.name}`", *_cells(kind)[1:]) for kind in kinds]
    return [f"| {' | '.join(row)} |" for row in rows]


def room(about: About) -> str:
    """How many ids fit, in words."""
    if about.room is None:
        return "any number of ids"
    if about.room:
        return f"{about.room} ids"
    return "a link" if about.linkable else ""


def _cells(kind: Kind) -> tuple[str, ...]:
    about = kind.about
    fit = room(about)
    where = f"{about.references} ({fit})" if fit else about.references
    return kind.name, about.title, about.needs, about.proves, where


def _document(kind: Kind) -> dict[str, Any]:
    return {"kind": kind.name, **asdict(kind.about)}


def _show(kind: Kind) -> None:
    """One kind, a line for each thing and for each setting."""
    about = kind.about
    said = {
        "system": about.title,
        "rules": about.page,
        "to set": about.needs,
        "a delivery proves": _PROVES[about.proves],
        "entries go into": _cells(kind)[-1],
        "issued": ", ".join(about.issued),
        "paid": ", ".join(about.paid),
        "taken back": ", ".join(about.reversed),
        "for a person": ", ".join(about.by_hand),
    }
    for key, value in said.items():
        say(f"{key:<18} {value or '-'}")
    say()
    table(("setting", "what it is for"), ([name, words] for name, words in explained.settings(kind)))
    say("in [sources.NAME] of the file that PAIDMARK_CONFIG names, or as PAIDMARK_SOURCES__NAME__MARK_ON")
