"""Events in any order, in any number: what is wanted at Clockify afterwards is always the same."""

import asyncio
import itertools

import pytest

from tests.worker.worlds import ELSEWHERE, WORKSPACE, Bench, Ledger, ids, milliseconds, paid, taken_back, tie
from worker.marking import Cause, State, Verdict, Wanted

A, B, C, D = ids(4)


async def tell(ledger: Ledger, *causes: Cause) -> list[str]:
    return [(await ledger.intake.accept(cause)).value for cause in causes]


THREE_FACTS = (paid("in_1", 1, A, B), taken_back("in_1", 2), paid("in_1", 3, B, C))


@pytest.mark.parametrize("between", [False, True], ids=["all waiting", "drained after each"])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_the_newest_of_three_facts_wins_in_whatever_order_they_come(
    worker: Bench, order: tuple[int, ...], between: bool
) -> None:
    for number in order:
        await tell(worker.ledger, THREE_FACTS[number])
        if between:
            await worker.drain_all()
    await worker.drain_all()

    assert worker.invoiced([A, B, C]) == [False, True, True]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_two_invoices_that_share_entries_keep_what_one_of_them_still_claims(
    worker: Bench, order: tuple[int, ...]
) -> None:
    facts = (paid("in_1", 1, A, B), paid("in_2", 2, B, C), taken_back("in_1", 3))
    for number in order:
        await tell(worker.ledger, facts[number])
        await worker.drain_all()

    assert worker.invoiced([A, B, C]) == [False, True, True]


async def test_shared_entries_are_kept_when_everything_is_told_before_a_drain(worker: Bench) -> None:
    await tell(worker.ledger, paid("in_1", 1, A, B), paid("in_2", 2, B, C), taken_back("in_1", 3))
    await worker.drain_all()

    assert worker.invoiced([A, B, C]) == [False, True, True]
    assert all(not call.ids or call.ids <= 3 for call in worker.sandbox.log.calls)
    assert worker.sandbox.world.entries[B].changed == 1


async def test_of_two_facts_with_one_time_the_rank_decides(worker: Bench) -> None:
    assert await tell(worker.ledger, taken_back("in_1", 7, rank=5), paid("in_1", 7, A, rank=0)) == [
        "unresolved",
        "superseded",
    ]
    assert await tell(worker.ledger, paid("in_2", 7, B, rank=0), taken_back("in_2", 7, rank=5)) == [
        "accepted",
        "accepted",
    ]
    await worker.drain_all()

    assert worker.invoiced([A, B]) == [False, False]
    assert await worker.ledger.history("in_1") == {"reversed-in_1-7": "applied", "paid-in_1-7": "superseded"}


async def test_a_late_payment_unmarks_nothing_in_a_workspace_that_its_invoice_had_left(worker: Bench) -> None:
    """Of what was never marked for the invoice nothing is taken back: a person may have marked it."""
    moved = paid("in_1", 2, wanted=(Wanted(ELSEWHERE, (B,)),))
    await tell(worker.ledger, paid("in_1", 1, A), moved, taken_back("in_1", 4))
    for workspace in (WORKSPACE, ELSEWHERE):
        await worker.drain_all(workspace)
    calls = worker.calls

    assert await tell(worker.ledger, paid("in_1", 3, C)) == ["superseded"]
    assert await worker.ledger.desk.workspaces() == []
    await worker.drain()
    assert worker.calls == calls


async def test_a_newer_fact_that_says_the_same_makes_no_second_marking(worker: Bench) -> None:
    await tell(worker.ledger, paid("in_1", 1, A))
    await worker.drain_all()

    assert await tell(worker.ledger, paid("in_1", 2, A)) == ["superseded"]
    assert await worker.ledger.desk.workspaces() == []


async def test_the_event_whose_marking_is_applied_says_so_though_a_second_one_said_the_same(
    worker: Bench,
) -> None:
    await tell(worker.ledger, paid("in_1", 1, A), paid("in_1", 2, A))
    await worker.drain_all()

    assert worker.invoiced([A]) == [True]
    assert "applied" in (await worker.ledger.history("in_1")).values()


async def test_an_older_paid_after_an_unresolved_reversal_marks_nothing_and_places_the_reversal(
    worker: Bench,
) -> None:
    assert await tell(worker.ledger, taken_back("in_1", 2)) == ["unresolved"]
    assert (await worker.ledger.desk.figures())["unresolved_now"] == 1

    assert await tell(worker.ledger, paid("in_1", 1, A)) == ["superseded"]

    assert await worker.ledger.desk.workspaces() == []
    assert (await worker.ledger.desk.figures())["unresolved_now"] == 0


async def test_an_older_reversal_does_not_resolve_a_newer_one(ledger: Ledger) -> None:
    await tell(ledger, taken_back("in_1", 5), taken_back("in_1", 3))

    assert (await ledger.history("in_1"))["reversed-in_1-5"] == "unresolved"


async def test_a_newer_paid_lets_go_of_what_it_no_longer_names(worker: Bench) -> None:
    await tell(worker.ledger, paid("in_1", 1, A, B), paid("in_2", 1, A))
    await worker.drain_all()
    await tell(worker.ledger, paid("in_1", 2, C))
    await worker.drain_all()

    assert worker.invoiced([A, B, C]) == [True, False, True]


async def test_a_paid_that_cannot_tell_means_the_entries_that_are_remembered(worker: Bench) -> None:
    await tell(worker.ledger, paid("in_1", 1, A), taken_back("in_1", 2), paid("in_1", 3, wanted=None))
    await worker.drain_all()

    assert worker.invoiced([A]) == [True]


async def test_an_invoice_leaves_one_of_two_workspaces_and_only_there_its_entries_are_let_go(
    worker: Bench,
) -> None:
    both = (Wanted(WORKSPACE, (A,)), Wanted(ELSEWHERE, (B,)))
    await tell(worker.ledger, paid("in_1", 1, wanted=both))
    await worker.drain_all(WORKSPACE)
    await worker.drain_all(ELSEWHERE)
    assert worker.invoiced([A, B]) == [True, True]

    await tell(worker.ledger, paid("in_1", 2, wanted=both[:1]))
    await worker.drain_all(ELSEWHERE)

    assert worker.invoiced([A, B]) == [True, False]
    assert await worker.ledger.desk.workspaces() == []


async def test_an_invoice_that_comes_back_to_a_workspace_is_marked_there_again(worker: Bench) -> None:
    for order, workspace in enumerate((WORKSPACE, ELSEWHERE, WORKSPACE)):
        await tell(
            worker.ledger,
            paid("in_1", order, wanted=(Wanted(workspace, (A if workspace == WORKSPACE else B,)),)),
        )
        await worker.drain_all(WORKSPACE)
        await worker.drain_all(ELSEWHERE)

    assert worker.invoiced([A, B]) == [True, False]


async def test_an_event_counts_once_in_a_thousand_deliveries(worker: Bench) -> None:
    cause = paid("in_1", 1, *ids(20))
    verdicts = await asyncio.gather(*(worker.ledger.intake.accept(cause) for _ in range(1000)))
    await worker.drain_all()

    assert verdicts.count(Verdict.ACCEPTED) == 1
    assert verdicts.count(Verdict.KNOWN) == 999
    assert worker.calls == 1


async def test_a_date_in_the_future_moves_nothing_and_outvotes_nothing(worker: Bench) -> None:
    far = milliseconds() + 3_600_000
    assert (
        await tell(worker.ledger, paid("in_1", 9, A, at=far), taken_back("in_2", 9, at=far))
        == ["unresolved"] * 2
    )
    assert await tell(worker.ledger, paid("in_1", 1, B)) == ["accepted"]
    await worker.drain_all()

    assert worker.invoiced([A, B]) == [False, True]


async def test_an_event_older_than_what_is_remembered_moves_nothing(ledger: Ledger) -> None:
    old = milliseconds() - 401 * 86_400_000

    assert await tell(ledger, paid("in_1", 1, A, at=old), taken_back("in_2", 1, at=old)) == ["unresolved"] * 2
    assert await ledger.desk.workspaces() == []


async def test_broken_references_move_nothing_and_wait_for_a_person_who_names_better_ones(
    worker: Bench,
) -> None:
    ledger = worker.ledger
    await tell(ledger, paid("in_1", 1, A))
    await worker.drain_all()
    assert await tell(ledger, paid("in_1", 2, B, unresolved="metadata: item 2 is not an id")) == [
        "unresolved"
    ]
    assert await ledger.desk.workspaces() == []

    assert await ledger.desk.retry("stripe//in_1", [Wanted(WORKSPACE, (B, C))]) == 1
    await worker.drain_all()

    assert worker.invoiced([A, B, C]) == [False, True, True]


async def test_an_older_event_after_broken_references_moves_nothing(ledger: Ledger) -> None:
    broken = paid("in_1", 2, A, unresolved="metadata: item 2 is not an id")

    assert await tell(ledger, broken, paid("in_1", 1, B), taken_back("in_1", 1)) == [
        "unresolved",
        "superseded",
        "superseded",
    ]


FIRST, OTHER = paid("in_1", 1, A), paid("in_1", 2, B)
NAMELESS = {"wanted": None, "event": "nameless"}
STORIES = {
    "names nothing": ((FIRST, taken_back("in_1", 2), paid("in_1", 3, **NAMELESS)), [True, False]),
    "names other entries": ((FIRST, OTHER, paid("in_1", 3, **NAMELESS)), [False, True]),
    "names the same": ((FIRST, paid("in_1", 2, A), paid("in_1", 3, **NAMELESS)), [True, False]),
    "is taken back": ((FIRST, OTHER, taken_back("in_1", 3)), [False, False]),
    "is taken back and paid": ((FIRST, OTHER, taken_back("in_1", 3), paid("in_1", 4, **NAMELESS)), [False, True]),
}  # fmt: skip
"""Events of one invoice, oldest first, and what is marked in the end."""


@pytest.mark.parametrize("between", [False, True], ids=["all waiting", "drained after each"])
@pytest.mark.parametrize(
    ("story", "order"),
    [(story, order) for story, (facts, _) in STORIES.items() for order in itertools.permutations(facts)],
    ids=lambda one: one if isinstance(one, str) else "-".join(str(fact.order) for fact in one),
)
async def test_what_an_invoice_names_does_not_depend_on_the_order_of_arrival(
    worker: Bench, story: str, order: tuple[Cause, ...], between: bool
) -> None:
    for cause in order:
        await tell(worker.ledger, cause)
        if between:
            await worker.drain_all()
    await worker.drain_all()

    assert worker.invoiced([A, B]) == STORIES[story][1]
    assert (await worker.ledger.desk.figures())["unresolved_now"] == 0


async def test_what_a_person_has_ended_an_older_payment_does_not_bring_back(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 2, wanted=None))
    await worker.ledger.desk.drop("stripe//in_1", "not ours")

    assert await worker.ledger.intake.accept(paid("in_1", 1, A)) is Verdict.SUPERSEDED
    await worker.drain_all()
    assert worker.invoiced([A]) == [False]


async def test_a_person_who_drops_what_an_older_payment_named_has_the_last_word(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 3, wanted=None))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    await worker.ledger.desk.drop("stripe//in_1", "not ours")

    assert await worker.ledger.intake.accept(paid("in_1", 2, B)) is Verdict.SUPERSEDED


async def test_a_newer_fact_overtakes_an_unresolved_one(ledger: Ledger) -> None:
    await tell(ledger, paid("in_1", 2, A, unresolved="broken"), paid("in_1", 3, A))

    assert (await ledger.history("in_1"))["paid-in_1-2"] == "superseded"
    assert (await ledger.desk.figures())["unresolved_now"] == 0


async def test_an_invoice_that_shows_no_references_is_only_counted(ledger: Ledger) -> None:
    assert await tell(ledger, paid("in_1", 1), taken_back("in_2", 1, wanted=())) == ["unreferenced"] * 2
    assert await ledger.desk.show("stripe//in_1") is None


async def test_a_paid_of_an_unknown_invoice_that_cannot_tell_is_unresolved(ledger: Ledger) -> None:
    assert await tell(ledger, paid("in_1", 1, wanted=None)) == ["unresolved"]


async def test_a_workspace_named_without_entries_leaves_nothing_waiting(worker: Bench) -> None:
    await tell(worker.ledger, paid("in_1", 1, wanted=(Wanted(WORKSPACE, ()),)))
    await worker.drain()

    assert await worker.ledger.desk.workspaces() == []


async def test_the_same_ids_of_two_accounts_are_two_invoices(ledger: Ledger) -> None:
    assert (
        await tell(ledger, paid("in_1", 1, A, account="acct_1"), paid("in_1", 1, A, account="acct_2"))
        == ["accepted"] * 2
    )


async def test_a_long_history_is_cut_to_the_newest_events_and_old_ones_stay_harmless(ledger: Ledger) -> None:
    for order in range(60):
        await tell(ledger, paid("in_1", order, A if order % 2 else B))

    history = await ledger.history("in_1")
    assert len(history) <= 51
    assert "paid-in_1-59" in history
    assert await tell(ledger, paid("in_1", 0, B)) == ["superseded"]


# Refunds that name only a payment.


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_a_refund_by_payment_finds_its_invoice_whenever_the_two_are_tied(
    worker: Bench, order: tuple[int, ...]
) -> None:
    ledger = worker.ledger
    for number in order:
        match number:
            case 0:
                await tell(ledger, paid("in_1", 1, A))
            case 1:
                await ledger.intake.tie(tie("pi_1", "in_1"))
            case _:
                await tell(ledger, taken_back("", 2, payment="pi_1", event="refund"))
        await worker.drain_all()

    assert worker.invoiced([A]) == [False]
    assert (await ledger.desk.figures())["unresolved_now"] == 0


async def test_a_paid_that_names_its_payment_ties_the_two(worker: Bench) -> None:
    await tell(
        worker.ledger, taken_back("", 2, payment="pi_1", event="refund"), paid("in_1", 1, A, payment="pi_1")
    )
    await worker.drain_all()

    assert worker.invoiced([A]) == [False]
    assert await worker.ledger.desk.show("stripe//@pi_1") is None


async def test_a_refund_that_was_placed_is_known_when_it_is_delivered_again(worker: Bench) -> None:
    refund = taken_back("", 2, payment="pi_1", event="refund")
    await tell(worker.ledger, refund, paid("in_1", 1, A, payment="pi_1"))

    assert await tell(worker.ledger, refund) == ["known"]


@pytest.mark.parametrize("second", [1, 2], ids=["older", "of the same time"])
async def test_two_refunds_of_a_payment_that_is_tied_later_take_the_invoice_back(
    worker: Bench, second: int
) -> None:
    ledger = worker.ledger
    await tell(ledger, taken_back("", 2, payment="pi_1", event="charge.refunded"))
    await tell(ledger, taken_back("", second, payment="pi_1", event="refund.created"))
    await tell(ledger, paid("in_1", 0, A))
    await ledger.intake.tie(tie("pi_1", "in_1"))
    await worker.drain_all()

    assert worker.invoiced([A]) == [False]


PART = {"unresolved": "refund of part of the invoice: decide by hand"}


async def test_a_partial_refund_moves_nothing(worker: Bench) -> None:
    assert await tell(worker.ledger, paid("in_1", 1, A), taken_back("in_1", 2, **PART)) == [
        "accepted",
        "unresolved",
    ]
    await worker.drain_all()

    assert worker.invoiced([A]) == [True]


async def test_a_partial_refund_that_comes_before_its_paid_moves_nothing(worker: Bench) -> None:
    await tell(worker.ledger, taken_back("in_1", 2, **PART), paid("in_1", 1, A))
    await worker.drain_all()

    assert worker.invoiced([A]) == [True]


async def test_a_partial_refund_does_not_outvote_a_full_reversal_that_comes_late(worker: Bench) -> None:
    await tell(worker.ledger, paid("in_1", 1, A), taken_back("in_1", 3, **PART), taken_back("in_1", 2))
    await worker.drain_all()

    assert worker.invoiced([A]) == [False]


async def test_a_partial_refund_leaves_the_history_of_what_waits_alone(worker: Bench) -> None:
    await tell(worker.ledger, paid("in_1", 1, A), taken_back("in_1", 2, **PART))

    assert (await worker.ledger.history("in_1"))["paid-in_1-1"] == "waiting"


async def test_what_an_event_leaves_to_a_person_is_decided_by_a_person(worker: Bench) -> None:
    by_hand = {"wanted": None, "unresolved": "refund of part of the invoice: decide by hand"}
    await tell(worker.ledger, paid("in_1", 1, A), taken_back("in_1", 2, **by_hand))
    await worker.drain_all()

    assert await worker.ledger.desk.retry("stripe//in_1") == 0
    assert (await worker.ledger.history("in_1"))["reversed-in_1-2"] == "unresolved"

    assert await worker.ledger.desk.retry("stripe//in_1", decision="reversed") == 1
    await worker.drain_all()
    assert worker.invoiced([A]) == [False]


async def test_a_person_may_say_that_an_invoice_is_paid_after_all(worker: Bench) -> None:
    by_hand = {
        "wanted": None,
        "unresolved": "a refund has failed, so the invoice is paid after all: decide by hand",
    }
    await tell(worker.ledger, paid("in_1", 1, A), taken_back("in_1", 2), taken_back("in_1", 3, **by_hand))
    await worker.drain_all()
    assert worker.invoiced([A]) == [False]

    assert await worker.ledger.desk.retry("stripe//in_1", decision="paid") == 1
    await worker.drain_all()

    assert worker.invoiced([A]) == [True]
    assert (await worker.ledger.desk.figures())["unresolved_now"] == 0


async def test_a_refund_of_an_invoice_that_is_none_of_ours_waits_for_nobody(ledger: Ledger) -> None:
    assert await tell(ledger, paid("in_1", 1)) == ["unreferenced"]
    await ledger.intake.tie(tie("pi_1", "in_1"))

    assert await tell(ledger, taken_back("", 2, payment="pi_1")) == ["unreferenced"]
    assert (await ledger.desk.figures())["unresolved_now"] == 0


async def test_a_refund_of_a_part_of_an_invoice_that_is_none_of_ours_waits_for_nobody(ledger: Ledger) -> None:
    by_hand = "refund of part of the invoice: decide by hand"
    await ledger.intake.accept(paid("in_1", 1))

    verdict = await ledger.intake.accept(taken_back("in_1", 2, unresolved=by_hand))

    assert verdict is Verdict.UNREFERENCED
    assert await ledger.desk.in_state(State.UNRESOLVED) == []


async def test_a_refund_that_a_person_has_dropped_does_not_come_back_with_its_tie(worker: Bench) -> None:
    refund = taken_back("", 2, payment="pi_1", event="evt_refund")
    await tell(worker.ledger, paid("in_1", 1, A), refund)
    await worker.ledger.desk.drop("stripe//@pi_1", "kept, as agreed")
    await worker.ledger.intake.tie(tie("pi_1", "in_1"))

    assert await tell(worker.ledger, refund) == ["known"]
    await worker.drain_all()
    assert worker.invoiced([A]) == [True]


async def test_what_is_forgotten_awaits_nobody(ledger: Ledger) -> None:
    await tell(ledger, taken_back("in_1", 1))
    assert (await ledger.desk.figures())["unresolved_now"] == 1
    await ledger.forward(401 * 86400)

    assert (await ledger.desk.figures())["unresolved_now"] == 0
    assert await ledger.desk.in_state(State.UNRESOLVED) == []


async def test_claims_are_remembered_for_as_long_as_the_invoice_that_makes_them(worker: Bench) -> None:
    store = worker.ledger.store
    await tell(worker.ledger, paid("in_1", 1, A))
    await worker.drain_all()
    (claims,) = [key async for key in store.scan_iter("paidmark:claims:*")]
    await store.pexpire(claims, 1000)  # as if nearly all of the time had passed

    await tell(worker.ledger, paid("in_1", 2, A))

    assert await store.pttl(claims) >= await store.pttl("paidmark:invoice:stripe//in_1") - 1000


async def test_a_reversal_that_names_nothing_is_counted_and_still_outlives_an_older_paid(
    worker: Bench,
) -> None:
    assert await tell(worker.ledger, taken_back("in_1", 2, wanted=())) == ["unreferenced"]
    assert await tell(worker.ledger, taken_back("in_1", 1, wanted=())) == ["unreferenced"]
    assert await tell(worker.ledger, paid("in_1", 1, A)) == ["superseded"]
    assert await tell(worker.ledger, paid("in_1", 3, A)) == ["accepted"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_of_two_events_of_the_same_time_and_rank_arrival_decides_nothing(
    worker: Bench, order: tuple[int, int]
) -> None:
    both = (paid("in_1", 1, A, event="evt_a"), paid("in_1", 1, B, event="evt_b"))
    await tell(worker.ledger, *(both[one] for one in order))
    await worker.drain_all()

    assert worker.invoiced([A, B]) == [False, True]


@pytest.mark.parametrize(
    "told",
    [paid("in_1", 0, D), taken_back("in_1", 9, unresolved="a part: decide by hand")],
    ids=["an older event", "what a person must decide"],
)
async def test_claims_live_as_long_as_the_invoice_that_is_remembered_anew(worker: Bench, told: Cause) -> None:
    store = worker.ledger.store
    await tell(worker.ledger, paid("in_1", 1, A))
    await worker.drain()
    (claims,) = await store.keys("paidmark:claims:*")
    await store.pexpire(claims, 60_000)

    await tell(worker.ledger, told)

    assert await store.pttl(claims) > await store.pttl("paidmark:invoice:stripe//in_1") > 60_000
