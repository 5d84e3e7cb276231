"""The most common stack in Paidmark's place: FastAPI and Celery, on the same store and sandbox, in the same run."""

from importlib.util import find_spec

from bench.figures import deliveries
from bench.figures.acknowledging import Contender, round_of
from bench.figures.backlog import LATENCY, LIMIT, NO_LIMIT, drained
from bench.figures.driver import drive
from bench.figures.rig import Rig
from bench.figures.size import Size
from bench.figures.table import Figure, Measured
from bench.figures.whole_way import Way, round_of_way

NEEDED = ("fastapi", "uvicorn", "celery", "requests")
OURS, PEERS = "paidmark", "peers"
FEWER = 5
"""The peers work on so many times fewer invoices: their rate does not depend on how many wait."""


def missing() -> str:
    """What must be installed first; empty if all is there."""
    absent = [name for name in NEEDED if find_spec(name) is None]
    return f"{', '.join(absent)}: not installed; pip install -e '.[peers]'" if absent else ""


async def peers(rig: Rig, size: Size) -> list[Figure]:
    """Measure it; `plain` in the table are the peers."""
    return [*await _acknowledging(rig, size), *await _whole_way(rig, size), *await _backlogs(rig, size)]


async def _acknowledging(rig: Rig, size: Size) -> list[Figure]:
    ours, theirs = (Contender(how, how, database) for how, database in ((OURS, 0), (PEERS, 13)))
    for number, one in enumerate((ours, theirs)):
        one.port = await rig.start_receiver(one.name, one.how, one.database)
        await drive(one.port, deliveries.prepared(700 + number, 64), connections=1)
    with rig.apart((OURS, PEERS)):
        for lot in range(size.rounds):
            for number, one in enumerate((ours, theirs)):
                await round_of(rig, one, size, tag=2_000 + lot * 10 + number)
    for one in (ours, theirs):
        await rig.machine.end(one.name)
    rates = ours.rates(), theirs.rates()
    return [
        _beside("acknowledged", "webhooks/s", *rates, times=rates[0].median / rates[1].median),
        _beside("until acknowledged, p99", "ms", ours.latencies(0.99), theirs.latencies(0.99)),
    ]


async def _whole_way(rig: Rig, size: Size) -> list[Figure]:
    await rig.start_sandbox()
    ours, theirs = Way(OURS, OURS, OURS, 5), Way(PEERS, PEERS, PEERS, 14)
    for number, way in enumerate((ours, theirs)):
        await round_of_way(rig, way, tag=220 + number, numbers=range(size.latencies))
    return [
        _beside(f"acknowledged to PATCH, p{share * 100:g}", "ms", *(Measured((way.share(share),)) for way in (ours, theirs)))
        for share in (0.5, 0.99)
    ]  # fmt: skip


async def _backlogs(rig: Rig, size: Size) -> list[Figure]:
    ours = await drained(rig, OURS, 8, 310, size.backlog, rate=NO_LIMIT)
    theirs = await drained(rig, PEERS, 15, 410, size.backlog // FEWER)
    slow = await drained(rig, OURS, 10, 510, size.limited, limit=LIMIT, latency=LATENCY)
    meanwhile = await drained(
        rig, PEERS, 15, 511, size.limited, limit=LIMIT, latency=LATENCY, patience=max(slow.seconds, 2.0)
    )
    rates = Measured((ours.rate,)), Measured((theirs.rate,))
    return [
        _beside("a backlog, Clockify answers at once", "invoices/s", *rates, times=ours.rate / theirs.rate),
        _beside(
            f"{size.limited:,} invoices at {LIMIT}/s, in {slow.seconds:.0f} s", "invoices",
            Measured((float(slow.invoices),)), Measured((float(meanwhile.invoices),)),
        ),
    ]  # fmt: skip


def _beside(name: str, unit: str, ours: Measured, theirs: Measured, *, times: float = 0.0) -> Figure:
    return Figure(name=name, unit=unit, ours=ours, plain=theirs, ratio=f"{times:.1f}x" if times else "")
