"""PayPal: an RSA signature over little of the body, keys from the settings, and statuses that decide."""

import base64
import json
import zlib
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests.webhooks.cases.paypal import (
    CASE,
    KEY,
    OTHER_KEY,
    SINCE,
    UNTIL,
    WEBHOOK,
    certificate,
    made_up_key,
    private,
    public,
)
from tests.webhooks.deliveries import DOCUMENTED, NOW, WORKSPACE, delivery, sample, trust
from webhooks.delivery import Delivery, NotAuthenticError, UndecodableError
from webhooks.events import InvoiceEvent, InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.sources.facts import IN_PART
from webhooks.sources.kind import Options, Parsed
from webhooks.sources.paypal import KIND, NO_REFUND, NO_STATUS
from webhooks.sources.paypal.keys import SIMULATOR, complaint

AT = int(NOW) * 1000
DAY = 86_400_000
BODY = sample("paypal", "INVOICING.INVOICE.PAID")
REFERENCES = (References(WORKSPACE, DOCUMENTED),)
STAMP = "2026-01-01T00:00:00Z"


def headers(body: bytes = BODY, webhook: str = WEBHOOK, stamp: str = STAMP) -> dict[str, str]:
    """What PayPal's documentation says that it sends, put together by hand."""
    said = f"1f0e-made-up|{stamp}|{webhook}|{zlib.crc32(body)}".encode()
    return {
        "PAYPAL-TRANSMISSION-ID": "1f0e-made-up",
        "PAYPAL-TRANSMISSION-TIME": stamp,
        "PAYPAL-TRANSMISSION-SIG": base64.b64encode(KEY.sign(said, PKCS1v15(), SHA256())).decode(),
        "PAYPAL-AUTH-ALGO": "SHA256withRSA",
        "PAYPAL-CERT-URL": "https://api.paypal.com/v1/notifications/certs/CERT-made-up",
    }


def verify(one: Delivery, *secrets: str, now: float = NOW) -> None:
    KIND.verify(one, trust(*(secrets or (CASE.secret,)), now=now), Options())


def parse(body: bytes) -> Parsed:
    return KIND.parse(delivery(body), Options())


def event(body: bytes) -> InvoiceEvent:
    (one,) = parse(body).events
    assert isinstance(one, InvoiceEvent)
    return one


def changed(name: str, **changes: Any) -> bytes:
    """A sample, with fields of its invoice changed (`...`: removed)."""
    whole = json.loads(sample("paypal", name))
    invoice = {**whole["resource"]["invoice"], **changes}
    whole["resource"]["invoice"] = {field: value for field, value in invoice.items() if value is not ...}
    return json.dumps(whole).encode()


@cache
def elliptic(form: str) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    if form == "private":
        return f"{WEBHOOK} {key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()}"
    raw = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{WEBHOOK} {raw.decode()}"


@pytest.mark.parametrize("secret", [certificate(KEY), public(KEY)], ids=["certificate", "key"])
def test_what_paypal_documents_is_authentic(secret: str) -> None:
    verify(delivery(BODY, headers()), secret)
    verify(delivery(BODY, headers()), public(OTHER_KEY), secret)


def test_the_certificate_that_a_delivery_names_is_not_looked_at() -> None:
    elsewhere = headers() | {"PAYPAL-CERT-URL": "https://example.com/forged.pem"}

    verify(delivery(BODY, elsewhere))


def test_a_signature_for_another_webhook_is_refused_though_paypal_made_it() -> None:
    with pytest.raises(NotAuthenticError, match="no signature fits"):
        verify(delivery(BODY, headers(webhook="ANOTHER")))


def test_another_body_of_the_same_checksum_is_believed_which_is_what_a_checksum_is_worth() -> None:
    forged = BODY.replace(b"2026-117", b"2026-118")
    forged += patch(forged, zlib.crc32(BODY))

    verify(delivery(forged, headers()))


def patch(body: bytes, checksum: int) -> bytes:
    """The four bytes after `body` that lead to a checksum: CRC32 is linear, so that elimination finds them."""
    start = zlib.crc32(body + bytes(4))
    effects = [(zlib.crc32(body + (1 << bit).to_bytes(4, "little")) ^ start, 1 << bit) for bit in range(32)]
    missing, found = start ^ checksum, 0
    for column in range(32):
        effect, mask = next(one for one in effects if one[0] >> column & 1)
        effects = [(e ^ effect, m ^ mask) if e >> column & 1 else (e, m) for e, m in effects]
        if missing >> column & 1:
            missing, found = missing ^ effect, found ^ mask
    return found.to_bytes(4, "little")


@pytest.mark.parametrize("algorithm", ["", "sha256withrsa", "SHA1withRSA", "none"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    with pytest.raises(NotAuthenticError, match="PAYPAL-AUTH-ALGO"):
        verify(delivery(BODY, headers() | {"PAYPAL-AUTH-ALGO": algorithm}))


@pytest.mark.parametrize("signature", ["", "!", "AAAA", "é", "\ud800"])
def test_a_broken_signature_is_refused(signature: str) -> None:
    with pytest.raises(NotAuthenticError, match="no signature fits"):
        verify(delivery(BODY, headers() | {"PAYPAL-TRANSMISSION-SIG": signature}))


@pytest.mark.parametrize("late", [0, 300, 3 * 86_400, 3 * 86_400 + 300])
def test_a_delivery_is_believed_for_as_long_as_paypal_sends_it_again(late: float) -> None:
    verify(delivery(BODY, headers()), now=NOW + late)


@pytest.mark.parametrize(("late", "reason"), [(3 * 86_400 + 301, "too long ago"), (-301, "in the future")])
def test_a_delivery_from_another_time_is_refused(late: float, reason: str) -> None:
    with pytest.raises(NotAuthenticError, match=reason):
        verify(delivery(BODY, headers()), now=NOW + late)


@pytest.mark.parametrize("stamp", ["", "1767225600", "2026-01-01T00:00:00", "yesterday"])
def test_a_time_that_cannot_be_read_is_refused(stamp: str) -> None:
    with pytest.raises(NotAuthenticError, match="PAYPAL-TRANSMISSION-TIME"):
        verify(delivery(BODY, headers(stamp=stamp)))


@pytest.mark.parametrize(
    ("stamp", "now"),
    [("2025-06-30T23:59:59Z", SINCE), ("2026-07-01T00:00:01Z", UNTIL)],
    ids=["before", "after"],
)
def test_a_certificate_counts_only_while_it_is_valid(stamp: str, now: Any) -> None:
    one = delivery(BODY, headers(stamp=stamp))
    late = now.timestamp() + (1 if now == UNTIL else -1)

    verify(one, public(KEY), now=late)
    with pytest.raises(NotAuthenticError, match="no certificate in the settings is valid now"):
        verify(one, certificate(KEY), now=late)


@pytest.mark.parametrize("damage", [("\n", " "), ("\n", ""), ("\n", "\\n"), ("\n", "\r\n")])
def test_a_pem_may_have_lost_its_line_breaks(damage: tuple[str, str]) -> None:
    name, pem = certificate(KEY).split("\n", 1)

    verify(delivery(BODY, headers()), f"{name}\n{pem.replace(*damage)}")
    verify(delivery(BODY, headers()), f"{name}\\n{pem.replace(*damage)}")


def test_of_several_certificates_the_first_counts() -> None:
    _, pem = certificate(OTHER_KEY).split("\n", 1)

    verify(delivery(BODY, headers()), certificate(KEY) + pem)
    with pytest.raises(NotAuthenticError, match="no signature fits"):
        verify(delivery(BODY, headers()), f"{WEBHOOK} {pem}{certificate(KEY)}")


SHAPE = "not the webhook's id"


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (certificate(KEY), ""),
        (public(KEY), ""),
        (private(KEY), "a private key"),
        (certificate(KEY, SIMULATOR), "WEBHOOK_ID is the id that PayPal's simulator signs for"),
        (public(made_up_key(1024)), "not an RSA key of at least 2048 bits"),
        (elliptic("public"), "not an RSA key of at least 2048 bits"),
        ("", SHAPE),
        (WEBHOOK, SHAPE),
        (certificate(KEY).split("\n", 1)[1], SHAPE),
        (f"{WEBHOOK} -----BEGIN CERTIFICATE-----AAAA-----END CERTIFICATE-----", SHAPE),
        (f"{WEBHOOK} -----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----", SHAPE),
        (f"{WEBHOOK} -----BEGIN PUBLIC KEY-----!-----END PUBLIC KEY-----", SHAPE),
    ],
)
def test_a_secret_that_cannot_be_used_is_complained_about_without_showing_it(
    secret: str, reason: str
) -> None:
    said = complaint(secret)

    assert said.startswith(reason)
    assert bool(said) == bool(reason)
    assert KIND.complaints([secret, CASE.rotated], Options()) == [said] * bool(said)
    assert WEBHOOK not in said


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (certificate(KEY), "only PayPal has it"),
        (public(KEY), "only PayPal has it"),
        ("x", "not an id and a PEM"),
        (elliptic("private"), "not an RSA key"),
    ],
)
def test_what_cannot_sign_says_so(secret: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        KIND.sign(b"{}", secret, "evt_1", NOW, Options())


def test_a_paid_invoice_is_read() -> None:
    one = event(BODY)

    assert isinstance(one, InvoicePaid)
    assert (one.id, one.account, one.invoice) == (
        "WH-MADEUP003-0000000000003",
        "",
        "INV2-MADE-UP00-0000-0001",
    )
    assert (one.at, one.order, one.number) == (AT + 656, AT + 656, "2026-117")
    assert (one.references, one.unresolved) == (REFERENCES, "")


def test_an_invoice_of_the_first_version_of_the_api_is_read() -> None:
    one = event(sample("paypal", "INVOICING.INVOICE.PAID.v1"))

    assert isinstance(one, InvoicePaid)
    assert (one.invoice, one.number, one.link) == ("INV2-MADE-UP00-0000-0001", "2026-117", "march-7")


def test_an_invoice_that_was_marked_as_paid_is_paid() -> None:
    assert isinstance(event(changed("INVOICING.INVOICE.PAID", status="MARKED_AS_PAID")), InvoicePaid)


@pytest.mark.parametrize("status", ["PARTIALLY_PAID", "PAYMENT_PENDING", "SENT", "REFUNDED", ""])
def test_an_invoice_that_is_not_paid_in_full_is_ignored(status: str) -> None:
    body = changed("INVOICING.INVOICE.PAID", status=status)

    assert parse(body) == Parsed((), "the invoice is not paid in full")


@pytest.mark.parametrize("status", [..., None])
def test_a_payment_that_does_not_tell_whether_it_is_in_full_is_for_a_person(status: object) -> None:
    assert event(changed("INVOICING.INVOICE.PAID", status=status)).unresolved == NO_STATUS


def test_the_number_may_be_a_link() -> None:
    one = event(changed("INVOICING.INVOICE.PAID", detail={"invoice_number": "clockify_link=march-7"}))

    assert (one.link, one.number, one.references) == ("march-7", "clockify_link=march-7", ())


@pytest.mark.parametrize("name", ["reference", "memo", "note"])
def test_texts_may_name_entries(name: str) -> None:
    text = f"Thank you. clockify_time_entry_ids={DOCUMENTED[0]}"

    assert event(changed("INVOICING.INVOICE.PAID", detail={name: text})).references == (
        References(None, DOCUMENTED[:1]),
    )


def test_items_may_name_entries() -> None:
    items = [{"description": f"clockify_time_entry_ids={one}"} for one in DOCUMENTED] + [{"name": "x"}]

    one = event(changed("INVOICING.INVOICE.PAID", detail=..., items=items))

    assert (one.references, one.number) == ((References(None, DOCUMENTED),), "")


def test_a_broken_reference_is_for_a_person() -> None:
    one = event(changed("INVOICING.INVOICE.PAID", detail={"memo": "clockify_time_entry_ids=nonsense"}))

    assert one.unresolved == "text 3: clockify_time_entry_ids: item 1 is not an id of 24 letters and digits"


@pytest.mark.parametrize("status", ["REFUNDED", "MARKED_AS_REFUNDED"])
def test_a_full_refund_takes_the_payment_back(status: str) -> None:
    one = event(changed("INVOICING.INVOICE.REFUNDED", status=status))

    assert isinstance(one, InvoiceReversed)
    assert (one.invoice, one.at, one.stands) == ("INV2-MADE-UP00-0000-0001", AT + DAY, True)
    assert (one.references, one.unresolved, one.number) == (None, "", "2026-117")


@pytest.mark.parametrize(
    ("status", "reason"), [("PARTIALLY_REFUNDED", IN_PART), ("PAID", NO_REFUND), (None, NO_REFUND)]
)
def test_a_refund_that_is_or_may_be_of_a_part_is_for_a_person(status: str | None, reason: str) -> None:
    assert event(changed("INVOICING.INVOICE.REFUNDED", status=status)).unresolved == reason
    assert reason.endswith("decide by hand")


def test_a_cancelled_invoice_is_gone() -> None:
    one = event(sample("paypal", "INVOICING.INVOICE.CANCELLED"))

    assert isinstance(one, InvoiceReversed)
    assert (one.stands, one.references, one.unresolved) == (False, None, "")


def test_what_is_documented_of_a_delivery_tells_the_invoice_and_its_number() -> None:
    sent = event(sample("paypal", "INVOICING.INVOICE.SENT"))

    assert isinstance(sent, InvoiceIssued)
    assert (sent.number, sent.references) == ("MADE-UP-0001", ())


@pytest.mark.parametrize("name", ["INVOICING.INVOICE.CREATED", "INVOICING.INVOICE.UPDATED"])
def test_an_invoice_is_issued_when_its_status_says_that_it_was_sent(name: str) -> None:
    for status in ("SENT", "UNPAID"):
        one = event(changed(name, status=status))
        assert isinstance(one, InvoiceIssued)
        assert one.references == REFERENCES
    for other in ("DRAFT", "SCHEDULED", "PAID", None):
        assert parse(changed(name, status=other)) == Parsed((), "not an invoice that was just sent")


@pytest.mark.parametrize(
    "body",
    [
        changed("INVOICING.INVOICE.PAID", id=...),
        changed("INVOICING.INVOICE.PAID", id=""),
        changed("INVOICING.INVOICE.PAID", detail=[]),
        changed("INVOICING.INVOICE.PAID", detail={"invoice_number": "a\x00b"}),
        BODY.replace(b'"resource"', b'"_"'),
        BODY.replace(b'"create_time": "2026-01-01T00:00:00.656Z"', b'"create_time": "yesterday"'),
        BODY.replace(b'"WH-MADEUP003-0000000000003"', b'""'),
    ],
)
def test_a_payload_that_lacks_what_it_must_have_is_undecodable(body: bytes) -> None:
    with pytest.raises(UndecodableError):
        parse(body)
