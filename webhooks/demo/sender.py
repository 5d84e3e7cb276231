"""A billing system, as far as its webhooks go: signs, posts, and posts again what was not answered with 200."""

import asyncio
import time
from dataclasses import dataclass, field

import aiohttp

from webhooks.demo.script import Invoice
from webhooks.sources import KINDS
from webhooks.sources.kind import Options

AGAIN_AFTER = 0.2
PATIENCE = 30.0


@dataclass(slots=True)
class Sender:
    """Posts to the receiver at `url`. Counts what it posts; remembers when each invoice was acknowledged."""

    url: str
    secrets: dict[str, str] = field(repr=False)
    session: aiohttp.ClientSession
    posted: int = 0
    took: list[float] = field(default_factory=list)
    acknowledged: dict[str, float] = field(default_factory=dict)

    async def tell(self, invoice: Invoice, *, paid: bool, at: float) -> None:
        """Post until it is acknowledged. Raises TimeoutError if it never is."""
        sample = invoice.told(paid=paid, at=at)
        body = KINDS[invoice.source].sample(sample, Options())
        async with asyncio.timeout(PATIENCE):
            while not await self._post(invoice.source, sample.event, body):  # noqa: ASYNC110 - as senders do
                await asyncio.sleep(AGAIN_AFTER)
        self.acknowledged.setdefault(sample.event, time.time())

    async def _post(self, source: str, event: str, body: bytes) -> bool:
        headers = KINDS[source].sign(body, self.secrets[source], event, time.time(), Options()).headers
        started = time.perf_counter()
        self.posted += 1
        async with self.session.post(f"{self.url}/webhooks/{source}", data=body, headers=headers) as response:
            await response.read()
        self.took.append(time.perf_counter() - started)
        return response.status == 200  # noqa: PLR2004 - 200 OK, and nothing else, is an acknowledgement
