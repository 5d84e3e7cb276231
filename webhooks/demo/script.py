"""The script: invoices, the deliveries that tell of them, and how every entry must be in the end. Pure."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from webhooks.sources.kind import Sample

WORKSPACES = 3
MOST_ENTRIES = 20
EVENT_APART = 2.0
"""Seconds between an invoice's payment and its reversal, by the billing system's clock."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice: which source bills it, where its entries are."""

    id: str
    source: str
    workspace: str
    entries: tuple[str, ...]

    def told(self, *, paid: bool, at: float) -> Sample:
        """What a delivery about it says."""
        what = "paid" if paid else "void"
        return Sample(
            event=f"evt_{self.id}_{what}",
            invoice=self.id,
            workspace=self.workspace,
            entries=self.entries,
            at=at if paid else at + EVENT_APART,
            told="paid" if paid else "reversed",
        )


@dataclass(slots=True)
class Script:
    """The acts: who is paid in the quiet, the burst and the outage; who is reversed; which entry does not exist."""

    quiet: list[Invoice] = field(default_factory=list)
    burst: list[Invoice] = field(default_factory=list)
    outage: list[Invoice] = field(default_factory=list)
    reversed: list[Invoice] = field(default_factory=list)
    missing: str = ""

    @property
    def invoices(self) -> list[Invoice]:
        """All of them, in the order in which they are paid."""
        return self.quiet + self.burst + self.outage

    def expected(self) -> dict[str, bool]:
        """How every entry must be in the end: invoiced, while an invoice that stands names it; and none that is missing."""
        gone = {invoice.id for invoice in self.reversed}
        state = {entry: False for invoice in self.invoices for entry in invoice.entries}
        for invoice in self.invoices:
            if invoice.id not in gone:
                state.update(dict.fromkeys(invoice.entries, True))
        del state[self.missing]
        return state


def write(invoices: int, seed: int) -> Script:
    """A script for so many invoices: a tenth in the quiet, a fifth in the outage, a tenth reversed.

    One of the reversed invoices has a replacement that names the same entries: they must stay marked.
    """
    chance = random.Random(seed)  # noqa: S311 - makes up a story, guards nothing
    workspaces = [_id(f"workspace {number}") for number in range(WORKSPACES)]
    told = [_invoice(number, chance, chance.choice(workspaces)) for number in range(invoices)]
    tenth = max(1, invoices // 10)
    told[-1] = _replacing(told[1], told[-1])
    return Script(
        quiet=told[:tenth],
        burst=told[tenth : invoices - 2 * tenth],
        outage=told[invoices - 2 * tenth :],
        reversed=told[1 : 1 + tenth],
        missing=told[tenth + 1].entries[0],
    )


def _invoice(number: int, chance: random.Random, workspace: str) -> Invoice:
    source = chance.choice(("stripe", "standard"))
    entries = tuple(_id(f"entry {number}.{index}") for index in range(chance.randint(1, MOST_ENTRIES)))
    return Invoice(f"in_{number:05d}", source, workspace, entries)


def _replacing(old: Invoice, new: Invoice) -> Invoice:
    return Invoice(new.id, new.source, old.workspace, old.entries)


def _id(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:24]


def entries_by_workspace(invoices: Iterable[Invoice]) -> dict[str, set[str]]:
    """Every entry, by its workspace."""
    found: dict[str, set[str]] = {}
    for invoice in invoices:
        found.setdefault(invoice.workspace, set()).update(invoice.entries)
    return found
