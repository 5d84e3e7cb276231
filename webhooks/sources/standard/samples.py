"""Made-up deliveries of Standard Webhooks, for the demo, `paidmark send` and the tests. Pure."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from webhooks import signatures
from webhooks.sources.kind import Options, Proof, Sample, Told
from webhooks.sources.standard.keys import PRIVATE, hmac_keys, private_seed

_TYPES: Mapping[Told, str] = MappingProxyType(
    {"issued": "invoice.issued", "paid": "invoice.paid", "reversed": "invoice.voided"}
)


def sample(facts: Sample, _: Options) -> bytes:
    """A body as a billing system of one's own would send it."""
    references: dict[str, object] = {}
    if facts.link:
        references = {"clockify_link": facts.link}
    elif facts.workspace:
        references = {"workspace_id": facts.workspace, "time_entry_ids": facts.entries}
    return msgspec.json.encode({
        "type": _TYPES[facts.told],
        "timestamp": datetime.fromtimestamp(facts.at, UTC),
        "data": {"invoice_id": facts.invoice, **references},
    })  # fmt: skip


def sign(body: bytes, secret: str, event: str, now: float, _: Options) -> Proof:
    """What proves `body`: `v1` of a symmetric secret, `v1a` of a private key. Raises ValueError."""
    stamp = str(int(now))
    message = f"{event}.{stamp}.".encode() + body
    return Proof({
        "Content-Type": "application/json",
        "webhook-id": event,
        "webhook-timestamp": stamp,
        "webhook-signature": _signature(secret, message),
    })  # fmt: skip


def _signature(secret: str, message: bytes) -> str:
    if secret.startswith(PRIVATE):
        raw = Ed25519PrivateKey.from_private_bytes(private_seed(secret)).sign(message)
        return "v1a," + base64.b64encode(raw).decode()
    keys = hmac_keys((secret,))
    if not keys:
        raise ValueError("this secret cannot sign: whsec_ and base64, or whsk_ and base64, is what can")
    return "v1," + signatures.hmac_base64(keys[0], message).decode()
