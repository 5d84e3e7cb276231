"""What a delivery costs the receiver, step by step: from one that keeps nothing to Paidmark's, each a receiver of its own.

All take turns under the load of `acknowledging`. A step is what it costs among all the others, with their pages in the
caches and the store on the other core: alone, in a loop, each would look two to four times cheaper.
"""

from collections.abc import Sequence

from bench.figures import deliveries
from bench.figures.acknowledging import Contender, round_of
from bench.figures.driver import drive
from bench.figures.rig import Rig
from bench.figures.size import Size
from bench.figures.table import Measured, shown

STEPS = (
    ("verified, parsed, kept nowhere", "unstored"),
    ("... pushed onto a list, on disk", "bare"),
    ("... taken by the ledger instead", "ledger"),
    ("... verified and parsed by our source", "source"),
    ("our receiver, without lines of log", "silent"),
    ("our receiver", "paidmark"),
)


async def steps(rig: Rig, size: Size) -> list[str]:
    """Measure it."""
    contenders = [Contender(name, how, database) for database, (name, how) in enumerate(STEPS)]
    for number, one in enumerate(contenders):
        one.port = await rig.start_receiver(one.name, one.how, one.database)
        await drive(one.port, deliveries.prepared(800 + number, 64), connections=1)
    with rig.apart(one.name for one in contenders):
        for lot in range(size.rounds):
            for number, one in enumerate(contenders):
                await round_of(rig, one, size, tag=3_000 + lot * 10 + number)
    for one in contenders:
        await rig.machine.end(one.name)
    return list(_lines(contenders))


def _lines(contenders: Sequence[Contender]) -> list[str]:
    most = contenders[0].rates().median
    lines = [f"{'what a delivery costs':<40}{'webhooks/s':>16}{'':>8}{'receiver':>14}{'store':>12}"]
    for one in contenders:
        rate, receiver, store = one.rates(), Measured(tuple(one.processor)), Measured(tuple(one.store))
        lines.append(
            f"  {one.name:<38}{rate!s:>16}{rate.median / most:>8.0%}"
            f"{shown(receiver.median):>11} us{shown(store.median):>9} us"
        )
    return lines
