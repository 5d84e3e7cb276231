"""What the ledger could not be told, since its store was away: it hears of it later, and an entry does not stay wrong."""

import asyncio
from pathlib import Path

import pytest

from bench.ports import free_port
from tests.conditions import wait_until
from tests.own_store import own_store
from tests.worker.worlds import WORKSPACE, Bench, Ledger, bench, ids, opened, paid, taken_back
from worker.batches import Batch
from worker.ledger import Hands, Keeping, connect
from worker.ledger.store import STORE_ERRORS
from worker.ledger.work import Effect, Lease, Sent
from worker.sandbox import Fault
from worker.unsaid import Unsaid

(A,) = ids(1)
LEASE = Lease(workspace=WORKSPACE, token="old", failures=0, parked="", trial="", size=0)


async def doubtful(ledger: Ledger) -> int:
    return int(await ledger.store.zcard(f"paidmark:doubtful:{WORKSPACE}:1"))


async def test_a_call_is_doubtful_before_it_goes_out_though_nothing_more_is_heard_of_it(
    tmp_path: Path,
) -> None:
    async with own_store(tmp_path) as store:
        async with opened(store.url) as ledger, bench(ledger, patience=2.0) as worker:
            await ledger.intake.accept(paid("in_1", 1, A))
            worker.sandbox.faults.order(Fault(kind="silence", times=1))
            draining = asyncio.create_task(worker.drain())
            await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="no call was made")
            await store.kill()
            with pytest.raises(STORE_ERRORS):
                await draining
        await store.start()
        async with opened(store.url) as ledger:
            assert await doubtful(ledger) == 1


async def test_what_was_answered_is_doubtful_no_longer(worker: Bench) -> None:
    for kind in ("throttled", None):
        if kind:
            worker.sandbox.faults.order(Fault(kind=kind, times=1))
        await worker.ledger.intake.accept(paid("in_1", 1, A))
        await worker.drain()
        assert await doubtful(worker.ledger) == 0
        await worker.ledger.forward(400)


async def test_what_a_call_undoes_of_which_the_ledger_hears_later_is_put_right(worker: Bench) -> None:
    ledger, unsaid = worker.ledger, Unsaid()
    nowhere = connect(f"redis://127.0.0.1:{free_port()}/0", patience=0.2, retries=0)
    await ledger.intake.accept(paid("in_1", 1, A))
    await worker.drain()
    with pytest.raises(STORE_ERRORS):
        await unsaid.settle(Hands(nowhere, Keeping(), 8.0), LEASE, [], Sent((A,), True, Effect.DOUBTFUL))
    await nowhere.aclose()
    await unsaid.say(ledger.hands)
    await worker.drain()
    await ledger.intake.accept(taken_back("in_1", 2))
    await worker.drain()
    assert worker.invoiced([A]) == [False]
    worker.sandbox.world.entries[A].invoiced = True

    await ledger.forward(61)
    await worker.drain()

    assert worker.invoiced([A]) == [False]


async def test_what_the_store_still_does_not_hear_is_kept(ledger: Ledger) -> None:
    unsaid = Unsaid()
    nowhere = connect(f"redis://127.0.0.1:{free_port()}/0", patience=0.2, retries=0)
    away = Hands(nowhere, Keeping(), 8.0)
    for say in (unsaid.settle(away, LEASE, [], Sent((A,), True, Effect.DOUBTFUL)), unsaid.say(away)):
        with pytest.raises(STORE_ERRORS):
            await say
    await nowhere.aclose()

    await unsaid.say(ledger.hands)

    assert await doubtful(ledger) == 1


async def test_what_was_given_up_stays_doubtful_whatever_is_heard_later_of_another_call_like_it(
    ledger: Ledger,
) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await ledger.hands.take(WORKSPACE)
    assert lease
    await ledger.hands.permit(lease, [], Batch(True, (A,)))
    await ledger.hands.settle(lease, [], Sent((A,), True, Effect.DOUBTFUL))
    unsaid = Unsaid()
    nowhere = connect(f"redis://127.0.0.1:{free_port()}/0", patience=0.2, retries=0)
    with pytest.raises(STORE_ERRORS):
        await unsaid.settle(Hands(nowhere, Keeping(), 8.0), lease, [], Sent((A,), True, Effect.NONE))
    await nowhere.aclose()

    await unsaid.say(ledger.hands)

    assert await doubtful(ledger) == 1
