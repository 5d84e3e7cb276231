"""What an invoice stands for may be told apart from its events, before them or after: under its id, its number, or a link."""

from collections.abc import Awaitable, Callable

import pytest

from tests.worker.worlds import (
    ELSEWHERE,
    WORKSPACE,
    Bench,
    Ledger,
    ids,
    milliseconds,
    opened,
    paid,
    taken_back,
)
from worker.ledger.intake import Rules
from worker.marking import Link, State, Verdict, Wanted

HOURS, OTHERS = ids(2), ids(2, start=10)
Step = Callable[[Ledger], Awaitable[Verdict]]


def link(name: str, *entries: str, workspace: str = WORKSPACE) -> Link:
    return Link(source="stripe", account="", name=name, wanted=(Wanted(workspace, entries),))


def nothing(name: str) -> Link:
    return Link(source="stripe", account="", name=name, wanted=())


def marked(worker: Bench) -> set[str]:
    """The entries that Clockify has as invoiced."""
    entries = (*HOURS, *OTHERS)
    return {entry for entry, invoiced in zip(entries, worker.invoiced(entries), strict=True) if invoiced}


def shown_as(**also: str) -> Step:
    """An invoice is paid, which shows no entries."""
    return lambda ledger: ledger.intake.accept(paid("in_1", 1, **also))


def told(name: str) -> Step:
    return lambda ledger: ledger.intake.link(link(name, *HOURS))


@pytest.mark.parametrize(
    ("name", "shows"),
    [("in_1", {}), ("INV-7", {"number": "INV-7"}), ("march", {"link": "march"})],
    ids=["id", "number", "link"],
)
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_entries_told_before_or_after_the_payment_are_marked(
    worker: Bench, name: str, shows: dict[str, str], before: bool
) -> None:
    steps = [told(name), shown_as(**shows)]
    verdicts = [await step(worker.ledger) for step in (steps if before else steps[::-1])]
    await worker.drain()

    assert verdicts[-1] is Verdict.ACCEPTED
    assert marked(worker) == {*HOURS}


async def test_a_payment_that_shows_a_link_waits_for_it_in_sight(ledger: Ledger) -> None:
    verdict = await ledger.intake.accept(paid("in_1", 1, link="march"))
    record = await ledger.desk.show("stripe//in_1")

    assert verdict is Verdict.UNRESOLVED
    assert record is not None
    assert [one.reason for one in record.history] == ["not linked yet: stripe//march"]


async def test_a_link_is_for_all_invoices_that_show_it(worker: Bench) -> None:
    for number in (1, 2):
        await worker.ledger.intake.accept(paid(f"in_{number}", 1, link="march"))
    await worker.ledger.intake.link(link("march", *HOURS))
    await worker.drain()
    await worker.ledger.intake.accept(taken_back("in_1", 2))
    await worker.drain()

    assert marked(worker) == {*HOURS}


async def test_entries_may_be_told_anew_after_the_payment(worker: Bench) -> None:
    await worker.ledger.intake.link(link("in_1", *HOURS))
    await worker.ledger.intake.accept(paid("in_1", 1))
    await worker.drain()

    verdict = await worker.ledger.intake.link(link("in_1", *OTHERS))
    await worker.drain()

    assert verdict is Verdict.ACCEPTED
    assert marked(worker) == {*OTHERS}


async def test_what_an_invoice_names_itself_a_link_does_not_change(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, *HOURS))

    verdict = await worker.ledger.intake.link(link("in_1", *OTHERS))
    await worker.drain()

    assert verdict is Verdict.NAMED
    assert marked(worker) == {*HOURS}


async def test_a_link_does_not_change_what_an_invoice_names_itself_though_it_once_said_the_same(
    worker: Bench,
) -> None:
    await worker.ledger.intake.link(link("in_1", *HOURS))
    await worker.ledger.intake.accept(paid("in_1", 1, *HOURS))

    verdict = await worker.ledger.intake.link(link("in_1", *OTHERS))
    await worker.drain()

    assert verdict is Verdict.NAMED
    assert marked(worker) == {*HOURS}


async def test_a_link_that_is_told_again_leaves_everything_as_it_is(worker: Bench) -> None:
    await worker.ledger.intake.link(link("in_1", *HOURS))
    await worker.ledger.intake.accept(paid("in_1", 1))
    await worker.drain()
    before = await worker.ledger.desk.show("stripe//in_1")

    verdict = await worker.ledger.intake.link(link("in_1", *HOURS))

    assert verdict is Verdict.LINKED
    assert before is not None
    assert [one.state for one in before.history] == [State.APPLIED]
    assert await worker.ledger.desk.show("stripe//in_1") == before


async def test_a_link_decides_nothing_that_awaits_a_person_for_another_reason(worker: Bench) -> None:
    await worker.ledger.intake.link(link("in_1", *HOURS))
    await worker.ledger.intake.accept(paid("in_1", 1))
    await worker.ledger.intake.accept(paid("in_1", 2, unresolved="metadata that cannot be read"))

    verdict = await worker.ledger.intake.link(link("in_1", *OTHERS))
    await worker.drain()

    assert verdict is Verdict.AWAITS
    assert marked(worker) == {*HOURS}


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
async def test_what_a_link_tells_counts_when_a_person_decides_that_the_invoice_is_paid(
    worker: Bench, before: bool
) -> None:
    steps = [told("INV-7"), shown_as(number="INV-7", unresolved="perhaps a part: decide by hand")]
    verdicts = [await step(worker.ledger) for step in (steps if before else steps[::-1])]
    await worker.drain()
    assert marked(worker) == set()

    await worker.ledger.desk.retry("stripe//in_1", decision="paid")
    await worker.drain()

    assert verdicts[-1] is (Verdict.UNRESOLVED if before else Verdict.AWAITS)
    assert marked(worker) == {*HOURS}


async def test_a_link_that_is_taken_back_before_the_payment_says_nothing(worker: Bench) -> None:
    await worker.ledger.intake.link(link("in_1", *HOURS))
    verdict = await worker.ledger.intake.link(nothing("in_1"))

    assert verdict is Verdict.LINKED
    assert await worker.ledger.intake.accept(paid("in_1", 1)) is Verdict.UNREFERENCED
    assert await worker.ledger.desk.told("stripe//in_1") == ()


async def test_a_link_that_is_taken_back_after_the_payment_unmarks_what_it_told(worker: Bench) -> None:
    await worker.ledger.intake.link(link("in_1", *HOURS))
    await worker.ledger.intake.accept(paid("in_1", 1))
    await worker.ledger.intake.accept(paid("in_2", 1, HOURS[0]))
    await worker.drain()

    verdict = await worker.ledger.intake.link(nothing("in_1"))
    await worker.drain()

    assert verdict is Verdict.ACCEPTED
    assert marked(worker) == {HOURS[0]}
    assert await worker.ledger.intake.link(link("in_1", *OTHERS)) is Verdict.ACCEPTED
    await worker.drain()
    assert marked(worker) == {HOURS[0], *OTHERS}


async def test_a_link_that_is_taken_back_takes_its_refused_entries_from_the_desk(worker: Bench) -> None:
    desk = worker.ledger.desk
    worker.sandbox.world.bad.add(HOURS[0])
    await told("in_1")(worker.ledger)
    await shown_as()(worker.ledger)
    await worker.drain()
    assert await desk.in_state(State.REJECTED) == ["stripe//in_1"]

    await worker.ledger.intake.link(nothing("in_1"))

    assert await desk.in_state(State.REJECTED) == []


async def test_what_a_payment_would_name_by_a_link_goes_with_the_link(worker: Bench) -> None:
    await worker.ledger.intake.link(link("in_1", *HOURS))
    await worker.ledger.intake.accept(paid("in_1", 1, unresolved="perhaps a part: decide by hand"))

    await worker.ledger.intake.link(nothing("in_1"))
    await worker.ledger.desk.retry("stripe//in_1", decision="paid")
    await worker.drain()

    assert marked(worker) == set()


async def test_what_was_dropped_a_link_does_not_bring_back(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, link="march"))
    await worker.ledger.desk.drop("stripe//in_1", "not ours")

    verdict = await worker.ledger.intake.link(link("march", *HOURS))
    await worker.drain()

    assert verdict is Verdict.LINKED
    assert marked(worker) == set()


async def test_all_links_are_listed(ledger: Ledger) -> None:
    for number in range(1_200):
        await ledger.intake.link(link(f"in_{number}", HOURS[0]))

    listed = [one async for one in ledger.desk.links()]

    assert len({name for name, _ in listed}) == 1_200
    assert {wanted for _, wanted in listed} == {(Wanted(WORKSPACE, (HOURS[0],)),)}


async def test_a_link_that_comes_after_a_newer_reversal_marks_nothing(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, link="march"))
    await worker.ledger.intake.accept(taken_back("in_1", 2, wanted=()))

    verdict = await worker.ledger.intake.link(link("march", *HOURS))
    await worker.drain()

    assert verdict is Verdict.LINKED
    assert marked(worker) == set()


async def test_a_link_that_comes_after_a_reversal_of_what_named_nothing_marks_nothing(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1))
    await worker.ledger.intake.accept(taken_back("in_1", 2))

    verdict = await worker.ledger.intake.link(link("in_1", *HOURS))
    await worker.drain()

    assert verdict is Verdict.LINKED
    assert marked(worker) == set()


async def test_a_refund_by_payment_of_what_named_nothing_counts_against_a_later_link(worker: Bench) -> None:
    await worker.ledger.intake.accept(taken_back("", 2, payment="pi_1", event="refund"))
    await worker.ledger.intake.accept(paid("in_1", 1, payment="pi_1"))

    await worker.ledger.intake.link(link("in_1", *HOURS))
    await worker.drain()

    assert marked(worker) == set()


async def test_a_payment_dated_in_the_future_is_named_by_its_link_and_waits_for_its_time(
    worker: Bench,
) -> None:
    ahead = milliseconds() + 3_600_000
    await worker.ledger.intake.accept(paid("in_1", 1, link="march", at=ahead))
    await worker.ledger.intake.link(link("march", *HOURS))
    await worker.drain()
    before = marked(worker)
    await worker.ledger.forward(3_600)
    await worker.ledger.desk.retry("stripe//in_1")
    await worker.drain()

    assert (before, marked(worker)) == (set(), {*HOURS})


async def test_a_number_that_is_another_invoices_id_means_that_invoice(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("1001", 1, *OTHERS))
    await worker.ledger.intake.accept(paid("in_1", 1, number="1001"))

    verdict = await worker.ledger.intake.link(link("1001", *HOURS))
    await worker.drain()

    assert verdict is Verdict.NAMED
    assert marked(worker) == {*OTHERS}


async def test_a_date_in_the_future_outvotes_nothing_though_it_names_nothing(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 9, at=milliseconds() + 3_600_000))
    await worker.ledger.intake.accept(paid("in_1", 1, *HOURS))
    await worker.drain()

    assert marked(worker) == {*HOURS}


async def test_a_reversal_without_references_undoes_what_a_link_has_named(worker: Bench) -> None:
    await worker.ledger.intake.link(link("in_1", *HOURS))
    await worker.ledger.intake.accept(paid("in_1", 1))
    await worker.drain()
    await worker.ledger.intake.accept(taken_back("in_1", 2))
    await worker.drain()

    assert marked(worker) == set()


async def test_a_link_may_name_entries_of_several_workspaces(ledger: Ledger) -> None:
    wanted = (Wanted(WORKSPACE, HOURS), Wanted(ELSEWHERE, OTHERS))
    await ledger.intake.link(Link(source="stripe", account="", name="in_1", wanted=wanted))
    await ledger.intake.accept(paid("in_1", 1))

    assert await ledger.states("in_1") == ["waiting", "waiting"]


async def test_a_link_of_another_source_or_account_is_another_link(ledger: Ledger) -> None:
    for source, account in (("standard", ""), ("stripe", "acct_1")):
        wanted = (Wanted(WORKSPACE, HOURS),)
        await ledger.intake.link(Link(source=source, account=account, name="in_1", wanted=wanted))

    assert await ledger.intake.accept(paid("in_1", 1)) is Verdict.UNREFERENCED


async def test_a_link_resolves_what_waits_because_nothing_may_be_without_references(store_url: str) -> None:
    rules = Rules(deadline=5.0, unreferenced="unresolved")
    async with opened(store_url, rules=rules) as ledger:
        await ledger.store.flushdb()
        await ledger.intake.accept(paid("in_1", 1))
        verdict = await ledger.intake.link(link("in_1", *HOURS))

        assert verdict is Verdict.ACCEPTED
        assert await ledger.history("in_1") == {"paid-in_1-1": "waiting"}


async def test_a_person_at_the_desk_may_link_as_well(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1))

    verdict = await worker.ledger.desk.link(link("in_1", *HOURS))
    await worker.drain()

    assert verdict is Verdict.ACCEPTED
    assert marked(worker) == {*HOURS}


async def test_what_a_person_has_ended_a_link_does_not_bring_back(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, link="march"))
    await worker.ledger.desk.drop("stripe//in_1", "not ours")

    verdict = await worker.ledger.intake.link(link("march", *HOURS))
    await worker.drain()

    assert verdict is Verdict.LINKED
    assert marked(worker) == set()
