"""How long nothing happens when a worker is killed in the middle of its work, and another one is there."""

import signal
import time

from bench.figures.acknowledging import fill
from bench.figures.backlog import LATENCY
from bench.figures.rig import Rig, until
from bench.figures.size import Size
from bench.figures.table import Figure, Measured

DATABASE = 13
GOAL = 10.0
PATIENCE = 60.0
ENOUGH_CALLS = 5


async def recovery(rig: Rig, size: Size) -> list[Figure]:
    """Measure it: from the kill to the next call for the same workspace."""
    await rig.start_sandbox()
    await rig.ask_sandbox("POST", "faults", {"kind": "latency", "seconds": LATENCY})
    async with rig.store(DATABASE) as store:
        await store.flushdb()
    await fill(rig.store_url(DATABASE), size.limited * 10)
    await rig.start_worker("first", "paidmark", DATABASE)

    async def working() -> bool:
        return int((await rig.ask_sandbox("GET", "counts"))["calls"]) >= ENOUGH_CALLS

    await until(working, PATIENCE, "the first worker works")
    await rig.start_worker("second", "paidmark", DATABASE)
    await until(lambda: _started(rig, "second"), PATIENCE, "the second worker is up")
    killed = time.time()
    await rig.machine.end("first", signal.SIGKILL)

    async def goes_on() -> bool:
        last = await rig.ask_sandbox("GET", "calls?last=1")
        return float(last[0]["at"]) > killed + 2 * LATENCY

    await until(goes_on, PATIENCE, "the second worker goes on")
    calls = await rig.ask_sandbox("GET", "calls")
    took = min(call["at"] for call in calls if call["at"] > killed + 2 * LATENCY) - killed
    await rig.machine.end("second")
    return [
        Figure(
            name="kill -9 of a worker, until work goes on", unit="s", ours=Measured((took,)), goal=f"<= {GOAL:g} s",
            met=took <= GOAL,
        )
    ]  # fmt: skip


async def _started(rig: Rig, name: str) -> bool:
    return b"worker.started" in rig.machine.log_of(name).read_bytes()
