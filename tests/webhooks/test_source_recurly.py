"""Recurly: a time in milliseconds, several signatures, and thin deliveries."""

import pytest

from tests.webhooks.deliveries import NOW, delivery, read, sample, trust
from webhooks.delivery import NotAuthenticError
from webhooks.events import InvoicePaid, InvoiceReversed
from webhooks.sources.kind import Options
from webhooks.sources.recurly import KIND

SECRET, ROTATED = "made-up-secret-1", "made-up-secret-2"
HEADER = "recurly-signature"


def signed(body: bytes, *secrets: str) -> str:
    made = [KIND.sign(body, secret, "", NOW, Options()).headers[HEADER].split(",") for secret in secrets]
    return ",".join([made[0][0], *(signature for _, signature in made)])


def test_one_of_several_signatures_is_enough() -> None:
    KIND.verify(delivery(b"{}", {HEADER: signed(b"{}", ROTATED, SECRET)}), trust(SECRET), Options())


def test_a_time_in_seconds_is_none_in_milliseconds() -> None:
    stamp, signature = signed(b"{}", SECRET).split(",")

    with pytest.raises(NotAuthenticError, match="too long ago"):
        KIND.verify(delivery(b"{}", {HEADER: f"{stamp[:-3]},{signature}"}), trust(SECRET), Options())


def test_a_payload_in_xml_is_not_signed_and_refused() -> None:
    with pytest.raises(NotAuthenticError, match="missing"):
        KIND.verify(delivery(b"<paid_charge_invoice_notification/>"), trust(SECRET), Options())


def test_an_invoice_is_paid_and_shows_nothing_but_its_id_and_number() -> None:
    event = read(KIND, sample("recurly", "charge_invoice.paid.with-number"))

    assert isinstance(event, InvoicePaid)
    assert (event.id, event.invoice, event.number, event.references) == (
        f"paid:made0up0id:{int(NOW)}000",
        "made0up0id",
        "1001",
        (),
    )


def test_an_invoice_that_is_reopened_is_paid_no_longer() -> None:
    event = read(KIND, sample("recurly", "charge_invoice.paid").replace(b'"paid"', b'"reopened"'))

    assert isinstance(event, InvoiceReversed)
    assert (event.references, event.stands) == (None, True)
