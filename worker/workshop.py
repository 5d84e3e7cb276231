"""What all drains of one process share. A plain record; `worker.app` fills it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from worker.clockify import Clockify
from worker.ledger.hands import Hands
from worker.unsaid import Unsaid

SLICE = 3.0
"""Seconds that one drain works before others have their turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What all drains of one process share.

    `rate` is (calls, seconds); `retry_cap` and `probe_interval` in seconds; `observe(outcome, seconds)` counts calls;
    `closing` is set when the process shall end; `unsaid` outlasts a store that goes away.
    """

    hands: Hands
    clockify: Clockify
    rate: tuple[int, float]
    batch_size: int
    in_flight: int
    retry_cap: float
    probe_interval: float
    dry_run: bool
    observe: Callable[[str, float], None]
    closing: asyncio.Event
    unsaid: Unsaid = field(default_factory=Unsaid)
    slice: float = SLICE
