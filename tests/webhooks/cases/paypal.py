"""PayPal in the contract test: with keys and a certificate that are made up anew in each run, and so prove nothing to anybody."""

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from tests.webhooks.deliveries import Case

WEBHOOK = "1MADE2UP3WEBHOOK4"
SINCE, UNTIL = datetime(2025, 7, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)


def made_up_key(bits: int = 2048) -> RSAPrivateKey:
    return generate_private_key(65537, bits)


def private(key: RSAPrivateKey, webhook: str = WEBHOOK) -> str:
    """The secret that signs."""
    return f"{webhook} {key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()}"


def public(key: RSAPrivateKey, webhook: str = WEBHOOK) -> str:
    """The secret that is the public key."""
    raw = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return f"{webhook} {raw.decode()}"


def certificate(key: RSAPrivateKey, webhook: str = WEBHOOK) -> str:
    """The secret that is a certificate, good for a year around the time of the tests."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made-up.example.com")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, SINCE, UNTIL)
    return f"{webhook}\n{builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()}"


KEY, OTHER_KEY = made_up_key(), made_up_key()
CASE = Case(
    secret=certificate(KEY),
    rotated=public(OTHER_KEY),
    signing=private(KEY),
    uninteresting="BILLING.PLAN.CREATED",
    ignored="BILLING.PLAN.CREATED",
    partly_paid="INVOICING.INVOICE.PAID.in-part",
    another_version="INVOICING.INVOICE.PAID.v1",
    without={"batch": "one delivery is one event"},
)
