"""The arq job: empties one workspace's backlog for a slice of time, then gives the workspace back.

The story: take the lease, read and plan, send, settle, give the lease back. What a reply means is decided in
`worker.outcome`, what a refusal leads to in `worker.trial`; here it is only carried out.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from worker import batches
from worker.batches import Batch
from worker.clockify import Clockify
from worker.ledger.hands import Hands, Handover, Lease, LeaseLostError, Limit
from worker.outcome import Applied, NoReply, Outcome, Parked, Postponed, Refused, TooLarge, backoff, decide
from worker.tally import Tally
from worker.trial import Trial

log = structlog.get_logger()

SLICE = 3.0
"""Seconds that one drain works before others have their turn."""
MOST_ROUNDS_AHEAD = 100
"""Batches that are planned together."""
MOST_MARKINGS = 20_000
SHORT_WAIT = 1.5
"""Seconds that a drain waits for a rate limit before it rather gives the lease back."""
TOO_SLOW = 3
"""After so many timeouts in a row smaller batches are tried: Clockify may need too long for as many entries."""
FRESH = 1.0
"""Seconds for which a permit is good: a process that was stopped in between asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What all drains of one process share. `rate` is (calls, seconds); `observe(outcome, seconds)` counts calls."""

    hands: Hands
    clockify: Clockify
    rate: tuple[int, float]
    batch_size: int
    in_flight: int
    retry_cap: float
    probe_interval: float
    dry_run: bool
    observe: Callable[[str, float], None]
    closing: asyncio.Event
    slice: float = SLICE


async def drain(workshop: Workshop, workspace: str) -> None:
    """Work off what is due in a workspace, for a slice of time. Does nothing where it is not due, or leased."""
    lease = await workshop.hands.take(workspace)
    if lease is None:
        return
    try:
        handover = await Drain(workshop, lease).work()
    except LeaseLostError:
        log.warning("lease.lost", workspace=workspace)
    else:
        await workshop.hands.release(lease, handover)


class Drain:
    """One slice of work for one workspace."""

    def __init__(self, workshop: Workshop, lease: Lease) -> None:
        """Go on where the last lease ended."""
        self._shop = workshop
        self._lease = lease
        self._trial = Trial.load(lease.trial)
        self._size = min(lease.size or workshop.batch_size, workshop.batch_size)
        self._tally = Tally(())
        self._proven = not (lease.failures or lease.parked)
        self._until = time.monotonic() + workshop.slice
        self._on_trial: set[Batch] = set()
        self._room = False
        self._stop: Handover | None = None

    async def work(self) -> Handover:
        """Plan and send, round by round, until nothing is left, time is up, or Clockify wants no more."""
        fingerprint = self._shop.clockify.fingerprint(self._lease.workspace)
        if fingerprint is None:
            self._park("there is no key for this workspace in PAIDMARK_CLOCKIFY_API_KEY")
        else:
            self._limits = self._counted_by(fingerprint)
        while self._goes_on:
            todo = await self._plan()
            if not todo and not self._trial.ask:
                await self._conclude()
                break
            await self._send(todo)
        return self._handover()

    @property
    def _goes_on(self) -> bool:
        return self._stop is None and time.monotonic() < self._until and not self._shop.closing.is_set()

    def _counted_by(self, fingerprint: str) -> list[Limit]:
        count, seconds = self._shop.rate
        # A little more than the window: calls do not arrive at Clockify in the rhythm in which they left.
        window = seconds * 1.02
        return [
            Limit(f"workspace:{self._lease.workspace}", count, window),
            Limit(f"key:{fingerprint}", count, window),
        ]

    async def _plan(self) -> list[Batch]:
        """What to send in this round: parts of refused batches first, then as few and as full batches as can be."""
        if self._room:
            self._size = min(self._size * 2, self._shop.batch_size)
        most = self._size * MOST_ROUNDS_AHEAD
        backlog = await self._shop.hands.plan(self._lease, most_entries=most, most_markings=MOST_MARKINGS)
        self._tally = Tally(backlog.pending)
        self._trial.keep_to(self._tally.wishes)
        parts, self._trial.parts = self._trial.parts, []
        aside = self._trial.aside | {entry for part in parts for entry in part.entries}
        self._on_trial = set(parts)
        todo = parts + batches.plan(self._tally.wishes, self._size, more=backlog.more, aside=aside)
        return todo

    def _only_say(self, todo: list[Batch]) -> None:
        """What a dry run does instead of sending. The backlog stays, for the day on which it ends."""
        for batch in todo:
            log.info("batch.planned", **self._described(batch))
        self._stop = Handover(wait=self._shop.probe_interval, reason="PAIDMARK_DRY_RUN is on: nothing is sent")

    async def _send(self, todo: list[Batch]) -> None:
        """Send a round. Several calls are on their way together, once one has shown that Clockify takes them."""
        if self._shop.dry_run and todo:
            return self._only_say(todo)
        queue = deque(todo if self._proven else todo[:1])
        together = min(len(queue), self._shop.in_flight)
        # A failure of one must not cancel the others: what they have sent, the ledger must hear of.
        results = await asyncio.gather(*(self._send_from(queue) for _ in range(together)), return_exceptions=True)
        self._back_on_trial(*queue, *todo[1:] if not self._proven else ())
        for result in results:
            if isinstance(result, BaseException):
                raise result
        while self._trial.ask and self._goes_on:
            await self._ask(self._trial.ask.pop())

    async def _send_from(self, queue: deque[Batch]) -> None:
        while queue and self._goes_on:
            batch = queue.popleft()
            if await self._permitted():
                await self._mark(batch)
            else:
                self._back_on_trial(batch)

    async def _permitted(self) -> bool:
        """Wait for the rate limits. False where the wait is so long that the lease is better given back."""
        while True:
            asked = time.monotonic()
            wait = await self._shop.hands.permit(self._lease, self._limits)
            if wait > SHORT_WAIT or asked + wait > self._until:
                self._stop = self._stop or Handover(wait=wait, reason="the rate limit")
                return False
            await asyncio.sleep(wait)
            if wait == 0 and time.monotonic() - asked < FRESH:
                return self._stop is None

    async def _mark(self, batch: Batch) -> None:
        """One PATCH, and what follows from its reply."""
        started = time.monotonic()
        reply = await self._shop.clockify.mark(self._lease.workspace, batch)
        outcome = decide(reply, now=time.time())
        took = time.monotonic() - started
        self._room = isinstance(outcome, Applied) and took * 4 < self._shop.clockify.timeout
        name = type(outcome).__name__.lower()
        self._shop.observe(name, took)
        reason = getattr(outcome, "reason", None)
        log.info(f"batch.{name}", **self._described(batch), ms=round(took * 1000, 1), reason=reason)
        await self._act(batch, outcome)

    def _described(self, batch: Batch) -> dict[str, object]:
        return {"workspace": self._lease.workspace, "entries": len(batch.entries), "invoiced": batch.invoiced}

    async def _act(self, batch: Batch, outcome: Outcome) -> None:
        match outcome:
            case Applied():
                await self._settle_applied(batch)
            case Postponed():
                # It may have had its effect. If the lease is lost by now, the ledger must know.
                await self._shop.hands.settle(self._lease, [], sent=batch.entries)
                self._back_on_trial(batch)
                self._postpone(outcome)
            case Refused():
                await self._settle_refused(batch, outcome)
            case TooLarge() if len(batch.entries) > 1:
                self._shrink(len(batch.entries))
                if batch in self._on_trial:
                    self._trial.parts.extend(batches.bisect(batch))
            case TooLarge():
                self._park("Clockify says that a call with a single entry is too large (413)")
            case Parked():
                self._back_on_trial(batch)
                self._park(outcome.reason)

    async def _settle_applied(self, batch: Batch) -> None:
        self._proven = True
        self._lease = replace(self._lease, failures=0, parked="")
        progress = self._tally.applied(batch.entries) + self._tally.rejected(self._trial.taken())
        await self._shop.hands.settle(self._lease, progress, sent=batch.entries, taken=True)

    async def _settle_refused(self, batch: Batch, refusal: Refused) -> None:
        rejected = self._trial.refused(batch, refusal, on_trial=batch in self._on_trial)
        if rejected:
            log.warning("entry.rejected", workspace=self._lease.workspace, entries=list(rejected), reason=refusal.reason)
            await self._shop.hands.settle(self._lease, self._tally.rejected(rejected))
        if self._trial.hopeless:
            self._park(f"entry after entry is {refusal.reason}")

    async def _ask(self, batch: Batch) -> None:
        """Which entries of a refused batch does Clockify know?"""
        if not await self._permitted():
            self._trial.ask.append(batch)
            return
        known = await self._shop.clockify.known(self._lease.workspace, batch.entries)
        if isinstance(known, NoReply):
            self._trial.ask.append(batch)
            self._postpone(Postponed(known.reason))
        else:
            log.info("batch.asked", workspace=self._lease.workspace, entries=len(batch.entries), known=len(known or ()))
            self._trial.answered(batch, known)

    async def _conclude(self) -> None:
        """Nothing is left to try. Suspects that nothing has spoken for: it may be the workspace that is refused."""
        if self._trial.suspects:
            reason = next(iter(self._trial.suspects.values()))
            self._park(f"whatever is left is {reason}, and nothing has been taken since")

    def _back_on_trial(self, *unsettled: Batch) -> None:
        self._trial.parts.extend(batch for batch in unsettled if batch in self._on_trial)

    def _shrink(self, size: int) -> None:
        self._size = max(1, min(self._size, size) // 2)

    def _postpone(self, outcome: Postponed) -> None:
        failures = self._lease.failures + 1
        if outcome.slow and failures % TOO_SLOW == 0:
            self._shrink(self._size)
        wait = backoff(failures, cap=self._shop.retry_cap, after=outcome.after, random=random.random())  # noqa: S311 - spreads retries, guards nothing
        if self._stop is None or (self._stop.wait or 0) < wait:
            self._stop = Handover(wait=wait, failures=failures, reason=outcome.reason)
        log.warning("workspace.waiting", workspace=self._lease.workspace, failures=failures, wait=round(wait, 1), reason=outcome.reason)

    def _park(self, reason: str) -> None:
        self._trial = Trial()
        wait = self._shop.probe_interval * (0.75 + random.random() / 2)  # noqa: S311 - spreads probes, guards nothing
        self._stop = Handover(wait=wait, failures=self._lease.failures, parked=reason, reason=reason)
        log.error("workspace.parked", workspace=self._lease.workspace, reason=reason, next_probe=round(wait))

    def _handover(self) -> Handover:
        size = self._size if self._size < self._shop.batch_size else 0
        return replace(self._stop or Handover(), trial=self._trial.dump(), size=size)
