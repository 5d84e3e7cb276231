"""Square, with its own library as oracle for signatures."""

import pytest
from square.utils.webhooks_helper import verify_signature

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import NotAuthenticError
from webhooks.events import InvoicePaid, InvoiceReversed, References
from webhooks.sources.facts import IN_PART
from webhooks.sources.kind import Options
from webhooks.sources.square import KIND

KEY = "a-signature-key-made-up"
HERE = Options(url="https://example.com/webhooks/square")
INVOICE = "inv:0-made-up"


def test_what_we_sign_is_authentic_to_squares_library() -> None:
    body = sample("square", "invoice.payment_made")
    proof = KIND.sign(body, KEY, "", 0, HERE)

    assert verify_signature(
        request_body=body.decode(),
        signature_header=proof.headers["x-square-hmacsha256-signature"],
        signature_key=KEY,
        notification_url=HERE.url,
    )


def test_a_published_signature_is_authentic() -> None:
    """From the tests of Square's library (square/square-python-sdk, test_webhooks_helper.py)."""
    body = b'{"data":{"type":"webhooks","id":">id<"}}'
    header = {"x-square-hmacsha256-signature": "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U="}

    KIND.verify(delivery(body, header), trust("signature-key"), Options(url="https://webhook.site/webhooks"))


def test_a_signature_for_another_address_is_refused() -> None:
    proof = KIND.sign(b"{}", KEY, "", 0, HERE)

    with pytest.raises(NotAuthenticError):
        KIND.verify(delivery(b"{}", proof.headers), trust(KEY), Options(url=HERE.url + "/"))


@pytest.mark.parametrize("url", ["", "example.com/webhooks/square"])
def test_the_address_must_be_set(url: str) -> None:
    (complaint,) = KIND.complaints([KEY], Options(url=url))

    assert "the address that Square was given" in complaint


@pytest.mark.parametrize("name", ["invoice.payment_made", "invoice.updated"])
def test_an_invoice_is_paid_and_names_its_entries(name: str) -> None:
    event = read(KIND, sample("square", name))

    assert isinstance(event, InvoicePaid)
    assert (event.invoice, event.references) == (INVOICE, (References(WORKSPACE, DOCUMENTED),))


@pytest.mark.parametrize(("name", "unresolved"), [("full", ""), ("in-part", IN_PART)])
def test_a_refund_takes_the_money_back_in_full_or_is_for_a_person(name: str, unresolved: str) -> None:
    event = read(KIND, sample("square", f"invoice.refunded.{name}"))

    assert isinstance(event, InvoiceReversed)
    assert (event.unresolved, event.stands) == (unresolved, True)


def test_a_deleted_invoice_shows_only_its_id() -> None:
    event = read(KIND, sample("square", "invoice.deleted"))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.references, event.stands) == (INVOICE, None, False)
