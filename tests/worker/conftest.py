"""An empty ledger for each test."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.worker.worlds import Bench, Ledger, bench, opened


@pytest.fixture
async def ledger(store: Redis, store_url: str) -> AsyncIterator[Ledger]:
    async with opened(store_url) as one:
        yield one


@pytest.fixture
async def worker(ledger: Ledger) -> AsyncIterator[Bench]:
    async with bench(ledger) as one:
        yield one
