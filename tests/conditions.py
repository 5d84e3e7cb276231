"""Waiting for something to become true, instead of sleeping and hoping."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")
_PAUSE = 0.005


async def wait_until(predicate: Callable[[], T | Awaitable[T]], *, within: float = 5.0, because: str) -> T:
    """Return what `predicate` answers as soon as it is true; fail after `within` seconds, saying `because`."""
    deadline = monotonic() + within
    while True:
        answer = predicate()
        value: T = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {because}")
        await asyncio.sleep(_PAUSE)
