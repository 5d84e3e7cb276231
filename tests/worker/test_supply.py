"""The batches of a round, and how more of them are read."""

import asyncio

import pytest

from worker.batches import Batch
from worker.supply import Supply

ONE, TWO, THREE = (Batch(True, (name,)) for name in ("a", "b", "c"))


async def all_of(supply: Supply) -> list[Batch]:
    found = []
    while batch := await supply.next():
        found.append(batch)
    return found


async def test_without_more_it_ends_with_what_it_has() -> None:
    assert await all_of(Supply([ONE, TWO], 1, None)) == [ONE, TWO]


async def test_more_is_read_while_some_are_left_until_there_is_none() -> None:
    lots = [[THREE], []]

    async def more() -> list[Batch]:
        return lots.pop(0)

    assert await all_of(Supply([ONE, TWO], 1, more)) == [ONE, TWO, THREE]
    assert lots == []


async def test_who_comes_while_more_is_read_waits_for_it() -> None:
    reads = asyncio.Event()

    async def more() -> list[Batch]:
        await reads.wait()
        return [ONE, TWO]

    supply = Supply([], 0, more)
    first, second = asyncio.create_task(supply.next()), asyncio.create_task(supply.next())
    await asyncio.sleep(0)
    assert not first.done()
    reads.set()

    assert [await first, await second] == [ONE, TWO]


async def test_a_reading_that_fails_says_so_to_whoever_waits_for_it() -> None:
    async def more() -> list[Batch]:
        raise ConnectionError("away")

    with pytest.raises(ConnectionError, match="away"):
        await Supply([], 0, more).next()


async def test_what_nobody_has_taken_is_left() -> None:
    supply = Supply([ONE, TWO], 0, None)
    await supply.next()

    assert await supply.close() == [TWO]


async def test_a_reading_that_nobody_waits_for_any_more_is_ended() -> None:
    never = asyncio.Event()

    async def more() -> list[Batch]:
        await never.wait()
        return [THREE]

    supply = Supply([ONE], 1, more)
    assert await supply.next() == ONE

    assert await supply.close() == []
