"""Made-up deliveries of Square, for `paidmark send` and the tests. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec

from webhooks import signatures
from webhooks.sources import shown
from webhooks.sources.kind import Options, Proof, Sample, Told

HEADER = "x-square-hmacsha256-signature"
_TYPES: Mapping[Told, str] = MappingProxyType(
    {"issued": "invoice.published", "paid": "invoice.payment_made", "reversed": "invoice.canceled"}
)
_STATUSES: Mapping[Told, str] = MappingProxyType({"issued": "UNPAID", "paid": "PAID", "reversed": "CANCELED"})


def sample(facts: Sample, _: Options) -> bytes:
    """An invoice that was published, paid or cancelled; as many ids as there are would not fit into its custom fields."""
    at = datetime.fromtimestamp(facts.at, UTC)
    return msgspec.json.encode({
        "merchant_id": "MADEUPMERCHANT",
        "type": _TYPES[facts.told],
        "event_id": facts.event,
        "created_at": at,
        "data": {
            "type": "invoice",
            "id": facts.invoice,
            "object": {
                "invoice": {
                    "id": facts.invoice,
                    "version": 1,
                    "status": _STATUSES[facts.told],
                    "title": "Work by the hour",
                    "description": shown.text(facts),
                    "custom_fields": [],
                }
            },
        },
    })  # fmt: skip


def sign(body: bytes, secret: str, _event: str, _now: float, options: Options) -> Proof:
    """What proves `body` at the address that Square was given; the event's id is in it."""
    signature = signatures.hmac_base64(signatures.wire(secret), signatures.wire(options.url) + body)
    return Proof({"Content-Type": "application/json", HEADER: signature.decode()})
