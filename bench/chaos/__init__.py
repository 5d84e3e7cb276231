"""The kill test: everything that can happen to Paidmark, done to it, under load; then the proof, from outside.

Real processes - two receivers, two workers, a store that writes through, the sandbox - and a link between any two that
talk. A seeded load is told by a sender that behaves as billing systems do, while a seeded plan of faults is carried out.
The sandbox is the witness: it alone is not killed. What the sender saw acknowledged is held against what the sandbox holds.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from redis.exceptions import RedisError

from bench.chaos import report
from bench.chaos.acts import ACTS
from bench.chaos.acts.older import older_file
from bench.chaos.build import RATE, WINDOW, built
from bench.chaos.conductor import conduct
from bench.chaos.evidence import Evidence
from bench.chaos.lives import write
from bench.chaos.load import Load
from bench.chaos.plan import Fault, draw
from bench.chaos.proof import prove, wrong_now
from bench.chaos.rate import too_fast
from bench.chaos.report import Calm
from bench.chaos.sender import Sender
from bench.chaos.stage import DOUBT, LEASE, Stage

ENOUGH = 120.0
"""Seconds within which everything is acknowledged, and then done, when the faults are over."""
FRESH = 1.0
"""Seconds for which a permit to call is good: so much closer together may calls arrive than they were permitted."""
BREAKS = (TimeoutError, aiohttp.ClientError, RedisError, OSError)
"""What ends the run before its time: a wait that was in vain, a sandbox or a store that does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much: deliveries, seconds of load and faults, seconds between two faults on average."""

    webhooks: int
    seconds: float
    every: float


def run(size: Size, seed: int, *, keep: bool = False) -> int:
    """Do it all; print what was tried and what happened. Returns 0 if nothing was lost or marked wrongly, else 1."""
    folder, status = Path(tempfile.mkdtemp(prefix="paidmark-chaos-")), None
    try:
        status = asyncio.run(_run(folder, size, seed))
    except* BREAKS as broken:
        status = report.conclude(list(_reasons(broken)), 0)
    finally:
        if status is None:
            report.conclude(["the kill test itself has broken off"], 0)
        if status == 0 and not keep:  # what was not proven has to be looked into
            shutil.rmtree(folder)
    return status


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
        except* BREAKS as broken:
            stage.wrong += _reasons(broken)
        await stage.watch()
        end = await _evidence(stage, sender, load)
        figures = await stage.witness.figures()
    report.show(seed, stage, sender, figures, calm)
    wrong = [*stage.wrong, *sender.wrong, *report.tracebacks(folder), *calm.wrong, *wrong_now(end)]
    return report.conclude(wrong, sum(bool(entry["invoiced"]) for entry in end.touched.values()))


def _reasons(broken: BaseException) -> Iterable[str]:
    """What has ended the run, in words."""
    if isinstance(broken, BaseExceptionGroup):
        for one in broken.exceptions:
            yield from _reasons(one)
    else:
        said = "" if type(broken) is TimeoutError else f"{type(broken).__name__}: "
        yield f"the kill test has broken off: {said}{broken}"


async def _storm(stage: Stage, sender: Sender, load: Load, plan: list[Fault]) -> None:
    """Load and faults, at once; then the sender has its time to send again what is not acknowledged."""
    telling = asyncio.create_task(sender.tell(load.tellings))
    await conduct(stage, plan, report.say)
    report.step("the faults are over")
    done, _ = await asyncio.wait([telling], timeout=ENOUGH)
    await stage.watch()
    if not done:
        telling.cancel()
        raise TimeoutError(f"{len(sender.sent) - len(sender.acknowledged)} events are not acknowledged")
    await telling


async def _calm(stage: Stage, sender: Sender, load: Load, calm: Calm) -> None:
    """Wait until everything is done, and prove; then try things one by one, and prove again."""
    calm.settled = await stage.settled(ENOUGH)
    report.step(f"nothing waits any more, {calm.settled:.1f} s later")
    calm.wrong += await _too_fast(stage, calm)
    await asyncio.sleep(DOUBT + LEASE)  # until then a call that was given up may be said once more
    await _quiet(stage)
    calm.finding = prove(await _evidence(stage, sender, load))
    calm.wrong += calm.finding.wrong
    report.step("held against what was acknowledged; now one thing after the other")
    await _acts(stage, sender, load, calm)
    calm.wrong += prove(await _evidence(stage, sender, load)).wrong
    report.step("the store is put back to an older file")
    calm.acts["older file"] = await older_file(stage, sender, load)
    await _quiet(stage)


async def _acts(stage: Stage, sender: Sender, load: Load, calm: Calm) -> None:
    for name, act in ACTS.items():
        calm.acts[name] = await act(stage, sender, load)
        await _quiet(stage)


async def _quiet(stage: Stage) -> None:
    """Wait until nothing waits; nothing may have ended of itself."""
    await stage.watch()
    await stage.settled(ENOUGH)


async def _too_fast(stage: Stage, calm: Calm) -> list[str]:
    """Who was called more often than the workers' limit allows, with what a permit may be late taken off its window."""
    calls = await stage.witness.calls()
    forgotten = (await stage.witness.figures())["calls"] - len(calls)
    if forgotten:
        return [f"the sandbox has forgotten {forgotten:,} calls: whether they were too many cannot be told"]
    named = [one | {"caller": stage.callers.get(one["caller"], one["caller"])} for one in calls]
    calm.calls = len(named)
    return list(too_fast(named, RATE, WINDOW - FRESH, stage.held_up))


async def _evidence(stage: Stage, sender: Sender, load: Load) -> Evidence:
    return Evidence(
        load,
        sender.sent,
        sender.acknowledged,
        await stage.witness.touched(),
        stage.callers,
        stage.held_up,
        [one for one in await stage.witness.calls() if one["route"] == "invoiced"],
    )
