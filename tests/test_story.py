"""The manual: what Paidmark does for the one who uses it, a behaviour a test. Read it from top to bottom.

Everything is real: the store, the sockets, the signatures (made by the vendors' own libraries). Only Clockify is our
stand-in of it.
"""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.conditions import wait_until
from tests.service import STRIPE_SECRET, WORKSPACE, Service, entry, service, stripe_event
from worker.marking import State, Wanted
from worker.sandbox import Fault

ONE, TWO, THREE, FOUR = (entry(number) for number in range(4))


@pytest.fixture
async def paidmark(store: Redis, store_url: str) -> AsyncIterator[Service]:
    """A running Paidmark, with nothing in it."""
    async with service(store_url) as running:
        yield running


async def test_an_invoice_is_paid_and_its_entries_are_marked_as_invoiced(paidmark: Service) -> None:
    """The whole point. The invoice names its entries in its metadata."""
    assert await paidmark.stripe("invoice.paid", "in_1", [ONE, TWO]) == 200

    await paidmark.settled()

    assert paidmark.invoiced(ONE, TWO, THREE) == [True, True, False]


async def test_a_billing_system_of_ones_own_signs_as_standard_webhooks_says(paidmark: Service) -> None:
    """`data.workspace_id`, `data.time_entry_ids` and `data.invoice_id` say what is meant."""
    assert await paidmark.standard("invoice.paid", "2026-001", [ONE]) == 200

    await paidmark.settled()

    assert paidmark.invoiced(ONE) == [True]


async def test_the_ids_of_clockifys_own_documentation_go_through(paidmark: Service) -> None:
    """They are not hexadecimal, all of them."""
    documented = ["54m377ddd3fcab07cfbb432w", "25b687e29ae1f428e7ebe123"]

    assert await paidmark.stripe("invoice.paid", "in_1", documented) == 200
    await paidmark.settled()

    assert paidmark.invoiced(*documented) == [True, True]


async def test_the_same_event_delivered_many_times_has_one_effect(paidmark: Service) -> None:
    """Billing systems deliver at least once. Every delivery is acknowledged, one counts."""
    for _ in range(5):
        assert await paidmark.stripe("invoice.paid", "in_1", [ONE], event="evt_same") == 200
    await paidmark.settled()

    assert (await paidmark.desk.figures())["known"] == 4
    assert paidmark.sandbox.world.entries[ONE].writes == 1


async def test_both_of_stripes_names_for_a_paid_invoice_make_one_marking(paidmark: Service) -> None:
    """`invoice.paid` and `invoice.payment_succeeded` say the same."""
    await paidmark.stripe("invoice.paid", "in_1", [ONE])
    await paidmark.settled()
    await paidmark.stripe("invoice.payment_succeeded", "in_1", [ONE], later=1)
    await paidmark.settled()

    assert paidmark.sandbox.world.entries[ONE].writes == 1


async def test_an_invoice_that_is_voided_gives_its_entries_back(paidmark: Service) -> None:
    """Otherwise nobody could bill them again."""
    await paidmark.stripe("invoice.paid", "in_1", [ONE, TWO])
    await paidmark.settled()

    await paidmark.stripe("invoice.voided", "in_1", [ONE, TWO], later=60)
    await paidmark.settled()

    assert paidmark.invoiced(ONE, TWO) == [False, False]


async def test_events_may_arrive_in_any_order(paidmark: Service) -> None:
    """The newest by the billing system's clock wins, not the last to arrive."""
    await paidmark.stripe("invoice.voided", "in_1", [ONE], later=60)
    await paidmark.stripe("invoice.paid", "in_1", [ONE])
    await paidmark.settled()

    assert paidmark.invoiced(ONE) == [False]


async def test_hours_that_another_invoice_bills_as_well_stay_marked(paidmark: Service) -> None:
    """An invoice is replaced: the new one names the same hours, then the old one is voided."""
    await paidmark.stripe("invoice.paid", "in_old", [ONE, TWO])
    await paidmark.stripe("invoice.paid", "in_new", [TWO, THREE], later=10)
    await paidmark.stripe("invoice.voided", "in_old", [ONE, TWO], later=20)
    await paidmark.settled()

    assert paidmark.invoiced(ONE, TWO, THREE) == [False, True, True]


async def test_while_clockify_is_down_webhooks_are_accepted_and_afterwards_everything_is_marked(
    paidmark: Service,
) -> None:
    """An outage is not a failure: nobody has to do anything."""
    outage = paidmark.sandbox.faults.order(Fault(kind="error", status=503))
    for number in range(20):
        assert await paidmark.stripe("invoice.paid", f"in_{number}", [entry(number)]) == 200
    await wait_until(
        lambda: paidmark.sandbox.log.answers["invoiced 503"] >= 2, because="no call was tried again"
    )

    paidmark.sandbox.faults.lift(outage)
    await paidmark.settled()

    assert all(paidmark.invoiced(*(entry(number) for number in range(20))))


async def test_what_has_waited_goes_out_in_as_few_calls_as_it_fits(paidmark: Service) -> None:
    """Fifty invoices of twenty entries are a thousand entries: five calls of two hundred."""
    down = paidmark.sandbox.faults.order(Fault(kind="error", times=1))
    await paidmark.stripe("invoice.paid", "in_first", [entry("first")])
    await wait_until(
        lambda: down not in paidmark.sandbox.faults.standing, because="the outage was not noticed"
    )
    for number in range(50):
        named = ",".join(entry(f"{number}.{index}") for index in range(20))
        metadata = {"clockify_workspace_id": WORKSPACE, "clockify_time_entry_ids": named}
        await paidmark.stripe("invoice.paid", f"in_{number}", metadata=metadata)
    paidmark.sandbox.log.clear()
    await paidmark.settled()

    assert paidmark.sandbox.log.answers["invoiced 200"] <= 1 + 5


async def test_an_entry_that_no_longer_exists_is_reported_and_holds_nothing_up(paidmark: Service) -> None:
    """The good entries of the same batch are marked; the bad one awaits a person, with its reason."""
    paidmark.sandbox.world.bad.add(TWO)
    await paidmark.stripe("invoice.paid", "in_1", [ONE, TWO])
    await paidmark.stripe("invoice.paid", "in_2", [THREE])
    await paidmark.settled()

    record = await paidmark.desk.show("stripe//in_1")
    assert paidmark.invoiced(ONE, TWO, THREE) == [True, False, True]
    assert record is not None
    assert record.places[0].state is State.PARTLY_APPLIED
    assert record.places[0].refusals == ((TWO, "not an entry of this workspace, or deleted"),)


async def test_a_key_that_is_no_longer_accepted_parks_the_workspace_and_loses_nothing(
    paidmark: Service,
) -> None:
    """What Clockify refuses as a whole is not tried again and again. A person mends it, and resumes."""
    refused = paidmark.sandbox.faults.order(Fault(kind="key_refused"))
    await paidmark.stripe("invoice.paid", "in_1", [ONE])

    async def parked() -> bool:
        return any(workspace.parked for workspace in await paidmark.desk.workspaces())

    await wait_until(parked, because="the workspace was not parked")
    paidmark.sandbox.faults.lift(refused)
    assert await paidmark.desk.resume(WORKSPACE)
    await paidmark.settled()

    assert paidmark.invoiced(ONE) == [True]


async def test_an_invoice_without_clockify_references_is_only_counted(paidmark: Service) -> None:
    """Other invoices of the same business are none of our business."""
    assert await paidmark.stripe("invoice.paid", "in_1") == 200

    assert (await paidmark.desk.figures())["unreferenced"] == 1
    assert await paidmark.desk.show("stripe//in_1") is None


async def test_references_that_are_broken_are_kept_for_a_person(paidmark: Service) -> None:
    """Acknowledged, since sending again would not help; visible, and brought back with what is right."""
    broken = {"clockify_workspace_id": WORKSPACE, "clockify_time_entry_ids": "not-an-id"}
    assert await paidmark.stripe("invoice.paid", "in_1", metadata=broken) == 200
    assert await paidmark.desk.in_state(State.UNRESOLVED) == ["stripe//in_1"]

    assert await paidmark.desk.retry("stripe//in_1", [Wanted(WORKSPACE, (ONE,))]) == 1
    await paidmark.settled()

    assert paidmark.invoiced(ONE) == [True]
    assert await paidmark.desk.in_state(State.UNRESOLVED) == []


async def test_a_delivery_that_is_not_signed_by_the_source_is_refused(paidmark: Service) -> None:
    """401, and no trace of it in the ledger."""
    body = stripe_event("invoice.paid", {"id": "in_1"}, event="evt_1", created=paidmark.began)

    assert await paidmark.post("stripe", body, {"Stripe-Signature": "t=1,v1=00"}) == 401
    assert await paidmark.post("stripe", body, {}) == 401
    assert await paidmark.post("no-such-source", body, {}) == 401
    assert await paidmark.desk.figures() == {"undecoded_now": 0, "unresolved_now": 0, "rejected_now": 0}
    assert STRIPE_SECRET not in str(paidmark)
