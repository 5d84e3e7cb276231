"""Invoice Ninja: a secret in a header or in the address; payments with their invoices, and invoices."""

import json

import pytest

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import Delivery, NotAuthenticError
from webhooks.events import InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.sources.invoiceninja import KIND
from webhooks.sources.kind import Options

SECRET = "Bearer made-up-secret"


def test_the_secret_may_follow_the_sources_name() -> None:
    one = delivery(b"{}")

    KIND.verify(Delivery(one.headers, b"{}", token="made-up"), trust("made-up"), Options())
    with pytest.raises(NotAuthenticError):
        KIND.verify(Delivery(one.headers, b"{}", token="another"), trust("made-up"), Options())


def test_the_header_may_have_another_name() -> None:
    KIND.verify(delivery(b"{}", {"X-Secret": SECRET}), trust(SECRET), Options(header="X-Secret"))


@pytest.mark.parametrize("name", ["payment", "invoice"])
def test_an_invoice_is_paid_and_names_its_entries(name: str) -> None:
    event = read(KIND, sample("invoiceninja", name))

    assert isinstance(event, InvoicePaid)
    assert (event.invoice, event.references) == ("VolejRejNm", (References(WORKSPACE, DOCUMENTED),))


def test_each_invoice_of_a_payment_is_an_event_of_its_own() -> None:
    events = KIND.parse(delivery(sample("invoiceninja", "payment.of-two")), Options()).events

    assert [event.invoice for event in events] == ["VolejRejNm", "Wpmbk5ezJn"]


@pytest.mark.parametrize("name", ["payment.in-part", "payment.refunded-in-part"])
def test_an_invoice_of_which_a_part_is_paid_is_issued_and_what_was_marked_stays(name: str) -> None:
    shown = json.loads(sample("invoiceninja", name))["invoices"][0]
    events = KIND.parse(delivery(json.dumps(shown).encode()), Options()).events

    assert [type(event) for event in events] == [InvoiceIssued]


def test_a_payment_and_its_invoice_that_tell_the_same_at_once_are_two_events() -> None:
    payment = sample("invoiceninja", "payment")
    alone = json.dumps(json.loads(payment)["invoices"][0]).encode()
    (told,), (shown,) = (KIND.parse(delivery(body), Options()).events for body in (payment, alone))

    assert told.id != shown.id
    assert isinstance(told, InvoicePaid)
    assert isinstance(shown, InvoicePaid)
    assert (told.order, told.payment != "", shown.payment) == (shown.order, True, "")


def test_a_deleted_invoice_is_gone_whatever_its_status() -> None:
    event = read(KIND, sample("invoiceninja", "invoice.deleted"))

    assert isinstance(event, InvoiceReversed)
    assert not event.stands


def test_a_refund_in_full_leaves_the_invoice_issued_and_not_paid() -> None:
    body = sample("invoiceninja", "payment.refunded-in-part").replace(b'"3"', b'"2"')
    issued, back = KIND.parse(delivery(body), Options()).events

    assert isinstance(issued, InvoiceIssued)
    assert isinstance(back, InvoiceReversed)
    assert (back.unresolved, back.stands) == ("", True)


def test_a_refund_of_a_part_is_for_a_person() -> None:
    issued, back = KIND.parse(delivery(sample("invoiceninja", "payment.refunded-in-part")), Options()).events

    assert isinstance(issued, InvoiceIssued)
    assert isinstance(back, InvoiceReversed)
    assert (back.references, back.stands) == (issued.references, True)
    assert back.unresolved.endswith("decide by hand")


def test_a_refund_of_a_part_of_what_names_nothing_tells_nothing_of_references() -> None:
    body = sample("invoiceninja", "payment.refunded-in-part").replace(b"clockify_", b"")
    _, back = KIND.parse(delivery(body), Options()).events

    assert isinstance(back, InvoiceReversed)
    assert back.references is None


@pytest.mark.parametrize("refunded", [b"null", b'"250.5"', b"true", b"-1", b"[]"])
def test_an_invoice_that_is_cancelled_is_gone_whatever_is_said_of_a_refund(refunded: bytes) -> None:
    body = sample("invoiceninja", "payment.refunded-in-part").replace(b'"3"', b'"5"')
    event = read(KIND, body.replace(b"250.5", refunded))

    assert isinstance(event, InvoiceReversed)
    assert (event.unresolved, event.stands) == ("", False)


def test_a_payment_that_is_deleted_finds_the_one_invoice_that_it_paid() -> None:
    """It shows no invoices any longer, so that they can only be known from before."""
    paid = read(KIND, sample("invoiceninja", "payment"))
    gone = read(KIND, sample("invoiceninja", "payment.deleted"))

    assert isinstance(paid, InvoicePaid)
    assert isinstance(gone, InvoiceReversed)
    assert (gone.invoice, gone.payment, gone.references, gone.stands) == ("", paid.payment, None, True)
    assert (gone.order, gone.rank) > (paid.order, paid.rank)


def test_a_payment_of_several_invoices_is_tied_to_none() -> None:
    events = KIND.parse(delivery(sample("invoiceninja", "payment.of-two")), Options()).events

    assert [event.payment for event in events] == ["", ""]


@pytest.mark.parametrize("other", ["quote", "credit", "purchaseOrder", "recurringInvoice"])
def test_what_has_the_fields_of_an_invoice_and_is_none_is_ignored(other: str) -> None:
    """A quote that was converted has the status of an invoice that is paid."""
    body = sample("invoiceninja", "quote").replace(b'"quote"', f'"{other}"'.encode())

    assert KIND.parse(delivery(body), Options()).events == ()


@pytest.mark.parametrize(
    "name", ["payment.of-no-invoice", "payment.without-invoices", "invoice.another-status", "client"]
)
def test_what_is_about_no_invoice_or_of_another_status_is_ignored(name: str) -> None:
    assert KIND.parse(delivery(sample("invoiceninja", name)), Options()).events == ()
