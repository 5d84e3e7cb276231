"""A link as the script of that name takes it, and as it is read again. Pure."""

from collections.abc import Sequence
from typing import Any

from worker import entries
from worker.ledger.scripts import Argument
from worker.marking import Link, Wanted, reference


def arguments(link: Link, future: int) -> list[Argument]:
    """What the script is told; `future` is how far in the future an event may lie, in milliseconds."""
    told: list[Argument] = [reference(link.source, link.account, link.name), future]
    for one in link.wanted:
        told += [one.workspace, entries.pack(one.entries)]
    return told


def read(rows: Sequence[Sequence[Any]]) -> list[tuple[str, tuple[Wanted, ...]]]:
    """Links, as the script `links` answers them: refs, and what was told under each."""
    return [
        (
            ref.decode(),
            tuple(Wanted(workspace.decode(), entries.unpack(packed)) for workspace, packed in places),
        )
        for ref, places in rows
    ]
