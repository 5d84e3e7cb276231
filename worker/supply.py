"""The batches of one round, handed to those who send them: more are read while the last of them are on their way."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from worker.batches import Batch
from worker.ending import end


class Supply:
    """Batches, taken one by one by several senders. `more` reads further ones; it answers none at the end."""

    def __init__(
        self, batches: Iterable[Batch], low: int, more: Callable[[], Awaitable[list[Batch]]] | None
    ) -> None:
        """Read more as soon as no more than `low` are left; never, without `more`."""
        self._batches = deque(batches)
        self._low = low
        self._more = more
        self._reading: asyncio.Task[None] | None = None

    async def next(self) -> Batch | None:
        """The next batch, once there is one; None when all have been taken. Raises what `more` raises."""
        while not (batch := self.take()) and self._reading is not None:
            await asyncio.shield(self._reading)
        return batch

    def take(self) -> Batch | None:
        """The next batch, if there is one at once."""
        if len(self._batches) <= self._low and self._more and self._reading is None:
            self._reading = asyncio.create_task(self._read(self._more))
        return self._batches.popleft() if self._batches else None

    async def close(self) -> list[Batch]:
        """Read no more. Returns what nobody has taken."""
        if self._reading is not None:
            await end(self._reading)
        return list(self._batches)

    async def _read(self, more: Callable[[], Awaitable[list[Batch]]]) -> None:
        batches = await more()
        self._batches.extend(batches)
        self._more = more if batches else None
        self._reading = None
