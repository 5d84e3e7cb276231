"""The conductor: carries the plan out, each fault at its time, as many at once as the plan has it.

It counts what has struck, and what found nothing to strike; how a fault is done is `bench.chaos.strikes`'s.
"""

import asyncio
import time
from collections.abc import Callable

from bench.chaos.plan import Fault
from bench.chaos.stage import Stage
from bench.chaos.strikes import STRIKES

MISSED = "faults that found nothing to strike"


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
    struck = await STRIKES[fault.name](stage, fault)
    stage.counts["faults" if struck else MISSED] += 1
