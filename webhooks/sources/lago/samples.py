"""Made-up deliveries of Lago, for `paidmark send` and the tests. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec

from webhooks import signatures
from webhooks.sources import shown
from webhooks.sources.kind import Options, Proof, Sample, Told
from webhooks.sources.tokens import named_key

SIGNATURE, ALGORITHM, KEY = "X-Lago-Signature", "X-Lago-Signature-Algorithm", "X-Lago-Unique-Key"
_TYPES: Mapping[Told, str] = MappingProxyType({
    "issued": "invoice.one_off_created",
    "paid": "invoice.payment_status_updated",
    "reversed": "invoice.voided",
})  # fmt: skip


def sample(facts: Sample, _: Options) -> bytes:
    """An invoice that was made out, paid or voided; the description of its fee names the entries."""
    return msgspec.json.encode({
        "webhook_type": _TYPES[facts.told],
        "object_type": "invoice",
        "organization_id": "made-up",
        "invoice": {
            "lago_id": facts.invoice,
            "number": "MADE-UP-0001",
            "status": "voided" if facts.told == "reversed" else "finalized",
            "payment_status": "succeeded" if facts.paid else "pending",
            "updated_at": datetime.fromtimestamp(facts.at, UTC),
            "fees": [{"lago_id": "made-up", "description": f"Work by the hour {shown.text(facts)}"}],
        },
    })  # fmt: skip


def sign(body: bytes, secret: str, event: str, _now: float, _: Options) -> Proof:
    """What proves `body`, under a key for HMAC. Raises ValueError for a public key, which cannot sign."""
    if named_key(secret)[1]:
        raise ValueError("a public key cannot sign: set Lago's HMAC key to play it")
    signature = signatures.hmac_base64(signatures.wire(secret), body).decode()
    return Proof({"Content-Type": "application/json", KEY: event, ALGORITHM: "hmac", SIGNATURE: signature})
