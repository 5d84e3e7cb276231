"""The arq job: empties one workspace's backlog for a slice of time, then gives the workspace back.

The story: take the lease, read and plan, send, settle, give the lease back. What a reply means is decided in
`worker.outcome`, what a refusal leads to in `worker.trial`, how long to go on in `worker.pace`; here it is carried out.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import structlog

from worker import batches
from worker.batches import Batch
from worker.ledger.hands import Backlog, Handover, Lease, LeaseLostError, Progress, Sent
from worker.outcome import Applied, Outcome, Postponed, Refused, TooLarge, decide, known_entries
from worker.pace import Pace, limits
from worker.tally import Tally
from worker.trial import Trial
from worker.workshop import Workshop

log = structlog.get_logger()

BATCHES_AHEAD = 100
"""Batches that are planned together."""
MOST_MARKINGS = 20_000
TOO_SLOW = 3
"""After so many timeouts in a row smaller batches are tried: Clockify may need too long for as many entries."""


async def drain(workshop: Workshop, workspace: str) -> None:
    """Work off what is due in a workspace, for a slice of time. Does nothing where it is not due, or leased."""
    try:
        work = await begin(workshop, workspace)
        if work is None:
            return
        lease, handover = work.lease, await work.work()
    except LeaseLostError:
        log.warning("lease.lost", workspace=workspace)
    else:
        await workshop.hands.release(lease, handover)


async def begin(workshop: Workshop, workspace: str) -> "Drain | None":
    """Take the lease and read the backlog; None where it is not due, or leased."""
    fingerprint = workshop.clockify.fingerprint(workspace)
    counted = limits(workshop, workspace, fingerprint or "")
    asked = time.monotonic()
    begun = await workshop.hands.begin(
        workspace,
        most_entries=workshop.batch_size * BATCHES_AHEAD,
        most_markings=MOST_MARKINGS,
        limits=counted if fingerprint and not workshop.dry_run else (),
    )
    if begun is None:
        return None
    lease, backlog = begun
    pace = Pace(workshop, lease, counted, permitted=asked if backlog.permitted else None)
    if fingerprint is None:
        pace.park("there is no key for this workspace in PAIDMARK_CLOCKIFY_API_KEY")
    return Drain(workshop, lease, backlog, pace)


class Drain:
    """One slice of work for one workspace, which begins with a `backlog` that was read with the lease."""

    def __init__(self, workshop: Workshop, lease: Lease, backlog: Backlog, pace: Pace) -> None:
        """Go on where the last lease ended."""
        self._shop = workshop
        self.lease = lease
        self._backlog: Backlog | None = backlog
        self._pace = pace
        self._trial = Trial.load(lease.trial)
        self._tally = Tally(())
        self._size = min(lease.size or workshop.batch_size, workshop.batch_size)
        self._quick = False
        self._tried = False
        self._too_large = False
        self._claims_missing = False
        self._control: Batch | None = None

    async def work(self) -> Handover:
        """Plan and send, round by round, until nothing is left, time is up, or Clockify wants no more."""
        while self._pace.goes_on:
            todo = await self._plan()
            if not todo and not self._trial.ask:
                if self._claims_missing:
                    continue
                await self._conclude()
                break
            if self._shop.dry_run:
                self._only_say(todo)
            else:
                await self._send(todo)
        size = self._size if self._size < self._shop.batch_size else 0
        handover = self._pace.handover()
        trial = self._trial.parked() if handover.parked else self._trial
        return replace(handover, trial=trial.dump(), size=size)

    async def _plan(self) -> list[Batch]:
        """What to send in this round: parts of refused batches first, then as few and as full batches as can be."""
        if self._quick:
            self._size = min(self._size * 2, self._shop.batch_size)
        backlog, self._backlog = self._backlog, None
        if backlog is None:
            most = self._size * BATCHES_AHEAD
            backlog = await self._shop.hands.plan(self.lease, most_entries=most, most_markings=MOST_MARKINGS)
        self._tally = Tally(backlog.pending)
        self._too_large = False
        self._claims_missing = backlog.claims_missing
        self._trial.keep_to(self._tally.wishes)
        parts = self._trial.take()
        fresh = self._fresh(self._tally.wishes, more=backlog.more)
        return parts + self._trial.ordinary(fresh)

    def _fresh(self, wishes: dict[str, bool], *, more: bool) -> list[Batch]:
        """Batches of what is not on trial; of shy entries only where there are no others."""
        aside = self._trial.aside
        bold = batches.plan(wishes, self._size, more=more, aside=aside | self._trial.shy)
        return bold or batches.plan(wishes, self._size, more=more, aside=aside)

    def _only_say(self, todo: list[Batch]) -> None:
        """What a dry run does instead of sending. The backlog stays, for the day on which it ends."""
        for batch in todo:
            log.info("batch.planned", **self._described(batch))
        self._pace.hold("PAIDMARK_DRY_RUN is on: nothing is sent")

    async def _send(self, todo: list[Batch]) -> None:
        """Send a round. Several calls are on their way together, once one has shown that Clockify takes them.

        Batches that were made small grow one call at a time while that is quick: many small ones would be many calls.
        """
        growing = self._size < self._shop.batch_size and (self._quick or not self._tried)
        now, later = (todo[:1], todo[1:]) if growing or not self._pace.proven else (todo, [])
        queue = deque(now)
        together = min(len(queue), self._shop.in_flight)
        # A failure of one must not cancel the others: what they have sent, the ledger must hear of.
        results = await asyncio.gather(
            *(self._send_from(queue) for _ in range(together)), return_exceptions=True
        )
        self._trial.put_back((*queue, *later))
        for result in results:
            if isinstance(result, BaseException):
                raise result
        while self._trial.ask and self._pace.goes_on:
            await self._ask(self._trial.ask.pop())

    async def _send_from(self, queue: deque[Batch]) -> None:
        while queue and self._pace.goes_on and not self._too_large:
            batch = queue.popleft()
            if await self._pace.permitted():
                await self._mark(batch)
            else:
                self._trial.put_back([batch])

    async def _mark(self, batch: Batch) -> None:
        """One PATCH, and what follows from its reply."""
        started = time.monotonic()
        outcome = decide(await self._shop.clockify.mark(self.lease.workspace, batch), now=time.time())
        took = time.monotonic() - started
        self._quick = isinstance(outcome, Applied) and took * 4 < self._shop.clockify.timeout
        self._tried = True
        fact = f"batch.{type(outcome).__name__.lower()}"
        self._shop.observe(fact.removeprefix("batch."), took)
        reason = getattr(outcome, "reason", None)
        log.info(fact, **self._described(batch), ms=round(took * 1000, 1), reason=reason)
        await self._act(batch, outcome)

    async def _act(self, batch: Batch, outcome: Outcome) -> None:
        match outcome:
            case Applied():
                self._pace.taken()
                self._control = Batch(batch.invoiced, batch.entries[:1])
                progress = self._tally.applied(batch.entries) + self._tally.rejected(self._trial.taken(batch))
                await self._shop.hands.settle(self.lease, progress, Sent(batch.entries, batch.invoiced, True))
            case Postponed():
                self._postpone(outcome)
                self._trial.put_back([batch])
                # It may have had its effect, or have it yet: the ledger must hear of it.
                await self._settle([], Sent(batch.entries, batch.invoiced, False))
            case Refused():
                await self._refuse(batch, outcome)
            case TooLarge() if len(batch.entries) > 1:
                self._size = min(self._size, len(batch.entries) // 2)
                self._too_large = True
                self._trial.too_large(batch)
            case TooLarge():
                self._pace.park("Clockify says that a call with a single entry is too large (413)")
            case _:
                self._pace.park(outcome.reason)

    async def _settle(self, progress: Sequence[Progress], sent: Sent) -> None:
        await self._shop.unsaid.settle(self._shop.hands, self.lease, progress, sent)

    async def _refuse(self, batch: Batch, refusal: Refused) -> None:
        rejected = self._trial.refused(batch, refusal)
        if rejected:
            log.warning(
                "entry.rejected",
                workspace=self.lease.workspace,
                entries=list(rejected),
                reason=refusal.reason,
            )
            await self._shop.hands.settle(self.lease, self._tally.rejected(rejected))
        if self._trial.hopeless:
            await self._conclude()

    async def _ask(self, batch: Batch) -> None:
        """Ask which entries of a refused batch Clockify knows."""
        if not await self._pace.permitted():
            self._trial.ask.append(batch)
            return
        known = known_entries(
            await self._shop.clockify.ask(self.lease.workspace, batch.entries), now=time.time()
        )
        if isinstance(known, Postponed):
            self._trial.not_answered(batch)
            self._postpone(known)
        else:
            log.info("batch.asked", **self._described(batch), known=len(known or ()))
            self._trial.answered(batch, known)

    async def _conclude(self) -> None:
        """Suspects that nothing has spoken for: it may be the workspace that is refused.

        If Clockify still takes an entry that it took before, it is not.
        """
        control, self._control = self._control, None
        if self._trial.suspects and control and self._still_wanted(control) and await self._pace.permitted():
            await self._mark(control)
        if self._trial.suspects and self._pace.stop is None:
            _, reason = next(iter(self._trial.suspects.values()))
            self._pace.park(f"what is left is {reason}, and nothing has been taken since")

    def _still_wanted(self, control: Batch) -> bool:
        return self._tally.wishes.get(control.entries[0], control.invoiced) is control.invoiced

    def _postpone(self, outcome: Postponed) -> None:
        failures = self._pace.postpone(outcome)
        if outcome.slow and failures % TOO_SLOW == 0:
            self._size = max(1, self._size // 2)

    def _described(self, batch: Batch) -> dict[str, object]:
        return {"workspace": self.lease.workspace, "entries": len(batch.entries), "invoiced": batch.invoiced}
