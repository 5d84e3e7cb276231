"""What PayPal's signatures are checked with: a webhook's id, and the key that PayPal signs with. Pure.

Both stand in one secret, `WEBHOOK_ID` and a PEM with a space or a new line between them, since either is worth nothing
without the other: PayPal signs for everybody with the same key, and only the id in what is signed says for whom.
The PEM is a certificate (of several, the first) or a bare public key. It may have lost its line breaks, or have them
written as a backslash and an n, as variables of an environment do.
"""

import base64
import binascii
import re
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

SIMULATOR = "WEBHOOK_ID"
"""The id that PayPal's simulator signs for, whoever asks it to: https://developer.paypal.com/api/rest/webhooks/simulator."""
LEAST_BITS = 2048

_SECRET = re.compile(
    r"\s*([0-9A-Za-z_-]{1,64})(?:\s|\\n)+-----BEGIN ([A-Z ]+)-----(.*?)-----END \2-----", re.DOTALL
)
_BLANK = re.compile(r"\s|\\[rn]")
_EVER = (float("-inf"), float("inf"))


class Signer(NamedTuple):
    """Whose signatures are believed, for which webhook; a certificate holds from `since` to `until`, in seconds."""

    webhook: str
    key: RSAPublicKey
    since: float
    until: float

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether this is PayPal's signature of `message`."""
        try:
            self.key.verify(signature, message, PKCS1v15(), SHA256())
        except InvalidSignature:
            return False
        return True


@lru_cache(maxsize=128)
def signers(secrets: tuple[str, ...]) -> tuple[Signer, ...]:
    """Those whose signatures are believed; a secret that cannot be used is left out."""
    found = [_signer(secret) for secret in secrets]
    return tuple(one for one in found if isinstance(one, Signer))


def complaint(secret: str) -> str:
    """What is wrong with a secret, in words that do not show it; empty if it can be used."""
    found = _signer(secret)
    return found if isinstance(found, str) else ""


@lru_cache(maxsize=128)
def private_key(secret: str) -> tuple[str, RSAPrivateKey]:
    """The webhook and the key that can sign for it, which is nobody's but PayPal's, or a made-up one. Raises ValueError."""
    webhook, label, der = _parts(secret)
    if not label.endswith("PRIVATE KEY"):
        raise ValueError("PayPal's key signs, and only PayPal has it: a certificate cannot")
    key = load_der_private_key(der, None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - of what is in a setting
    return webhook, key


def _signer(secret: str) -> Signer | str:
    """What a secret stands for, or what is wrong with it."""
    try:
        webhook, label, der = _parts(secret)
        if label.endswith("PRIVATE KEY"):
            return "a private key: what is needed is the certificate that PAYPAL-CERT-URL shows"
        if webhook == SIMULATOR:
            return f"{SIMULATOR} is the id that PayPal's simulator signs for, whoever asks it to"
        key, (since, until) = _read(label, der)
    except (ValueError, UnsupportedAlgorithm):
        return (
            "not the webhook's id, a space or a new line, and the PEM of PayPal's certificate or public key"
        )
    if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_BITS:
        return f"not an RSA key of at least {LEAST_BITS} bits"
    return Signer(webhook, key, since, until)


def _parts(secret: str) -> tuple[str, str, bytes]:
    """The webhook's id, what the PEM says that it is, and what is in it. Raises ValueError."""
    found = _SECRET.match(secret)
    if not found:
        raise ValueError("not an id and a PEM")
    webhook, label, body = found.groups()
    try:
        return webhook, label, base64.b64decode(_BLANK.sub("", body), validate=True)
    except binascii.Error as error:
        raise ValueError("not an id and a PEM") from error


def _read(label: str, der: bytes) -> tuple[object, tuple[float, float]]:
    if label != "CERTIFICATE":
        return load_der_public_key(der), _EVER
    certificate = x509.load_der_x509_certificate(der)
    held = (certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp())
    return certificate.public_key(), held
