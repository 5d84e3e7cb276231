"""The wishes: what an entry was wanted to be, at any moment, as far as anybody outside can tell. Pure.

From when events were sent, and when they were acknowledged; it must not know what Clockify shows.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bench.chaos.load import Load, Telling

Wish = bool | None
"""None: nobody outside can say, since an event that decides it is on its way."""


@dataclass(frozen=True, slots=True)
class History:
    """What was wished for an entry: from `times[i]` on `wishes[i]`. Before the first of them nothing was."""

    times: Sequence[float]
    wishes: Sequence[Wish]

    def at(self, moment: float) -> Wish:
        """The wish at a moment."""
        place = bisect_right(self.times, moment) - 1
        return self.wishes[place] if place >= 0 else False

    def since(self, moment: float) -> float:
        """From when on the wish of a moment has held."""
        place = bisect_right(self.times, moment) - 1
        return self.times[place] if place >= 0 else -math.inf

    def ever(self, flag: bool, since: float, until: float) -> bool:
        """Whether the wish may have been `flag` at any moment between these two."""
        first, last = bisect_right(self.times, since) - 1, bisect_right(self.times, until) - 1
        return any(
            (self.wishes[place] if place >= 0 else False) in (flag, None) for place in range(first, last + 1)
        )


@dataclass
class Wishes:
    """The histories of all entries that a load names."""

    load: Load
    sent: Mapping[str, float]
    acknowledged: Mapping[str, float]

    def of(self, name: str) -> History:
        """The history of an entry."""
        invoices = [self._told[invoice] for invoice in self._naming.get(name, ())]
        events = [one.event for tellings in invoices for one in tellings]
        times = sorted(
            {seen[event] for seen in (self.sent, self.acknowledged) for event in events if event in seen}
        )
        return History(times, [self._wish(name, invoices, moment) for moment in times])

    def _wish(self, name: str, invoices: Sequence[Sequence[Telling]], moment: float) -> Wish:
        claims = [self._claim(name, tellings, moment) for tellings in invoices]
        if True in claims:
            return True
        return None if None in claims else False

    def _claim(self, name: str, tellings: Sequence[Telling], moment: float) -> Wish:
        """Whether an invoice claims the entry: None while an event of it that could be the newest is on its way."""
        told = [one for one in tellings if self.sent.get(one.event, math.inf) <= moment]
        if not told:
            return False
        newest = max(told, key=lambda one: one.turn)
        if self.acknowledged.get(newest.event, math.inf) > moment:
            return None
        return newest.sample.paid and name in self._names[newest.event]

    @cached_property
    def _told(self) -> Mapping[tuple[str, str], Sequence[Telling]]:
        told: dict[tuple[str, str], list[Telling]] = defaultdict(list)
        for one in self.load.events:
            if not one.early:
                told[one.invoice].append(one)
        return told

    @cached_property
    def _naming(self) -> Mapping[str, set[tuple[str, str]]]:
        naming: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for tellings in self._told.values():
            for one in tellings:
                for entry in one.names:
                    naming[entry].add(one.invoice)
        return naming

    @cached_property
    def _names(self) -> Mapping[str, frozenset[str]]:
        return {one.event: frozenset(one.names) for one in self.load.events}
