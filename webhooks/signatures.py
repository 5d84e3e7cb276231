"""The few ways in which sources sign.

Pure: bytes, headers, secrets and the time come as arguments. Nothing here knows a vendor, and nothing but
NotAuthenticError comes out, whatever the headers hold. A kind says which header, which fields and which bytes are signed.
"""

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from multidict import CIMultiDictProxy

from webhooks.delivery import NotAuthenticError, Trust

MOST_SIGNATURES = 10
"""Signatures looked at in one delivery. Vendors send one for each secret while secrets are rotated: two or three."""
_MOST_DIGITS = 15


def single(headers: CIMultiDictProxy[str], name: str) -> str:
    """The value of a header that must come exactly once.

    No vendor documents a repeated one here, and with two of them verifying and parsing might each believe another, so a
    repeat is refused. A vendor that does repeat its header (one a secret) needs `headers.getall` and `matches`.
    """
    values = headers.getall(name, ())
    if len(values) != 1:
        raise NotAuthenticError(f"{name} is {'repeated' if values else 'missing'}")
    return values[0]


def fields(header: str, separator: str, assign: str) -> list[tuple[str, str]]:
    """`t=1,v1=a,v1=b` as pairs, in order; an item without `assign` has an empty value."""
    return pairs(header.split(separator), assign)


def pairs(items: Iterable[str], assign: str) -> list[tuple[str, str]]:
    """Each item cut at the first `assign`; an item without one has an empty value."""
    return [item.partition(assign)[::2] for item in items]


def behind(scheme: str, value: str) -> str | None:
    """What stands behind the name of a scheme, which is written in any case; None where another one stands there."""
    begins, rest = value[: len(scheme)], value[len(scheme) :]
    return rest if begins.lower() == scheme.lower() else None


def only(pairs: Sequence[tuple[str, str]], name: str) -> str:
    """The value of a field that must come exactly once."""
    values = [value for key, value in pairs if key == name]
    if len(values) != 1:
        raise NotAuthenticError(f"{name}= is {'repeated' if values else 'missing'}")
    return values[0]


def wire(text: str) -> bytes:
    """A header's text as the bytes that came over the wire (undecodable ones arrive as surrogate escapes)."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise NotAuthenticError("a header holds what no header can hold") from error


def check_time(stamp: str, trust: Trust, *, per_second: int = 1) -> None:
    """Refuse a time of sending that is too old, or too far in the future. `stamp`: whole units since 1970."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= _MOST_DIGITS):
        raise NotAuthenticError("the time of sending is not a whole number")
    age = trust.now - int(stamp) / per_second
    if age > trust.tolerance:
        raise NotAuthenticError("sent too long ago")
    if -age > trust.tolerance:
        raise NotAuthenticError("sent in the future")


def check_token(given: str, trust: Trust) -> None:
    """Refuse what is none of the secrets themselves: for vendors who send a secret instead of a signature."""
    keys = [wire(secret) for secret in trust.secrets if secret]
    if not given:
        raise NotAuthenticError("the secret is missing")
    if keys and not matches(keys, [given]):
        raise NotAuthenticError("another secret than that of this source")
    check_proven(bool(keys), keys=keys)


def check_proven(proven: bool, *, keys: Sequence[bytes]) -> None:
    """Refuse what no signature proves."""
    if not keys:
        raise NotAuthenticError("no secret of this source can be used")
    if not proven:
        raise NotAuthenticError("no signature fits the body and a secret")


def check_hmac(
    message: bytes, given: Sequence[str], trust: Trust, digest: Callable[[bytes, bytes], bytes]
) -> None:
    """Refuse a message unless one of the given signatures is its HMAC under any secret, whose whole text is the key."""
    keys = [wire(secret) for secret in trust.secrets if secret]
    proven = matches([digest(key, message) for key in keys], bounded(given))
    check_proven(proven, keys=keys)


def check_stamped(
    pairs: Sequence[tuple[str, str]], body: bytes, trust: Trust, *, stamp: str, scheme: str, joint: bytes
) -> None:
    """Refuse a body unless the pairs prove it: a time (seconds) under `stamp`, HMACs of time and body under `scheme`."""
    at = only(pairs, stamp)
    check_time(at, trust)
    check_hmac(
        joint.join((at.encode(), body)), [value for name, value in pairs if name == scheme], trust, hmac_hex
    )


def bounded(signatures: Sequence[str]) -> Sequence[str]:
    """The signatures of a delivery, unless there are absurdly many: each costs work before anything is proven."""
    if not 1 <= len(signatures) <= MOST_SIGNATURES:
        raise NotAuthenticError("too many signatures" if signatures else "no signature")
    return signatures


def hmac_hex(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 as lower-case hexadecimal digits."""
    return binascii.hexlify(hmac.digest(key, message, "sha256"))


def hmac_base64(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA256 as base64 with padding."""
    return binascii.b2a_base64(hmac.digest(key, message, "sha256"), newline=False)


def matches(expected: Iterable[bytes], given: Sequence[str]) -> bool:
    """Whether any of the given signatures is any of the expected ones: compared as text, in constant time, on bytes.

    The text is compared, not what it decodes to: base64 has several spellings of the same bytes, hexadecimal too.
    """
    proven = False
    candidates = [wire(signature) for signature in given]
    for one in expected:
        for candidate in candidates:
            proven |= hmac.compare_digest(one, candidate)
    return proven


def ed25519_matches(keys: Iterable[bytes], message: bytes, given: Sequence[str]) -> bool:
    """Whether any of the given signatures (base64) is one of `message` under any of the public keys (32 bytes)."""
    decoded = [(text, decode_base64(text)) for text in given]
    raw = [signature for text, signature in decoded if base64.b64encode(signature).decode() == text]
    return any(_ed25519_match(key, message, signature) for key in keys for signature in raw)


def _ed25519_match(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def decode_base64(text: str) -> bytes:
    """The bytes behind base64, with or without its padding; empty where it is not base64."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return b""
