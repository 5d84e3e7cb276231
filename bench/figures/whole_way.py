"""The whole way: from the acknowledgement to the call at Clockify, of a service that has nothing else to do."""

import asyncio
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bench.figures import deliveries
from bench.figures.driver import drive
from bench.figures.rig import COME_UP, Rig, until
from bench.figures.size import Size
from bench.figures.table import Figure, Measured

PAUSES = (0.005, 0.05)
"""Between two deliveries, in seconds: never in step with anybody's poll."""
LOOK_EVERY = 0.01
WARM_UP = 100_000
"""The numbers from here on are those of deliveries that are not measured."""
BARS = (0.5, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 500)


@dataclass(slots=True)
class Way:
    """One service, and the milliseconds from each acknowledgement to its call.

    One that takes half a second each is asked `every` so many times only.
    """

    name: str
    receiver: str
    worker: str
    database: int
    every: int = 1
    port: int = 0
    milliseconds: list[float] = field(default_factory=list)
    processor: float = 0.0

    def share(self, share: float) -> float:
        """A percentile."""
        ordered = sorted(self.milliseconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def whole_way(rig: Rig, size: Size) -> tuple[list[Figure], list[str]]:
    """Measure it; gives figures, and the histogram."""
    await rig.start_sandbox()
    ways = [
        Way("ours", "paidmark", "paidmark", 5), Way("plain", "stored", "tuned", 6), Way("bare", "bare", "bare", 8),
        Way("plain, arq's defaults", "stored", "default", 7, every=5),
    ]  # fmt: skip
    each = -(-size.latencies // size.rounds)
    for first in range(0, size.latencies, each):
        for tag, way in enumerate(ways):
            numbers = range(first, min(first + each, size.latencies), way.every)
            await round_of_way(rig, way, tag=200 + tag, numbers=numbers)
    return _figures(*ways), [*histogram(ways), _processor(ways)]


async def round_of_way(rig: Rig, way: Way, tag: int, numbers: range) -> None:
    """Some deliveries, while no other service runs: a poll of another's is not what is asked about."""
    way.port = await rig.start_receiver(f"{way.name}, receiver", way.receiver, way.database)
    await rig.start_worker(f"{way.name}, worker", way.worker, way.database, rate="100000/s")
    await _one(rig, way, tag=tag, number=WARM_UP + numbers.start)
    before = rig.processor(f"{way.name}, worker")
    way.milliseconds += [await _one(rig, way, tag=tag, number=number) for number in numbers]
    way.processor += rig.processor(f"{way.name}, worker") - before
    await rig.machine.end(f"{way.name}, receiver")
    await rig.machine.end(f"{way.name}, worker")


async def _one(rig: Rig, way: Way, tag: int, number: int) -> float:
    """Post one delivery and wait for its call. Returns the milliseconds between them."""
    await asyncio.sleep(random.uniform(*PAUSES))  # noqa: S311 - not for secrets
    before: int = (await rig.ask_sandbox("GET", "counts"))["ids_marked"]
    acknowledged = (await drive(way.port, deliveries.prepared(tag, 1, first=number), connections=1)).last

    async def called() -> bool:
        marked: int = (await rig.ask_sandbox("GET", "counts"))["ids_marked"]
        return bool(marked > before)

    await until(called, COME_UP, f"{way.name}: the call comes", every=LOOK_EVERY)
    called_at: float = (await rig.ask_sandbox("GET", "calls?last=1"))[0]["at"]
    return (called_at - acknowledged) * 1000


def _figures(ours: Way, plain: Way, bare: Way, default: Way) -> list[Figure]:
    made = []
    for share, goal in ((0.5, 2.0), (0.99, 5.0)):
        at = ours.share(share)
        made.append(
            Figure(
                name=f"acknowledged to PATCH, p{share * 100:g}", unit="ms", ours=Measured((at,)),
                plain=Measured((plain.share(share),)), bare=Measured((bare.share(share),)), ratio=f"arq's defaults: {default.share(share):,.0f}",
                goal=f"<= {goal:g} ms", met=at <= goal,
            )
        )  # fmt: skip
    return made


def _processor(ways: Sequence[Way]) -> str:
    each = (way.processor / len(way.milliseconds) * 1000 for way in ways)
    return f"{'  processor a call':<24}" + "".join(f"{one:>21.1f} ms" for one in each)


def histogram(ways: Sequence[Way]) -> list[str]:
    """How many calls came within which time, a line a bar."""
    lines = ["acknowledged to PATCH   " + "".join(f"{way.name:>24}" for way in ways)]
    for low, high in pairwise((-math.inf, *BARS, math.inf)):
        counts = [sum(low < one <= high for one in way.milliseconds) for way in ways]
        name = f"over {low:g} ms" if math.isinf(high) else f"up to {high:g} ms"
        lines.append(f"  {name:<22}" + "".join(f"{count:>24}" for count in counts))
    return lines
