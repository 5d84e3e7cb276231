"""A PATCH that lands late: it is held on its way, its opposite is done meanwhile, and then it has its effect.

Shared by the acts that differ in what becomes of its caller.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench.chaos.acts.invoices import PATIENCE, entry, known, told
from bench.chaos.load import Load, Telling, workspace
from bench.chaos.plan import WORKERS
from bench.chaos.sender import Sender
from bench.chaos.stage import Stage, until
from bench.faults import Hold

LOOK = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """The call of `worker` that marks `entry`, held."""

    stage: Stage
    sender: Sender
    entry: str
    gone: Telling
    worker: str
    hold: Hold

    async def undo(self) -> None:
        """Wait until the mark is set by another call, and have it taken back."""
        await self._until(invoiced=True, because="nobody has sent the held call again")
        await self.sender.tell([self.gone])
        await self._until(invoiced=False, because="the reversal had no effect")

    async def land(self) -> float:
        """Let the held call have its effect. Returns when it had, by `time.monotonic`."""
        self.hold.released.set()
        await self._until(invoiced=True, because="the late call did not land")
        return time.monotonic()

    async def right_again(self, since: float, *, within: float) -> float:
        """Wait until what the late call did is undone. Returns the seconds from `since`."""
        await self._until(invoiced=False, within=within, because="what came late was not undone")
        return time.monotonic() - since

    async def _until(self, *, invoiced: bool, because: str, within: float = PATIENCE) -> None:
        async def shows() -> bool:
            return (await self.stage.witness.entry(self.entry))["invoiced"] is invoiced

        await until(shows, within=within, because=f"{self.entry}: {because}", pause=LOOK)


@asynccontextmanager
async def held(stage: Stage, sender: Sender, load: Load, name: str, number: int) -> AsyncIterator[Late]:
    """Pay an invoice, and hold the call that marks its entry. Its worker counts as held up to the end of the act."""
    where, one, invoice = workspace(number), entry(name), f"in_{name}"
    paid, gone = told(invoice, where, [one], paid=True), told(invoice, where, [one], paid=False)
    await known(stage, load, Load(tellings=[paid, gone], entries={one: where}))
    holds = {worker: stage.links[f"{worker}>clockify"].hold(one.encode()) for worker in WORKERS}
    try:
        await sender.tell([paid])
        worker = await _caught(holds)
        for other, hold in holds.items():
            stage.links[f"{other}>clockify"].let_be(hold)
        with stage.holding_up(worker):
            yield Late(stage=stage, sender=sender, entry=one, gone=gone, worker=worker, hold=holds[worker])
    finally:
        for hold in holds.values():
            hold.released.set()


async def _caught(holds: dict[str, Hold]) -> str:
    """The worker whose call is held first."""
    waiting = {asyncio.create_task(hold.caught.wait()): name for name, hold in holds.items()}
    done, others = await asyncio.wait(waiting, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    if not done:
        raise TimeoutError("no worker has sent the call")
    return waiting[done.pop()]
