"""Writes what a billing system says of one invoice into a load: ids, times, copies, the order of arrival. Pure, and seeded."""

import random
from dataclasses import dataclass, field

from bench.chaos.load import WORKSPACES, Load, Telling, workspace
from webhooks.sources.kind import Sample

LONG_AGO = 48 * 3600.0
FAR_AHEAD = 2 * 3600.0
"""Seconds into the future: more than any tolerance."""
SOURCES = ("stripe", "standard")
SELDOM = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one event says: paid or not, of which entries; of more in another workspace, by `lines` of the invoice.

    `silent`: it shows no references at all. `at_once`: in the same instant as the one before it. `early`: dated far
    ahead.
    """

    paid: bool
    entries: tuple[str, ...] = ()
    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()
    silent: bool = False
    at_once: bool = False
    early: bool = False


@dataclass(frozen=True, slots=True)
class Invoice:
    """A new invoice: its source, its id, its workspace."""

    source: str
    name: str
    where: str


@dataclass(slots=True)
class Writer:
    """Writes lives into a load."""

    chance: random.Random
    began: float
    seconds: float
    name: str
    load: Load = field(default_factory=Load)
    shelf: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def entries(self, where: str, count: int = 0) -> tuple[str, ...]:
        """New entries in a workspace; a few, if no number is given."""
        first = len(self.load.entries)
        made = tuple(f"{first + i:08x}{self.chance.getrandbits(64):016x}" for i in range(count or self.few()))
        self.load.entries.update(dict.fromkeys(made, where))
        return made

    def invoice(self, source: str = "") -> Invoice:
        """A new invoice of any source, or of that one."""
        name = f"in_{self.name}{len(self.load.tellings):06d}"
        where = workspace(self.chance.randrange(WORKSPACES))
        return Invoice(source or self.chance.choice(SOURCES), name, where)

    def few(self) -> int:
        """How many entries an ordinary invoice names."""
        return self.chance.randint(1, 8)

    def tell(self, invoice: Invoice, *said: Said, forged: bool = False) -> None:
        """One event after the other, a minute or more apart by the sender's clock, unless it is `at_once`.

        In a fifth of the lives they come in another order than they happened.
        """
        at = self.began - self.chance.uniform(3600, LONG_AGO)
        starts = [self.chance.uniform(0, self.seconds * 0.85)]
        while len(starts) < len(said):
            starts.append(starts[-1] + self.chance.expovariate(0.5))
        if self.chance.random() < SELDOM:
            self.chance.shuffle(starts)
        for one, start in zip(said, starts, strict=True):
            at += 0 if one.at_once else self.chance.randint(60, 600)
            when = int(self.began + FAR_AHEAD if one.early else at)
            sample = self._sample(invoice, one, when)
            copies = self.chance.choices((1, 2, 5), (80, 17, 3))[0]
            starts_at = min(start, self.seconds)
            self.load.tellings.append(
                Telling(
                    source=invoice.source, sample=sample, starts=starts_at, copies=copies, forged=forged, early=one.early
                )
            )  # fmt: skip

    def _sample(self, invoice: Invoice, said: Said, at: int) -> Sample:
        """Ids of events are in no order of time: of two in one instant, either may be the later."""
        number = len(self.load.tellings)
        return Sample(
            event=f"evt_{self.chance.getrandbits(20):05x}_{self.name}{number:06d}",
            invoice=invoice.name,
            workspace="" if said.silent else invoice.where,
            entries=said.entries,
            at=at,
            told="paid" if said.paid else "reversed",
            lines=said.lines,
        )
