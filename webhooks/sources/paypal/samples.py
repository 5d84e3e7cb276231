"""Made-up deliveries of PayPal, for `paidmark send` and the tests. Pure.

PayPal alone can sign as PayPal: `sign` needs a private key of one's own, whose public key is then a secret of the source.
"""

import base64
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import msgspec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from webhooks.sources import shown
from webhooks.sources.kind import Options, Proof, Sample, Told
from webhooks.sources.paypal.keys import private_key

ID, TIME = "PAYPAL-TRANSMISSION-ID", "PAYPAL-TRANSMISSION-TIME"
SIGNATURE, ALGORITHM = "PAYPAL-TRANSMISSION-SIG", "PAYPAL-AUTH-ALGO"
SHA256_WITH_RSA = "SHA256withRSA"

_TOLD: Mapping[Told, tuple[str, str]] = MappingProxyType(
    {"issued": ("CREATED", "SENT"), "paid": ("PAID", "PAID"), "reversed": ("CANCELLED", "CANCELLED")}
)


def sample(facts: Sample, _: Options) -> bytes:
    """An invoice of the second version of the API: sent, paid or cancelled."""
    kind, status = _TOLD[facts.told]
    detail = {"currency_code": "EUR", "invoice_number": "MADE-UP-0001", "memo": shown.text(facts)}
    amount = {"currency_code": "EUR", "value": "1250.00"}
    invoice = {
        "id": facts.invoice,
        "status": status,
        "detail": detail,
        "items": [{"name": "Work by the hour", "quantity": "1", "unit_amount": amount}],
        "amount": amount,
    }
    return msgspec.json.encode({
        "id": facts.event,
        "event_version": "1.0",
        "create_time": datetime.fromtimestamp(facts.at, UTC),
        "resource_type": "invoices",
        "event_type": f"INVOICING.INVOICE.{kind}",
        "resource": {"invoice": invoice},
    })  # fmt: skip


def sign(body: bytes, secret: str, event: str, now: float, _: Options) -> Proof:
    """What proves `body`, by a private key: `WEBHOOK_ID -----BEGIN PRIVATE KEY-----...`. Raises ValueError."""
    webhook, key = private_key(secret)
    stamp = datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = key.sign(message(event.encode(), stamp.encode(), webhook, body), PKCS1v15(), SHA256())
    return Proof({
        "Content-Type": "application/json",
        ID: event,
        TIME: stamp,
        SIGNATURE: base64.b64encode(signature).decode(),
        ALGORITHM: SHA256_WITH_RSA,
    })  # fmt: skip


def message(transmission: bytes, stamp: bytes, webhook: str, body: bytes) -> bytes:
    """What PayPal signs: of the body only its CRC32, as a decimal number."""
    return b"|".join((transmission, stamp, webhook.encode(), str(zlib.crc32(body)).encode()))
