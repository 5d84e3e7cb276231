"""Mollie's webhooks with payloads: sales invoices and payments, paid.

Pure. https://docs.mollie.com/reference/webhooks-new. The older webhooks, which send only `id=tr_...` in a form, are signed
by nobody and say nothing: they are refused. Nothing that is signed tells the time of sending, so an old delivery can be
replayed, which moves nothing. While a secret is replaced, there is a signature header for each.

- `sales-invoice.paid`, `.issued`, `.canceled`, and `payment.paid` for payments that stand by themselves: then the
  payment is the invoice.
- A refund or a chargeback does not tell whether it is of the whole payment: for a person (`unresolved`).
- Without the payload (`_embedded`), a delivery cannot tell what an invoice names; it can be linked by its id.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct

from webhooks import signatures
from webhooks.delivery import Delivery, NotAuthenticError, Trust
from webhooks.events import InvoiceIssued, InvoicePaid
from webhooks.references import Named, from_metadata
from webhooks.sources import shown
from webhooks.sources.facts import GONE, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed, Proof, Sample, Told
from webhooks.sources.payload import decode, milliseconds, type_shown

HEADER = "X-Mollie-Signature"
PREFIX = "sha256="
TAKEN_BACK = "a refund or a chargeback does not tell whether it is in full: decide by hand"
ROOM = 36
"""Ids in the kilobyte that metadata may have: https://docs.mollie.com/reference/create-sales-invoice."""


class Entity(Struct):
    """A sales invoice, a payment, a refund or a chargeback: what is read of it. `metadata` may be any JSON."""

    status: str | None = None
    metadata: Any = None
    paymentId: str | None = None  # noqa: N815 - the vendor's name
    invoiceNumber: str | None = None  # noqa: N815 - the vendor's name


class Embedded(Struct):
    """The payload."""

    entity: Entity


class Notification(Struct):
    """An event. `createdAt` is RFC 3339."""

    id: str
    type: str
    entityId: str | None = None  # noqa: N815 - the vendor's name
    createdAt: object = None  # noqa: N815 - the vendor's name
    embedded: Embedded | None = msgspec.field(default=None, name="_embedded")


_NOTIFICATION = msgspec.json.Decoder(Notification)
_CHANGES: Mapping[str, tuple[Fact, Rank]] = MappingProxyType({
    "sales-invoice.issued": (InvoiceIssued, Rank.ISSUED),
    "sales-invoice.paid": (InvoicePaid, Rank.PAID),
    "sales-invoice.canceled": (GONE, Rank.ENDED),
    "payment.paid": (InvoicePaid, Rank.PAID),
})  # fmt: skip
_TAKEN_BACK = ("refund.refunded", "chargeback.received")
_TYPES: Mapping[Told, str] = MappingProxyType({
    "issued": "sales-invoice.issued",
    "paid": "sales-invoice.paid",
    "reversed": "sales-invoice.canceled",
})  # fmt: skip


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by any of its signatures; a delivery without one is refused, whatever it says."""
    given = [value.removeprefix(PREFIX) for value in delivery.headers.getall(HEADER, ())]
    if not given:
        raise NotAuthenticError(f"{HEADER} is missing: is this a webhook of the older kind?")
    signatures.check_hmac(delivery.body, given, trust, signatures.hmac_hex)


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The one fact of a delivery, or why it is none of ours."""
    one = decode(_NOTIFICATION, delivery.body, "body")
    entity = one.embedded.entity if one.embedded else None
    at = milliseconds(one.createdAt, "createdAt")
    if one.type in _TAKEN_BACK:
        invoice = (entity and entity.paymentId) or one.entityId
        event = told(
            MONEY_GONE, event=one.id, invoice=invoice, at=at, rank=Rank.GIVEN_BACK, unresolved=TAKEN_BACK
        )
        return Parsed((event,))
    if one.type not in _CHANGES:
        return Parsed((), type_shown(one.type))
    fact, rank = _CHANGES[one.type]
    if fact is InvoicePaid and entity and entity.status not in (None, "paid"):
        return Parsed((), "the invoice is not paid in full")
    event = told(
        fact,
        event=one.id,
        invoice=one.entityId,
        at=at,
        rank=rank,
        named=_named(entity) if entity else None,
        number=entity.invoiceNumber if entity else None,
    )
    return Parsed((event,))


def _named(entity: Entity) -> Named:
    """Metadata are an object, as a rule; a text may name entries among other words."""
    if isinstance(entity.metadata, dict):
        return from_metadata(entity.metadata)
    return from_metadata({}, texts=[entity.metadata if isinstance(entity.metadata, str) else None])


def sample(facts: Sample, _: Options) -> bytes:
    """A sales invoice that was issued, paid or cancelled."""
    return msgspec.json.encode({
        "resource": "event",
        "id": facts.event,
        "type": _TYPES[facts.told],
        "entityId": facts.invoice,
        "createdAt": datetime.fromtimestamp(facts.at, UTC),
        "_embedded": {
            "entity": {
                "resource": "sales-invoice",
                "id": facts.invoice,
                "status": {"reversed": "canceled"}.get(facts.told, facts.told),
                "metadata": shown.metadata(facts),
            }
        },
    })  # fmt: skip


def sign(body: bytes, secret: str, _event: str, _now: float, _: Options) -> Proof:
    """What proves `body`; the event's id is in it."""
    signature = signatures.hmac_hex(signatures.wire(secret), body).decode()
    return Proof({"Content-Type": "application/json", HEADER: PREFIX + signature})


ABOUT = About(
    title="Mollie",
    page="https://docs.mollie.com/reference/webhooks-new",
    needs="the webhook's signing secret; payloads switched on",
    proves="body",
    references="metadata of the sales invoice or payment",
    room=ROOM,
    issued=("sales-invoice.issued",),
    paid=("sales-invoice.paid", "payment.paid"),
    reversed=("sales-invoice.canceled",),
    by_hand=_TAKEN_BACK,
)
KIND = Kind(name="mollie", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign)
