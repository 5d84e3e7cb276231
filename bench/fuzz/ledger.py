"""A look into the store, past all of Paidmark: what is in there, by its bytes.

Between steps everything goes but the counters, so that a long run stays small, and the room for bodies that cannot be
decoded is empty at times, and full at others.
"""

from collections.abc import AsyncIterator
from typing import Any

from redis.asyncio import Redis

from bench.fuzz.attempts import FORGED

COUNTERS = b"paidmark:figures"
UNDECODED = b"paidmark:undecoded"
INVOICE = "paidmark:invoice:"


async def traces_of_forgery(store: Redis) -> list[str]:
    """The keys that hold, or are, anything that a forged delivery named."""
    mark = FORGED.encode()
    return [repr(key) async for key, held in _all(store) if mark in key or any(mark in one for one in held)]


async def missing(store: Redis, kept: list[str]) -> list[str]:
    """Those invoices, of deliveries that were acknowledged, which the ledger does not hold."""
    if not kept:
        return []
    found = await store.mget([INVOICE + name for name in kept])
    return [name for name, held in zip(kept, found, strict=True) if held is None]


async def clear(store: Redis, *, undecoded: bool) -> None:
    """Empty the ledger, but for its counters; bodies that cannot be decoded only if `undecoded`."""
    stay = {COUNTERS} if undecoded else {COUNTERS, UNDECODED}
    keys = [key async for key in store.scan_iter(count=10_000) if key not in stay]
    for start in range(0, len(keys), 10_000):
        await store.unlink(*keys[start : start + 10_000])


async def _all(store: Redis) -> AsyncIterator[tuple[bytes, list[bytes]]]:
    """Every key with its values."""
    by_kind: dict[bytes, list[bytes]] = {}
    keys = [key async for key in store.scan_iter(count=10_000)]
    for start in range(0, len(keys), 1_000):
        some = keys[start : start + 1_000]
        async with store.pipeline(transaction=False) as asked:
            for key in some:
                asked.type(key)
            for key, kind in zip(some, await asked.execute(), strict=True):
                by_kind.setdefault(kind, []).append(key)
    for kind, alike in by_kind.items():
        for start in range(0, len(alike), 1_000):
            some = alike[start : start + 1_000]
            async with store.pipeline(transaction=False) as asked:
                for key in some:
                    _ask(asked, kind, key)
                for key, held in zip(some, await asked.execute(), strict=True):
                    yield key, _flat(held)


def _ask(asked: Any, kind: bytes, key: bytes) -> None:
    if kind == b"hash":
        asked.hgetall(key)
    elif kind == b"set":
        asked.smembers(key)
    elif kind == b"list":
        asked.lrange(key, 0, -1)
    elif kind == b"zset":
        asked.zrange(key, 0, -1)
    else:
        asked.get(key)


def _flat(held: Any) -> list[bytes]:
    if isinstance(held, dict):
        return [*held.keys(), *held.values()]
    return list(held) if isinstance(held, list | set) else [held or b""]
