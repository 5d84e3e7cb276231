"""The load: lives of invoices, told as a billing system tells them - late, doubled, out of order. Pure, and seeded.

It also says what must be so in the end, from the events alone: it knows nothing of how Paidmark decides.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from webhooks.sources.kind import Sample

WORKSPACES = 24
HUGE = 5_000
HUGE_EVERY = 10_000
"""Deliveries for each invoice of HUGE entries; there is one at least."""
LONG_AGO = 48 * 3600.0
SOURCES = ("stripe", "standard")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One event, and how it is told.

    `starts` seconds after the beginning, when the events `after` have been acknowledged, in so many `copies`.
    `forged`: it carries a signature that proves nothing, and must have no effect.
    """

    source: str
    sample: Sample
    starts: float
    after: tuple[str, ...] = ()
    copies: int = 1
    forged: bool = False

    @property
    def event(self) -> str:
        """The id of the event."""
        return self.sample.event


@dataclass(slots=True)
class Load:
    """Everything that is told, and what is known of the entries beforehand.

    `kept`: entries that some paid invoice claims from their first mark on, whatever else is told: they must never be seen
    unmarked again. `bad`: ids that no entry of Clockify has.
    """

    tellings: list[Telling] = field(default_factory=list)
    entries: dict[str, str] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    def add(self, other: "Load") -> None:
        """Take another load into this one."""
        self.tellings += other.tellings
        self.entries |= other.entries
        self.bad |= other.bad
        self.kept |= other.kept

    @property
    def deliveries(self) -> int:
        """How many deliveries are planned, beside those that are repeated."""
        return sum(one.copies for one in self.tellings)

    @property
    def events(self) -> list[Telling]:
        """What is told truly."""
        return [one for one in self.tellings if not one.forged]

    def newest(self) -> dict[tuple[str, str], Sample]:
        """What each invoice's newest event says. No two events of one invoice have the same time."""
        found: dict[tuple[str, str], Sample] = {}
        for one in self.events:
            invoice = (one.source, one.sample.invoice)
            if invoice not in found or found[invoice].at < one.sample.at:
                found[invoice] = one.sample
        return found

    def wanted(self) -> set[str]:
        """The entries that must be invoiced in the end: those that a paid invoice names, if Clockify knows them."""
        return {
            entry for sample in self.newest().values() if sample.paid for entry in sample.entries
        } - self.bad


@dataclass(slots=True)
class _Writer:
    """Writes lives into a load."""

    chance: random.Random
    began: float
    seconds: float
    name: str
    load: Load = field(default_factory=Load)
    shelf: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def entries(self, workspace: str, count: int) -> tuple[str, ...]:
        """New entries in a workspace."""
        first = len(self.load.entries)
        made = tuple(f"{first + i:08x}{self.chance.getrandbits(64):016x}" for i in range(count))
        self.load.entries.update(dict.fromkeys(made, workspace))
        return made

    def invoice(self) -> tuple[str, str, str]:
        """A new invoice: its source, its id, its workspace."""
        source, number = self.chance.choice(SOURCES), len(self.load.tellings)
        return source, f"in_{self.name}{number:06d}", workspace(self.chance.randrange(WORKSPACES))

    def few(self) -> int:
        """How many entries an ordinary invoice names."""
        return self.chance.randint(1, 8)

    def tell(
        self, invoice: tuple[str, str, str], *said: tuple[bool, tuple[str, ...]], forged: bool = False
    ) -> None:
        """One event after the other, (paid, entries) each: a minute or more apart by the sender's clock.

        In a fifth of the lives they come in another order than they happened.
        """
        source, name, where = invoice
        at = self.began - self.chance.uniform(3600, LONG_AGO)
        starts = [self.chance.uniform(0, self.seconds * 0.85)]
        while len(starts) < len(said):
            starts.append(starts[-1] + self.chance.expovariate(0.5))
        if self.chance.random() < 0.2:  # noqa: PLR2004 - a fifth
            self.chance.shuffle(starts)
        for (paid, entries), start in zip(said, starts, strict=True):
            at += self.chance.randint(60, 600)
            event = f"evt_{self.name}{len(self.load.tellings):06d}"
            sample = Sample(
                event=event, invoice=name, workspace=where, entries=entries, at=int(at), paid=paid
            )
            copies = self.chance.choices((1, 2, 5), (80, 17, 3))[0]
            self.load.tellings.append(
                Telling(
                    source=source,
                    sample=sample,
                    starts=min(start, self.seconds),
                    copies=copies,
                    forged=forged,
                )
            )


def _paid(writer: _Writer) -> None:
    invoice = writer.invoice()
    writer.tell(invoice, (True, writer.entries(invoice[2], writer.few())))


def _reversed(writer: _Writer) -> None:
    invoice = writer.invoice()
    entries = writer.entries(invoice[2], writer.few())
    writer.tell(invoice, (True, entries), (False, entries))


def _paid_again(writer: _Writer) -> None:
    invoice = writer.invoice()
    entries = writer.entries(invoice[2], writer.few())
    writer.tell(invoice, (True, entries), (False, entries), (True, entries))


def _changed(writer: _Writer) -> None:
    """Paid, then paid with other entries: those that it no longer names are let go."""
    invoice = writer.invoice()
    first = writer.entries(invoice[2], writer.few())
    second = first[: len(first) // 2] + writer.entries(invoice[2], writer.few())
    writer.tell(invoice, (True, first), (True, second))


def _shared(writer: _Writer) -> None:
    """Entries that another invoice has named before; some of the invoices are reversed."""
    invoice = writer.invoice()
    if not writer.shelf or writer.chance.random() < 0.2:  # noqa: PLR2004 - a fifth begins anew
        writer.shelf.append((invoice[2], writer.entries(invoice[2], 12)))
    where, entries = writer.chance.choice(writer.shelf[-20:])
    named = tuple(writer.chance.sample(entries, writer.few()))
    said = [(True, named), (False, named), (True, named)][: writer.chance.randint(1, 3)]
    writer.tell((invoice[0], invoice[1], where), *said)


def _replaced(writer: _Writer) -> None:
    """An invoice is replaced by another one, and only then reversed: its hours stay marked all the time."""
    old, new = writer.invoice(), writer.invoice()
    entries = writer.entries(old[2], writer.few())
    writer.tell((new[0], new[1] + "_b", old[2]), (True, entries))
    writer.tell(old, (True, entries), (False, entries))
    replacing, first, reversal = writer.load.tellings[-3:]
    writer.load.tellings[-1] = replace(reversal, after=(replacing.event, first.event))
    writer.load.kept.update(entries)


def _with_a_bad_entry(writer: _Writer) -> None:
    invoice = writer.invoice()
    good = writer.entries(invoice[2], writer.few())
    bad = sha256(f"bad {writer.name}{len(writer.load.bad)}".encode()).hexdigest()[:24]
    writer.load.bad.add(bad)
    writer.tell(invoice, (True, (*good[:1], bad, *good[1:])))


def _forged(writer: _Writer) -> None:
    invoice = writer.invoice()
    writer.tell(invoice, (True, writer.entries(invoice[2], writer.few())), forged=True)


def _huge(writer: _Writer) -> None:
    """More entries than one call takes. Only `standard` has room for so many in one delivery."""
    _, name, where = writer.invoice()
    entries = writer.entries(where, HUGE)
    writer.tell(("standard", name, where), (True, entries), (False, entries), (True, entries[: HUGE // 2]))


LIVES: dict[Callable[[_Writer], None], int] = {
    _paid: 40, _reversed: 12, _paid_again: 8, _changed: 10, _shared: 16, _replaced: 8, _with_a_bad_entry: 3, _forged: 3,
}  # fmt: skip


def write(webhooks: int, *, seconds: float, seed: int, now: float, name: str = "") -> Load:
    """A load of at least so many deliveries, told within `seconds`; `now` in seconds since 1970. `name` is in all ids."""
    chance = random.Random(seed)  # noqa: S311 - makes up a load, guards nothing
    writer = _Writer(chance, now, seconds, name)
    lives, weights = tuple(LIVES), tuple(LIVES.values())
    deliveries, huge = 0, 0
    while deliveries < webhooks:
        if huge * HUGE_EVERY <= deliveries:
            _huge(writer)
            huge += 1
        before = len(writer.load.tellings)
        chance.choices(lives, weights)[0](writer)
        deliveries += sum(one.copies for one in writer.load.tellings[before:])
    return writer.load


def workspace(number: int) -> str:
    """The id of a workspace."""
    return sha256(f"workspace {number}".encode()).hexdigest()[:24]
