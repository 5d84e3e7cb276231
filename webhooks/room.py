"""Who may stay at the door, and for how long, before anything of what they send is proven.

The bounds are on all visits together: how many there are, how much they hold, how long one may take to ask. Room is made by
the visit that has kept us waiting longest, so a sender who asks within milliseconds never notices. Pure bookkeeping: it
must not know sockets or HTTP, and the time comes as an argument, in seconds on any clock that only goes forward.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_HELD = 64 * 1024 * 1024
"""Bytes that have arrived on all connections and are not answered yet."""
ASK_WITHIN = 15.0
"""Seconds from connecting, or from a request's first byte, until it is there to its last one. A request that begins in the
same breath as the one before it ends counts from its next byte on: until then it costs no more than an idle connection."""


@dataclass(slots=True, eq=False)
class Visit:
    """One connection, which `leave` ends. It is `asking` while a request is on its way, since `since`.

    `held` is what has come of it, in bytes; of a `deaf` one, nothing more is taken.
    """

    leave: Callable[[], None]
    since: float = 0.0
    asking: bool = True
    deaf: bool = False
    held: int = 0


@dataclass(slots=True)
class Room:
    """All visits. At most `most`, of which none may hold more than `most_of_one` bytes.

    `dropped` counts visits that did not end well: `late` ones, `unread` ones, those that were `crowded` out by others,
    and those `refused` while everybody inside was waiting for us.
    """

    most: int
    most_of_one: int
    dropped: Counter[str] = field(default_factory=Counter)
    _inside: set[Visit] = field(default_factory=set)
    _awaited: dict[Visit, None] = field(default_factory=dict)
    _held: int = 0

    def admit(self, visit: Visit, now: float) -> bool:
        """Whether there is room for one more, or room could be made."""
        if len(self._inside) >= self.most and not self._drop_oldest():
            self.dropped["refused"] += 1
            return False
        self._inside.add(visit)
        self._await(visit, now)
        return True

    def hold(self, visit: Visit, size: int, now: float) -> None:
        """Bytes have come."""
        if visit.deaf:
            return
        if not visit.asking:
            visit.asking = True
            self._await(visit, now)
        visit.held += size
        self._held += size
        visit.deaf = visit.held > self.most_of_one
        while self._held > max(MOST_HELD, 4 * self.most_of_one) and self._drop_oldest():
            pass

    def arrived(self, visit: Visit) -> None:
        """A request is there, whole: from here on it is us who are waited for."""
        self._awaited.pop(visit, None)

    def answered(self, visit: Visit, now: float) -> None:
        """The next thing to come is another request."""
        self._let_go(visit)
        if visit in self._inside:
            visit.asking = False
            self._await(visit, now)

    def drop(self, visit: Visit, why: str) -> None:
        """End a visit."""
        if visit in self._inside:
            self.dropped[why] += 1
            self.forget(visit)
            visit.leave()

    def drop_late(self, now: float) -> None:
        """End the visits that take too long to ask."""
        for visit in [one for one in self._awaited if one.asking and now - one.since > ASK_WITHIN]:
            self.drop(visit, "late")

    def forget(self, visit: Visit) -> None:
        """The visit has ended."""
        self._inside.discard(visit)
        self._awaited.pop(visit, None)
        self._let_go(visit)

    def _drop_oldest(self) -> bool:
        oldest = next(iter(self._awaited), None)
        if oldest is not None:
            self.drop(oldest, "crowded")
        return oldest is not None

    def _await(self, visit: Visit, now: float) -> None:
        visit.since = now
        self._awaited.pop(visit, None)
        self._awaited[visit] = None

    def _let_go(self, visit: Visit) -> None:
        self._held -= visit.held
        visit.held = 0
