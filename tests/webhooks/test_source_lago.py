"""Lago: under an HMAC key, and under the organisation's public key, with PyJWT as the one who signs."""

from typing import Any

import jwt
import pytest

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from tests.webhooks.keys import key_pair
from webhooks.delivery import Delivery, NotAuthenticError
from webhooks.events import InvoicePaid, InvoiceReversed, References
from webhooks.sources.kind import Options
from webhooks.sources.lago import CREDITED, KIND, LOST

PRIVATE, PUBLIC = key_pair("lago")
OTHER_PRIVATE, OTHER_PUBLIC = key_pair("another")
INVOICE = "1a901a90-1a90-1a90-1a90-1a901a901a90"
BODY = sample("lago", "invoice.payment_status_updated")


def with_token(body: bytes, token: str, algorithm: str = "jwt") -> Delivery:
    return delivery(body, {"X-Lago-Signature": token, "X-Lago-Signature-Algorithm": algorithm})


def token(private: str = PRIVATE, **claimed: Any) -> str:
    return jwt.encode({"data": BODY.decode(), "iss": "https://api.lago.example", **claimed}, private, "RS256")


def test_a_token_of_the_organisation_proves_its_body() -> None:
    KIND.verify(with_token(BODY, token()), trust(OTHER_PUBLIC, PUBLIC), Options())


@pytest.mark.parametrize(
    ("body", "given", "secrets"),
    [
        (BODY + b" ", token(), (PUBLIC,)),
        (BODY, token(OTHER_PRIVATE), (PUBLIC,)),
        (BODY, token(data=7), (PUBLIC,)),
        (BODY, token(), ("an-hmac-key",)),
        (BODY, jwt.encode({"data": BODY.decode()}, "x" * 64, "HS256"), (PUBLIC, "x" * 64)),
        (BODY, jwt.encode({"data": BODY.decode()}, "", "none"), (PUBLIC,)),
        (BODY, "no token", (PUBLIC,)),
    ],
    ids=["another body", "another key", "no body", "no public key", "symmetric", "none", "nonsense"],
)
def test_any_other_token_is_refused(body: bytes, given: str, secrets: tuple[str, ...]) -> None:
    with pytest.raises(NotAuthenticError):
        KIND.verify(with_token(body, given), trust(*secrets), Options())


def test_a_public_key_is_never_taken_for_an_hmac_key() -> None:
    """Whoever knows the public key could sign with it, if the header were asked which algorithm is meant."""
    forged = KIND.sign(BODY, PUBLIC.replace("-----BEGIN", "----- BEGIN"), "", 0, Options())

    with pytest.raises(NotAuthenticError, match="no secret"):
        KIND.verify(delivery(BODY, forged.headers), trust(PUBLIC), Options())


def test_another_algorithm_is_refused() -> None:
    with pytest.raises(NotAuthenticError, match="neither"):
        KIND.verify(with_token(BODY, token(), "none"), trust(PUBLIC), Options())


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(ValueError, match="HMAC key"):
        KIND.sign(b"{}", PUBLIC, "", 0, Options())


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        (PUBLIC, []),
        ("an-hmac-key", []),
        (PRIVATE, ["a private key: the receiver needs the public one"]),
        (
            PUBLIC[:60],
            ["the public key cannot be read: it should be PEM, whole"],
        ),
    ],
    ids=["public", "hmac", "private", "cut short"],
)
def test_a_key_that_cannot_be_used_is_pointed_out(secret: str, complaint: list[str]) -> None:
    assert KIND.complaints([secret], Options()) == complaint


def test_an_invoice_is_paid_and_its_fees_name_the_entries() -> None:
    event = read(KIND, BODY)

    assert isinstance(event, InvoicePaid)
    assert (event.invoice, event.number, event.references) == (
        INVOICE,
        "MADE-UP-0001",
        (References(WORKSPACE, DOCUMENTED),),
    )


def test_the_purchase_order_number_may_show_a_link() -> None:
    event = read(KIND, sample("lago", "invoice.payment_status_updated.link"))

    assert isinstance(event, InvoicePaid)
    assert (event.link, event.references) == ("march-7", ())


def test_a_draft_is_not_issued() -> None:
    assert KIND.parse(delivery(sample("lago", "invoice.created.draft")), Options()).events == ()


@pytest.mark.parametrize(
    ("name", "reason"), [("invoice.payment_dispute_lost", LOST), ("credit_note.created", CREDITED)]
)
def test_a_lost_dispute_and_a_credit_note_are_for_a_person(name: str, reason: str) -> None:
    event = read(KIND, sample("lago", name))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.unresolved, event.stands) == (INVOICE, reason, True)


def test_an_event_is_known_by_what_is_signed_of_it() -> None:
    first = KIND.parse(delivery(BODY, {"X-Lago-Unique-Key": "a"}), Options())
    again = KIND.parse(delivery(BODY, {"X-Lago-Unique-Key": "b"}), Options())

    assert first == again
