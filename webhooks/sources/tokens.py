"""RS256 tokens (JWT), as two vendors sign with them. Pure. Which algorithm is meant is never asked of the token itself.

See https://datatracker.ietf.org/doc/html/rfc8725#section-3.1.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import jwt
from jwt.types import Options as Checks

from webhooks import signatures
from webhooks.delivery import NotAuthenticError

PEM = "-----BEGIN"
OTHERWISE_WRITTEN = (
    "a public key of another form: it should be PEM, which begins with -----BEGIN PUBLIC KEY-----"
)
_OF_ANOTHER_FORM = re.compile(r"(^|\s)(ssh-[a-z0-9]+ |MI[IG][A-Za-z0-9+/]{60})")
"""As OpenSSH writes keys, or in base64 without the lines around it."""
_NO_TIMES: Checks = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
"""What these tokens claim is looked at by those who know what the vendor claims; most prove a sender, for good."""


@lru_cache(maxsize=256)
def named_key(secret: str) -> tuple[str, str]:
    """The name that stands before a public key, and the key in PEM; two empty texts where a secret is none.

    Many tenants of one vendor share its key: the name is what tells ours apart. PEM may be in base64, as some vendors show it.
    """
    name, begin, rest = secret.partition(PEM)
    if begin:
        return name.strip(), begin + rest
    first, _, others = secret.partition(" ")
    for name, packed in (("", secret), (first, others)):
        if (key := signatures.decode_base64("".join(packed.split()))).startswith(PEM.encode()):
            return name, key.decode(errors="replace")
    return "", ""


def complaint(secret: str) -> str:
    """What is wrong with a secret that should be a public key in PEM; empty if nothing is, or if it is none."""
    _, key = named_key(secret)
    if not key:
        return OTHERWISE_WRITTEN if _OF_ANOTHER_FORM.search(secret) else ""
    try:
        jwt.get_algorithm_by_name("RS256").prepare_key(key)
    except (jwt.InvalidKeyError, ValueError, TypeError):
        return "the public key cannot be read: it should be PEM, whole"
    return "" if "PUBLIC KEY" in key else "a private key: the receiver needs the public one"


def claims(token: str, keys: Sequence[str]) -> dict[str, Any]:
    """What a token claims, proven by any of the public keys. Raises NotAuthenticError."""
    if not keys:
        raise NotAuthenticError("a token, and no public key is set for this source")
    for key in keys:
        try:
            return dict(jwt.decode(token, key, algorithms=["RS256"], options=_NO_TIMES))
        except (jwt.InvalidTokenError, jwt.InvalidKeyError, ValueError, TypeError):
            continue
    raise NotAuthenticError("no public key fits the token")
