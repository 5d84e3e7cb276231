"""People's side: look, bring back, end."""

import asyncio

import pytest

from tests.worker.worlds import ELSEWHERE, WORKSPACE, Bench, Ledger, ids, milliseconds, paid, taken_back
from worker.ledger.work import Effect, Handover, Progress, Sent
from worker.marking import State, Wanted
from worker.sandbox import Fault

A, B, C, D = ids(4)
ODD = "54m377ddd3fcab07cfbb432w"
REF = "stripe//in_1"


async def rejected(worker: Bench, *entries: str, bad: tuple[str, ...]) -> None:
    """in_1, with some of its entries refused."""
    worker.sandbox.world.bad |= set(bad)
    await worker.ledger.intake.accept(paid("in_1", 1, *entries))
    await worker.drain_all()


async def test_an_invoice_is_shown_whole(worker: Bench) -> None:
    desk = worker.ledger.desk
    at = milliseconds()
    await rejected(worker, A, ODD, bad=(ODD,))
    record = await desk.show(REF)

    assert record is not None
    (place,), (event,) = record.places, record.history
    assert (place.workspace, place.named, place.formerly) == (WORKSPACE, (A, ODD), ())
    assert (place.invoiced, place.state, place.done) == (True, State.PARTLY_APPLIED, "+x")
    assert place.refusals == ((ODD, "not an entry of this workspace, or deleted"),)
    assert at - 1000 <= place.since <= place.settled <= at + 10_000
    assert (event.event, event.invoiced, event.order, event.rank) == ("paid-in_1-1", True, 1, 2)
    assert (event.state, event.reason, event.wanted) == (State.PARTLY_APPLIED, "", ())
    assert at - 1000 <= event.accepted <= event.settled


async def test_what_is_not_there_is_not_shown(ledger: Ledger) -> None:
    assert await ledger.desk.show("stripe//in_none") is None
    assert await ledger.desk.show_each([]) == []
    assert await ledger.desk.retry("stripe//in_none") == 0
    assert await ledger.desk.drop("stripe//in_none", "why not") == 0
    assert not await ledger.desk.resume(WORKSPACE)


async def test_a_record_that_cannot_be_read_is_an_error_and_not_a_missing_one(ledger: Ledger) -> None:
    await ledger.store.hset("paidmark:invoice:stripe//in_1", "no", "string")  # type: ignore[misc]  # redis-py's union

    with pytest.raises(Exception, match="WRONGTYPE"):
        await ledger.desk.show(REF)


async def test_invoices_are_found_by_entry_state_workspace_and_pattern(worker: Bench) -> None:
    desk = worker.ledger.desk
    await rejected(worker, A, ODD, bad=(ODD,))
    await worker.ledger.intake.accept(paid("in_2", 1, A, unresolved="broken"))
    await worker.ledger.intake.accept(paid("in_3", 1, A, B))

    assert await desk.naming(WORKSPACE, ODD) == [REF]
    assert await desk.naming(WORKSPACE, A) == [REF]
    assert await desk.naming(WORKSPACE, D) == []
    assert await desk.in_state(State.REJECTED) == [REF]
    assert await desk.in_state(State.UNRESOLVED) == ["stripe//in_2"]
    assert await desk.in_backlog(WORKSPACE) == ["stripe//in_3"]
    assert sorted([ref async for ref in desk.matching("stripe//in_[12]")]) == [REF, "stripe//in_2"]


async def test_an_entry_that_two_invoices_name_leads_to_both_even_after_one_is_taken_back(
    worker: Bench,
) -> None:
    for cause in (paid("in_1", 1, A), paid("in_2", 1, A), taken_back("in_1", 2)):
        await worker.ledger.intake.accept(cause)
        await worker.drain_all()

    assert sorted(await worker.ledger.desk.naming(WORKSPACE, A)) == [REF, "stripe//in_2"]


async def test_refused_entries_that_are_brought_back_are_tried_again_and_only_they(worker: Bench) -> None:
    await rejected(worker, A, B, bad=(B,))
    worker.sandbox.world.bad.clear()
    worker.sandbox.log.clear()

    assert await worker.ledger.desk.retry(REF) == 1
    assert await worker.ledger.history("in_1") == {"paid-in_1-1": "waiting"}
    await worker.drain_all()

    assert worker.invoiced([A, B]) == [True, True]
    assert [call.ids for call in worker.sandbox.log.calls] == [1]
    assert await worker.ledger.states("in_1") == ["applied"]
    assert await worker.ledger.history("in_1") == {"paid-in_1-1": "applied"}
    assert (await worker.ledger.desk.figures())["rejected_now"] == 0


async def test_what_is_settled_or_waits_is_not_brought_back(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    assert await worker.ledger.desk.retry(REF) == 0
    await worker.drain_all()
    assert await worker.ledger.desk.retry(REF) == 0
    assert worker.calls == 1


async def test_an_unresolved_event_that_a_person_has_named_entries_for_is_unresolved_no_longer(
    worker: Bench,
) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, A, unresolved="broken"))
    await worker.ledger.desk.retry(REF, [Wanted(WORKSPACE, (B,))])
    await worker.drain_all()

    assert worker.invoiced([A, B]) == [False, True]
    assert await worker.ledger.history("in_1") == {"paid-in_1-1": "applied"}
    assert await worker.ledger.desk.in_state(State.UNRESOLVED) == []


async def test_an_unresolved_event_without_a_workspace_stays_so_until_somebody_names_one(
    worker: Bench,
) -> None:
    homeless = paid("in_1", 1, wanted=(Wanted("", (A,)),), unresolved="no workspace")
    await worker.ledger.intake.accept(homeless)

    assert await worker.ledger.desk.retry(REF) == 0
    assert await worker.ledger.desk.retry(REF, [Wanted(WORKSPACE, (A,))]) == 1
    await worker.drain_all()

    assert worker.invoiced([A]) == [True]


async def test_what_is_brought_back_passes_the_check_of_order(worker: Bench) -> None:
    far = milliseconds() + 3_600_000
    await worker.ledger.intake.accept(paid("in_1", 1, A, at=far))
    await worker.ledger.intake.accept(paid("in_1", 2, B))
    assert await worker.ledger.history("in_1") == {"paid-in_1-1": "superseded", "paid-in_1-2": "waiting"}

    assert await worker.ledger.desk.retry(REF, [Wanted(WORKSPACE, (A,))]) == 0
    await worker.drain_all()

    assert worker.invoiced([A, B]) == [False, True]


async def test_a_reversal_of_an_unknown_invoice_that_is_brought_back_is_still_unresolved(
    ledger: Ledger,
) -> None:
    await ledger.intake.accept(taken_back("in_1", 1))

    assert await ledger.desk.retry(REF) == 0
    assert await ledger.desk.in_state(State.UNRESOLVED) == [REF]


async def test_a_date_in_the_future_may_be_brought_back_once_it_has_come(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, A, at=milliseconds() + 3_600_000))
    assert await worker.ledger.desk.retry(REF) == 0
    await worker.ledger.forward(3600)

    assert await worker.ledger.desk.retry(REF) == 1
    await worker.drain_all()

    assert worker.invoiced([A]) == [True]


async def test_a_marking_that_is_dropped_while_it_waits_is_never_sent(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, A))

    assert await worker.ledger.desk.drop(REF, "billed by hand") == 1
    await worker.drain_all()

    assert worker.calls == 0
    assert await worker.ledger.states("in_1") == ["dropped"]
    record = await worker.ledger.desk.show(REF)
    assert record is not None
    assert record.history[0].reason == "billed by hand"
    assert await worker.ledger.desk.drop(REF, "again") == 0


async def test_a_dropped_invoice_still_claims_what_it_bills(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    await worker.ledger.desk.drop(REF, "marked by hand")
    await worker.ledger.intake.accept(paid("in_2", 1, A, B))
    await worker.ledger.intake.accept(taken_back("in_2", 2))
    await worker.drain_all()

    assert worker.invoiced([A, B]) == [True, False]


async def test_a_dropped_invoice_that_is_taken_back_lets_its_entries_go(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    await worker.drain_all()
    await worker.ledger.intake.accept(paid("in_1", 2, A, B))
    await worker.ledger.desk.drop(REF, "no")
    await worker.ledger.intake.accept(taken_back("in_1", 3))
    await worker.drain_all()

    assert worker.invoiced([A, B]) == [False, False]


async def test_refused_entries_and_unresolved_events_can_be_dropped(worker: Bench) -> None:
    desk = worker.ledger.desk
    await rejected(worker, A, B, bad=(B,))
    await worker.ledger.intake.accept(paid("in_1", 2, C, unresolved="broken"))

    assert await desk.drop(REF, "never mind") == 2
    figures = await desk.figures()
    assert (figures["rejected_now"], figures["unresolved_now"], figures["dropped"]) == (0, 0, 1)
    assert await desk.retry(REF) == 0


async def test_what_is_dropped_while_its_call_is_on_the_way_stays_dropped(worker: Bench) -> None:
    hands, desk = worker.ledger.hands, worker.ledger.desk
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    lease = await hands.take(WORKSPACE)
    assert lease is not None
    backlog = await hands.plan(lease, most_entries=100, most_markings=100)
    await desk.drop(REF, "no")
    await hands.settle(
        lease, [Progress(REF, backlog.pending[0].revision, "+")], Sent((A,), True, Effect.TAKEN)
    )
    await hands.release(lease, Handover())

    assert await worker.ledger.states("in_1") == ["dropped"]
    assert await desk.workspaces() == []


async def test_workspaces_say_what_waits_and_why(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="error", status=503))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    await worker.ledger.intake.accept(paid("in_2", 1, wanted=(Wanted(ELSEWHERE, (B,)),)))
    await worker.drain()
    waiting = {one.workspace: one for one in await worker.ledger.desk.workspaces()}

    assert waiting[WORKSPACE].failures == 1
    assert waiting[WORKSPACE].reason == "Clockify answered 503"
    assert 0 < waiting[WORKSPACE].next_in <= 1.25
    assert (waiting[WORKSPACE].backlog, waiting[WORKSPACE].leased, waiting[WORKSPACE].parked) == (
        1,
        False,
        "",
    )
    assert waiting[ELSEWHERE].next_in <= 0
    assert waiting[ELSEWHERE].failing_for == 0
    assert 0 <= waiting[ELSEWHERE].oldest < 10


async def test_workers_are_known_while_they_show_signs_of_life(ledger: Ledger) -> None:
    await ledger.hands.live("one", 60)
    await ledger.forward(30)
    await ledger.hands.live("two", 60)
    assert await ledger.desk.workers() == pytest.approx({"one": 30, "two": 0}, abs=5)

    await ledger.forward(40)
    assert list(await ledger.desk.workers()) == ["two"]
    await ledger.hands.live("two", 60)
    assert await ledger.store.zcard("paidmark:workers") == 1


async def test_a_search_goes_on_until_everything_was_seen(ledger: Ledger) -> None:
    await asyncio.gather(*(ledger.intake.accept(paid(f"in_{n}", 1, A)) for n in range(1500)))

    assert len([ref async for ref in ledger.desk.matching("stripe//in_*")]) == 1500
