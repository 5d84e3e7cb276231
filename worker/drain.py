"""The arq job: empties one workspace's backlog for a slice of time, then gives the workspace back.

The story: take the lease, read and plan, send, settle, give the lease back. What is sent and what follows is in
`worker.calls`, how long to go on in `worker.pace`.
"""

import asyncio
import time
from dataclasses import replace

import structlog

from worker import batches
from worker.batches import Batch
from worker.calls import Calls
from worker.ledger.work import Backlog, Handover, Lease, LeaseLostError
from worker.pace import Pace, limits
from worker.sizing import Sizing
from worker.supply import Supply
from worker.trial import Trial
from worker.workshop import Workshop

log = structlog.get_logger()

BATCHES_AHEAD = 25
"""Batches that are planned together: some milliseconds of the store's time."""
LOW = 12
"""With no more batches than these left, further ones are planned."""
MOST_MARKINGS = 20_000


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
        batch_size=workshop.batch_size,
        limits=counted if fingerprint and not (workshop.dry_run or workshop.closing.is_set()) else (),
    )
    if begun is None:
        return None
    lease, backlog = begun
    pace = Pace(workshop, lease, counted)
    if fingerprint is None:
        pace.park("there is no key for this workspace in PAIDMARK_CLOCKIFY_API_KEY")
    return Drain(workshop, lease, backlog, pace, asked)


class Drain:
    """One slice of work for one workspace, which begins with a `backlog` that was read with the lease."""

    def __init__(
        self, workshop: Workshop, lease: Lease, backlog: Backlog, pace: Pace, asked: float = 0.0
    ) -> None:
        """Go on where the last lease ended. `asked` is when this one was asked for, and perhaps the first call with it."""
        self._shop = workshop
        self._asked = asked
        self.lease = lease
        self._backlog: Backlog | None = backlog
        self._pace = pace
        self._trial = Trial.load(lease.trial)
        self._sizing = Sizing(workshop.batch_size, lease.size)
        self._calls = Calls(workshop, lease, pace, self._trial, self._sizing)
        self._more = self._claims_missing = False

    async def work(self) -> Handover:
        """Plan and send, round by round, until nothing is left, time is up, or Clockify wants no more."""
        while self._pace.goes_on or (self._backlog and self._backlog.permitted):
            todo = await self._plan()
            if not todo and not self._trial.ask:
                if self._claims_missing:
                    continue
                await self._calls.conclude()
                break
            if self._shop.dry_run:
                self._only_say(todo)
            else:
                await self._send(todo)
        handover = self._pace.handover()
        # Only who finds the workspace refused ends the trial: one that was parked before may be well, and have a bad id.
        stop = self._pace.stop
        trial = self._trial.parked() if stop and stop.parked else self._trial
        return replace(handover, trial=trial.dump(), size=self._sizing.kept)

    async def _plan(self) -> list[Batch]:
        """What to send in this round: parts of refused batches first, then as few and as full batches as can be."""
        self._sizing.grow()
        backlog, self._backlog = self._backlog, None
        if backlog is None:
            backlog = await self._read(further=False)
        self._more, self._claims_missing = backlog.more, backlog.claims_missing
        wishes = self._calls.begin_round(backlog.pending)
        self._trial.keep_to(wishes)
        parts = self._trial.take()
        todo = parts + self._trial.ordinary(self._fresh(wishes, more=backlog.more))
        if backlog.permitted:
            self._pace.answered(todo[0], self._asked, 0.0)
        return todo

    async def _read(self, *, further: bool) -> Backlog:
        most = self._sizing.now * BATCHES_AHEAD
        hands = self._shop.hands
        return await hands.plan(self.lease, most_entries=most, most_markings=MOST_MARKINGS, further=further)

    def _fresh(self, wishes: dict[str, bool], *, more: bool) -> list[Batch]:
        """Batches of what is not on trial; of shy entries only where there are no others."""
        size, aside = self._sizing.now, self._trial.aside
        bold = batches.plan(wishes, size, more=more, aside=aside | self._trial.shy)
        return bold or batches.plan(wishes, size, more=more, aside=aside)

    def _only_say(self, todo: list[Batch]) -> None:
        """What a dry run does instead of sending. The backlog stays, for the day on which it ends."""
        for batch in todo:
            log.info("batch.planned", **self._calls.described(batch))
        self._pace.hold("PAIDMARK_DRY_RUN is on: nothing is sent")

    async def _send(self, todo: list[Batch]) -> None:
        """Send a round. Several calls are on their way together, once one has shown that Clockify takes them.

        Batches that were made small grow one call at a time while that is quick: many small ones would be many calls.
        """
        alone = self._sizing.growing or not self._pace.proven
        now, later = (todo[:1], todo[1:]) if alone else (todo, [])
        counted = [now.pop(0)] if now and self._pace.granted(now[0]) else []
        supply = Supply(now, LOW, None if alone else self._further)
        others = min(len(now), self._shop.in_flight - len(counted))
        senders = [*(self._calls.send(supply, batch) for batch in counted)]
        senders += [self._calls.send(supply) for _ in range(others)]
        try:
            # A failure of one must not cancel the others: what they have sent, the ledger must hear of.
            results = await asyncio.gather(*senders, return_exceptions=True)
        finally:
            left = await supply.close()
        self._trial.put_back((*left, *later))
        for result in results:
            if isinstance(result, BaseException):
                raise result
        while self._trial.ask and self._pace.goes_on:
            await self._calls.ask(self._trial.ask.pop())

    async def _further(self) -> list[Batch]:
        """Full batches of what lies behind all that was read, while all goes well. The rest is for the next round."""
        if not self._more or not self._trial.clear or not self._pace.goes_on:
            return []
        backlog = await self._read(further=True)
        self._more = backlog.more
        size = self._sizing.now
        made = batches.plan(self._calls.tally.extend(backlog.pending), size, more=True)
        return [batch for batch in made if len(batch.entries) == size]
