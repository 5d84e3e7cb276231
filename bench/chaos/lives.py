"""Lives of invoices, told as a billing system tells them - late, doubled, out of order. Pure, and seeded."""

import random
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

from bench.chaos.load import WORKSPACES, Load, workspace
from bench.chaos.writer import SELDOM, Said, Writer

HUGE = 5_000
HUGE_EVERY = 10_000
"""Deliveries for each invoice of HUGE entries; there is one at least."""


def _paid(writer: Writer) -> None:
    invoice = writer.invoice()
    writer.tell(invoice, Said(paid=True, entries=writer.entries(invoice.where)))


def _reversed(writer: Writer) -> None:
    invoice = writer.invoice()
    entries = writer.entries(invoice.where)
    writer.tell(invoice, Said(paid=True, entries=entries), Said(paid=False, entries=entries))


def _paid_again(writer: Writer) -> None:
    invoice = writer.invoice()
    paid = Said(paid=True, entries=writer.entries(invoice.where))
    writer.tell(invoice, paid, replace(paid, paid=False), paid)


def _changed(writer: Writer) -> None:
    """Paid, then paid with other entries: those that it no longer names are let go."""
    invoice = writer.invoice()
    first = writer.entries(invoice.where)
    second = first[: len(first) // 2] + writer.entries(invoice.where)
    writer.tell(invoice, Said(paid=True, entries=first), Said(paid=True, entries=second))


def _shared(writer: Writer) -> None:
    """Entries that another invoice has named before, of any source; some of the invoices are reversed."""
    invoice = writer.invoice()
    if not writer.shelf or writer.chance.random() < SELDOM:
        writer.shelf.append((invoice.where, writer.entries(invoice.where, 12)))
    where, entries = writer.chance.choice(writer.shelf[-20:])
    paid = Said(paid=True, entries=tuple(writer.chance.sample(entries, writer.few())))
    said = [paid, replace(paid, paid=False), paid][: writer.chance.randint(1, 3)]
    writer.tell(replace(invoice, where=where), *said)


def _replaced(writer: Writer) -> None:
    """An invoice is replaced by another one, and only then reversed: its hours stay marked all the time."""
    old, new = writer.invoice(), writer.invoice()
    paid = Said(paid=True, entries=writer.entries(old.where))
    writer.tell(replace(new, name=new.name + "_b", where=old.where), paid)
    writer.tell(old, paid, replace(paid, paid=False))
    replacing, first, reversal = writer.load.tellings[-3:]
    writer.load.tellings[-1] = replace(reversal, after=(replacing.event, first.event))
    writer.load.kept.update(paid.entries)


def _taken_back_in_silence(writer: Writer) -> None:
    """A reversal that shows no references takes back what its invoice had."""
    invoice = writer.invoice()
    paid = Said(paid=True, entries=writer.entries(invoice.where))
    gone = Said(paid=False, silent=True)
    writer.tell(invoice, *[paid, gone, paid][: writer.chance.randint(2, 3)])


def _at_once(writer: Writer) -> None:
    """Two events of one instant: a reversal is the later one; of two payments, the one with the greater id."""
    invoice = writer.invoice()
    first = Said(paid=True, entries=writer.entries(invoice.where))
    second = Said(paid=writer.chance.random() < 0.5, entries=writer.entries(invoice.where))  # noqa: PLR2004 - half
    one, other = writer.chance.sample((first, second), 2)
    writer.tell(invoice, one, replace(other, at_once=True))


def _dated_ahead(writer: Writer) -> None:
    """An event of the far future has no effect, whichever it is; what is told honestly has."""
    invoice = writer.invoice()
    paid = Said(paid=True, entries=writer.entries(invoice.where))
    ahead = Said(paid=writer.chance.random() < 0.5, entries=writer.entries(invoice.where), early=True)  # noqa: PLR2004 - half
    said = [paid, replace(paid, paid=False)][: writer.chance.randint(0, 2)]
    said.insert(writer.chance.randint(0, len(said)), ahead)
    writer.tell(invoice, *said)


def _in_two_workspaces(writer: Writer) -> None:
    """Lines of the invoice name entries of another workspace."""
    invoice = writer.invoice("stripe")
    other = workspace(writer.chance.randrange(WORKSPACES))
    paid = Said(paid=True, entries=writer.entries(invoice.where), lines=((other, writer.entries(other)),))
    writer.tell(invoice, *[paid, replace(paid, paid=False), paid][: writer.chance.randint(1, 3)])


def _with_a_bad_entry(writer: Writer) -> None:
    invoice = writer.invoice()
    good = writer.entries(invoice.where)
    bad = sha256(f"bad {writer.name}{len(writer.load.bad)}".encode()).hexdigest()[:24]
    writer.load.bad.add(bad)
    writer.tell(invoice, Said(paid=True, entries=(*good[:1], bad, *good[1:])))


def _forged(writer: Writer) -> None:
    invoice = writer.invoice()
    writer.tell(invoice, Said(paid=True, entries=writer.entries(invoice.where)), forged=True)


def _huge(writer: Writer) -> None:
    """More entries than one call takes. Only `standard` has room for so many in one delivery."""
    invoice = writer.invoice("standard")
    paid = Said(paid=True, entries=writer.entries(invoice.where, HUGE))
    writer.tell(invoice, paid, replace(paid, paid=False), replace(paid, entries=paid.entries[: HUGE // 2]))


LIVES: dict[Callable[[Writer], None], int] = {
    _paid: 32, _reversed: 10, _paid_again: 8, _changed: 10, _shared: 14, _replaced: 8, _taken_back_in_silence: 6,
    _at_once: 6, _dated_ahead: 4, _in_two_workspaces: 6, _with_a_bad_entry: 3, _forged: 3,
}  # fmt: skip


def write(webhooks: int, *, seconds: float, seed: int, now: float, name: str = "") -> Load:
    """A load of at least so many deliveries, told within `seconds`; `now` in seconds since 1970. `name` is in all ids."""
    chance = random.Random(seed)  # noqa: S311 - makes up a load, guards nothing
    writer = Writer(chance, now, seconds, name)
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
