"""Notices a store that has lost accepts: restored from an old backup, or failed over to a replica that lagged.

Pure. The store counts its accepts; a process that has seen a higher count than it sees now knows that some are gone.
"""

from collections import deque
from dataclasses import dataclass, field

_MARKS = 10_000
_MARK_EVERY = 10.0


@dataclass(frozen=True, slots=True)
class Loss:
    """So many accepts are `missing`; what was acknowledged since `since` (seconds since 1970; 0: ever) has to be sent again."""

    missing: int
    since: float


@dataclass(slots=True)
class Watermark:
    """The highest count that this process has seen, and when it saw which."""

    highest: int = 0
    loss: Loss | None = None
    _marks: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=_MARKS))

    def see(self, accepts: int, now: float, before: float) -> bool:
        """Take the count that came with an answer, and when the accept `before` that one was, by what the store knows.

        Returns whether the count has just gone backwards. Then whoever sees it first learns from the store since when; who
        sees it later, from what it has seen itself.
        """
        went_back = accepts <= self.highest
        if went_back:
            lost = self.highest + 1 - accepts + (self.loss.missing if self.loss else 0)
            since = min(before, self._last_seen_before(accepts, now))
            self.loss = Loss(lost, min(since, self.loss.since) if self.loss else since)
            self._marks.clear()
        self.highest = accepts
        if not self._marks or now - self._marks[-1][1] >= _MARK_EVERY:
            self._marks.append((accepts, now))
        return went_back

    def _last_seen_before(self, accepts: int, now: float) -> float:
        """When the count was last known to be no higher than what is left; the oldest mark, if it never was."""
        seen = [at for count, at in self._marks if count < accepts]
        return seen[-1] if seen else min((at for _, at in self._marks), default=now)
