"""Made-up deliveries of Chargebee, for `paidmark send` and the tests, and the header that its deliveries show. Pure."""

import base64
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from webhooks import signatures
from webhooks.sources import shown
from webhooks.sources.kind import Options, Proof, Sample, Told

HEADER = "Authorization"
_TYPES: Mapping[Told, str] = MappingProxyType(
    {"issued": "invoice_generated", "paid": "payment_succeeded", "reversed": "invoice_updated"}
)
_STATUSES: Mapping[Told, str] = MappingProxyType({"issued": "posted", "paid": "paid", "reversed": "voided"})


def basic(secret: str) -> bytes:
    """A user and a password as the header shows them: see https://www.rfc-editor.org/rfc/rfc7617#section-2."""
    return b"Basic " + base64.b64encode(signatures.wire(secret))


def sample(facts: Sample, _: Options) -> bytes:
    """An invoice that was generated, paid or voided; a note on it names the entries."""
    at = int(facts.at)
    return msgspec.json.encode({
        "id": facts.event,
        "occurred_at": at,
        "source": "api",
        "object": "event",
        "api_version": "v2",
        "event_type": _TYPES[facts.told],
        "webhook_status": "scheduled",
        "content": {
            "invoice": {
                "id": facts.invoice,
                "object": "invoice",
                "status": _STATUSES[facts.told],
                "total": 125_000,
                "currency_code": "EUR",
                "resource_version": at * 1000,
                "notes": [{"note": shown.text(facts)}],
                "line_items": [{"description": "Work by the hour", "entity_type": "adhoc"}],
            }
        },
    })  # fmt: skip


def sign(_body: bytes, secret: str, _event: str, _now: float, _: Options) -> Proof:
    """The user and the password."""
    return Proof({"Content-Type": "application/json", HEADER: basic(secret).decode()})
