"""The parts of PayPal's payloads that are read, as types. Pure data; what follows from them is decided in `paypal`.

An invoice of the second version of the API stands in `resource.invoice`, with its number in `detail`; one of the first is
the `resource` itself, and has its number and its texts directly: https://developer.paypal.com/docs/api/invoicing/v2, .../v1.
What is documented of webhooks is shorter: a `resource` with id, status and `invoice_number`.
"""

import msgspec
from msgspec import Struct


class Detail(Struct):
    """What a person wrote on an invoice. The memo is for the sender alone."""

    invoice_number: str | None = None
    reference: str | None = None
    memo: str | None = None
    note: str | None = None


class Item(Struct):
    """A line."""

    description: str | None = None


class Invoice(Struct):
    """An invoice of either version."""

    id: str | None = None
    status: str | None = None
    detail: Detail | None = None
    items: list[Item] | None = None
    number: str | None = None
    invoice_number: str | None = None
    reference: str | None = None
    merchant_memo: str | None = None
    note: str | None = None


class Resource(Invoice):
    """What holds an invoice, or is one."""

    invoice: Invoice | None = None


class Event(Struct):
    """https://developer.paypal.com/docs/api/webhooks/v1/#definition-event."""

    id: str
    event_type: str
    create_time: str
    resource: msgspec.Raw = msgspec.Raw(b"{}")


EVENT = msgspec.json.Decoder(Event)
RESOURCE = msgspec.json.Decoder(Resource)
