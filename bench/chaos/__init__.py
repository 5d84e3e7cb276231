"""The kill test: everything that can happen to Paidmark, done to it, under load; then the proof, from outside.

Real processes - two receivers, two workers, a store that writes through, the sandbox - and a link between any two that
talk. A seeded load is told by a sender that behaves as billing systems do, while a seeded plan of faults is carried out.
The sandbox is the witness: it alone is not killed. What the sender saw acknowledged is held against what the sandbox holds.
"""

import asyncio
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.chaos import acts, report
from bench.chaos.conductor import conduct
from bench.chaos.load import Load, write
from bench.chaos.plan import Fault, draw
from bench.chaos.proof import Evidence, prove, wrong_now
from bench.chaos.report import Calm
from bench.chaos.sender import Sender
from bench.chaos.stage import DOUBT, LEASE, Stage, built

ENOUGH = 120.0
"""Seconds within which everything is acknowledged, and then done, when the faults are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much: deliveries, seconds of load and faults, seconds between two faults on average."""

    webhooks: int
    seconds: float
    every: float


def run(size: Size, seed: int, *, keep: bool = False) -> int:
    """Do it all; print what was tried and what happened. Returns 0 if nothing was lost or marked wrongly, else 1."""
    folder = Path(tempfile.mkdtemp(prefix="paidmark-chaos-"))
    try:
        return asyncio.run(_run(folder, size, seed))
    finally:
        if not keep:
            shutil.rmtree(folder)


async def _run(folder: Path, size: Size, seed: int) -> int:
    load = write(size.webhooks, seconds=size.seconds, seed=seed, now=time.time())
    plan = draw(seconds=size.seconds, every=size.every, seed=seed)
    report.begin(seed, load, plan, size.seconds, folder)
    calm = Calm()
    async with built(folder, load) as stage:
        report.step("everything is up")
        sender = Sender(stage.receivers, stage.secrets, stage.session, seed)
        try:
            await _storm(stage, sender, load, plan)
            await _calm(stage, sender, load, calm)
        except TimeoutError as error:
            stage.wrong.append(str(error))
        end = await _evidence(stage, sender, load)
        figures = await stage.sandbox("GET", "figures")
    report.show(seed, stage, sender, figures, calm)
    wrong = [*stage.wrong, *sender.wrong, *report.tracebacks(folder), *calm.finding.wrong, *wrong_now(end)]
    return report.conclude(wrong, sum(bool(entry["invoiced"]) for entry in end.touched.values()))


async def _storm(stage: Stage, sender: Sender, load: Load, plan: list[Fault]) -> None:
    """Load and faults, at once; then the sender has its time to send again what is not acknowledged."""
    telling = asyncio.create_task(sender.tell(load.tellings))
    await conduct(stage, plan, report.say)
    report.step("the faults are over")
    done, _ = await asyncio.wait([telling], timeout=ENOUGH)
    if not done:
        telling.cancel()
        raise TimeoutError(f"{len(sender.sent) - len(sender.acknowledged)} events are not acknowledged")
    await telling


async def _calm(stage: Stage, sender: Sender, load: Load, calm: Calm) -> None:
    """Wait until everything is done, and prove; then try things one by one."""
    calm.settled = await stage.settled(ENOUGH)
    report.step(f"nothing waits any more, {calm.settled:.1f} s later")
    await asyncio.sleep(DOUBT + LEASE)  # until then a call that was given up may be said once more
    await stage.settled(ENOUGH)
    calm.finding = prove(await _evidence(stage, sender, load))
    report.step("proven so far; now one thing after the other")
    calm.sleepers = await acts.sleepers(stage, sender, load)
    calm.good = await acts.bad_among_good(stage, sender, load)
    await stage.settled(ENOUGH)
    report.step("the store is put back to an older file")
    calm.sent_again = await acts.older_file(stage, sender, load, seed=sender.seed + 1)
    await stage.settled(ENOUGH)


async def _evidence(stage: Stage, sender: Sender, load: Load) -> Evidence:
    touched = {entry["id"]: entry for entry in await stage.sandbox("GET", "entries?touched=1")}
    return Evidence(load, sender.sent, sender.acknowledged, touched)
