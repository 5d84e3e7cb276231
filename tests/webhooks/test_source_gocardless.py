"""GoCardless, with its own library as oracle for signatures."""

import pytest
from gocardless_pro import webhooks

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from webhooks.events import InvoicePaid, InvoiceReversed, References
from webhooks.sources.gocardless import KIND, REFUNDED
from webhooks.sources.kind import Options

SECRET = "made-up-secret-of-an-endpoint"
PAYMENT = "PM01MADEUP"


def test_what_we_sign_is_authentic_to_gocardless_library() -> None:
    body = sample("gocardless", "several")
    proof = KIND.sign(body, SECRET, "", 0, Options())

    events = webhooks.parse(body, SECRET, proof.headers["Webhook-Signature"])

    assert [event.id for event in events] == ["EV1", "EV2", "EV3", "EV4", "EV5"]


def test_a_bad_signature_and_a_delivery_without_payments_are_answered_as_gocardless_asks() -> None:
    assert (KIND.refusal, KIND.uninteresting) == (498, 204)


def test_each_payment_of_a_delivery_is_an_event_of_its_own() -> None:
    events = KIND.parse(delivery(sample("gocardless", "several")), Options()).events

    assert [(type(event), event.id) for event in events] == [
        (InvoicePaid, "EV1"),
        (InvoicePaid, "EV2"),
        (InvoiceReversed, "EV4"),
        (InvoicePaid, "EV5"),
    ]
    assert {event.invoice for event in events} == {PAYMENT}


def test_a_payment_names_its_entries_in_its_metadata() -> None:
    event = read(KIND, sample("gocardless", "payments.confirmed"))

    assert isinstance(event, InvoicePaid)
    assert event.references == (References(WORKSPACE, DOCUMENTED),)


def test_a_delivery_without_the_payments_metadata_cannot_tell() -> None:
    event = read(KIND, sample("gocardless", "payments.confirmed.without-metadata"))

    assert isinstance(event, InvoicePaid)
    assert event.references is None


def test_a_refund_is_for_a_person() -> None:
    event = read(KIND, sample("gocardless", "refunds.created"))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.unresolved) == (PAYMENT, REFUNDED)


@pytest.mark.parametrize(
    ("action", "stands"), [("failed", True), ("charged_back", True), ("cancelled", False)]
)
def test_a_payment_that_is_cancelled_is_gone_and_one_that_fails_is_not(action: str, stands: bool) -> None:
    body = sample("gocardless", "payments.confirmed").replace(b'"confirmed"', f'"{action}"'.encode())
    event = read(KIND, body)

    assert isinstance(event, InvoiceReversed)
    assert event.stands is stands


def test_the_signature_that_the_library_expects_is_the_one_that_we_accept() -> None:
    body = sample("gocardless", "several")
    headers = KIND.sign(body, SECRET, "", 0, Options()).headers

    KIND.verify(delivery(body, headers), trust(SECRET), Options())
