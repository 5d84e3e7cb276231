"""Paddle Billing: transactions paid, and adjustments that give money back.

Pure. Signature: https://developer.paddle.com/webhooks/signature-verification. Types of event:
https://developer.paddle.com/webhooks/overview. Paddle wants 200 within 5 s, and sends again for three days.

- A transaction is the invoice. `transaction.paid` and `transaction.completed` say the same thing and rank the same.
  `transaction.billed` says that it was issued; `transaction.canceled` ends it.
- An adjustment names only its transaction: what that named, the ledger remembers. It counts once it is approved. One of
  type `full` gives all of the money back; any other part of it, and a credit, are for a person (`unresolved`).
- A chargeback that is reversed is a payment again. Warnings of chargebacks change nothing.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec
from msgspec import Raw, Struct

from webhooks import signatures
from webhooks.delivery import Delivery, Trust
from webhooks.events import Event, InvoiceIssued, InvoicePaid
from webhooks.references import Named, from_metadata
from webhooks.sources import shown
from webhooks.sources.facts import GONE, IN_PART, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed, Proof, Sample, Told
from webhooks.sources.payload import decode, milliseconds, type_shown

HEADER = "Paddle-Signature"
CREDITED = "a credit does not tell whether the hours are billed again: decide by hand"
_PRICE = {"unit_price": {"amount": "125000", "currency_code": "EUR"}}


class Notification(Struct):
    """https://developer.paddle.com/webhooks/about/notification-format. `occurred_at` is RFC 3339."""

    event_id: str
    event_type: str
    occurred_at: object = None
    data: Raw = Raw(b"{}")


class Price(Struct):
    """The price of an item, whose `custom_data` may be of the catalogue or of this transaction."""

    custom_data: dict[str, object] | None = None


class Item(Struct):
    """A line of a transaction."""

    price: Price | None = None


class Transaction(Struct):
    """https://developer.paddle.com/api-reference/transactions/overview."""

    id: str
    invoice_number: str | None = None
    custom_data: dict[str, object] | None = None
    items: list[Item] = []


class Adjustment(Struct):
    """https://developer.paddle.com/api-reference/adjustments/overview."""

    transaction_id: str
    action: str
    status: str | None = None
    type: str | None = None


_NOTIFICATION = msgspec.json.Decoder(Notification)
_TRANSACTION = msgspec.json.Decoder(Transaction)
_ADJUSTMENT = msgspec.json.Decoder(Adjustment)
TRANSACTIONS: Mapping[str, tuple[Fact, Rank]] = MappingProxyType({
    "transaction.billed": (InvoiceIssued, Rank.ISSUED),
    "transaction.paid": (InvoicePaid, Rank.PAID),
    "transaction.completed": (InvoicePaid, Rank.PAID),
    "transaction.canceled": (GONE, Rank.ENDED),
})  # fmt: skip
ADJUSTMENTS = ("adjustment.created", "adjustment.updated")
_TYPES: Mapping[Told, str] = MappingProxyType(
    {"issued": "transaction.billed", "paid": "transaction.paid", "reversed": "transaction.canceled"}
)
_STATUSES: Mapping[Told, str] = MappingProxyType({"issued": "billed", "paid": "paid", "reversed": "canceled"})


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by any of its `h1` signatures, one for each secret while secrets are rotated."""
    pairs = signatures.fields(signatures.single(delivery.headers, HEADER), ";", "=")
    signatures.check_stamped(pairs, delivery.body, trust, stamp="ts", scheme="h1", joint=b":")


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The one fact of a delivery, or why it is none of ours."""
    one = decode(_NOTIFICATION, delivery.body, "body")
    if one.event_type in TRANSACTIONS:
        return Parsed((_of_transaction(one, *TRANSACTIONS[one.event_type]),))
    if one.event_type in ADJUSTMENTS:
        return _of_adjustment(one)
    return Parsed((), type_shown(one.event_type))


def _of_transaction(one: Notification, fact: Fact, rank: Rank) -> Event:
    transaction = decode(_TRANSACTION, one.data, "data")
    return told(
        fact,
        event=one.event_id,
        invoice=transaction.id,
        at=milliseconds(one.occurred_at, "occurred_at"),
        rank=rank,
        named=_named(transaction),
        number=transaction.invoice_number,
    )


def _named(transaction: Transaction) -> Named:
    lines = [item.price.custom_data or {} for item in transaction.items if item.price]
    return from_metadata(transaction.custom_data or {}, lines=lines)


def _of_adjustment(one: Notification) -> Parsed:
    """An adjustment that is approved; one that was approved and then reversed is for a person, too."""
    adjustment = decode(_ADJUSTMENT, one.data, "data")
    if adjustment.status != "approved":
        return Parsed((), "an adjustment that is not approved")
    fact: Fact = MONEY_GONE
    reason = "" if adjustment.type == "full" else IN_PART
    if adjustment.action == "chargeback_reverse":
        fact = InvoicePaid
    elif adjustment.action in ("credit", "credit_reverse"):
        reason = CREDITED
    elif adjustment.action not in ("refund", "chargeback"):
        return Parsed((), "a warning")
    at = milliseconds(one.occurred_at, "occurred_at")
    rank = Rank.ENDED if fact is InvoicePaid else Rank.GIVEN_BACK
    event = told(
        fact, event=one.event_id, invoice=adjustment.transaction_id, at=at, rank=rank, unresolved=reason
    )
    return Parsed((event,))


def sample(facts: Sample, _: Options) -> bytes:
    """A transaction that was billed, paid or cancelled."""
    at = datetime.fromtimestamp(facts.at, UTC)
    return msgspec.json.encode({
        "event_id": facts.event,
        "event_type": _TYPES[facts.told],
        "occurred_at": at,
        "notification_id": f"ntf_{facts.event}",
        "data": {
            "id": facts.invoice,
            "status": _STATUSES[facts.told],
            "collection_mode": "manual",
            "currency_code": "EUR",
            "custom_data": shown.metadata(facts),
            "items": [{"price": {"description": "Work by the hour", "custom_data": None, **_PRICE}, "quantity": 1}],
            "created_at": at,
            "updated_at": at,
        },
    })  # fmt: skip


def sign(body: bytes, secret: str, _event: str, now: float, _: Options) -> Proof:
    """What proves `body`; the event's id is in it."""
    stamp = str(int(now))
    signature = signatures.hmac_hex(signatures.wire(secret), b":".join((stamp.encode(), body))).decode()
    return Proof({"Content-Type": "application/json", HEADER: f"ts={stamp};h1={signature}"})


ABOUT = About(
    title="Paddle Billing",
    page="https://developer.paddle.com/webhooks/overview",
    needs="the notification destination's secret, pdl_ntfset_...",
    proves="body and time",
    references="custom_data of the transaction, or of its items' prices",
    room=None,
    issued=("transaction.billed",),
    paid=("transaction.paid", "transaction.completed"),
    reversed=("transaction.canceled", *ADJUSTMENTS),
)
KIND = Kind(name="paddle", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign)
