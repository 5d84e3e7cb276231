"""Mollie's webhooks with payloads: sales invoices and payments, paid.

Pure. https://docs.mollie.com/reference/webhooks-new. The older webhooks, which send only `id=tr_...` in a form, are signed
by nobody and say nothing: they are refused. Nothing that is signed tells the time of sending, so an old delivery can be
replayed, which moves nothing. While a secret is replaced, there is a signature header for each, which a
proxy may put together.

- `sales-invoice.paid`, `.issued`, `.canceled`, and `payment.paid` for payments that stand by themselves: then the
  payment is the invoice.
- A refund or a chargeback does not tell whether it is of the whole payment: for a person (`unresolved`). So is a
  chargeback that is reversed. They name the payment, never a sales invoice.
- Without the payload (`_embedded`: Mollie's "simple" deliveries), a delivery cannot tell what an invoice names: entries can
  be linked to it by its id. So switch payloads on.
- Metadata are an object, or a text: one that is an object written as JSON, as in Mollie's own examples, or words.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw, Struct

from webhooks import signatures
from webhooks.delivery import Delivery, NotAuthenticError, Trust, UndecodableError
from webhooks.events import Event, InvoiceIssued, InvoicePaid
from webhooks.references import Named, from_metadata
from webhooks.sources import shown
from webhooks.sources.facts import GONE, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed, Proof, Sample, Told
from webhooks.sources.payload import decode, milliseconds, type_shown

HEADER = "X-Mollie-Signature"
PREFIX = "sha256="
TAKEN_BACK = "a refund or a chargeback does not tell whether it is in full: decide by hand"
GIVEN_AGAIN = "a chargeback was reversed, so the payment is paid after all: decide by hand"
ROOM = 36
"""Ids in the kilobyte that metadata may have: https://docs.mollie.com/reference/create-sales-invoice."""


class Entity(Struct):
    """A sales invoice, a payment, a refund or a chargeback: what is read of it. `metadata` may be any JSON."""

    status: str | None = None
    metadata: Any = None
    paymentId: str | None = None  # noqa: N815 - the vendor's name
    invoiceNumber: object = None  # noqa: N815 - the vendor's name


class Embedded(Struct):
    """The payload."""

    entity: Entity | None = None


class Notification(Struct):
    """An event. `createdAt` is RFC 3339."""

    type: str
    id: object = None
    entityId: object = None  # noqa: N815 - the vendor's name
    createdAt: object = None  # noqa: N815 - the vendor's name
    embedded: Raw = msgspec.field(default=Raw(b"null"), name="_embedded")


_NOTIFICATION = msgspec.json.Decoder(Notification)
_EMBEDDED = msgspec.json.Decoder(Embedded | None)
_OBJECT: msgspec.json.Decoder[Mapping[str, object]] = msgspec.json.Decoder(dict[str, object])
_CHANGES: Mapping[str, tuple[Fact, Rank]] = MappingProxyType({
    "sales-invoice.issued": (InvoiceIssued, Rank.ISSUED),
    "sales-invoice.paid": (InvoicePaid, Rank.PAID),
    "sales-invoice.canceled": (GONE, Rank.ENDED),
    "payment.paid": (InvoicePaid, Rank.PAID),
})  # fmt: skip
_BY_HAND: Mapping[str, str] = MappingProxyType({
    "refund.refunded": TAKEN_BACK,
    "chargeback.received": TAKEN_BACK,
    "chargeback.reversed": GIVEN_AGAIN,
})  # fmt: skip
_TYPES: Mapping[Told, str] = MappingProxyType({
    "issued": "sales-invoice.issued",
    "paid": "sales-invoice.paid",
    "reversed": "sales-invoice.canceled",
})  # fmt: skip


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by any of its signatures; a delivery without one is refused, whatever it says."""
    shown = ",".join(delivery.headers.getall(HEADER, ()))
    given = [value.strip().removeprefix(PREFIX) for value in shown.split(",") if value.strip()]
    if not given:
        raise NotAuthenticError(f"{HEADER} is missing: is this a webhook of the older kind?")
    signatures.check_hmac(delivery.body, given, trust, signatures.hmac_hex)


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The one fact of a delivery, or why it is none of ours."""
    one = decode(_NOTIFICATION, delivery.body, "body")
    if one.type in _CHANGES:
        return _changed(one, _entity(one))
    if one.type in _BY_HAND:
        return Parsed((_for_a_person(one, _entity(one)),))
    return Parsed((), type_shown(one.type))


def _entity(one: Notification) -> Entity | None:
    """What the delivery shows beside ids, if payloads are switched on."""
    embedded = decode(_EMBEDDED, one.embedded, "_embedded")
    return embedded.entity if embedded else None


def _changed(one: Notification, entity: Entity | None) -> Parsed:
    fact, rank = _CHANGES[one.type]
    if fact is InvoicePaid and entity and entity.status not in (None, "paid"):
        return Parsed((), f"not paid, but {type_shown(entity.status)}")
    event = told(
        fact,
        event=one.id,
        invoice=one.entityId,
        at=milliseconds(one.createdAt, "createdAt"),
        rank=rank,
        named=_named(entity.metadata) if entity else None,
        number=entity.invoiceNumber if entity and isinstance(entity.invoiceNumber, str) else None,
    )
    return Parsed((event,))


def _for_a_person(one: Notification, entity: Entity | None) -> Event:
    return told(
        MONEY_GONE,
        event=one.id,
        invoice=(entity and entity.paymentId) or one.entityId,
        at=milliseconds(one.createdAt, "createdAt"),
        rank=Rank.GIVEN_BACK,
        unresolved=_BY_HAND[one.type],
    )


def _named(metadata: object) -> Named:
    """What metadata of any shape name."""
    if isinstance(metadata, dict):
        return from_metadata(metadata)
    text = metadata if isinstance(metadata, str) else ""
    with suppress(UndecodableError):
        return from_metadata(decode(_OBJECT, text.encode(errors="replace"), "metadata"))
    return from_metadata({}, texts=[text])


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
    by_hand=tuple(_BY_HAND),
)
KIND = Kind(name="mollie", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign)
