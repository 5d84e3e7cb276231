"""Is the store there, does it keep what it acknowledges, has it room, does its clock agree? It only reads.

It must not know what the ledger keeps; workers and parked workspaces are asked for at the ledger's desk.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from arq import ArqRedis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from webhooks.checks.finding import Finding, ok, warning, wrong
from worker.embedded import find
from worker.ledger import Desk, Keeping, connect
from worker.ledger.store import STORE_ERRORS, shortcomings
from worker.settings import StoreSettings, redacted

OLDEST_REDIS = (7, 0)
FULL = 0.8
"""The part of the store's memory from which on somebody should look."""
CLOCK_TOLERANCE = 2.0
"""Seconds by which the store's clock may differ from ours."""
PATIENCE = 1.5
"""Seconds that the store may take to answer."""
MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Facts:
    """What a store says of itself. Times in seconds; `info` is INFO, whole, `lacking` as from `shortcomings`."""

    info: Mapping[str, Any]
    lacking: tuple[str, ...]
    ahead: float


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
            findings = judge(await _facts(store), trusted=settings.store_durability == "trusted")
            return [
                ok("store", f"answers at {redacted(url)}"),
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


def judge(facts: Facts, *, trusted: bool) -> list[Finding]:
    """What follows from what a store says of itself. `trusted`: the settings vouch for its durability."""
    return [
        _version(facts.info),
        _role(facts.info),
        _durability(facts, trusted=trusted),
        _memory(facts.info),
        _clock(facts.ahead),
    ]


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
    try:
        lacking = await shortcomings(connection)
    finally:
        await store.connection_pool.release(connection)
    return Facts(await store.info(), tuple(lacking), ahead)


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


def _version(info: Mapping[str, Any]) -> Finding:
    if "valkey_version" in info:
        return ok("store version", f"Valkey {info['valkey_version']}")
    version = str(info.get("redis_version", "unknown"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers >= OLDEST_REDIS:
        return ok("store version", f"Redis {version}")
    return wrong("store version", f"Redis {version}", "use Redis >= 7.0 or Valkey")


def _role(info: Mapping[str, Any]) -> Finding:
    if info.get("redis_mode") == "cluster":
        return wrong(
            "store role",
            "a cluster: the ledger's scripts need all keys in one place",
            "use a store that is no cluster",
        )
    if info.get("role") != "master":
        return wrong("store role", "a replica: it takes no writes", "let PAIDMARK_REDIS_URL name the primary")
    return ok("store role", "primary")


def _durability(facts: Facts, *, trusted: bool) -> Finding:
    about = "store durability"
    if facts.info.get("aof_last_write_status", "ok") != "ok":
        return wrong(about, "its last write to disk failed", "look at its disk and its log")
    if not facts.lacking:
        return ok(about, "append-only file, written through at every command, nothing evicted")
    text = "; ".join(facts.lacking)
    if trusted:
        return warning(about, f"{text}: PAIDMARK_STORE_DURABILITY=trusted vouches for it")
    return wrong(
        about, text, "set it so, or PAIDMARK_STORE_DURABILITY=trusted if the store keeps what it acknowledges"
    )


def _memory(info: Mapping[str, Any]) -> Finding:
    most, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if most == 0:
        return ok("store memory", f"{_mebibytes(used)} used, no limit set")
    text = f"{_mebibytes(used)} of {_mebibytes(most)} used"
    if used > FULL * most:
        return warning(
            "store memory",
            text,
            "raise maxmemory: a full store refuses deliveries (nothing is lost, sources send again)",
        )
    return ok("store memory", text)


def _clock(ahead: float) -> Finding:
    if abs(ahead) <= CLOCK_TOLERANCE:
        return ok("store clock", "agrees with ours")
    text = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    return warning("store clock", text, "synchronise the clocks (NTP)")


def _mebibytes(number: int) -> str:
    return f"{number / 1024 / 1024:.1f} MiB"


async def _desk(desk: Desk) -> list[Finding]:
    parked = [one for one in await desk.workspaces() if one.parked]
    alive = _alive(await desk.workers())
    findings = [alive if alive.mark == "ok" else warning("worker", alive.text, alive.advice)]
    for one in parked[:MOST_SHOWN]:
        advice = f"when that is mended: paidmark resume {one.workspace}"
        findings.append(
            warning(f"workspace {one.workspace}", f"parked, {one.backlog} waiting: {one.parked}", advice)
        )
    return findings


def _alive(workers: Mapping[str, float]) -> Finding:
    if workers:
        return ok("worker", f"{len(workers)} alive, the last sign of life {min(workers.values()):.0f} s ago")
    return wrong("worker", "none has shown a sign of life in the last minute", "start `paidmark work`")
