"""Calls that are counted: under a low limit each is dear, and none is counted in vain."""

import asyncio
import time

import pytest

from tests.conditions import wait_until
from tests.worker.worlds import WORKSPACE, Bench, Ledger, bench, ids, paid
from worker.batches import Batch
from worker.calls import Calls
from worker.ledger.work import Limit
from worker.pace import Pace
from worker.sandbox import Fault
from worker.sizing import Sizing
from worker.supply import Supply
from worker.trial import Trial

HOUR = 3600.0


async def waiting(ledger: Ledger, entries: int) -> None:
    """So many invoices of one entry each."""
    causes = [paid(f"in_{number}", 1, one) for number, one in enumerate(ids(entries))]
    await asyncio.gather(*(ledger.intake.accept(cause) for cause in causes))


@pytest.mark.parametrize("calls", [1, 3, 30])
async def test_every_call_that_a_low_limit_allows_is_made(ledger: Ledger, calls: int) -> None:
    async with bench(ledger, batch_size=2, rate=(calls, HOUR)) as worker:
        await waiting(ledger, 200)
        await worker.drain()
        assert worker.calls == calls

        await ledger.forward(HOUR * 1.1)
        await worker.drain()
        assert worker.calls == 2 * calls


async def test_what_is_counted_when_the_process_is_told_to_end_goes_out(ledger: Ledger) -> None:
    closing = asyncio.Event()
    async with bench(ledger, batch_size=2, rate=(100, HOUR), closing=closing) as worker:
        worker.sandbox.faults.order(Fault(kind="latency", seconds=0.02))
        await waiting(ledger, 200)
        draining = asyncio.create_task(worker.drain())
        await wait_until(lambda: worker.calls > 20, because="no calls are made")
        closing.set()
        await draining

        assert worker.calls < 100
        counted = await ledger.store.llen(f"paidmark:limit:workspace:{WORKSPACE}")  # type: ignore[misc]  # redis-py names both kinds of clients
        assert counted == worker.calls


async def test_what_would_have_to_wait_for_its_turn_is_put_back_when_there_is_no_time(worker: Bench) -> None:
    await waiting(worker.ledger, 1)
    lease = await worker.ledger.hands.take(WORKSPACE)
    assert lease
    pace, trial, supply = Pace(worker.shop, lease, []), Trial(), Supply([], 0, None)
    calls = Calls(worker.shop, lease, pace, trial, Sizing(2, 0))
    trial.parts = [part := Batch(True, ids(1))]
    assert trial.take() == [part]
    worker.shop.closing.set()

    pace.answered(part, 0.0, 0.0)
    assert await calls._next(supply, part) == part
    pace.answered(part, 0.0, 0.5)
    assert await calls._next(supply, part) is None
    assert trial.take() == [part]


async def test_a_permit_that_has_become_old_is_asked_for_again(worker: Bench) -> None:
    await waiting(worker.ledger, 1)
    lease = await worker.ledger.hands.take(WORKSPACE)
    assert lease
    pace, batch = Pace(worker.shop, lease, [Limit("calls", 5, 60.0)]), Batch(True, ids(1))

    pace.answered(batch, time.monotonic(), 0.0)
    assert await pace.permitted(batch)
    assert not await worker.ledger.store.exists("paidmark:limit:calls")

    pace.answered(batch, time.monotonic() - 5, 0.0)
    assert await pace.permitted(batch)
    assert await worker.ledger.store.exists("paidmark:limit:calls")


async def test_what_cannot_be_concluded_for_want_of_a_call_is_left_to_the_next_lease(worker: Bench) -> None:
    await waiting(worker.ledger, 2)
    lease = await worker.ledger.hands.take(WORKSPACE)
    assert lease
    pace, trial = Pace(worker.shop, lease, []), Trial()
    calls = Calls(worker.shop, lease, pace, trial, Sizing(2, 0))
    taken, suspect = ids(2)
    calls._control, trial.suspects = Batch(True, (taken,)), {suspect: (True, "refused strangely")}
    worker.shop.closing.set()

    await calls.conclude()

    assert pace.stop is None
    assert trial.suspects
