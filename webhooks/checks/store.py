"""Is the store there, does it keep what it acknowledges, has it room, does its clock agree? It only reads.

It must not know what the ledger keeps; workers and parked workspaces are asked for at the ledger's desk.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from arq import ArqRedis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from webhooks.checks.finding import Finding, ok, warning, wrong
from webhooks.checks.store_facts import Facts, judge
from worker.embedded import find
from worker.ledger import Desk, Keeping, connect
from worker.ledger.sentinel import NoPrimaryError, ToPrimary
from worker.ledger.store import STORE_ERRORS, NotPrimaryError, shortcomings
from worker.settings import StoreSettings, redacted

PATIENCE = 1.0
"""Seconds that the store may take to answer."""
MOST_SHOWN = 10


def place(settings: StoreSettings) -> str | None:
    """The URL of the store: as set, or of the embedded one that runs on the data folder; None where none runs."""
    return settings.redis_url or find(settings.data)


async def check_store(settings: StoreSettings) -> list[Finding]:
    """Everything about the store, and what the ledger's desk knows."""
    url = place(settings)
    if url is None:
        return [_missing(settings)]
    async with _client(url) as store:
        try:
            facts = await _facts(store)
            trusted = settings.store_durability == "trusted"
            findings = judge(facts, trusted=trusted, replicas=settings.store_replicas)
            at = f"{redacted(url)}, now {facts.primary}" if facts.primary else redacted(url)
            return [
                ok("store", f"answers at {at}"),
                *findings,
                *await _desk(Desk(store, _keeping(settings))),
            ]
        except STORE_ERRORS as error:
            return [_unreachable(url, error)]


async def check_worker(settings: StoreSettings) -> Finding:
    """Whether a worker has shown a sign of life in the last minute. Quick: one question to the store."""
    url = place(settings)
    if url is None:
        return _missing(settings)
    async with _client(url) as store:
        try:
            return _alive(await Desk(store, _keeping(settings)).workers())
        except STORE_ERRORS as error:
            return _unreachable(url, error)


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[ArqRedis]:
    store = connect(url, connections=2, patience=PATIENCE, retries=0)
    try:
        yield store
    finally:
        await store.aclose()


async def _facts(store: ArqRedis) -> Facts:
    before = time.time()
    seconds, micros = await store.time()
    ahead = seconds + micros / 1_000_000 - (before + time.time()) / 2
    connection = await store.connection_pool.get_connection()
    lacking = await shortcomings(connection)
    await store.connection_pool.release(connection)
    primary = f"{connection.host}:{connection.port}" if isinstance(connection, ToPrimary) else ""
    return Facts(await store.info(), tuple(lacking), ahead, primary)


def _keeping(settings: StoreSettings) -> Keeping:
    return Keeping(invoices=settings.keep_invoices, events=settings.keep_events)


def _missing(settings: StoreSettings) -> Finding:
    return wrong(
        "store",
        f"none: PAIDMARK_REDIS_URL is not set, and no store runs on {settings.data}",
        "set PAIDMARK_REDIS_URL, or start `paidmark up`",
    )


def _unreachable(url: str, error: Exception) -> Finding:
    at = redacted(url)
    if isinstance(error.__cause__, RedisError):  # redis-py wraps what was said while it connected
        error = error.__cause__
    if isinstance(error, NotPrimaryError):
        return wrong("store role", "a replica: it takes no writes", "let PAIDMARK_REDIS_URL name the primary")
    if isinstance(error, NoPrimaryError):
        return wrong(
            "store",
            f"{at} cannot be found: {error}",
            "are the sentinels running, and does PAIDMARK_REDIS_URL name them, and the store as they do?",
        )
    if isinstance(error, AuthenticationError | NoPermissionError):
        return wrong(
            "store",
            f"{at} does not let us in ({type(error).__name__})",
            "look at user and password in PAIDMARK_REDIS_URL",
        )
    if isinstance(error, ResponseError):
        return wrong(
            "store",
            f"{at} refuses a command: {error}",
            "use a Redis >= 7.0 or a Valkey, not a cluster, without renamed commands",
        )
    return wrong(
        "store",
        f"{at} does not answer ({type(error).__name__})",
        "is it running, and is PAIDMARK_REDIS_URL right?",
    )


async def _desk(desk: Desk) -> list[Finding]:
    parked = [one for one in await desk.workspaces() if one.parked]
    alive = _alive(await desk.workers())
    findings = [alive if alive.mark == "ok" else warning("worker", alive.text, alive.advice)]
    for one in parked[:MOST_SHOWN]:
        advice = f"when that is mended: paidmark workspaces resume {one.workspace}"
        findings.append(
            warning(f"workspace {one.workspace}", f"parked, {one.backlog} waiting: {one.parked}", advice)
        )
    return findings


def _alive(workers: Mapping[str, float]) -> Finding:
    if workers:
        return ok("worker", f"{len(workers)} alive, the last sign of life {min(workers.values()):.0f} s ago")
    return wrong("worker", "none has shown a sign of life in the last minute", "start `paidmark work`")
