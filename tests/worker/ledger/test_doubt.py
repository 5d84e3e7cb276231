"""Calls of which nothing is heard any more: what they undo, late, is put right."""

import pytest

from tests.worker.worlds import WORKSPACE, Bench, Ledger, ids, paid, taken_back
from worker.batches import Batch
from worker.entries import pack
from worker.ledger import Hands, Keeping, Lease
from worker.ledger.work import Effect, Limit, Sent

A, B, C = ids(3)
IN_DOUBT = 61
DOUBTS = f"paidmark:doubtful:{WORKSPACE}:1"


async def taken(ledger: Ledger) -> Lease:
    """The lease of the workspace, and its backlog read once."""
    lease = await ledger.hands.take(WORKSPACE)
    assert lease
    await ledger.hands.plan(lease, most_entries=10, most_markings=10)
    return lease


async def shows(worker: Bench, *, after: float) -> list[bool]:
    """What Clockify shows of A some seconds later, when everything that is due by then is done."""
    await worker.ledger.forward(after)
    await worker.drain()
    return worker.invoiced([A])


async def killed_with_a_call_on_its_way(worker: Bench) -> None:
    """A worker that is never heard of again; what it was about to mark is taken back."""
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(worker.ledger)
    assert await worker.ledger.hands.permit(lease, [], Batch(True, (A,))) == 0
    await worker.ledger.forward(9)
    await worker.ledger.intake.accept(taken_back("in_1", 2))
    await worker.drain()
    assert worker.invoiced([A]) == [False]


async def test_a_call_of_a_worker_that_was_killed_is_put_right_when_it_lands_late(worker: Bench) -> None:
    await killed_with_a_call_on_its_way(worker)
    worker.sandbox.world.entries[A].invoiced = True  # now it lands

    assert await shows(worker, after=IN_DOUBT) == [False]


async def test_that_another_has_said_the_same_since_does_not_end_the_doubt(worker: Bench) -> None:
    ledger = worker.ledger
    await ledger.intake.accept(paid("in_1", 1, A))
    await ledger.hands.permit(await taken(ledger), [], Batch(True, (A,)))
    await ledger.forward(9)
    await worker.drain()
    await ledger.intake.accept(taken_back("in_1", 2))
    await worker.drain()
    worker.sandbox.world.entries[A].invoiced = True

    assert await shows(worker, after=IN_DOUBT) == [False]


async def test_the_first_call_of_a_lease_is_written_down_as_well(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A, B))
    await ledger.intake.accept(paid("in_2", 1, B, C))
    begun = await ledger.hands.begin(
        WORKSPACE, most_entries=9, most_markings=9, batch_size=4, limits=[Limit("calls", 1, 1.0)]
    )

    assert begun
    assert begun[1].permitted
    (doubtful,) = await ledger.store.zrange(f"paidmark:doubtful:{WORKSPACE}:1", 0, -1)
    assert doubtful == f"{begun[0].token}:".encode() + pack((A, B, C))


@pytest.mark.parametrize(("effect", "left"), [(Effect.TAKEN, 0), (Effect.NONE, 0), (Effect.DOUBTFUL, 1)])
async def test_what_is_heard_of_a_call_decides_whether_it_stays_doubtful(
    ledger: Ledger, effect: Effect, left: int
) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(ledger)
    await ledger.hands.permit(lease, [], Batch(True, (A,)))
    assert await ledger.store.zcard(f"paidmark:doubtful:{WORKSPACE}:1") == 1
    await ledger.hands.settle(lease, [], Sent((A,), True, effect))

    assert await ledger.store.zcard(f"paidmark:doubtful:{WORKSPACE}:1") == left


async def test_what_is_doubtful_is_forgotten_in_time(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    await ledger.hands.permit(await taken(ledger), [], Batch(True, (A,)))

    assert 0 < await ledger.store.pttl(f"paidmark:doubtful:{WORKSPACE}:1") <= 60_000


async def test_doubts_that_have_run_out_do_not_pile_up(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A, B, C))
    for entry in (A, B, C):
        await ledger.hands.permit(await taken(ledger), [], Batch(True, (entry,)))
        await ledger.forward(IN_DOUBT)

    assert await ledger.store.zcard(DOUBTS) == 1


async def test_a_worker_with_a_shorter_lease_does_not_shorten_the_doubts_of_another(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    await ledger.hands.permit(await taken(ledger), [], Batch(True, (A,)))
    await ledger.forward(9)
    other = Hands(ledger.store, Keeping(), 0.2)
    lease = await other.take(WORKSPACE)
    assert lease
    await other.permit(lease, [], Batch(True, (B,)))

    assert await ledger.store.pttl(DOUBTS) > 40_000


@pytest.mark.parametrize(("limit", "counts"), [(Limit("calls", 3, 3600.0), 1), (Limit("calls", 3, 0.05), 2)])
async def test_a_question_that_is_repeated_counts_one_call_where_calls_are_dear(
    ledger: Ledger, limit: Limit, counts: int
) -> None:
    """The store's answer can get lost, and then the client asks again."""
    await ledger.intake.accept(paid("in_1", 1, A))
    lease, batch = await taken(ledger), Batch(True, (A,))

    first = await ledger.hands.permit(lease, [limit], batch)
    await ledger.forward(0.01)
    again = await ledger.hands.permit(lease, [limit], batch)

    assert (first, again) == (0, 0)
    assert await ledger.store.llen("paidmark:limit:calls") == counts  # type: ignore[misc]  # redis-py 5 says that it may be no coroutine


async def test_a_call_that_was_answered_and_is_made_again_counts_again(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease, batch, limit = await taken(ledger), Batch(True, (A,)), Limit("calls", 3, 3600.0)
    for _ in range(2):
        await ledger.hands.permit(lease, [limit], batch)
        await ledger.hands.settle(lease, [], Sent((A,), True, Effect.NONE))

    assert await ledger.store.llen("paidmark:limit:calls") == 2  # type: ignore[misc]  # redis-py 5 says that it may be no coroutine
