"""What the store keeps in memory of each marking: while it waits, when it is settled, and for finding it by entry."""

from redis.asyncio import Redis

from bench.figures import deliveries
from bench.figures.acknowledging import fill
from bench.figures.backlog import NO_LIMIT
from bench.figures.rig import Rig, until
from bench.figures.size import Size
from bench.figures.table import Figure, Measured

DATABASE = 12
WAITING, SETTLED, BY_ENTRY = 700, 500, 450
PATIENCE = 120.0
LISTS = ("backlog", "unclaimed")
BY_ENTRY_KEYS = ("paidmark:claims:*", "paidmark:numbers:*")


async def memory(rig: Rig, size: Size) -> list[Figure]:
    """Measure it. Bytes a marking of twenty entries, by the store's own count of what it uses."""
    await rig.start_sandbox()
    async with rig.store(DATABASE) as store:
        await store.flushdb()
        empty = await _used(store)
        await fill(rig.store_url(DATABASE), size.kept)
        waiting = (await _used(store) - empty) / size.kept
        await rig.start_worker("worker", "paidmark", DATABASE, rate=NO_LIMIT)

        async def done() -> bool:
            figures = await rig.ask_sandbox("GET", "counts")
            left = await store.exists(*(f"paidmark:{name}:{deliveries.workspace(0)}" for name in LISTS))
            return bool(figures["ids_marked"] >= size.kept * deliveries.ENTRIES) and left == 0

        await until(done, PATIENCE, "the backlog is done, and all claims are written", every=0.2)
        await rig.machine.end("worker")
        settled = (await _used(store) - empty) / size.kept
        by_entry = await _used_by(store, BY_ENTRY_KEYS) / size.kept
    return [
        _figure("waiting", waiting, WAITING),
        _figure("settled", settled - by_entry, SETTLED),
        _figure("settled, for finding it by entry", by_entry, BY_ENTRY),
    ]


def _figure(name: str, value: float, goal: int) -> Figure:
    return Figure(
        name=f"memory of a marking, {name}", unit="bytes", ours=Measured((value,)),
        limit=Measured((float(deliveries.ENTRIES * 12),)), goal=f"<= {goal}", met=value <= goal,
    )  # fmt: skip


async def _used(store: Redis) -> int:
    used: int = (await store.info("memory"))["used_memory"]
    return used


async def _used_by(store: Redis, patterns: tuple[str, ...]) -> int:
    used = 0
    for pattern in patterns:
        async for key in store.scan_iter(pattern, count=1_000):
            used += await store.memory_usage(key, samples=0) or 0
    return used
