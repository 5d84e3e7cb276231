"""Ending tasks, for certain."""

import asyncio
from typing import Any

_AGAIN_AFTER = 0.05


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks until each has ended, however. Once is not enough: a cancellation can get lost in redis-py."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_AFTER)
    await asyncio.gather(*tasks, return_exceptions=True)
