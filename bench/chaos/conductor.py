"""The conductor: carries the plan out, each fault at its time, as many at once as the plan has it.

A fault strikes one process, one link, the store or Clockify; what it takes away it gives back in the end.
"""

import asyncio
import resource
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from redis.exceptions import RedisError

from bench.chaos.plan import Fault
from bench.chaos.stage import Stage

NOWHERE = "1"
"""A port of loopback on which there is no primary: who replicates from it is read-only, and stays so."""
A_FEW_WRITES = 20_000
"""Bytes that the store may still write before its disk fails."""


async def conduct(stage: Stage, plan: list[Fault], tell: Callable[[str], None]) -> None:
    """Let every fault of the plan strike; return when all of them are over."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as faults:
        for fault in plan:
            await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
            await stage.watch()
            tell(str(fault))
            faults.create_task(_strike(stage, fault))
    await stage.watch()


async def _strike(stage: Stage, fault: Fault) -> None:
    """One fault. That the store is gone already, by another fault, is no reason to stop."""
    stage.counts["faults"] += 1
    with suppress(RedisError, OSError):
        await _FAULTS[fault.name](stage, fault)


async def _kill(stage: Stage, fault: Fault) -> None:
    await stage.end(fault.target, signal.SIGKILL, fault.seconds)


async def _terminate(stage: Stage, fault: Fault) -> None:
    await stage.end(fault.target, signal.SIGTERM, fault.seconds)


async def _freeze(stage: Stage, fault: Fault) -> None:
    await stage.freeze(fault.target, fault.seconds)


async def _cut(stage: Stage, fault: Fault) -> None:
    link, when = stage.links[fault.target], dict(fault.also)["when"]
    if when == "now":
        link.cut()
    else:
        link.cut_next(after=when == "before the reply")


async def _refuse(stage: Stage, fault: Fault) -> None:
    await stage.links[fault.target].refuse(fault.seconds)


async def _slow(stage: Stage, fault: Fault) -> None:
    await stage.links[fault.target].slow(dict(fault.also)["delay"], fault.seconds)


async def _late(stage: Stage, fault: Fault) -> None:
    """The next PATCH of a worker is held, and delivered when it has long been given up."""
    hold = stage.links[fault.target].hold(b"PATCH ")
    try:
        async with asyncio.timeout(10):
            await hold.caught.wait()
        await asyncio.sleep(fault.seconds)
        stage.counts["late calls"] += 1
    except TimeoutError:
        stage.links[fault.target].let_be(hold)
    finally:
        hold.released.set()


async def _full(stage: Stage, fault: Fault) -> None:
    """No memory for another write."""
    async with stage.locks["store"], stage.admin() as store:
        await store.config_set("maxmemory", 1)
        await asyncio.sleep(fault.seconds)
        await store.config_set("maxmemory", 0)


async def _read_only(stage: Stage, fault: Fault) -> None:
    """A replica, as after a failover: it answers, and takes nothing."""
    async with stage.locks["store"], stage.admin() as store:
        await store.replicaof("127.0.0.1", NOWHERE)
        await asyncio.sleep(fault.seconds)
        await store.replicaof("NO", "ONE")


async def _paused(stage: Stage, fault: Fault) -> None:
    async with stage.admin() as store:
        await store.client_pause(int(fault.seconds * 1000), all=False)


async def _disk_error(stage: Stage, fault: Fault) -> None:
    """The next writes to disk fail in the middle of a command. A store that writes through gives up then: it is started again."""
    async with stage.locks["store"]:
        process = stage.machine.running["store"]
        largest = max(_sizes(stage.store), default=0)
        soft = largest + A_FEW_WRITES
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 5 + fault.seconds)
        await stage.machine.end("store", signal.SIGKILL)
        await stage.machine.start("store")
        stage.counts["kills"] += 1


def _sizes(folder: Path) -> list[int]:
    return [one.stat().st_size for one in folder.rglob("*.aof")]


async def _forget_scripts(stage: Stage, _: Fault) -> None:
    async with stage.admin() as store:
        await store.script_flush()


async def _clockify(stage: Stage, fault: Fault) -> None:
    """Clockify misbehaves, for a while or for so many calls."""
    ordered = await stage.sandbox("POST", "faults", dict(fault.also))
    await asyncio.sleep(fault.seconds)
    with suppress(OSError):
        await stage.lift(ordered["id"])


_FAULTS: dict[str, Callable[[Stage, Fault], Awaitable[None]]] = {
    "kill": _kill,
    "terminate": _terminate,
    "freeze": _freeze,
    "cut": _cut,
    "refuse": _refuse,
    "slow": _slow,
    "late": _late,
    "full": _full,
    "read-only": _read_only,
    "paused": _paused,
    "disk error": _disk_error,
    "forget scripts": _forget_scripts,
    "clockify": _clockify,
}
