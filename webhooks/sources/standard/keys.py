"""The secrets of Standard Webhooks: which key each of them is.

Pure. Serialisation: `whsec_` and base64 for HMAC, `whpk_` and base64 for an ed25519 public key, `whsk_` for its private one
(https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme).
"""

from functools import lru_cache

from webhooks import signatures

SYMMETRIC, PUBLIC, PRIVATE = "whsec_", "whpk_", "whsk_"
SEED_LENGTH = 32
MOST_SOURCES = 128
"""Sources whose keys are kept as they are used, so that they are not decoded for each delivery."""


@lru_cache(maxsize=MOST_SOURCES)
def hmac_keys(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """The keys for `v1`. Behind `whsec_` stands base64, always.

    A secret without that prefix is base64 to the reference library, but plain text to many a sender who wrote his own:
    both readings come from the same secret, so either proves the delivery.
    """
    keys: list[bytes] = []
    for secret in secrets:
        if secret.startswith(SYMMETRIC):
            keys.append(signatures.decode_base64(secret.removeprefix(SYMMETRIC)))
        elif not secret.startswith((PUBLIC, PRIVATE)):
            keys += [signatures.decode_base64(secret), secret.encode("utf-8", "replace")]
    return tuple(key for key in keys if key)


@lru_cache(maxsize=MOST_SOURCES)
def public_keys(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """The public keys for `v1a`, 32 bytes each."""
    keys = [
        signatures.decode_base64(secret.removeprefix(PUBLIC))
        for secret in secrets
        if secret.startswith(PUBLIC)
    ]
    return tuple(key for key in keys if len(key) == SEED_LENGTH)


def private_seed(secret: str) -> bytes:
    """The seed behind `whsk_`: 32 bytes, or the first 32 of 64 where the public key follows. Raises ValueError."""
    key = signatures.decode_base64(secret.removeprefix(PRIVATE))
    if len(key) not in (SEED_LENGTH, 2 * SEED_LENGTH):
        raise ValueError("not an ed25519 private key: whsk_ and base64 of 32 or 64 bytes")
    return key[:SEED_LENGTH]


def complaint(secret: str) -> str:
    """What is wrong with a secret, in words that do not show it; empty if it can be used. For reading settings."""
    if secret.startswith(PRIVATE):
        return "whsk_ is the sender's private key: the receiver needs the public one, whpk_"
    if secret.startswith(PUBLIC):
        return "" if public_keys((secret,)) else "whpk_ is not followed by base64 of 32 bytes"
    if not secret:
        return "empty"
    return "" if hmac_keys((secret,)) else "whsec_ is not followed by base64"
