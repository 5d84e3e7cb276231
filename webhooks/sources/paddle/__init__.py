"""Paddle Billing: transactions paid, and adjustments that give money back.

Pure. Signature: https://developer.paddle.com/webhooks/signature-verification. Types of event:
https://developer.paddle.com/webhooks/overview. Paddle wants 200 within 5 s, and sends again for three days.

- A transaction is the invoice. `transaction.paid` and `transaction.completed` say the same thing and rank the same.
  `transaction.billed` says that it was issued; `transaction.canceled` ends it.
- An adjustment names only its transaction: what that named, the ledger remembers. It counts once it is approved. One of
  type `full` gives all of the money back; any other part of it is for a person (`unresolved`).
- A chargeback that is reversed is a payment again. Warnings of chargebacks change nothing.
- A credit comes before its transaction is paid, and is for a person; so is one that is taken back. A transaction that
  credits have settled in full was not paid with money, and is for a person, too.
"""

from collections.abc import Mapping
from types import MappingProxyType

from webhooks import signatures
from webhooks.delivery import Delivery, Trust
from webhooks.events import Event, InvoiceIssued, InvoicePaid
from webhooks.references import Named, from_metadata
from webhooks.sources.facts import CREDITED_BEFORE, GONE, IN_PART, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed
from webhooks.sources.paddle import payloads
from webhooks.sources.paddle.samples import HEADER, sample, sign
from webhooks.sources.payload import decode, milliseconds, type_shown

CREDITED = "a credit does not tell whether the hours are billed again: decide by hand"
UNCREDITED = "a credit was taken back: decide by hand"
RETURNED_IN_PART = "a chargeback of a part was reversed: decide by hand"
HOW_MUCH = "an adjustment that does not tell whether all of it is given back: decide by hand"
UNKNOWN = "an adjustment of an unknown kind: decide by hand"
WARNINGS = ("chargeback_warning", "chargeback_warning_reverse")


TRANSACTIONS: Mapping[str, tuple[Fact, Rank]] = MappingProxyType({
    "transaction.billed": (InvoiceIssued, Rank.ISSUED),
    "transaction.paid": (InvoicePaid, Rank.PAID),
    "transaction.completed": (InvoicePaid, Rank.PAID),
    "transaction.canceled": (GONE, Rank.ENDED),
})  # fmt: skip
ADJUSTMENTS = ("adjustment.created", "adjustment.updated")


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by any of its `h1` signatures, one for each secret while secrets are rotated."""
    pairs = signatures.fields(signatures.single(delivery.headers, HEADER), ";", "=")
    signatures.check_stamped(pairs, delivery.body, trust, stamp="ts", scheme="h1", joint=b":")


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The one fact of a delivery, or why it is none of ours."""
    one = decode(payloads.NOTIFICATION, delivery.body, "body")
    if one.event_type in TRANSACTIONS:
        return Parsed((_of_transaction(one, *TRANSACTIONS[one.event_type]),))
    if one.event_type in ADJUSTMENTS:
        return _of_adjustment(one)
    return Parsed((), type_shown(one.event_type))


def _of_transaction(one: payloads.Notification, fact: Fact, rank: Rank) -> Event:
    transaction = decode(payloads.TRANSACTION, one.data, "data")
    credited = fact is InvoicePaid and _credited(transaction.details)
    return told(
        fact,
        event=one.event_id,
        invoice=transaction.id,
        at=milliseconds(one.occurred_at, "occurred_at"),
        rank=rank,
        named=_named(transaction),
        number=transaction.invoice_number,
        unresolved=CREDITED_BEFORE if credited else "",
    )


def _credited(details: payloads.Details | None) -> bool:
    """Whether there was something to pay, and credits have left nothing of it."""
    if not (details and details.totals and details.adjusted_totals):
        return False
    return details.totals.grand_total not in (None, "0") and details.adjusted_totals.grand_total == "0"


def _named(transaction: payloads.Transaction) -> Named:
    lines = [_metadata(item.price.custom_data) for item in transaction.items if item.price]
    return from_metadata(_metadata(transaction.custom_data), lines=lines)


def _metadata(custom_data: object) -> dict[str, object]:
    return custom_data if isinstance(custom_data, dict) else {}


def _of_adjustment(one: payloads.Notification) -> Parsed:
    """An adjustment that is approved. That one is reversed is told by another adjustment, whose action says so."""
    adjustment = decode(payloads.ADJUSTMENT, one.data, "data")
    if adjustment.status != "approved":
        return Parsed((), "an adjustment that is not approved")
    if adjustment.action in WARNINGS:
        return Parsed((), "a warning of a chargeback")
    paid = adjustment.action in ("chargeback_reverse", "credit_reverse")
    event = told(
        InvoicePaid if paid else MONEY_GONE,
        event=one.event_id,
        invoice=adjustment.transaction_id,
        at=milliseconds(one.occurred_at, "occurred_at"),
        rank=Rank.ENDED if paid else Rank.GIVEN_BACK,
        unresolved=_to_decide(adjustment),
    )
    return Parsed((event,))


def _to_decide(adjustment: payloads.Adjustment) -> str:
    """What a person has to decide of an adjustment, if it does not settle that itself."""
    of_credits = {"credit": CREDITED, "credit_reverse": UNCREDITED}
    if adjustment.action in of_credits:
        return of_credits[adjustment.action]
    in_part = {"refund": IN_PART, "chargeback": IN_PART, "chargeback_reverse": RETURNED_IN_PART}
    if adjustment.action not in in_part:
        return UNKNOWN
    if adjustment.type is None:
        return HOW_MUCH
    return "" if adjustment.type == "full" else in_part[adjustment.action]


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
