"""The proof: what the sender saw acknowledged, held against what Clockify holds. Pure, and from the outside only.

Every event took effect, and nothing else did; hours that some invoice always claimed were never seen unmarked; what a late
call undid was put right. It must not ask Paidmark anything.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.load import Load, Telling

_Invoice = tuple[str, str]
RIGHT_AGAIN = 60.0
"""Seconds within which what a late call undid is put right, in the worst of storms: two times what is doubtful for."""


@dataclass(slots=True)
class Evidence:
    """What was seen: when events were first `sent` and `acknowledged`, and every entry of Clockify that a call has named.

    An entry is {id, workspace, invoiced, writes, changes: [[seconds since 1970, flag], ...]}.
    """

    load: Load
    sent: Mapping[str, float]
    acknowledged: Mapping[str, float]
    touched: Mapping[str, Mapping[str, Any]]


@dataclass(slots=True)
class Finding:
    """What the evidence says. `wrong` in words; waits and spells in seconds."""

    wrong: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    spells: list[float] = field(default_factory=list)


def prove(evidence: Evidence) -> Finding:
    """Hold the end, the way to it, and the time that it took, against what was acknowledged."""
    spells = list(_spells(evidence))
    too_long = [
        f"an entry stood wrong for {one:.1f} s after a late call, longer than {RIGHT_AGAIN:g} s: WRONG"
        for one in spells
        if one > RIGHT_AGAIN
    ]
    return Finding(
        wrong=[*wrong_now(evidence), *_unmarked_on_the_way(evidence), *too_long],
        waits=list(_waits(evidence)),
        spells=spells,
    )


def wrong_now(evidence: Evidence) -> Iterable[str]:
    """What is not as it must be, by all that has been told so far."""
    yield from _unacknowledged(evidence)
    yield from _wrong_in_the_end(evidence)


def _unacknowledged(evidence: Evidence) -> Iterable[str]:
    for one in evidence.load.events:
        if one.event not in evidence.acknowledged:
            yield f"{one.event} was never acknowledged"


def _wrong_in_the_end(evidence: Evidence) -> Iterable[str]:
    """What must be marked is, and nothing else is; what was only named by a forgery was never touched."""
    wanted = evidence.load.wanted()
    marked = {name for name, entry in evidence.touched.items() if entry["invoiced"]}
    named = {entry for one in evidence.load.events for entry in one.sample.entries}
    yield from (f"{entry} is not invoiced, must be: LOST" for entry in sorted(wanted - marked))
    yield from (f"{entry} is invoiced, must not be: WRONG" for entry in sorted(marked - wanted))
    yield from (
        f"{entry} was touched, and no event names it: WRONG"
        for entry in sorted(evidence.touched.keys() - named)
    )


def _unmarked_on_the_way(evidence: Evidence) -> Iterable[str]:
    for entry in sorted(evidence.load.kept & evidence.touched.keys()):
        if any(not flag for _, flag in evidence.touched[entry]["changes"]):
            yield f"{entry} was seen unmarked, though an invoice claimed it all the time: WRONG"


def _waits(evidence: Evidence) -> Iterable[float]:
    """From the acknowledgement of an invoice's newest `paid` to the mark of the last of its entries that was not marked yet."""
    for sample in evidence.load.newest().values():
        since = evidence.acknowledged.get(sample.event)
        if sample.paid and since is not None:
            yield max((_wait(evidence.touched.get(entry), since) for entry in sample.entries), default=0.0)


def _wait(entry: Mapping[str, Any] | None, since: float) -> float:
    """Seconds from `since` until the entry was marked; 0 if it was marked then, or never was (another line tells of it)."""
    if entry is None:
        return 0.0
    before = [flag for at, flag in entry["changes"] if at <= since]
    if before and before[-1]:
        return 0.0
    return next((at - since for at, flag in entry["changes"] if flag and at > since), 0.0)


def _spells(evidence: Evidence) -> Iterable[float]:
    """How long entries stood wrong because of a mark that came when the opposite had long been acknowledged and done.

    Only where the wish is beyond doubt: no event about the entry was on its way.
    """
    told: dict[_Invoice, list[Telling]] = defaultdict(list)
    naming: dict[str, set[_Invoice]] = defaultdict(set)
    for one in evidence.load.events:
        invoice = (one.source, one.sample.invoice)
        told[invoice].append(one)
        for entry in one.sample.entries:
            naming[entry].add(invoice)
    for name, seen in evidence.touched.items():
        changes = seen["changes"]
        if len(changes) > 1:
            invoices = [told[invoice] for invoice in naming[name]]
            yield from _spells_of(changes, _wishes(name, invoices, evidence))


def _spells_of(changes: list[tuple[float, bool]], wishes: list[tuple[float, bool | None]]) -> Iterable[float]:
    times = [at for at, _ in wishes]
    for i, (at, flag) in enumerate(changes[1:], start=1):
        place = bisect_right(times, at) - 1
        wish = wishes[place][1] if place >= 0 else None
        was_right = wish is not None and changes[i - 1][1] is wish and changes[i - 1][0] > times[place]
        if was_right and flag is not wish:
            yield (changes[i + 1][0] if i + 1 < len(changes) else math.inf) - at


def _wishes(name: str, invoices: list[list[Telling]], evidence: Evidence) -> list[tuple[float, bool | None]]:
    """From which time on the entry is wanted invoiced, or not, or (None) nobody outside can say."""
    events = [one.event for tellings in invoices for one in tellings]
    moments = sorted(
        {seen[event] for seen in (evidence.sent, evidence.acknowledged) for event in events if event in seen}
    )
    return [(moment, _wish(name, invoices, evidence, moment)) for moment in moments]


def _wish(name: str, invoices: list[list[Telling]], evidence: Evidence, moment: float) -> bool | None:
    wishes = [_claim(name, tellings, evidence, moment) for tellings in invoices]
    if True in wishes:
        return True
    return None if None in wishes else False


def _claim(name: str, tellings: list[Telling], evidence: Evidence, moment: float) -> bool | None:
    """Whether an invoice claims the entry: None while an event of it that could be the newest is on its way."""
    told = [one for one in tellings if evidence.sent.get(one.event, math.inf) <= moment]
    if not told:
        return False
    newest = max(told, key=lambda one: one.sample.at)
    if evidence.acknowledged.get(newest.event, math.inf) > moment:
        return None
    return newest.sample.paid and name in newest.sample.entries
