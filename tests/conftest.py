"""What many tests ask for: a real store, empty at the beginning of each test."""

import logging
import os
from collections.abc import AsyncIterator, Iterator

import pytest
import structlog
from redis import Redis
from redis.asyncio import Redis as AsyncRedis

from worker.embedded import embedded_sync


@pytest.fixture(scope="session")
def store_url() -> Iterator[str]:
    """The URL of a store for the whole run: an embedded one, or the empty one that PAIDMARK_REDIS_URL names."""
    given = os.environ.get("PAIDMARK_REDIS_URL")
    if given is None:
        with embedded_sync() as store:
            yield store.url
        return
    with Redis.from_url(given) as client:
        if client.dbsize():
            pytest.exit(
                "PAIDMARK_REDIS_URL names a store with keys in it: tests would flush it", returncode=3
            )
    yield given


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[AsyncRedis]:
    """A client of the store, which is empty."""
    async with AsyncRedis.from_url(store_url) as client:
        await client.flushdb()
        yield client


@pytest.fixture
def log_as_before() -> Iterator[None]:
    """Put the log back as it was: a test that configures it would write to a stream that is gone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level
