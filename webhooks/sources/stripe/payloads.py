"""The parts of Stripe's payloads that are read, as types. Pure data; what follows from them is decided in `stripe`.

Fields as of API version 2026-10-28.endive; those marked "until" are of older versions, which an endpoint may be set to.
An event is rendered in the version of its endpoint: https://docs.stripe.com/webhooks/versioning.
"""

from typing import Generic, TypeVar

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

T = TypeVar("T")


class Event(Struct):
    """https://docs.stripe.com/api/events/object. A thin event has the same names, a time as text and no `data.object`.

    `account` is there for events of connected accounts only: https://docs.stripe.com/connect/webhooks.
    """

    object: str
    type: str
    id: str
    created: int | str
    livemode: bool
    data: Raw = Raw(b"{}")
    account: str | None = None


class Data(Struct, Generic[T]):
    """What `data` of an event holds: the object as it was when the event happened."""

    object: T


class Line(Struct):
    """https://docs.stripe.com/api/invoice-line-item/object."""

    metadata: dict[str, str] | None = None


class Lines(Struct):
    """At most ten lines come along; `has_more` tells of the others."""

    data: list[Line] = []
    has_more: bool = False


class Subscription(Struct):
    """The subscription's metadata, as they were when the invoice was made final."""

    metadata: dict[str, str] | None = None


class Parent(Struct):
    """What generated the invoice."""

    subscription_details: Subscription | None = None


class Invoice(Struct):
    """https://docs.stripe.com/api/invoices/object.

    Until 2025-03-31.basil: `subscription_details`, `payment_intent` and `charge` on the invoice itself.
    """

    id: str
    number: str | None = None
    status: str | None = None
    total: int = 0
    pre_payment_credit_notes_amount: int = 0
    metadata: dict[str, str] | None = None
    lines: Lines | None = None
    parent: Parent | None = None
    subscription_details: Subscription | None = None
    payment_intent: str | None = None
    charge: str | None = None


class Payment(Struct):
    """One of these is there. A charge that belongs to a payment intent is named by the intent."""

    payment_intent: str | None = None
    charge: str | None = None
    payment_record: str | None = None


class InvoicePayment(Struct):
    """https://docs.stripe.com/api/invoice-payment/object."""

    invoice: str
    payment: Payment
    is_default: bool = True
    status: str = "paid"


class Charge(Struct):
    """https://docs.stripe.com/api/charges/object. Until 2025-03-31.basil it named its invoice, or had null there."""

    id: str
    refunded: bool
    payment_intent: str | None = None
    invoice: str | UnsetType | None = UNSET


class Refund(Struct):
    """https://docs.stripe.com/api/refunds/object."""

    status: str | None = None
    charge: str | None = None
    payment_intent: str | None = None


class NotedRefund(Struct):
    """A refund that a credit note made."""

    amount_refunded: int = 0


class CreditNote(Struct):
    """https://docs.stripe.com/api/credit_notes/object."""

    invoice: str
    post_payment_amount: int = 0
    refunds: list[NotedRefund] = []


class Dispute(Struct):
    """https://docs.stripe.com/api/disputes/object."""

    status: str
    charge: str | None = None
    payment_intent: str | None = None


EVENT = msgspec.json.Decoder(Event)
INVOICE = msgspec.json.Decoder(Data[Invoice])
INVOICE_PAYMENT = msgspec.json.Decoder(Data[InvoicePayment])
CHARGE = msgspec.json.Decoder(Data[Charge])
REFUND = msgspec.json.Decoder(Data[Refund])
CREDIT_NOTE = msgspec.json.Decoder(Data[CreditNote])
DISPUTE = msgspec.json.Decoder(Data[Dispute])
