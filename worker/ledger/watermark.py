"""Notices a store that has lost accepts: restored from an old backup, or failed over to a replica that lagged.

Pure. The store counts its accepts; a process that has seen a higher count than it sees now knows that some are gone.
"""

from collections import deque
from dataclasses import dataclass, field

_MARKS = 10_000
_RUNS = 1_000
_MARK_EVERY = 10.0


@dataclass(frozen=True, slots=True)
class Loss:
    """So many accepts are `missing`; what was acknowledged since `since` (seconds since 1970; 0: ever) has to be sent again."""

    missing: int
    since: float


@dataclass(frozen=True, slots=True)
class Sent:
    """What was known when a question to the store went out."""

    highest: int
    answers: int
    losses: int


@dataclass(slots=True)
class Watermark:
    """The highest count that this process has seen, and when it saw which.

    Questions may be on their way together, so that answers come in another order than the store gave them. An answer is
    about a run of accepts of its own: it must lie above what was known when its question went out, and apart from what
    came in since.
    """

    highest: int = 0
    loss: Loss | None = None
    _losses: int = 0
    _answers: int = 0
    _runs: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_RUNS))
    _marks: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=_MARKS))

    def sent(self) -> Sent:
        """Note what is known, for `see`."""
        return Sent(self.highest, self._answers, self._losses)

    def see(self, sent: Sent, accepts: int, taken: int, now: float, before: float) -> bool:
        """Take the count that came with an answer, how many it has `taken`, and when the accept `before` them was.

        Returns whether the count has just gone backwards. Then whoever sees it first learns from the store since when; who
        sees it later, from what it has seen itself.
        """
        first = accepts - taken + 1
        went_back = sent.losses == self._losses and self._is_known(sent, first, accepts)
        if went_back:
            lost = self.highest + 1 - first + (self.loss.missing if self.loss else 0)
            since = min(before, self._last_seen_before(first, now))
            self.loss = Loss(lost, min(since, self.loss.since) if self.loss else since)
            self._losses += 1
            self._marks.clear()
        self.highest = accepts if went_back else max(accepts, self.highest)
        self._answers += 1
        self._runs.append((first, accepts))
        if not self._marks or now - self._marks[-1][1] >= _MARK_EVERY:
            self._marks.append((self.highest, now))
        return went_back

    def _is_known(self, sent: Sent, first: int, last: int) -> bool:
        """Whether any of these accepts has been seen before."""
        since = min(self._answers - sent.answers, len(self._runs))
        lately = (self._runs[-n] for n in range(1, since + 1))
        return first <= sent.highest or any(first <= end and start <= last for start, end in lately)

    def _last_seen_before(self, accepts: int, now: float) -> float:
        """When the count was last known to be no higher than what is left; the oldest mark, if it never was."""
        seen = [at for count, at in self._marks if count < accepts]
        return seen[-1] if seen else min((at for _, at in self._marks), default=now)
