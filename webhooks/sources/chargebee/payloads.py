"""The parts of Chargebee's payloads that are read, as types. Pure data; what follows from them is decided in `chargebee`."""

from typing import Any

import msgspec
from msgspec import Struct


class Content(Struct):
    """What an event shows. Custom fields have names of the user's own, so these stay as they came."""

    invoice: dict[str, Any] | None = None
    transaction: dict[str, Any] | None = None
    subscription: dict[str, Any] | None = None
    customer: dict[str, Any] | None = None


class Happened(Struct):
    """https://apidocs.chargebee.com/docs/api/events. `occurred_at` is in seconds."""

    id: str
    event_type: str
    occurred_at: object = None
    content: Content = msgspec.field(default_factory=Content)


HAPPENED = msgspec.json.Decoder(Happened)
