"""Lago: under an HMAC key, and under the organisation's public key, with PyJWT as the one who signs."""

import base64
import json
from typing import Any

import jwt
import pytest

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from tests.webhooks.keys import key_pair
from webhooks import signatures
from webhooks.delivery import Delivery, NotAuthenticError
from webhooks.events import InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.sources.facts import CREDITED_BEFORE
from webhooks.sources.kind import Options
from webhooks.sources.lago import AFTER_ITS_END, CREDITED, KIND, LOST
from webhooks.sources.tokens import OTHERWISE_WRITTEN

PRIVATE, PUBLIC = key_pair("lago")
OTHER_PRIVATE, OTHER_PUBLIC = key_pair("another")
OURS, THEIRS = f"made-up {PUBLIC}", f"made-up {OTHER_PUBLIC}"
PACKED = base64.encodebytes(PUBLIC.encode()).decode()
"""As Lago's own API shows it."""
NAMELESS = "should begin with the organisation's id and a space: one public key is that of all organisations"
INVOICE = "1a901a90-1a90-1a90-1a90-1a901a901a90"
BODY = sample("lago", "invoice.payment_status_updated")


def with_token(body: bytes, token: str, algorithm: str = "jwt") -> Delivery:
    return delivery(body, {"X-Lago-Signature": token, "X-Lago-Signature-Algorithm": algorithm})


def token(private: str = PRIVATE, **claimed: Any) -> str:
    return jwt.encode({"data": BODY.decode(), "iss": "https://api.lago.example", **claimed}, private, "RS256")


@pytest.mark.parametrize("secret", [OURS, f"made-up {PACKED}"], ids=["PEM", "base64"])
def test_a_token_of_the_organisation_proves_its_body(secret: str) -> None:
    KIND.verify(with_token(BODY, token()), trust(THEIRS, secret), Options())


@pytest.mark.parametrize(
    ("body", "secret"),
    [(BODY, f"another {PUBLIC}"), (BODY, PUBLIC), (b"{}", OURS)],
    ids=["another", "no name", "none in the body"],
)
def test_a_token_of_another_organisation_on_the_same_server_is_refused(body: bytes, secret: str) -> None:
    with pytest.raises(NotAuthenticError, match="organisation"):
        KIND.verify(with_token(body, token(data=body.decode())), trust(secret), Options())


@pytest.mark.parametrize(
    ("body", "given", "secrets"),
    [
        (BODY + b" ", token(), (OURS,)),
        (BODY, token(OTHER_PRIVATE), (OURS,)),
        (BODY, token(data=7), (OURS,)),
        (BODY, token(), ("an-hmac-key",)),
        (BODY, jwt.encode({"data": BODY.decode()}, "x" * 64, "HS256"), (OURS, "x" * 64)),
        (BODY, jwt.encode({"data": BODY.decode()}, "", "none"), (OURS,)),
        (BODY, "no token", (OURS,)),
    ],
    ids=["another body", "another key", "no body", "no public key", "symmetric", "none", "nonsense"],
)
def test_any_other_token_is_refused(body: bytes, given: str, secrets: tuple[str, ...]) -> None:
    with pytest.raises(NotAuthenticError):
        KIND.verify(with_token(body, given), trust(*secrets), Options())


@pytest.mark.parametrize("secret", [PUBLIC, OURS, PACKED, f"made-up {PACKED}", "".join(PACKED.split())])
def test_a_public_key_is_never_taken_for_an_hmac_key(secret: str) -> None:
    """Whoever knows the public key could sign with it, if the header were asked which algorithm is meant."""
    signature = signatures.hmac_base64(secret.encode(), BODY).decode()

    with pytest.raises(NotAuthenticError, match="no secret"):
        KIND.verify(with_token(BODY, signature, "hmac"), trust(secret), Options())


def test_another_algorithm_is_refused() -> None:
    with pytest.raises(NotAuthenticError, match="neither"):
        KIND.verify(with_token(BODY, token(), "none"), trust(PUBLIC), Options())


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(ValueError, match="HMAC key"):
        KIND.sign(b"{}", PUBLIC, "", 0, Options())


@pytest.mark.parametrize(
    ("secret", "complaint"),
    [
        (OURS, []),
        (f"made-up {PACKED}", []),
        ("an-hmac-key", []),
        (PUBLIC, [NAMELESS]),
        (PACKED, [NAMELESS]),
        (f"made-up {PRIVATE}", ["a private key: the receiver needs the public one"]),
        (f"made-up {PUBLIC[:60]}", ["the public key cannot be read: it should be PEM, whole"]),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ", [OTHERWISE_WRITTEN]),
        (f"made-up {''.join(PUBLIC.splitlines()[1:-1])}", [OTHERWISE_WRITTEN]),
    ],
    ids=[
        "public", "base64", "hmac", "nameless", "nameless base64", "private", "cut short", "OpenSSH", "no lines around",
    ],
)  # fmt: skip
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


def changed(**invoice: object) -> bytes:
    """The sample, whose invoice is another one, or of another delivery."""
    body = json.loads(BODY)
    body["webhook_type"] = invoice.pop("webhook_type", body["webhook_type"])
    body["invoice"] |= invoice
    return json.dumps(body).encode()


@pytest.mark.parametrize("kind", ["invoice.created", "invoice.one_off_created"])
def test_a_new_invoice_is_issued_or_paid_already(kind: str) -> None:
    issued = read(KIND, changed(webhook_type=kind, payment_status="pending"))
    paid = read(KIND, changed(webhook_type=kind, total_amount_cents=0, total_paid_amount_cents=0))

    assert isinstance(issued, InvoiceIssued)
    assert isinstance(paid, InvoicePaid)
    assert paid.unresolved == ""


@pytest.mark.parametrize(
    ("amounts", "unresolved"),
    [
        (
            {"total_paid_amount_cents": 0, "total_offsetted_credit_note_amount_cents": 125_000},
            CREDITED_BEFORE,
        ),
        ({"total_paid_amount_cents": 100_000, "total_offsetted_credit_note_amount_cents": 25_000}, ""),
        ({"status": "voided"}, AFTER_ITS_END),
    ],
)
def test_what_no_money_has_settled_is_for_a_person(amounts: dict[str, object], unresolved: str) -> None:
    event = read(KIND, changed(**amounts))

    assert isinstance(event, InvoicePaid)
    assert event.unresolved == unresolved


@pytest.mark.parametrize("status", ["pending", "failed"])
def test_a_payment_that_has_not_succeeded_after_all_is_taken_back(status: str) -> None:
    issued, back = KIND.parse(delivery(changed(payment_status=status)), Options()).events

    assert isinstance(issued, InvoiceIssued)
    assert isinstance(back, InvoiceReversed)
    assert (back.stands, back.references, back.unresolved) == (True, (), "")


@pytest.mark.parametrize("name", ["invoice.voided", "invoice.deleted"])
def test_a_void_invoice_is_gone(name: str) -> None:
    event = read(KIND, changed(webhook_type=name, status="voided"))

    assert isinstance(event, InvoiceReversed)
    assert event.stands is False


@pytest.mark.parametrize("status", ["draft", "failed", "voided"])
def test_what_is_not_final_and_not_paid_says_nothing(status: str) -> None:
    parsed = KIND.parse(delivery(changed(status=status, payment_status="pending")), Options())

    assert (parsed.events, parsed.ignored) == ((), "the invoice is not final")


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
