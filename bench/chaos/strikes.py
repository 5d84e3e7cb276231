"""How each fault of the plan is done: it strikes one process, one link or Clockify, and gives back what it takes.

The store has a module of its own. Each returns whether it has struck: a cut that meets no connection has not. Who could make no progress meanwhile is noted.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bench.chaos import on_store
from bench.chaos.plan import CLOCKIFY, Fault
from bench.chaos.stage import Stage

LOOKS_OUT = 10.0
"""Seconds within which a fault that waits for the next words on a link must have met some."""


async def _kill(stage: Stage, fault: Fault) -> bool:
    return await stage.end(fault.target, signal.SIGKILL, fault.seconds)


async def _terminate(stage: Stage, fault: Fault) -> bool:
    return await stage.end(fault.target, signal.SIGTERM, fault.seconds)


async def _freeze(stage: Stage, fault: Fault) -> bool:
    return await stage.freeze(fault.target, fault.seconds)


async def _cut(stage: Stage, fault: Fault) -> bool:
    link, when = stage.links[fault.target], dict(fault.also)["when"]
    if when == "now":
        return link.cut() > 0
    cut = link.cut_next(after=when == "before the reply")
    try:
        return await _within(LOOKS_OUT, cut.struck)
    finally:
        link.let_be(cut)


async def _refuse(stage: Stage, fault: Fault) -> bool:
    with stage.holding_up(fault.target):
        async with stage.links[fault.target].refusing() as spell:
            await asyncio.sleep(fault.seconds)
    return spell.struck > 0


async def _slow(stage: Stage, fault: Fault) -> bool:
    delay = dict(fault.also)["delay"]
    with stage.holding_up(fault.target):
        async with stage.links[fault.target].slowed(delay) as spell:
            await asyncio.sleep(fault.seconds)
        await asyncio.sleep(2 * delay)  # what came last is still on its way
    return spell.struck > 0


async def _late(stage: Stage, fault: Fault) -> bool:
    """The next PATCH of a worker is held, and delivered when it has long been given up."""
    hold = stage.links[fault.target].hold(b"PATCH ")
    try:
        if not await _within(LOOKS_OUT, hold.caught):
            return False
        with stage.holding_up(fault.target):
            await asyncio.sleep(fault.seconds)
        stage.counts["late calls"] += 1
    finally:
        stage.links[fault.target].let_be(hold)
        hold.released.set()
    return True


async def _within(seconds: float, event: asyncio.Event) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def _clockify(stage: Stage, fault: Fault) -> bool:
    """Clockify misbehaves, for a while or for so many calls. What it does not answer at once is held up."""
    ordered = dict(fault.also)
    name = await stage.witness.order(ordered)
    if ordered["kind"] not in ("latency", "silence"):
        await asyncio.sleep(fault.seconds)
        return await stage.witness.lift(name)
    with stage.holding_up(CLOCKIFY):
        await asyncio.sleep(fault.seconds)
        struck = await stage.witness.lift(name)
        await asyncio.sleep(ordered.get("seconds", 0.0))  # what it struck last is still on its way
    return struck


STRIKES: dict[str, Callable[[Stage, Fault], Awaitable[bool]]] = {
    "kill": _kill,
    "terminate": _terminate,
    "freeze": _freeze,
    "cut": _cut,
    "refuse": _refuse,
    "slow": _slow,
    "late": _late,
    "full": on_store.full,
    "read-only": on_store.read_only,
    "paused": on_store.paused,
    "disk error": on_store.disk_error,
    "forget scripts": on_store.forget_scripts,
    "clockify": _clockify,
}
