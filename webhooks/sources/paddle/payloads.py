"""The parts of Paddle's payloads that are read, as types. Pure data; what follows from them is decided in `paddle`."""

import msgspec
from msgspec import Raw, Struct


class Notification(Struct):
    """https://developer.paddle.com/webhooks/about/notification-format. `occurred_at` is RFC 3339."""

    event_id: str
    event_type: str
    occurred_at: object = None
    data: Raw = Raw(b"{}")


class Price(Struct):
    """The price of an item, whose `custom_data` may be of the catalogue or of this transaction."""

    custom_data: object = None


class Item(Struct):
    """A line of a transaction."""

    price: Price | None = None


class Totals(Struct):
    """An amount, in the smallest unit of its currency."""

    grand_total: str | None = None


class Details(Struct):
    """What a transaction comes to, without its adjustments and with them."""

    totals: Totals | None = None
    adjusted_totals: Totals | None = None


class Transaction(Struct):
    """https://developer.paddle.com/api-reference/transactions/overview. `custom_data` is an object, or a list of nothing."""

    id: str
    invoice_number: str | None = None
    custom_data: object = None
    items: list[Item] = []
    details: Details | None = None


class Adjustment(Struct):
    """https://developer.paddle.com/api-reference/adjustments/overview."""

    transaction_id: str
    action: str
    status: str | None = None
    type: str | None = None


NOTIFICATION = msgspec.json.Decoder(Notification)
TRANSACTION = msgspec.json.Decoder(Transaction)
ADJUSTMENT = msgspec.json.Decoder(Adjustment)
