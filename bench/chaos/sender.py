"""A billing system, as real ones behave: it sends everything again that was not answered with 200, to whom it reaches.

What it has seen acknowledged, and when, is half of the evidence.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from math import ceil

import aiohttp

from bench.chaos.load import Telling
from webhooks.sources import KINDS
from webhooks.sources.kind import Options

OK, UNAUTHENTIC, IN_DOUBT = 200, 401, 503
LONGEST_PAUSE = 8.0
"""Seconds between two tries, at most: they grow, or a short outage would end in a storm of the sender's own."""
AT_ONCE = 64
PATIENCE = aiohttp.ClientTimeout(total=5)


@dataclass(slots=True)
class Sender:
    """Sends to any of `urls`. `sent` and `acknowledged` say when, in seconds since 1970, each event was so first."""

    urls: Sequence[str]
    secrets: dict[str, str] = field(repr=False)
    session: aiohttp.ClientSession
    seed: int
    lanes: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    sent: dict[str, float] = field(default_factory=dict)
    acknowledged: dict[str, float] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    _known: dict[str, asyncio.Event] = field(default_factory=dict)

    async def tell(self, tellings: Iterable[Telling]) -> None:
        """Tell everything, each at its time; return when all of it has been acknowledged."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as telling:
            for one in sorted(tellings, key=lambda each: each.starts):
                await asyncio.sleep(max(0.0, began + one.starts - time.monotonic()))
                telling.create_task(self._tell(one))

    async def repeat(self, tellings: Sequence[Telling], share: float) -> None:
        """Deliver a share of what was acknowledged once more, in another order and signed anew."""
        chance = random.Random(f"{self.seed} again")  # noqa: S311 - makes up a sender, guards nothing
        chosen = chance.sample(tellings, ceil(len(tellings) * share))
        await self.tell([replace(one, starts=0.0, after=(), copies=1) for one in chosen])

    async def _tell(self, telling: Telling) -> None:
        for event in telling.after:
            await self._is_known(event).wait()
        chance = random.Random(f"{self.seed} {telling.event}")  # noqa: S311 - makes up a sender, guards nothing
        self.sent.setdefault(telling.event, time.time())
        await asyncio.gather(*(self._deliver(telling, chance, copy) for copy in range(telling.copies)))

    async def _deliver(self, telling: Telling, chance: random.Random, copy: int) -> None:
        """Post one copy until it is answered for good: 200, or 401 for what is forged."""
        kind = KINDS[telling.source]
        body = kind.sample(telling.sample, Options())
        final = UNAUTHENTIC if telling.forged else OK
        await asyncio.sleep(copy * chance.expovariate(1.0))
        for tries in count():
            secret = self.secrets["forged" if telling.forged else telling.source]
            headers = kind.sign(body, secret, telling.event, time.time(), Options()).headers
            status = await self._post(f"{chance.choice(self.urls)}/webhooks/{telling.source}", body, headers)
            if status == final:
                break
            if status not in (0, IN_DOUBT):
                self.wrong.append(f"{telling.event} was answered {status}, must be {final} or {IN_DOUBT}")
                if status == OK:
                    break
            await asyncio.sleep(chance.uniform(0.5, 1.0) * min(LONGEST_PAUSE, 0.2 * 2 ** min(tries, 10)))
        if not telling.forged:
            self.acknowledged.setdefault(telling.event, time.time())
            self._is_known(telling.event).set()

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer; 0 where there was none."""
        try:
            async with (
                self.lanes,
                self.session.post(url, data=body, headers=headers, timeout=PATIENCE) as response,
            ):
                await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.answers["none"] += 1
            return 0
        self.answers[str(response.status)] += 1
        return response.status

    def _is_known(self, event: str) -> asyncio.Event:
        return self._known.setdefault(event, asyncio.Event())
