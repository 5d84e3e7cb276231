"""RS256 tokens (JWT), as two vendors sign with them. Pure. Which algorithm is meant is never asked of the token itself.

See https://datatracker.ietf.org/doc/html/rfc8725#section-3.1.
"""

from collections.abc import Sequence
from typing import Any

import jwt
from jwt.types import Options as Checks

from webhooks.delivery import NotAuthenticError

PEM = "-----BEGIN"
_NO_TIMES: Checks = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
"""What these tokens claim is looked at by those who know what the vendor claims; most prove a sender, for good."""


def is_public_key(secret: str) -> bool:
    """Whether a secret is a public key in PEM, and so means tokens."""
    return secret.startswith(PEM)


def complaint(secret: str) -> str:
    """What is wrong with a secret that should be a public key in PEM; empty if nothing is, or if it is none."""
    if not is_public_key(secret):
        return ""
    try:
        jwt.get_algorithm_by_name("RS256").prepare_key(secret)
    except (jwt.InvalidKeyError, ValueError, TypeError):
        return "the public key cannot be read: it should be PEM, whole"
    return "" if "PUBLIC KEY" in secret else "a private key: the receiver needs the public one"


def claims(token: str, secrets: Sequence[str]) -> dict[str, Any]:
    """What a token claims, proven by any of the public keys among the secrets. Raises NotAuthenticError."""
    keys = [secret for secret in secrets if is_public_key(secret)]
    if not keys:
        raise NotAuthenticError("a token, and no public key is set for this source")
    for key in keys:
        try:
            return dict(jwt.decode(token, key, algorithms=["RS256"], options=_NO_TIMES))
        except (jwt.InvalidTokenError, jwt.InvalidKeyError, ValueError, TypeError):
            continue
    raise NotAuthenticError("no public key fits the token")
