"""What an event asks of the ledger depends on what marks an hour: that its invoice is issued, or that it is paid."""

import pytest

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE
from webhooks.events import Event, InvoiceIssued, InvoicePaid, InvoiceReversed, PaymentTied, References
from webhooks.resolve import NO_WORKSPACE, MarkOn, Place, resolve
from worker.marking import Cause, Tie

ABOUT = {"id": "evt_1", "account": "", "invoice": "in_1", "order": 1, "rank": 0, "at": 1}
REFERENCES = (References(None, DOCUMENTED),)
ISSUED = InvoiceIssued(**ABOUT, references=REFERENCES)  # type: ignore[arg-type]  # the facts are of many types
PAID = InvoicePaid(**ABOUT, references=REFERENCES, link="march", number="7")  # type: ignore[arg-type]  # as above
VOIDED = InvoiceReversed(**ABOUT, references=None)  # type: ignore[arg-type]  # as above
REFUNDED = InvoiceReversed(**ABOUT, references=None, stands=True)  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("event", "mark_on", "invoiced"),
    [
        (ISSUED, "paid", None),
        (PAID, "paid", True),
        (REFUNDED, "paid", False),
        (VOIDED, "paid", False),
        (ISSUED, "issued", True),
        (PAID, "issued", True),
        (REFUNDED, "issued", None),
        (VOIDED, "issued", False),
    ],
    ids=str,
)
def test_what_an_event_means_for_an_hour(event: Event, mark_on: MarkOn, invoiced: bool | None) -> None:
    cause = resolve(event, Place("shop", WORKSPACE, mark_on))

    assert (cause.invoiced if isinstance(cause, Cause) else cause) is invoiced


def test_a_link_and_a_number_are_passed_on() -> None:
    cause = resolve(PAID, Place("shop", WORKSPACE))

    assert isinstance(cause, Cause)
    assert (cause.link, cause.number) == ("march", "7")


def test_an_issued_invoice_without_a_workspace_waits_for_a_person_where_it_marks() -> None:
    cause = resolve(ISSUED, Place("shop", None, "issued"))

    assert isinstance(cause, Cause)
    assert cause.unresolved == NO_WORKSPACE


@pytest.mark.parametrize("mark_on", ["paid", "issued"])
def test_a_payment_is_tied_whatever_marks_an_hour(mark_on: MarkOn) -> None:
    tied = PaymentTied(id="evt_1", account="", invoice="in_1", payment="pi_1", at=1)

    assert isinstance(resolve(tied, Place("shop", None, mark_on)), Tie)
