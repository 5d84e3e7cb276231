"""The parts of Square's payloads that are read, as types. Pure data; what follows from them is decided in `square`."""

import msgspec
from msgspec import Struct


class CustomField(Struct):
    """Invoices Plus has two of them."""

    label: str | None = None
    value: str | None = None


class Invoice(Struct):
    """https://developer.squareup.com/reference/square/objects/Invoice."""

    version: int | None = None
    status: str | None = None
    location_id: str | None = None
    invoice_number: str | None = None
    title: str | None = None
    description: str | None = None
    custom_fields: list[CustomField] | None = None


class Shown(Struct):
    """The invoice, where the event shows it."""

    invoice: Invoice | None = None


class Data(Struct):
    """What happened to which object; `object` is missing where it was deleted."""

    id: str
    object: Shown | None = None


class Notification(Struct):
    """https://developer.squareup.com/docs/webhooks/overview. `created_at` is RFC 3339."""

    type: str
    event_id: str
    data: Data
    created_at: object = None


class Typed(Struct):
    """What every event has."""

    type: str


TYPED, NOTIFICATION = msgspec.json.Decoder(Typed), msgspec.json.Decoder(Notification)
