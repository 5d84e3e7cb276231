"""What the model has found, each in the fewest steps that show it."""

import pytest

from tests.worker.worlds import WORKSPACE, Bench, Ledger, ids, milliseconds, paid, taken_back, tie
from worker.ledger.hands import DOUBT
from worker.ledger.work import Effect, LeaseLostError, Progress, Sent
from worker.marking import State, Wanted

A, B = ids(2)
PART = "refund of part of the invoice: decide by hand"
HOUR = 3600


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_events_of_one_time_the_newer_by_id_awaits_a_person_whichever_came_first(
    ledger: Ledger, order: tuple[int, int]
) -> None:
    part = taken_back("in_1", 1, rank=0, event="evt_b", unresolved=PART)
    both = (part, paid("in_1", 1, A, event="evt_a", rank=0))
    for one in order:
        await ledger.intake.accept(both[one])

    assert (await ledger.history("in_1"))["evt_b"] == "unresolved"


async def test_what_a_person_must_decide_is_not_forgotten_because_of_a_date_in_the_future(
    worker: Bench,
) -> None:
    """Brought back without a decision, the refund of a part must not take the whole invoice back."""
    ledger = worker.ledger
    await ledger.intake.accept(paid("in_1", 1, A))
    await ledger.intake.accept(
        taken_back("in_1", 2, unresolved=PART, at=milliseconds() + HOUR * 1000, event="evt_part")
    )
    await ledger.forward(2 * HOUR)

    assert await ledger.desk.retry("stripe//in_1") == 0
    await worker.drain_all()
    assert worker.invoiced([A]) == [True]
    assert (await ledger.history("in_1"))["evt_part"] == "unresolved"


async def test_a_refund_dated_in_the_future_finds_its_invoice_once_it_is_tied(worker: Bench) -> None:
    ledger = worker.ledger
    await ledger.intake.accept(paid("in_1", 1, A))
    await ledger.intake.accept(taken_back("", 2, payment="pi_1", at=milliseconds() + HOUR * 1000))
    await ledger.forward(2 * HOUR)
    await ledger.intake.tie(tie("pi_1", "in_1"))
    await worker.drain_all()

    assert worker.invoiced([A]) == [False]
    assert await ledger.states("in_1") == ["applied"]


async def test_a_paid_dated_in_the_future_that_names_nothing_stands_once_its_time_has_come(
    worker: Bench,
) -> None:
    ledger = worker.ledger
    for cause in (
        paid("in_1", 1, A),
        taken_back("in_1", 2),
        paid("in_1", 3, wanted=None, at=milliseconds() + HOUR * 1000),
    ):
        await ledger.intake.accept(cause)
    await ledger.forward(2 * HOUR)

    assert await ledger.desk.retry("stripe//in_1") == 1
    await worker.drain_all()
    assert worker.invoiced([A]) == [True]


async def test_a_refund_that_waits_for_its_tie_and_is_of_none_of_our_invoices_then_waits_for_nobody(
    ledger: Ledger,
) -> None:
    await ledger.intake.accept(taken_back("", 2, payment="pi_1"))
    await ledger.intake.accept(paid("in_1", 1, payment="pi_1"))

    assert await ledger.desk.in_state(State.UNRESOLVED) == []


async def test_what_a_person_has_made_of_a_payment_is_not_thrown_away_with_its_tie(worker: Bench) -> None:
    ledger = worker.ledger
    failed = "a refund has failed, so the invoice is paid after all: decide by hand"
    await ledger.intake.accept(taken_back("", 2, payment="pi_1", unresolved=failed))
    assert await ledger.desk.retry("stripe//@pi_1", [Wanted(WORKSPACE, (A,))], "paid") == 1

    await ledger.intake.tie(tie("pi_1", "in_1"))
    await worker.drain_all()

    assert worker.invoiced([A]) == [True]
    assert (await ledger.desk.show("stripe//@pi_1")) is not None


async def test_a_settling_that_comes_twice_does_not_undo_what_a_person_brought_back_in_between(
    ledger: Ledger,
) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await ledger.hands.take(WORKSPACE)
    assert lease
    (one,) = (await ledger.hands.plan(lease, most_entries=10, most_markings=10)).pending
    refused = [Progress(one.ref, one.revision, "x", ((0, "locked"),))]
    await ledger.hands.settle(lease, refused)
    assert await ledger.desk.retry("stripe//in_1") == 1

    await ledger.hands.settle(lease, refused)

    assert await ledger.states("in_1") == ["waiting"]


async def test_a_call_that_is_given_up_after_the_lease_was_lost_is_doubtful_as_well(worker: Bench) -> None:
    """The worker slept while its call was on the way, and the call lands after the repair."""
    ledger = worker.ledger
    await ledger.intake.accept(paid("in_1", 1, A))
    sleeper = await ledger.hands.take(WORKSPACE)
    assert sleeper
    await ledger.forward(9)
    await ledger.intake.accept(taken_back("in_1", 2))
    await worker.drain()
    with pytest.raises(LeaseLostError):
        await ledger.hands.settle(sleeper, [], Sent((A,), True, Effect.DOUBTFUL))
    await worker.drain_all()
    worker.sandbox.world.entries[A].invoiced = True  # the sleeper's call lands

    await ledger.forward(DOUBT * ledger.hands.lease + 1)
    assert (await ledger.hands.overdue(10)).workspaces == (WORKSPACE,)
    await worker.drain()

    assert worker.invoiced([A]) == [False]
    assert await ledger.hands.take(WORKSPACE) is None
