"""The composition root of the worker: settings in, drains out, until it is told to stop. Outlives its store."""

import asyncio
import math
import os
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog
from arq import ArqRedis
from arq.worker import Function, func
from prometheus_client import CollectorRegistry, Counter, Histogram

from worker.clockify import Clockify
from worker.ending import end
from worker.instant import InstantWorker
from worker.ledger import Desk, Hands, Keeping, connect
from worker.ledger.bell import UNREADABLE, decode, encode
from worker.ledger.store import STORE_ERRORS
from worker.metrics import render
from worker.ops import listening
from worker.settings import HandsSettings, redacted
from worker.sweep import Sweep
from worker.unsaid import Unsaid
from worker.workshop import SLICE, Workshop

log = structlog.get_logger()

LEASE_BEYOND_CALL = 2.0
"""Seconds that a lease outlasts the longest call: a PATCH has ended before the lease does."""
BEYOND_SLICE = 1.0
ASLEEP = 30.0
"""Seconds that a process may sleep before arq calls a bell failed, which ends of itself."""
RETRY_STORE_AFTER = 0.5
AT_ONCE, SAID_AGAIN_AFTER = 1.0, 30.0


@dataclass(frozen=True, slots=True)
class Meters:
    """What this process counts of its own."""

    registry: CollectorRegistry
    calls: Counter
    seconds: Histogram

    def observe(self, outcome: str, seconds: float) -> None:
        """Count one PATCH."""
        self.calls.labels(outcome).inc()
        self.seconds.observe(seconds)


def meters() -> Meters:
    """Fresh meters, on a registry of their own."""
    registry = CollectorRegistry()
    calls = Counter("paidmark_calls", "PATCH calls to Clockify, by outcome", ["outcome"], registry=registry)
    seconds = Histogram("paidmark_call_seconds", "How long Clockify took to answer", registry=registry)
    return Meters(registry, calls, seconds)


def job_timeout(settings: HandsSettings) -> float:
    """Seconds that a drain may take: its slice, one call that began at its end, and a little."""
    return SLICE + settings.clockify_timeout + BEYOND_SLICE


def keeping(settings: HandsSettings) -> Keeping:
    """How long the ledger remembers."""
    return Keeping(invoices=settings.keep_invoices, events=settings.keep_events)


@asynccontextmanager
async def opened(
    settings: HandsSettings, store: ArqRedis, measured: Meters, closing: asyncio.Event, unsaid: Unsaid
) -> AsyncIterator[Sweep]:
    """Everything that drains need, put together. `unsaid` is left over from an earlier connection to the store."""
    async with Clockify(
        settings.clockify_url, settings.credential, timeout=settings.clockify_timeout
    ) as clockify:
        workshop = Workshop(
            hands=Hands(store, keeping(settings), settings.clockify_timeout + LEASE_BEYOND_CALL),
            clockify=clockify,
            rate=(settings.rate_limit.count, settings.rate_limit.seconds),
            batch_size=settings.batch_size,
            in_flight=settings.in_flight,
            retry_cap=settings.retry_cap,
            probe_interval=settings.probe_interval,
            dry_run=settings.dry_run,
            observe=measured.observe,
            closing=closing,
            unsaid=unsaid,
        )
        yield Sweep(
            workshop,
            name=f"{socket.gethostname()}:{os.getpid()}",
            most=settings.max_drains,
            patience=job_timeout(settings),
        )


def functions(timeout: float) -> list[Function]:
    """The jobs that arq may run: the drain, and the one that a job which cannot be read is taken for."""
    return [
        func(ring, name="drain", keep_result=0, timeout=timeout + ASLEEP, max_tries=1_000_000),
        func(ignore, name=UNREADABLE, keep_result=0),
    ]


async def ring(ctx: dict[Any, Any], workspace: str) -> None:
    """The arq job `drain`: somebody says that a workspace has work."""
    await ctx["sweep"].rung(workspace)


async def ignore(ctx: dict[Any, Any]) -> None:
    """The arq job that stands in for one that cannot be read."""
    log.warning("bell.unreadable", job=ctx["job_id"])


async def work(settings: HandsSettings, closing: asyncio.Event) -> None:
    """Work until `closing` is set; then finish what is in flight. A store that goes away is waited for."""
    measured, unsaid = meters(), Unsaid()
    store = connect(settings.store, connections=settings.max_drains * 2 + 10)
    desk = Desk(store, keeping(settings))

    async def wrong() -> list[str]:
        await desk.figures()
        return []

    async def figures() -> bytes:
        return render(await desk.figures(), await desk.workspaces(), measured.registry)

    if not settings.clockify_api_key and not settings.clockify_addon_token:
        log.warning("worker.without_key", set="PAIDMARK_CLOCKIFY_API_KEY")
    losses = _Losses(redacted(settings.store))
    async with listening(settings.ops_host, settings.ops_port, wrong=wrong, figures=figures):
        while not closing.is_set():
            began = time.monotonic()
            try:
                await _work_while_the_store_lasts(settings, measured, closing, unsaid)
            except STORE_ERRORS as error:
                losses.tell(str(error), began)
                with suppress(TimeoutError):
                    await asyncio.wait_for(closing.wait(), RETRY_STORE_AFTER)
    await store.aclose()


@dataclass(slots=True)
class _Losses:
    """Says that the store is lost: at once, and while that lasts, now and then."""

    store: str
    reason: str = ""
    told: float = -math.inf

    def tell(self, reason: str, began: float) -> None:
        """Say it of an attempt that `began` then; one that failed at once for the known reason is no news."""
        now = time.monotonic()
        if reason == self.reason and now - began < AT_ONCE and now - self.told < SAID_AGAIN_AFTER:
            return
        self.reason, self.told = reason, now
        log.warning("store.lost", store=self.store, reason=reason, retry_in=RETRY_STORE_AFTER)


async def _work_while_the_store_lasts(
    settings: HandsSettings, measured: Meters, closing: asyncio.Event, unsaid: Unsaid
) -> None:
    """One arq worker and one sweep. A job that the store's loss has left behind is rung for again by the sweep."""
    store = connect(settings.store, connections=settings.max_drains * 2 + 10)
    await store.ping()
    async with opened(settings, store, measured, closing, unsaid) as sweep:
        worker = InstantWorker(
            functions(job_timeout(settings)),
            heard=sweep.heard,
            over=sweep.over,
            redis_pool=store,
            queue_name=store.default_queue_name,
            job_serializer=encode,
            job_deserializer=decode,
            max_jobs=settings.max_drains,
            poll_delay=0,
            keep_result=0,
            handle_signals=False,
            log_results=False,
            ctx={"sweep": sweep},
        )
        log.info("worker.started", drains=settings.max_drains, rate=str(settings.rate_limit))
        tasks = [asyncio.create_task(one) for one in (worker.main(), sweep.run(), closing.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await end(*tasks)
            await asyncio.gather(*worker.tasks.values(), return_exceptions=True)
            await sweep.finish()
            await store.aclose()
