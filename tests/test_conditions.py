"""The means of the other tests: waiting for a condition, and a store that is empty."""

import asyncio

import pytest
from redis.asyncio import Redis

from tests.conditions import wait_until


async def test_waiting_ends_with_what_came_true() -> None:
    arrived: list[str] = []
    asyncio.get_running_loop().call_later(0.02, arrived.append, "here")

    assert await wait_until(lambda: arrived, because="it arrives") == ["here"]


async def test_a_condition_may_have_to_be_awaited(store: Redis) -> None:
    asyncio.get_running_loop().call_later(0.02, asyncio.ensure_future, store.set("key", "value"))

    assert await wait_until(lambda: store.get("key"), because="it is set") == b"value"


async def test_waiting_in_vain_fails_and_says_for_what() -> None:
    with pytest.raises(AssertionError, match=r"not within 0\.02 s: nothing comes"):
        await wait_until(lambda: False, within=0.02, because="nothing comes")


@pytest.mark.parametrize("_", range(2))
async def test_each_test_begins_with_an_empty_store(store: Redis, _: int) -> None:
    assert await store.dbsize() == 0
    await store.set("key", "value")
