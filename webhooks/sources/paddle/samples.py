"""Made-up deliveries of Paddle, for `paidmark send` and the tests. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec

from webhooks import signatures
from webhooks.sources import shown
from webhooks.sources.kind import Options, Proof, Sample, Told

HEADER = "Paddle-Signature"
_PRICE = {"unit_price": {"amount": "125000", "currency_code": "EUR"}}
_TYPES: Mapping[Told, str] = MappingProxyType(
    {"issued": "transaction.billed", "paid": "transaction.paid", "reversed": "transaction.canceled"}
)
_STATUSES: Mapping[Told, str] = MappingProxyType({"issued": "billed", "paid": "paid", "reversed": "canceled"})


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
