"""A backlog that is longer than one plan: further batches are read while the last are on their way."""

import asyncio
import itertools
from math import ceil

import pytest
from aiohttp import web

from tests.worker.worlds import WORKSPACE, Bench, Ledger, bench, ids, paid, peculiar, taken_back
from worker.drain import BATCHES_AHEAD

BATCH = 2
MANY = BATCHES_AHEAD * BATCH * 4 + 1
"""Entries for a little more than four plans."""


async def waiting(ledger: Ledger, entries: int, each: int) -> tuple[str, ...]:
    """A backlog of so many entries, in invoices of so many `each`."""
    everything = ids(entries)
    causes = [paid(f"in_{n}", 1, *everything[n : n + each]) for n in range(0, entries, each)]
    await asyncio.gather(*(ledger.intake.accept(cause) for cause in causes))
    return everything


@pytest.mark.parametrize("each", [1, 3, 2 * BATCHES_AHEAD])
async def test_a_long_backlog_goes_out_in_as_few_calls_as_it_can(ledger: Ledger, each: int) -> None:
    async with bench(ledger, batch_size=BATCH) as worker:
        everything = await waiting(ledger, MANY, each)
        await worker.drain()

        assert all(worker.invoiced(everything))
        assert worker.calls == ceil(MANY / BATCH)
        assert not await ledger.desk.workspaces()


async def test_all_that_went_out_is_settled_once_and_nothing_twice(ledger: Ledger) -> None:
    async with bench(ledger, batch_size=BATCH) as worker:
        everything = await waiting(ledger, MANY, 3)
        await worker.drain()

        assert {worker.sandbox.world.entries[one].writes for one in everything} == {1}
        assert (await ledger.desk.figures())["applied"] == ceil(MANY / 3)


async def test_a_bad_entry_far_behind_is_found_while_the_rest_goes_out(ledger: Ledger) -> None:
    async with bench(ledger, batch_size=BATCH) as worker:
        everything = await waiting(ledger, MANY, 3)
        bad = everything[MANY * 2 // 3]
        worker.sandbox.world.bad.add(bad)
        await worker.drain_all()

        assert worker.invoiced([bad]) == [False]
        assert all(worker.invoiced([one for one in everything if one != bad]))


async def test_what_turns_while_it_is_on_its_way_is_turned_afterwards(ledger: Ledger) -> None:
    (first,) = ids(1)

    async def slow(named: tuple[str, ...]) -> web.Response:
        if first in named:
            await ledger.intake.accept(taken_back("in_0", 2))
        return web.Response()

    async with peculiar(slow) as clockify, bench(ledger, url=clockify.url, batch_size=BATCH) as worker:
        await waiting(ledger, MANY, 2)
        await worker.drain_all()

        assert len([named for named in clockify.sent if first in named]) == 2
        assert await ledger.states("in_0") == ["applied"]


async def test_an_outage_in_the_middle_loses_nothing(ledger: Ledger) -> None:
    calls = itertools.count()
    taken: list[str] = []

    def down_for_a_while(named: tuple[str, ...]) -> web.Response:
        if 70 <= next(calls) < 73:
            return web.Response(status=503)
        taken.extend(named)
        return web.Response()

    async with (
        peculiar(down_for_a_while) as clockify,
        bench(ledger, url=clockify.url, batch_size=BATCH) as worker,
    ):
        everything = await waiting(ledger, MANY, 3)
        await worker.drain()
        assert set(taken) < set(everything)
        await worker.drain_all()

        assert sorted(taken) == sorted(everything)


async def test_claims_are_written_when_there_is_nothing_better_to_do(ledger: Ledger) -> None:
    async with bench(ledger, batch_size=BATCH) as worker:
        everything = await waiting(ledger, MANY, 3)
        await worker.drain_all()

        assert not await ledger.store.exists(f"paidmark:unclaimed:{WORKSPACE}")
        found = [await ledger.desk.naming(WORKSPACE, one) for one in (everything[0], everything[-1])]
        assert all(found)


async def test_a_lease_is_not_given_back_for_good_before_all_claims_are_written(
    worker: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.ledger.hands.MOST_CLAIMED", 1)
    await waiting(worker.ledger, 4, 1)
    await worker.drain(slice=0.0001)

    assert await worker.ledger.store.zcard("paidmark:due") == 1
