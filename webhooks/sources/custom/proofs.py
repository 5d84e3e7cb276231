"""How deliveries of a described system are proven, and how such a proof is made. Pure.

A described system may prove anything that `Scheme` can say; what it cannot say is refused, never guessed.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

from webhooks import signatures
from webhooks.delivery import Delivery, NotAuthenticError, Trust, UndecodableError
from webhooks.sources.kind import Options, Proof
from webhooks.sources.payload import milliseconds
from webhooks.sources.scheme import Scheme, pieces

HMAC = "hmac-"
AUTHORIZATION, BASIC = "Authorization", "Basic "

_SHOWN: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType({
    "hex": binascii.hexlify,
    "HEX": lambda digest: binascii.hexlify(digest).upper(),
    "base64": base64.b64encode,
})  # fmt: skip


def verify(delivery: Delivery, trust: Trust, options: Options) -> None:
    """Prove the delivery as the settings say that it is proven."""
    scheme = options.scheme
    if scheme is None:
        raise NotAuthenticError("the settings do not say how deliveries are signed")
    if scheme.proof == "path":
        return signatures.check_token(delivery.token, trust)
    if delivery.token:
        raise NotAuthenticError("something follows the name of a source whose secret is not in the path")
    if scheme.proof == "header":
        return signatures.check_token(_secret_of(delivery, scheme), trust)
    if scheme.proof == "basic":
        return _verify_basic(delivery, trust)
    return _verify_hmac(delivery, trust, scheme, options.url)


def _secret_of(delivery: Delivery, scheme: Scheme) -> str:
    """What stands behind the prefix, which is the name of a scheme, mostly: https://www.rfc-editor.org/rfc/rfc9110#section-11.1."""
    secret = signatures.behind(scheme.prefix, signatures.single(delivery.headers, scheme.header))
    if secret is None:
        raise NotAuthenticError(f"{scheme.header} does not begin as it should")
    return secret.lstrip(" ")


def _verify_basic(delivery: Delivery, trust: Trust) -> None:
    """See https://www.rfc-editor.org/rfc/rfc7617: a secret is the user and the password with a colon between them."""
    shown = signatures.behind(BASIC, signatures.single(delivery.headers, AUTHORIZATION))
    if shown is None:
        raise NotAuthenticError(f"{AUTHORIZATION} is not {BASIC}")
    keys = [base64.b64encode(signatures.wire(secret)) for secret in trust.secrets if secret]
    signatures.check_proven(signatures.matches(keys, [shown]), keys=keys)


def _verify_hmac(delivery: Delivery, trust: Trust, scheme: Scheme, url: str) -> None:
    given = signatures.bounded(_behind(scheme.prefix, signatures.single(delivery.headers, scheme.header)))
    parts = {"body": delivery.body, "url": signatures.wire(url)}
    if scheme.timestamp_header:
        stamp = _stamp(delivery, scheme)
        _check_time(stamp, scheme, trust)
        parts["timestamp"] = signatures.wire(stamp)
    if scheme.id_header:
        parts["id"] = signatures.wire(signatures.single(delivery.headers, scheme.id_header))
    keys = [found for secret in trust.secrets if (found := key(secret, scheme))]
    try:
        message = _message(scheme, parts)
    except (KeyError, ValueError) as error:
        raise NotAuthenticError("the settings do not say how to put together what is signed") from error
    expected = [_digest(one, message, scheme) for one in keys]
    signatures.check_proven(signatures.matches(expected, given), keys=keys)


def _stamp(delivery: Delivery, scheme: Scheme) -> str:
    value = signatures.single(delivery.headers, scheme.timestamp_header)
    if not scheme.timestamp_prefix:
        return value
    found = _behind(scheme.timestamp_prefix, value)
    if len(found) != 1:
        raise NotAuthenticError("the time of sending is missing, or repeated")
    return found[0]


def _check_time(stamp: str, scheme: Scheme, trust: Trust) -> None:
    if scheme.timestamp_format != "rfc3339":
        return signatures.check_time(stamp, trust, per_second=1 if scheme.timestamp_format == "s" else 1000)
    try:
        at = milliseconds(stamp, "the time of sending")
    except UndecodableError as error:
        raise NotAuthenticError(str(error)) from error
    return signatures.check_time(str(at), trust, per_second=1000)


def key(secret: str, scheme: Scheme) -> bytes:
    """The key for an HMAC that a secret stands for; empty where it is not written as the scheme says."""
    if scheme.key_encoding == "text":
        return signatures.wire(secret)
    if scheme.key_encoding == "base64":
        return signatures.decode_base64(secret)
    try:
        return bytes.fromhex(secret)
    except ValueError:
        return b""


def _message(scheme: Scheme, parts: Mapping[str, bytes]) -> bytes:
    """What the HMAC covers. Raises KeyError for what no header was named for: it is not left out."""
    return b"".join(text.encode() + (parts[name] if name else b"") for text, name in pieces(scheme.signed))


def _digest(key: bytes, message: bytes, scheme: Scheme) -> bytes:
    return _SHOWN[scheme.encoding](hmac.digest(key, message, scheme.proof.removeprefix(HMAC)))


def _behind(prefix: str, header: str) -> list[str]:
    """What follows the prefix, wherever a comma, a semicolon, a space or nothing is before it."""
    return [str(value) for value in _pattern(prefix).findall(header)]


@lru_cache(maxsize=256)
def _pattern(prefix: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[,; ]){re.escape(prefix)} *([^,; ]+)")


def sign(body: bytes, secret: str, event: str, now: float, options: Options) -> Proof:
    """What proves `body` as the settings say. Raises ValueError."""
    scheme = options.scheme
    if scheme is None:
        raise ValueError("the settings do not say how deliveries are signed")
    plain = {"Content-Type": "application/json"}
    if scheme.proof == "path":
        return Proof(plain, token=secret)
    if scheme.proof == "header":
        return Proof({**plain, scheme.header: scheme.prefix + secret})
    if scheme.proof == "basic":
        return Proof({**plain, AUTHORIZATION: BASIC + base64.b64encode(secret.encode()).decode()})
    return Proof({**plain, **_signed(body, secret, event, now, scheme, options.url)})


def _signed(body: bytes, secret: str, event: str, now: float, scheme: Scheme, url: str) -> dict[str, str]:
    if not (one := key(secret, scheme)):
        raise ValueError(f"the secret is no {scheme.key_encoding}")
    stamp = _time_of_sending(now, scheme)
    parts = {"body": body, "url": url.encode(), "timestamp": stamp.encode(), "id": event.encode()}
    shown = scheme.prefix + _digest(one, _message(scheme, parts), scheme).decode()
    headers = {scheme.id_header: event, scheme.timestamp_header: scheme.timestamp_prefix + stamp}
    if scheme.timestamp_header.lower() == scheme.header.lower():
        shown = f"{headers.pop(scheme.timestamp_header)},{shown}"
    headers[scheme.header] = shown
    return {name: value for name, value in headers.items() if name}


def _time_of_sending(now: float, scheme: Scheme) -> str:
    if scheme.timestamp_format == "rfc3339":
        return datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z")
    return str(int(now * 1000 if scheme.timestamp_format == "ms" else now))
