"""The proof: what the sender saw acknowledged, held against what Clockify holds. Pure, and from the outside only.

Every event took effect, and nothing else did; hours that some invoice always claimed were never seen unmarked; what a late
call undid was put right. It must not ask Paidmark anything.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.evidence import Evidence
from bench.chaos.wishes import Wishes
from bench.chaos.writes import out_of_time

RIGHT_AGAIN = 60.0
"""Seconds within which what a late call undid is put right, in the worst of storms: two times what is doubtful for."""


@dataclass(slots=True)
class Finding:
    """What the evidence says. `wrong` in words; waits and spells in seconds."""

    wrong: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    spells: list[float] = field(default_factory=list)


def prove(evidence: Evidence) -> Finding:
    """Hold the end, the way to it, and the time that it took, against what was acknowledged."""
    wishes = Wishes(evidence.load, evidence.sent, evidence.acknowledged)
    spells = list(_spells(evidence, wishes))
    too_long = [
        f"an entry stood wrong for {one:.1f} s after a late call, longer than {RIGHT_AGAIN:g} s: WRONG"
        for one in spells
        if one > RIGHT_AGAIN
    ]
    return Finding(
        wrong=[
            *wrong_now(evidence),
            *_unmarked_on_the_way(evidence),
            *out_of_time(evidence, wishes),
            *too_long,
        ],
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
    named = {entry for one in evidence.load.events if not one.early for entry in one.names}
    yield from (f"{entry} is not invoiced, must be: LOST" for entry in sorted(wanted - marked))
    yield from (f"{entry} is invoiced, must not be: WRONG" for entry in sorted(marked - wanted))
    yield from (
        f"{entry} was touched, and no event names it: WRONG"
        for entry in sorted(evidence.touched.keys() - named)
    )


def _unmarked_on_the_way(evidence: Evidence) -> Iterable[str]:
    for entry in sorted(evidence.load.kept & evidence.touched.keys()):
        if any(not flag for _, flag, *_ in evidence.touched[entry]["changes"]):
            yield f"{entry} was seen unmarked, though an invoice claimed it all the time: WRONG"


def _waits(evidence: Evidence) -> Iterable[float]:
    """From the acknowledgement of an invoice's newest `paid` to the mark of the last of its entries that was not marked yet."""
    for one in evidence.load.newest():
        since = evidence.acknowledged.get(one.event)
        if one.sample.paid and since is not None:
            yield max((_wait(evidence.touched.get(entry), since) for entry in one.names), default=0.0)


def _wait(entry: Mapping[str, Any] | None, since: float) -> float:
    """Seconds from `since` until the entry was marked; 0 if it was marked then, or never was (another line tells of it)."""
    if entry is None:
        return 0.0
    before = [flag for at, flag, *_ in entry["changes"] if at <= since]
    if before and before[-1]:
        return 0.0
    return next((at - since for at, flag, *_ in entry["changes"] if flag and at > since), 0.0)


def _spells(evidence: Evidence, wishes: Wishes) -> Iterable[float]:
    """How long entries stood wrong because of a mark that came when the opposite had long been acknowledged and done.

    Only where the wish is beyond doubt: no event about the entry was on its way.
    """
    for name, seen in evidence.touched.items():
        changes = seen["changes"]
        history = wishes.of(name) if len(changes) > 1 else None
        for (before, was, *_), (at, flag, *_), until in zip(
            changes, changes[1:], [*(one[0] for one in changes[2:]), math.inf], strict=False
        ):
            if (
                history
                and (wish := history.at(at)) is was
                and before > history.since(at)
                and flag is not wish
            ):
                yield until - at
