"""A link as the script of that name takes it. Pure."""

from worker import entries
from worker.ledger.scripts import Argument
from worker.marking import Link, reference


def arguments(link: Link, future: int) -> list[Argument]:
    """What the script is told; `future` is how far in the future an event may lie, in milliseconds."""
    told: list[Argument] = [reference(link.source, link.account, link.name), future]
    for one in link.wanted:
        told += [one.workspace, entries.pack(one.entries)]
    return told
