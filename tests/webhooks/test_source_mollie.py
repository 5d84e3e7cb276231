"""Mollie: deliveries with and without the payload, and the ones of the older kind."""

import pytest

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import NotAuthenticError
from webhooks.events import InvoicePaid, InvoiceReversed, References
from webhooks.sources.kind import Options
from webhooks.sources.mollie import KIND, TAKEN_BACK

SECRET, ROTATED = "made-up-secret-1", "made-up-secret-2"
HEADER = "X-Mollie-Signature"


def signature(body: bytes, secret: str) -> str:
    return KIND.sign(body, secret, "", 0, Options()).headers[HEADER]


def test_one_of_several_signature_headers_is_enough() -> None:
    headers = [(HEADER, signature(b"{}", ROTATED)), (HEADER, signature(b"{}", SECRET))]

    KIND.verify(delivery(b"{}", headers), trust(SECRET), Options())


def test_the_prefix_of_a_signature_may_be_left_out() -> None:
    KIND.verify(
        delivery(b"{}", {HEADER: signature(b"{}", SECRET).removeprefix("sha256=")}), trust(SECRET), Options()
    )


def test_a_webhook_of_the_older_kind_is_refused() -> None:
    with pytest.raises(NotAuthenticError, match="older kind"):
        KIND.verify(delivery(b"id=tr_made_up"), trust(SECRET), Options())


@pytest.mark.parametrize("name", ["sales-invoice.paid", "payment.paid"])
def test_an_invoice_or_a_payment_is_paid_and_names_its_entries(name: str) -> None:
    event = read(KIND, sample("mollie", name))

    assert isinstance(event, InvoicePaid)
    assert event.references == (References(WORKSPACE, DOCUMENTED),)


def test_metadata_of_another_shape_name_nothing() -> None:
    event = read(KIND, sample("mollie", "payment.paid.other-metadata"))

    assert isinstance(event, InvoicePaid)
    assert event.references == ()


def test_a_delivery_without_its_payload_cannot_tell_what_is_named() -> None:
    event = read(KIND, sample("mollie", "sales-invoice.paid.simple"))

    assert isinstance(event, InvoicePaid)
    assert (event.invoice, event.references) == ("invoice_made_up", None)


def test_a_refund_is_for_a_person() -> None:
    event = read(KIND, sample("mollie", "refund.refunded"))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.unresolved) == ("tr_made_up", TAKEN_BACK)
