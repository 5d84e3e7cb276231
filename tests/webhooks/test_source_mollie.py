"""Mollie: deliveries with and without the payload, and the ones of the older kind. Plain HMAC is the oracle."""

import hashlib
import hmac
import json

import pytest

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import NotAuthenticError
from webhooks.events import InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.sources.kind import Options
from webhooks.sources.mollie import GIVEN_AGAIN, KIND, TAKEN_BACK

SECRET, ROTATED = "made-up-secret-1", "made-up-secret-2"
HEADER = "X-Mollie-Signature"


def signature(body: bytes, secret: str) -> str:
    return KIND.sign(body, secret, "", 0, Options()).headers[HEADER]


def plain(body: bytes, secret: str) -> str:
    """What Mollie sends: https://docs.mollie.com/reference/webhooks-best-practices."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_what_we_sign_is_the_hmac_of_the_body_and_that_is_what_we_accept() -> None:
    body = sample("mollie", "sales-invoice.paid")

    assert signature(body, SECRET) == f"sha256={plain(body, SECRET)}"
    KIND.verify(delivery(body, {HEADER: f"sha256={plain(body, SECRET)}"}), trust(SECRET), Options())
    with pytest.raises(NotAuthenticError):
        KIND.verify(delivery(body, {HEADER: f"sha256={plain(body, ROTATED)}"}), trust(SECRET), Options())


def test_one_of_several_signature_headers_is_enough() -> None:
    headers = [(HEADER, signature(b"{}", ROTATED)), (HEADER, signature(b"{}", SECRET))]

    KIND.verify(delivery(b"{}", headers), trust(SECRET), Options())


def test_signature_headers_that_a_proxy_has_put_together_are_enough() -> None:
    headers = [(HEADER, f"{signature(b'{}', ROTATED)}, {signature(b'{}', SECRET)}")]

    KIND.verify(delivery(b"{}", headers), trust(SECRET), Options())


def changed(name: str, **entity: object) -> bytes:
    """A sample whose entity is another one."""
    body = json.loads(sample("mollie", name))
    body["_embedded"]["entity"] |= entity
    return json.dumps(body).encode()


def test_a_payment_that_is_only_authorized_is_not_paid() -> None:
    parsed = KIND.parse(delivery(changed("sales-invoice.paid", status="authorized")), Options())

    assert (parsed.events, parsed.ignored) == ((), "not paid, but authorized")


def test_a_number_that_is_no_text_is_none() -> None:
    event = read(KIND, changed("sales-invoice.paid", invoiceNumber=7))

    assert isinstance(event, InvoicePaid)
    assert event.number == ""


def test_the_prefix_of_a_signature_may_be_left_out() -> None:
    KIND.verify(
        delivery(b"{}", {HEADER: signature(b"{}", SECRET).removeprefix("sha256=")}), trust(SECRET), Options()
    )


def test_several_signatures_of_others_prove_nothing() -> None:
    headers = [(HEADER, signature(b"{}", ROTATED)), (HEADER, signature(b"{ }", SECRET))]

    with pytest.raises(NotAuthenticError):
        KIND.verify(delivery(b"{}", headers), trust(SECRET), Options())


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


def test_metadata_may_be_an_object_that_is_written_as_json_in_a_text() -> None:
    event = read(KIND, sample("mollie", "payment.paid.metadata-as-json"))

    assert isinstance(event, InvoicePaid)
    assert event.references == (References(WORKSPACE, DOCUMENTED),)


@pytest.mark.parametrize("type_", ["sales-invoice.paid", "sales-invoice.issued", "payment.paid"])
@pytest.mark.parametrize("embedded", [{}, {"_embedded": None}, {"_embedded": {}}])
def test_a_delivery_without_its_payload_cannot_tell_what_is_named(
    type_: str, embedded: dict[str, object]
) -> None:
    simple = json.loads(sample("mollie", "sales-invoice.paid.simple")) | {"type": type_} | embedded
    event = read(KIND, json.dumps(simple).encode())

    assert isinstance(event, InvoicePaid | InvoiceIssued)
    assert (event.invoice, event.references, event.unresolved) == ("invoice_made_up", None, "")


def test_an_invoice_is_cancelled_without_its_payload_too() -> None:
    event = read(KIND, sample("mollie", "sales-invoice.canceled.simple"))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.stands, event.unresolved) == ("invoice_made_up", False, "")


@pytest.mark.parametrize(
    ("name", "reason"), [("refund.refunded", TAKEN_BACK), ("chargeback.reversed", GIVEN_AGAIN)]
)
def test_a_refund_and_a_reversed_chargeback_are_for_a_person(name: str, reason: str) -> None:
    event = read(KIND, sample("mollie", name))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.unresolved) == ("tr_made_up", reason)


def test_an_event_that_does_not_concern_us_may_look_like_anything() -> None:
    body = b'{"type": "payout.failed", "id": 7, "createdAt": "soon", "_embedded": {"entity": []}}'

    assert KIND.parse(delivery(body), Options()).ignored == "payout.failed"
