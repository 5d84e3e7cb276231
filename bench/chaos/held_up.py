"""Who was held up, and when: what a worker does late because of a fault is told from what it does wrongly. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HeldUp:
    """`worker`, or all of them (""), or their calls on their way, could not get on from `since` until `until` (seconds since 1970)."""

    worker: str
    since: float
    until: float


class Active:
    """The time in which a worker could get on."""

    def __init__(self, worker: str, held_up: Iterable[HeldUp]) -> None:
        """Merge whatever held up the worker, or everybody."""
        spells: list[tuple[float, float]] = []
        for one in sorted(held_up, key=lambda each: each.since):
            if one.worker not in ("", worker):
                continue
            if spells and one.since <= spells[-1][1]:
                spells[-1] = (spells[-1][0], max(spells[-1][1], one.until))
            else:
                spells.append((one.since, one.until))
        self._spells: Sequence[tuple[float, float]] = spells

    def before(self, moment: float, seconds: float) -> float:
        """The moment from which on the worker has had so many seconds to get on, until `moment`."""
        for since, until in reversed(self._spells[: bisect_left(self._spells, (moment, moment))]):
            if (free := moment - until) >= seconds:
                break
            seconds -= max(free, 0.0)
            moment = since
        return moment - seconds
