"""Waiting for something to become true, instead of sleeping and hoping."""

import asyncio
import inspect
from collections.abc import Callable
from time import monotonic
from typing import Any

_PAUSE = 0.005


async def wait_until(predicate: Callable[[], Any], *, within: float = 15.0, because: str) -> Any:
    """Return what `predicate` answers as soon as it is true; fail after `within` seconds, saying `because`."""
    deadline = monotonic() + within
    while True:
        answer = predicate()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {because}")
        await asyncio.sleep(_PAUSE)
