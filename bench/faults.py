"""What can be done to a link, and whether it has struck. Records; `bench.link` fills them in."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True, eq=False)
class Hold:
    """A request that is held: `caught` when it has come, and goes on when `released`."""

    needle: bytes
    caught: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Cut:
    """A cut of the connection that speaks next: before its request has gone on, or `after`, before the reply comes back."""

    after: bool
    struck: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Spell:
    """A while for which everything takes longer, or nobody gets through. `struck`: how much has met it."""

    delay: float = 0.0
    struck: int = 0
