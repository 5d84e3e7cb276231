"""How fast deliveries are acknowledged, and how long one waits for it, on an empty store and on a full one.

All contenders in turn, round after round, on one store that writes each acknowledgement to disk.
"""

import asyncio
from dataclasses import dataclass, field

from bench.figures import deliveries
from bench.figures.driver import Drive, drive
from bench.figures.rig import Rig, until
from bench.figures.size import Size
from bench.figures.table import Figure, Measured
from worker.ledger import Intake, Keeping, connect
from worker.ledger.intake import Rules

CONNECTIONS = 64
SEEDED_TOGETHER = 256
PATIENCE = 300.0
TIMES_PLAIN, OF_LIMIT, STAYS = 3.0, 0.65, 0.9
"""Goals: so many times the plain service, such a share of what stores nothing, such a share with much in the store."""
EMPTY, PLAIN, BARE, UNSTORED, FULL, MANY = (
    "ours",
    "plain",
    "bare",
    "stores nothing",
    "ours, full store",
    "ours, many workspaces",
)


@dataclass(slots=True)
class Contender:
    """One receiver, and what each of its rounds gave."""

    name: str
    how: str
    database: int
    workspaces: int = 1
    port: int = 0
    drives: list[Drive] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    store: list[float] = field(default_factory=list)

    def rates(self) -> Measured:
        """Acknowledgements a second, by round."""
        return Measured(tuple(one.rate for one in self.drives))

    def latencies(self, share: float) -> Measured:
        """A percentile of the time until the acknowledgement, in milliseconds, by round."""
        return Measured(tuple(one.latency(share) * 1000 for one in self.drives))


async def acknowledging(rig: Rig, size: Size) -> list[Figure]:
    """Measure it."""
    contenders = [
        Contender(EMPTY, "paidmark", 0), Contender(PLAIN, "stored", 1), Contender(BARE, "bare", 5),
        Contender(UNSTORED, "unstored", 2), Contender(FULL, "paidmark", 3), Contender(MANY, "paidmark", 4, size.workspaces),
    ]  # fmt: skip
    await fill(rig.store_url(3), size.waiting)
    await until(lambda: _quiet(rig), PATIENCE, "the store has rewritten its file", every=0.5)
    for number, one in enumerate(contenders):
        one.port = await rig.start_receiver(one.name, one.how, one.database)
        await drive(one.port, deliveries.prepared(100 + number, 64, workspaces=one.workspaces), connections=1)
    with rig.apart(one.name for one in contenders):
        for lot in range(size.rounds):
            for number, one in enumerate(contenders):
                await round_of(rig, one, size, tag=1_000 + lot * 10 + number)
    for one in contenders:
        await rig.machine.end(one.name)
    return _figures({one.name: one for one in contenders}, size)


async def _quiet(rig: Rig) -> bool:
    """Whether the store does not rewrite its file just now, which takes a core for a while."""
    async with rig.store() as store:
        info = await store.info("persistence")
    return not (info["aof_rewrite_in_progress"] or info["aof_rewrite_scheduled"])


async def round_of(rig: Rig, one: Contender, size: Size, tag: int) -> None:
    """One round of one contender."""
    requests = deliveries.prepared(tag, size.deliveries, workspaces=one.workspaces)
    before, store_before = rig.processor(one.name), rig.processor("store")
    driven = await drive(one.port, requests, connections=CONNECTIONS)
    if driven.statuses != {200: size.deliveries}:
        raise RuntimeError(f"{one.name}: answered {driven.statuses}")
    one.drives.append(driven)
    one.processor.append((rig.processor(one.name) - before) / size.deliveries * 1_000_000)
    one.store.append((rig.processor("store") - store_before) / size.deliveries * 1_000_000)


async def fill(url: str, markings: int, *, workspaces: int = 1, first: int = 0) -> None:
    """Have so many markings waiting."""
    store = connect(url, durable=True, patience=30.0)
    intake = Intake(store, Keeping(), Rules(deadline=60.0))
    running = asyncio.create_task(intake.run())
    left = deliveries.causes(99, markings, workspaces=workspaces, first=first)

    async def lane() -> None:
        for cause in left:
            await intake.accept(cause)

    await asyncio.gather(*(lane() for _ in range(SEEDED_TOGETHER)))
    running.cancel()
    await asyncio.wait([running])
    await store.aclose()


def _figures(by: dict[str, Contender], size: Size) -> list[Figure]:
    ours, plain, bare, limit = (by[name].rates() for name in (EMPTY, PLAIN, BARE, UNSTORED))
    to_plain, to_limit = ours.median / plain.median, ours.median / limit.median
    p99, plain_p50 = by[EMPTY].latencies(0.99), by[PLAIN].latencies(0.5)
    figures = [
        Figure(
            name="acknowledged", unit="webhooks/s", ours=ours, plain=plain, bare=bare, limit=limit,
            ratio=f"{to_plain:.1f}x plain, {to_limit:.0%} of the limit", goal=f">= {TIMES_PLAIN:g}x plain, >= {OF_LIMIT:.0%} of the limit",
            met=to_plain >= TIMES_PLAIN and to_limit >= OF_LIMIT,
        ),
        Figure(
            name="until acknowledged, p99", unit="ms", ours=p99, plain=by[PLAIN].latencies(0.99),
            bare=by[BARE].latencies(0.99), limit=by[UNSTORED].latencies(0.99), ratio=f"plain's p50: {plain_p50.median:.3g}", goal="< plain's p50",
            met=p99.median < plain_p50.median,
        ),
        Figure(
            name="processor of the receiver", unit="us/webhook", ours=Measured(tuple(by[EMPTY].processor)),
            plain=Measured(tuple(by[PLAIN].processor)), bare=Measured(tuple(by[BARE].processor)), limit=Measured(tuple(by[UNSTORED].processor)),
            ratio=f"the generator: {max(one.busy for each in by.values() for one in each.drives):.0%} of a core",
        ),
        Figure(
            name="processor of the store", unit="us/webhook", ours=Measured(tuple(by[EMPTY].store)),
            plain=Measured(tuple(by[PLAIN].store)), bare=Measured(tuple(by[BARE].store)),
        ),
    ]  # fmt: skip
    for name, what in ((FULL, f"{size.waiting:,} waiting"), (MANY, f"{size.workspaces:,} workspaces")):
        rates = by[name].rates()
        share = rates.median / ours.median
        figures.append(
            Figure(
                name=f"acknowledged, {what}", unit="webhooks/s", ours=rates, ratio=f"{share:.0%} of ours above",
                goal=f">= {STAYS:.0%}", met=share >= STAYS,
            )
        )  # fmt: skip
    return figures
