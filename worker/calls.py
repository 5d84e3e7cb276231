"""What a drain says to Clockify, and what follows from each reply.

What a reply means is decided in `worker.outcome`, what a refusal leads to in `worker.trial`; here it is carried out and
written down.
"""

import time
from collections.abc import Sequence

import structlog

from worker.batches import Batch
from worker.ledger.work import Effect, Lease, Progress, Sent
from worker.marking import Pending
from worker.outcome import Applied, Outcome, Postponed, Refused, TooLarge, decide, known_entries
from worker.pace import Pace
from worker.sizing import Sizing
from worker.supply import Supply
from worker.tally import Tally
from worker.trial import Trial
from worker.workshop import Workshop

log = structlog.get_logger()


class Calls:
    """The calls of one drain. `tally` is of the markings that are read; `too_large` says that a call was, in this round."""

    def __init__(self, workshop: Workshop, lease: Lease, pace: Pace, trial: Trial, sizing: Sizing) -> None:
        """Begin with nothing read."""
        self._shop = workshop
        self._lease = lease
        self._pace = pace
        self._trial = trial
        self._sizing = sizing
        self.tally = Tally()
        self.too_large = False
        self._control: Batch | None = None

    def begin_round(self, pending: Sequence[Pending]) -> dict[str, bool]:
        """Begin with what was read from the head. Returns what is wished for."""
        self.tally, self.too_large = Tally(pending), False
        return self.tally.wishes

    async def send(self, supply: Supply, following: Batch | None = None) -> None:
        """Send one batch after the other, as long as it may be; first the one whose call is counted already."""
        while batch := await self._next(supply, following):
            following = None
            if await self._pace.permitted(batch):
                following = await self._mark(batch, supply)
            else:
                self._trial.put_back([batch])

    async def ask(self, batch: Batch) -> None:
        """Ask which entries of a refused batch Clockify knows."""
        if not await self._pace.permitted():
            self._trial.ask.append(batch)
            return
        reply = await self._shop.clockify.ask(self._lease.workspace, batch.entries)
        known = known_entries(reply, now=time.time())
        if isinstance(known, Postponed):
            self._trial.not_answered(batch)
            self._postpone(known)
        else:
            log.info("batch.asked", **self.described(batch), known=len(known or ()))
            self._trial.answered(batch, known)

    async def conclude(self) -> None:
        """Suspects that nothing has spoken for: it may be the workspace that is refused.

        If Clockify still takes an entry that it took before, it is not.
        """
        control = self._control
        if self._trial.suspects and control and self._still_wanted(control):
            if not await self._pace.permitted(control):
                return  # whoever has the lease next finds the same suspects
            self._control = None
            await self._mark(control)
        if self._trial.suspects and self._pace.stop is None:
            _, reason = next(iter(self._trial.suspects.values()))
            self._pace.park(f"what is left is {reason}, and nothing has been taken since")

    def described(self, batch: Batch) -> dict[str, object]:
        """A batch, as the log has it."""
        return {
            "workspace": self._lease.workspace,
            "entries": len(batch.entries),
            "invoiced": batch.invoiced,
        }

    async def _next(self, supply: Supply, following: Batch | None) -> Batch | None:
        """What to send next. A call that is counted already is made, if it may be: under a low limit each is dear."""
        if following is None:
            return await supply.next() if self._goes_on else None
        if self._goes_on or (self._pace.granted(following) and not self.too_large):
            return following
        self._trial.put_back([following])
        return None

    @property
    def _goes_on(self) -> bool:
        return self._pace.goes_on and not self.too_large

    async def _mark(self, batch: Batch, supply: Supply | None = None) -> Batch | None:
        """One PATCH, and what follows from its reply. Returns the next batch, if its call was asked for in the same breath."""
        started = time.monotonic()
        outcome = decide(await self._shop.clockify.mark(self._lease.workspace, batch), now=time.time())
        took = time.monotonic() - started
        self._sizing.replied(quick=isinstance(outcome, Applied) and took * 4 < self._shop.clockify.timeout)
        fact = f"batch.{type(outcome).__name__.lower()}"
        self._shop.observe(fact.removeprefix("batch."), took)
        reason = getattr(outcome, "reason", None)
        log.info(fact, **self.described(batch), ms=round(took * 1000, 1), reason=reason)
        effect, progress = self._take_in(batch, outcome)
        sent = Sent(batch.entries, batch.invoiced, effect)
        following = supply.take() if supply and effect is Effect.TAKEN and self._goes_on else None
        asked = time.monotonic()
        wait = await self._shop.unsaid.settle(
            self._shop.hands, self._lease, progress, sent, following, self._pace.limits
        )
        if following:
            self._pace.answered(following, asked, wait)
        if isinstance(outcome, Refused) and self._trial.hopeless:
            await self.conclude()
        return following

    def _take_in(self, batch: Batch, outcome: Outcome) -> tuple[Effect, list[Progress]]:
        """What is known of the effect of a call now, and what became of entries thereby."""
        match outcome:
            case Applied():
                self._pace.taken()
                self._control = Batch(batch.invoiced, batch.entries[:1])
                rejected = self._trial.taken(batch)
                return Effect.TAKEN, self.tally.applied(batch.entries) + self.tally.rejected(rejected)
            case Postponed():
                self._postpone(outcome)
                self._trial.put_back([batch])
                return (Effect.DOUBTFUL if outcome.may_land else Effect.NONE), []
            case Refused():
                return Effect.NONE, self._rejected(batch, outcome)
            case TooLarge() if len(batch.entries) > 1:
                self._sizing.refused(len(batch.entries))
                self.too_large = True
                self._trial.too_large(batch)
            case TooLarge():
                self._pace.park("Clockify says that a call with a single entry is too large (413)")
            case _:
                self._pace.park(outcome.reason)
        return Effect.NONE, []

    def _rejected(self, batch: Batch, refusal: Refused) -> list[Progress]:
        rejected = self._trial.refused(batch, refusal)
        if rejected:
            workspace = self._lease.workspace
            log.warning("entry.rejected", workspace=workspace, entries=list(rejected), reason=refusal.reason)
        return self.tally.rejected(rejected)

    def _still_wanted(self, control: Batch) -> bool:
        return self.tally.wishes.get(control.entries[0], control.invoiced) is control.invoiced

    def _postpone(self, outcome: Postponed) -> None:
        failures = self._pace.postpone(outcome)
        if outcome.slow:
            self._sizing.timed_out(failures)
