"""Zoho: a signature over the query and the body, and invoices of two shapes."""

import hmac

import pytest

from tests.webhooks.deliveries import DOCUMENTED, NOW, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import Delivery, UndecodableError
from webhooks.events import InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.sources.kind import Options
from webhooks.sources.zoho import KIND

SECRET = "madeup1secret"


def test_the_query_is_signed_before_the_body() -> None:
    """By its names in order, names and values without anything between: as Zoho's page shows it."""
    body = b'{"created_date":"2019-03-06","event_id":"5675"}'
    signed = b"namebasicsubscription_id90343" + body
    header = {"X-Zoho-Webhook-Signature": hmac.digest(SECRET.encode(), signed, "sha256").hex()}
    one = delivery(body, header)

    KIND.verify(
        Delivery(one.headers, body, query="subscription_id=90343&name=ba%73ic"), trust(SECRET), Options()
    )


@pytest.mark.parametrize("name", ["invoice.paid", "invoice.books"])
def test_an_invoice_is_paid_and_names_its_entries(name: str) -> None:
    event = read(KIND, sample("zoho", name))

    assert isinstance(event, InvoicePaid)
    assert (event.invoice, event.at, event.references) == (
        "90300000000079426",
        NOW * 1000,
        (References(WORKSPACE, DOCUMENTED),),
    )


def test_without_an_id_the_invoice_its_status_and_the_time_of_its_change_are_the_event() -> None:
    event = read(KIND, sample("zoho", "invoice.books"))

    assert event.id == f"90300000000079426:paid:{int(NOW)}000"


@pytest.mark.parametrize(
    ("name", "told"),
    [("invoice.sent", [InvoiceIssued, InvoiceReversed]), ("invoice.partly-paid", [InvoiceIssued])],
)
def test_an_invoice_that_is_sent_is_not_paid_and_of_one_that_is_partly_paid_nobody_knows(
    name: str, told: list[type]
) -> None:
    events = KIND.parse(delivery(sample("zoho", name)), Options()).events

    assert [type(event) for event in events] == told


def test_an_invoice_that_is_deleted_is_gone_though_it_shows_that_it_was_paid() -> None:
    body = sample("zoho", "invoice.paid").replace(b"invoice_updated", b"invoice_deleted")
    event = read(KIND, body)

    assert isinstance(event, InvoiceReversed)
    assert not event.stands


def test_another_status_is_ignored() -> None:
    assert KIND.parse(delivery(sample("zoho", "invoice.another-status")), Options()).events == ()


def test_an_invoice_without_a_time_cannot_be_ordered() -> None:
    with pytest.raises(UndecodableError, match="last_modified_time"):
        KIND.parse(delivery(sample("zoho", "invoice.without-time")), Options())
