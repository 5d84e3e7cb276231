"""Is the store there, does it keep what it acknowledges, has it room, does its clock agree? It only reads.

It must not know how the ledger keeps anything; workers, parked workspaces and what could not be decoded are asked for at the
ledger's desk.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from arq import ArqRedis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from webhooks.checks.finding import Finding, ok, warning, wrong
from webhooks.checks.store_facts import FULL, Facts, judge
from webhooks.desk.words import counted
from worker.embedded import find
from worker.ledger import Desk, Keeping, connect
from worker.ledger.intake import MOST_UNDECODED, MOST_UNDECODED_BYTES
from worker.ledger.records import Undecoded
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
    return findings + _undecoded(await desk.undecoded())


def _undecoded(bodies: Sequence[Undecoded]) -> list[Finding]:
    """What cannot be decoded awaits a person, and has a room of its own, which may be full before the store is."""
    if not bodies:
        return []
    number, size = len(bodies), sum(one.size for one in bodies)
    full = max(number / MOST_UNDECODED, size / MOST_UNDECODED_BYTES)
    text = f"{counted(number, 'authentic body', 'authentic bodies')} cannot be decoded: acknowledged and kept, not carried out"
    advice = (
        "see them: paidmark markings --state unresolved; upgrade, have what matters sent again, and end them:"
        ' paidmark drop --undecoded --reason "..."'
    )
    if full < FULL:
        return [warning("undecoded", text, advice)]
    room = f"{full:.0%} of the room for them is used, and when it is full, more of them are answered 503"
    return [wrong("undecoded", f"{text}; {room}", advice)]


def _alive(workers: Mapping[str, float]) -> Finding:
    if workers:
        return ok("worker", f"{len(workers)} alive, the last sign of life {min(workers.values()):.0f} s ago")
    return wrong("worker", "none has shown a sign of life in the last minute", "start `paidmark work`")
