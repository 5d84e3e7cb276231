"""Finds what is due and starts drains for it: after a killed worker, a lost bell, a cooldown, a probe's time.

The bell makes work start at once; the sweep makes sure that it starts at all. It must not write to arq: a store that is
full takes no more bells, and the work must still flow out.
"""

import asyncio
import time
from contextlib import suppress

import structlog

from worker.drain import drain
from worker.ledger import bell
from worker.ledger.store import STORE_ERRORS
from worker.workshop import Workshop

log = structlog.get_logger()

PAUSE = 1.0
"""Seconds between two looks, at most."""
FORGOTTEN_AFTER = 60.0
"""Seconds after its last sign of life for which a worker is remembered."""


class Sweep:
    """Runs drains, for the bell and for what is overdue, at most `most` of its own at a time."""

    def __init__(self, workshop: Workshop, *, name: str, most: int, patience: float) -> None:
        """`name` tells this worker from others; a bell waits `patience` seconds for its drain."""
        self._workshop = workshop
        self._name = name
        self._most = most
        self._patience = patience
        self._running: dict[str, asyncio.Task[None]] = {}
        self._heard: dict[str, asyncio.Task[None]] = {}
        self._look = asyncio.Event()
        self._next_sign = 0.0

    async def drain(self, workspace: str) -> None:
        """One drain; then a look at what is due next. A store that is lost is no failure: the lease runs out."""
        try:
            await drain(self._workshop, workspace)
        except STORE_ERRORS as error:
            log.warning("drain.interrupted", workspace=workspace, reason=str(error))
        finally:
            self._look.set()

    async def heard(self, job_id: str) -> None:
        """A bell rings: its drain is first, then arq may read what the job is."""
        if workspace := bell.workspace(job_id):
            task = self._heard[workspace] = self._start(workspace)
            await asyncio.wait([task], timeout=self._patience)

    def over(self, job_id: str) -> None:
        """What the bell rang for is done, though arq may never have run its job: it can be expired, or unreadable."""
        self._heard.pop(bell.workspace(job_id) or "", None)

    async def rung(self, workspace: str) -> None:
        """A drain for the bell. It may outlast the job, cancelled or not: what it has sent, the ledger must hear of."""
        task = self._heard.pop(workspace, None) or self._start(workspace)
        done, _ = await asyncio.wait([task], timeout=self._patience)
        for task in done:
            task.result()

    async def run(self) -> None:
        """Sweep until cancelled. Raises what the store raises."""
        await self._workshop.hands.look_again()
        while True:
            self._look.clear()
            await self._workshop.unsaid.say(self._workshop.hands)
            pause = await self._sweep()
            await self._say_that_it_lives()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._look.wait()

    async def finish(self) -> None:
        """Wait for the drains that are under way."""
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _say_that_it_lives(self) -> None:
        if time.monotonic() >= self._next_sign:
            self._next_sign = time.monotonic() + PAUSE
            await self._workshop.hands.live(self._name, FORGOTTEN_AFTER)

    async def _sweep(self) -> float:
        """Start what is overdue; seconds until the next look."""
        overdue = await self._workshop.hands.overdue(self._most)
        for workspace in overdue.workspaces[: max(self._most - len(self._running), 0)]:
            self._start(workspace)
        return PAUSE if overdue.next_in is None else min(overdue.next_in, PAUSE)

    def _start(self, workspace: str) -> asyncio.Task[None]:
        """The drain of a workspace that is under way here, or a new one."""
        task = self._running.get(workspace)
        if task is None:
            task = self._running[workspace] = asyncio.create_task(self.drain(workspace))
            task.add_done_callback(lambda ended: self._ended(workspace, ended))
        return task

    def _ended(self, workspace: str, task: asyncio.Task[None]) -> None:
        """A fault of ours in a drain is told, whoever started it; the lease runs out, and it is tried again."""
        del self._running[workspace]
        if not task.cancelled() and (error := task.exception()):
            log.error("drain.failed", workspace=workspace, exc_info=error)
