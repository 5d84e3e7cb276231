"""What waits for the store, in order, and how it goes out: all events in one call, which costs the store as much as a few.

Must not know what the scripts do, or how they are called.
"""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from worker.ledger.scripts import Argument
from worker.ledger.store import StoreInDoubtError
from worker.marking import Verdict

MOST_WAITING = 10_000
FEW, MOST_TOGETHER = 24, 256
MOST_BYTES_TOGETHER = 4 * 1024 * 1024
ACCEPT = "accept"
"""The one script that takes many at once."""

Answer = asyncio.Future[Verdict]


@dataclass(slots=True, eq=False)
class Asked:
    """One thing that the store is to take. Who asks waits for the `answer` `until` a time; `size` is about its bytes."""

    script: str
    arguments: Sequence[Argument]
    answer: Answer
    until: float
    size: int


@dataclass(frozen=True, slots=True)
class Call:
    """A script, its arguments, and those whose verdicts it answers, in order."""

    script: str
    arguments: Sequence[Argument]
    asked: Sequence[Asked]


@dataclass(slots=True)
class Queue:
    """All that is asked for and not answered yet. `rules` are what the events' script is told before the events.

    `closed`: why nothing is taken any more.
    """

    rules: Sequence[Argument]
    something: asyncio.Event = field(default_factory=asyncio.Event)
    closed: str = ""
    _waiting: deque[Asked] = field(default_factory=deque)
    _unanswered: deque[Asked] = field(default_factory=deque)

    def put(self, script: str, arguments: Sequence[Argument], size: int, patience: float) -> Answer:
        """Ask for something. Raises StoreInDoubtError where too much waits."""
        if self.closed or len(self._waiting) >= MOST_WAITING:
            raise StoreInDoubtError(self.closed or "too many deliveries are waiting for the store")
        loop = asyncio.get_running_loop()
        one = Asked(script, arguments, loop.create_future(), loop.time() + patience, size)
        self._waiting.append(one)
        self._unanswered.append(one)
        self.something.set()
        return one.answer

    def take(self, among: int) -> list[Call]:
        """The next calls, for those who still want to know: a fair share of what waits, `among` so many who take."""
        batch: list[Asked] = []
        size = 0
        most = min(max(len(self._waiting) // among, FEW), MOST_TOGETHER)
        while self._waiting and len(batch) < most and size < MOST_BYTES_TOGETHER:
            one = self._waiting.popleft()
            if not one.answer.done():
                batch.append(one)
                size += one.size
        if not self._waiting:
            self.something.clear()
        return self._calls(batch)

    def give_up(self, now: float, why: str) -> None:
        """Tell those who have waited too long. One look for all: a timer for each would cost as much as its event."""
        while self._unanswered and (self._unanswered[0].answer.done() or self._unanswered[0].until <= now):
            one = self._unanswered.popleft()
            if not one.answer.done():
                one.answer.set_exception(StoreInDoubtError(why))

    def close(self, why: str) -> None:
        """Take nothing any more, and tell all who wait."""
        self.closed = why
        self.give_up(math.inf, why)

    def _calls(self, batch: Sequence[Asked]) -> list[Call]:
        events = [one for one in batch if one.script == ACCEPT]
        arguments = list(self.rules)
        for one in events:
            arguments += one.arguments
        together = [Call(ACCEPT, arguments, events)] if events else []
        return together + [Call(one.script, one.arguments, [one]) for one in batch if one.script != ACCEPT]
