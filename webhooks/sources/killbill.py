"""Kill Bill, self-hosted: push notifications, which name an invoice and show nothing of it.

Pure. https://docs.killbill.io/latest/push_notifications. What is in a notification: `BeatrixListener` in
https://github.com/killbill/killbill. The body is not signed, and there is no header to hold a secret: it follows the
source's name in the address that is registered as callback. Such a secret stands in Kill Bill's database and in access
logs, and proves nothing of the body: keep the way between the two private, or say from which addresses deliveries come.

- `INVOICE_PAYMENT_SUCCESS` tells of one payment, which may be of a part. Only with `in_full`, which says that every payment
  here is of a whole invoice, is the invoice taken for paid; else a person has to look at each. The same type tells of
  refunds and chargebacks, by `invoicePaymentType` in `metaData`. A chargeback takes back the payment; a refund may be of a
  part, and nothing says so: by hand.
- `INVOICE_PAYMENT_FAILED` of a chargeback is how one is undone: by hand. Of a payment it changes nothing.
- `INVOICE_ADJUSTMENT` tells that a balance has changed: written off, made void, credited, or none of these. By hand. An
  invoice that credit settles is never told to be paid.
- There is no id of an event: type, invoice, payment, kind and time of the payment stand for it. Two adjustments of one
  invoice are the same to us.
- Payments have a time (`paymentDate`); other events have none, and the time of arrival stands in.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec
from msgspec import Struct

from webhooks import signatures
from webhooks.delivery import Delivery, Trust
from webhooks.events import InvoiceIssued, InvoicePaid
from webhooks.references import Named
from webhooks.sources.facts import MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed, Proof, Sample, Told
from webhooks.sources.payload import decode, milliseconds, type_shown

ISSUED, SUCCESS = "INVOICE_CREATION", "INVOICE_PAYMENT_SUCCESS"
FAILURE, ADJUSTMENT = "INVOICE_PAYMENT_FAILED", "INVOICE_ADJUSTMENT"
PAYMENT, REFUND, CHARGEBACK = "ATTEMPT", "REFUND", "CHARGED_BACK"

PERHAPS_IN_PART = "paid, but perhaps in part: fetch the invoice, or set in_full; decide by hand"
UNKNOWN = "a payment or a refund, which the notification does not tell: decide by hand"
REFUNDED = "a refund does not tell whether it is in full: decide by hand"
CHARGED_BACK = "a chargeback of a payment that was perhaps of a part: decide by hand"
CHARGEBACK_UNDONE = "a chargeback was undone, so that the payment stands: decide by hand"
ADJUSTED = "the invoice was adjusted, written off or made void: decide by hand"


class Notification(Struct, rename="camel"):
    """What is posted. `object_id` is the invoice's, where `object_type` is INVOICE."""

    event_type: str
    object_id: str | None = None
    meta_data: str | None = None


class Payment(Struct, rename="camel"):
    """`InvoicePaymentMetadata`, as JSON in a text. Older versions of Kill Bill send none."""

    payment_id: str | None = None
    invoice_payment_type: str | None = None
    payment_date: str | int | None = None


Meaning = tuple[Fact, Rank, str]

_NOTIFICATION = msgspec.json.Decoder(Notification)
_PAYMENT = msgspec.json.Decoder(Payment)
_TOLD: Mapping[Told, tuple[str, str]] = MappingProxyType(
    {"issued": (ISSUED, ""), "paid": (SUCCESS, PAYMENT), "reversed": (SUCCESS, CHARGEBACK)}
)
_OF_PAYMENTS: Mapping[tuple[str, str | None], Meaning] = MappingProxyType({
    (SUCCESS, PAYMENT): (InvoicePaid, Rank.PAID, PERHAPS_IN_PART),
    (SUCCESS, None): (InvoicePaid, Rank.PAID, UNKNOWN),
    (SUCCESS, REFUND): (MONEY_GONE, Rank.GIVEN_BACK, REFUNDED),
    (SUCCESS, CHARGEBACK): (MONEY_GONE, Rank.GIVEN_BACK, CHARGED_BACK),
    (FAILURE, CHARGEBACK): (InvoicePaid, Rank.ENDED, CHARGEBACK_UNDONE),
})  # fmt: skip


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove that the sender knows a secret: what follows the source's name in the address."""
    signatures.check_token(delivery.token, trust)


def parse(delivery: Delivery, options: Options) -> Parsed:
    """The one fact of a notification, or why it is none of ours."""
    notification = decode(_NOTIFICATION, delivery.body, "body")
    arrived = int(delivery.arrived * 1000)
    kind, invoice = notification.event_type, notification.object_id
    if kind == ISSUED:
        return _parsed((InvoiceIssued, Rank.ISSUED, ""), invoice, arrived, [kind])
    if kind == ADJUSTMENT:
        return _parsed((MONEY_GONE, Rank.WRITTEN_OFF, ADJUSTED), invoice, arrived, [kind])
    if kind not in (SUCCESS, FAILURE):
        return Parsed((), type_shown(kind))
    payment = decode(_PAYMENT, (notification.meta_data or "{}").encode(), "metaData")
    meaning = _OF_PAYMENTS.get((kind, payment.invoice_payment_type))
    if meaning is None:
        return Parsed((), "a payment that failed" if kind == FAILURE else "another sort of payment")
    fact, rank, reason = meaning
    if options.in_full and reason in (PERHAPS_IN_PART, CHARGED_BACK):
        reason = ""
    dated = payment.payment_date is not None
    at = milliseconds(payment.payment_date, "paymentDate") if dated else arrived
    known_by = [kind, payment.payment_id, payment.invoice_payment_type, str(at) if dated else None]
    return _parsed((fact, rank, reason), invoice, at, known_by, payment.payment_id)


def _parsed(
    meaning: Meaning, invoice: str | None, at: int, known_by: list[str | None], payment: str | None = None
) -> Parsed:
    """A notification shows no references, ever: for entries that are linked to the invoice by its id."""
    fact, rank, reason = meaning
    kind, *rest = known_by
    one = told(
        fact,
        event=":".join(part for part in (kind, invoice, *rest) if part),
        invoice=invoice,
        payment=payment if invoice else None,
        at=at,
        rank=rank,
        named=None if fact is MONEY_GONE else Named(()),
        unresolved=reason,
    )
    return Parsed((one,))


def sample(facts: Sample, _: Options) -> bytes:
    """A notification about an invoice: its creation, a payment, or a chargeback."""
    kind, sort = _TOLD[facts.told]
    payment = {
        "paymentId": f"payment-of-{facts.invoice}",
        "invoicePaymentType": sort,
        "paymentDate": datetime.fromtimestamp(facts.at, UTC),
        "amount": 1250.00 if facts.paid else -1250.00,
        "currency": "EUR",
    }
    return msgspec.json.encode({
        "eventType": kind,
        "accountId": "00000000-0000-4000-8000-000000000001",
        "objectType": "INVOICE",
        "objectId": facts.invoice,
        "metaData": msgspec.json.encode(payment).decode() if sort else None,
    })  # fmt: skip


def sign(_body: bytes, secret: str, _event: str, _now: float, _: Options) -> Proof:
    """What proves a notification: the secret in the path."""
    return Proof({"Content-Type": "application/json"}, token=secret)


ABOUT = About(
    title="Kill Bill",
    page="https://docs.killbill.io/latest/push_notifications",
    needs="a secret of one's own, at the end of the callback's address (/webhooks/killbill/SECRET); in_full, if every payment is of a whole invoice (else each waits for a person)",
    proves="secret",
    references="none: entries are linked by the invoice's id",
    room=0,
    linkable=False,
    issued=(ISSUED,),
    paid=(SUCCESS,),
    reversed=(f"{SUCCESS} ({CHARGEBACK})",),
    by_hand=(f"{SUCCESS} ({REFUND})", f"{FAILURE} ({CHARGEBACK})", ADJUSTMENT),
)
KIND = Kind(
    name="killbill",
    about=ABOUT,
    verify=verify,
    parse=parse,
    sample=sample,
    sign=sign,
    secret_in_path=True,
    reads=frozenset({"in_full"}),
)
