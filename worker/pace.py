"""How long one drain goes on, when it may call, and when somebody should look again after it.

Knows time, limits and failures, and nothing of entries.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import replace

import structlog

from worker.batches import Batch
from worker.ledger.work import Handover, Lease, Limit
from worker.outcome import Postponed, backoff
from worker.workshop import Workshop

log = structlog.get_logger()

SHORT_WAIT = 1.5
"""Seconds that a drain waits for a rate limit before it rather gives the lease back."""
FRESH, LONGEST_FRESH = 1.0, 1.8
"""Seconds for which a permit is good: a process that was stopped in between asks again. Where the limit is over so long a
time that it does not matter, nearly as long as the lease outlasts the call: a slow store must not cost calls."""
RATE_LIMIT = "the rate limit"
WIDER, LATER = 1.02, 0.04
"""Windows are counted a little wider than the limit's, by a share and by seconds: clocks differ, and calls do not arrive
in the rhythm in which they left."""


def limits(workshop: Workshop, workspace: str, fingerprint: str) -> list[Limit]:
    """What counts a workspace's calls; `fingerprint` names the credential, whose calls are counted together."""
    count, seconds = workshop.rate
    names = (f"workspace:{workspace}", f"key:{fingerprint}")
    return [Limit(name, count, seconds * WIDER + LATER) for name in names]


class Pace:
    """The pace of one drain. `stop` is the handover, once something has made it stop."""

    def __init__(self, workshop: Workshop, lease: Lease, limits: Sequence[Limit]) -> None:
        """`limits` are those that count the calls."""
        self._shop = workshop
        self._answers: dict[Batch | None, tuple[float, float]] = {}
        self._lease = lease
        self._until = time.monotonic() + workshop.slice
        self._failures = lease.failures
        self.proven = not (lease.failures or lease.parked)
        self.stop: Handover | None = None
        self._limited: float | None = None
        self.limits = limits
        self._slack = min((limit.window for limit in limits), default=0.0) * (1 - 1 / WIDER)
        self._fresh = max(FRESH, min(self._slack, LONGEST_FRESH))
        self._asking = asyncio.Lock()

    @property
    def goes_on(self) -> bool:
        """Whether there is time, and nothing that speaks against another call."""
        enough = self.stop is None and self._limited is None and not self._shop.closing.is_set()
        return enough and time.monotonic() < self._until

    def answered(self, batch: Batch, asked: float, wait: float) -> None:
        """The call of a batch was asked for already, at a time of `time.monotonic`, and may go out after a wait."""
        self._answers[batch] = asked, wait

    def granted(self, batch: Batch) -> bool:
        """Whether the call of a batch is counted already."""
        return batch in self._answers and self._answers[batch][1] == 0 and self.stop is None

    async def permitted(self, batch: Batch | None = None) -> bool:
        """Wait for the rate limits. False where the wait is so long that the lease is better given back.

        `batch` is what a PATCH is about to set; None for a question.
        """
        answer, counted = self._answers.pop(batch, None), 0.0
        while answer := answer or await self._ask(batch, counted):
            asked, wait = answer
            answer = None
            if wait > SHORT_WAIT or (wait and asked + wait > self._until):
                self._limited = max(wait, self._limited or 0.0)
                return False
            if wait:
                await asyncio.sleep(wait)
                continue
            counted = counted or asked
            if time.monotonic() - asked < self._fresh:
                return self.stop is None
        return False

    async def _ask(self, batch: Batch | None, counted: float) -> tuple[float, float] | None:
        """Ask for a call; None where none is wanted any more. One after the other: after a failure, nobody asks.

        One that was `counted` a moment ago, and has become stale, is not counted again: only the lease is renewed.
        """
        async with self._asking:
            in_time = self.stop is None and time.monotonic() < self._until
            if not (self.goes_on or (counted and in_time)):
                return None
            asked = time.monotonic()
            still_counts = counted and asked - counted < self._slack
            limits = () if still_counts else self.limits
            return asked, await self._shop.hands.permit(self._lease, limits, batch)

    def handover(self) -> Handover:
        """What is left to whoever has the lease next."""
        if self.stop is not None:
            return self.stop
        parked = "" if self.proven else self._lease.parked
        reason = "" if self._limited is None else RATE_LIMIT
        return Handover(wait=self._limited, failures=self._failures, parked=parked, reason=reason)

    def taken(self) -> None:
        """Clockify has taken something: whatever was wrong is over."""
        self.proven, self._failures = True, 0

    def postpone(self, outcome: Postponed) -> int:
        """Try again later, after the longest wait that any call asks for. Returns the failures in a row."""
        failures = self._failures + 1
        spread = random.random()  # noqa: S311 - spreads retries, guards nothing
        wait = backoff(failures, cap=self._shop.retry_cap, after=outcome.after, random=spread)
        if self.stop is None or (not self.stop.parked and (self.stop.wait or 0) < wait):
            self.stop = Handover(wait=wait, failures=failures, reason=outcome.reason)
        log.warning(
            "workspace.waiting", workspace=self._lease.workspace, failures=failures, reason=outcome.reason
        )
        return failures

    def park(self, reason: str) -> None:
        """Clockify refuses the workspace as a whole: only a probe looks again, or a person."""
        self.hold(reason)
        self.stop = replace(self.stop or Handover(), failures=self._failures, parked=reason)
        log.error("workspace.parked", workspace=self._lease.workspace, reason=reason)

    def hold(self, reason: str) -> None:
        """Look again at the next probe's time."""
        spread = 0.75 + random.random() / 2  # noqa: S311 - spreads probes, guards nothing
        self.stop = Handover(wait=self._shop.probe_interval * spread, reason=reason)
