"""What the store suffers: no memory, no primary, a pause, a disk that fails, scripts forgotten. Each returns whether it struck.

What is taken away is given back, whatever else happens to the store meanwhile.
"""

import asyncio
import resource
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from bench.chaos.plan import STORE, Fault
from bench.chaos.stage import COME_UP, Stage, until

NOWHERE = "1"
"""A port of loopback on which there is no primary: who replicates from it is read-only, and stays so."""
A_FEW_WRITES = 20_000
"""Bytes that the store may still write before its disk fails."""
GONE = (RedisError, OSError)
"""What tells that another fault has the store already."""


async def full(stage: Stage, fault: Fault) -> bool:
    """No memory for another write; what waits flows out all the same, so that nobody is held up."""
    async with stage.locks[STORE], stage.admin() as store:
        return await _spell(
            fault, lambda: store.config_set("maxmemory", 1), lambda: store.config_set("maxmemory", 0)
        )


async def read_only(stage: Stage, fault: Fault) -> bool:
    """A replica, as after a failover: it answers, and takes nothing."""
    async with stage.locks[STORE], stage.admin() as store:
        with stage.holding_up(STORE):
            return await _spell(
                fault, lambda: store.replicaof("127.0.0.1", NOWHERE), lambda: store.replicaof("NO", "ONE")
            )


async def _spell(
    fault: Fault, begin: Callable[[], Awaitable[object]], end: Callable[[], Awaitable[object]]
) -> bool:
    """Let the store be so for a while. It must be as before afterwards, whatever else happens to it."""

    async def ended() -> bool:
        try:
            await end()
        except GONE:
            return False
        return True

    try:
        await begin()
        await asyncio.sleep(fault.seconds)
    except GONE:
        return False
    finally:
        await until(ended, within=COME_UP, because=f"the end of '{fault.name}' does not reach the store")
    return True


async def paused(stage: Stage, fault: Fault) -> bool:
    """It lets every write wait."""

    async def pause(store: Redis) -> None:
        await store.client_pause(int(fault.seconds * 1000), all=False)

    with stage.holding_up(STORE):
        if struck := await _told(stage, pause):
            await asyncio.sleep(fault.seconds)
    return struck


async def forget_scripts(stage: Stage, _: Fault) -> bool:
    """It knows none of the scripts any more."""

    async def flush(store: Redis) -> None:
        await store.script_flush()

    return await _told(stage, flush)


async def _told(stage: Stage, say: Callable[[Redis], Awaitable[None]]) -> bool:
    """Whether the store, which may be down just now, has heard it."""
    try:
        async with stage.admin() as store:
            await say(store)
    except GONE:
        return False
    return True


async def disk_error(stage: Stage, fault: Fault) -> bool:
    """The next writes to disk fail in the middle of a command. A store that writes through gives up then: it is started again."""
    async with stage.locks[STORE]:
        process = stage.machine.running[STORE]
        if process.returncode is not None:
            return False
        soft = max(_sizes(stage.store), default=0) + A_FEW_WRITES
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (soft, resource.RLIM_INFINITY))
        with stage.holding_up(STORE):
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 5 + fault.seconds)
            gave_up = process.returncode is not None
            await stage.machine.end(STORE, signal.SIGKILL)
            await stage.machine.start(STORE)
            await until(stage.store_answers, within=COME_UP, because="the store did not come up")
        stage.counts["kills"] += 1
    return gave_up


def _sizes(folder: Path) -> list[int]:
    return [one.stat().st_size for one in folder.rglob("*.aof")]
