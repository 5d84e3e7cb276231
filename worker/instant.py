"""arq's worker, woken at once: a blocking pop in place of polling.

To pop a job before it is done would lose it in any other use of arq. Here a job is only a bell: what it rings for is in
the ledger, and the sweep finds it if the bell is lost.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from arq.utils import timestamp_ms
from arq.worker import Worker
from redis.exceptions import ResponseError

log = structlog.get_logger()

PATIENCE = 1.0
"""Seconds that one pop waits."""


class InstantWorker(Worker):
    """An arq worker that starts a job in the moment in which it is enqueued.

    It writes no health check of arq's: a full store would refuse it. Its sign of life is the ledger's.
    """

    def __init__(
        self,
        *arguments: Any,
        heard: Callable[[str], Awaitable[None]],
        over: Callable[[str], None],
        **options: Any,
    ) -> None:
        """Tell `heard` the id of each job at once; arq reads what it is, and keeps its books, after that; then tell `over`."""
        super().__init__(*arguments, **options)
        self._heard, self._over = heard, over

    async def _poll_iteration(self) -> None:
        self._collect()
        if len(self.tasks) >= self.max_jobs:
            await asyncio.wait(self.tasks.values(), timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        elif popped := await self.pool.bzpopmin(self.queue_name, timeout=PATIENCE):
            self._start(popped[1].decode(errors="replace"))

    def _start(self, job_id: str) -> None:
        """Start a job, unless it runs already: arq puts back what it could not do, and one name is for one task."""
        self._collect()
        if job_id in self.tasks:
            return
        self.tasks[job_id] = self.loop.create_task(self._run(job_id))

    async def _run(self, job_id: str) -> None:
        await self._heard(job_id)
        try:
            await self.run_job(job_id, timestamp_ms())
        finally:
            self._over(job_id)

    def _collect(self) -> None:
        """Forget the jobs that have ended; raise what the store has made of one."""
        for job_id, task in list(self.tasks.items()):
            if task.done():
                del self.tasks[job_id]
                try:
                    task.result()
                except ResponseError as error:
                    # A store that is full takes no note of jobs. The sweep finds what they rang for.
                    log.warning("bell.refused", job=job_id, reason=str(error))
