"""How a billing system that only the settings describe signs its deliveries. Pure data, and how its template is read."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from difflib import get_close_matches
from functools import lru_cache
from string import Formatter
from typing import Literal

PLACEHOLDERS = ("body", "timestamp", "id", "url")
"""What may stand in `signed`, in braces; a brace itself is written twice, as in Python's `str.format`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How deliveries are signed.

    `proof`: an HMAC over `signed`, a secret in a header, a user and password (`Authorization: Basic`), or a secret in the
    path, behind the source's name. `header` holds the signature or the secret, behind `prefix`; several signatures are
    separated by commas, semicolons or spaces. `key_encoding`: how the key is written that a secret is.
    `signed` is what the HMAC covers: `{body}`, `{timestamp}` and `{id}` from the headers of those names, `{url}` from the
    settings. `timestamp_format`: seconds or milliseconds since 1970, or a time like 2026-01-31T12:00:00Z;
    `timestamp_prefix`: what is before it in its header, which may be the signature's: `t=1767225600,v1=...`.
    """

    proof: Literal["hmac-sha256", "hmac-sha512", "hmac-sha1", "header", "basic", "path"] = "hmac-sha256"
    header: str = ""
    prefix: str = ""
    encoding: Literal["hex", "HEX", "base64"] = "hex"
    key_encoding: Literal["text", "hex", "base64"] = "text"
    signed: str = "{body}"
    timestamp_header: str = ""
    timestamp_prefix: str = ""
    timestamp_format: Literal["s", "ms", "rfc3339"] = "s"
    id_header: str = ""


def unknown(names: Iterable[str]) -> list[str]:
    """Those of the names that a Scheme does not have, each with the nearest that it has."""
    known = [field.name for field in fields(Scheme)]
    near = {name: get_close_matches(name, known, 1) for name in names if name not in known}
    return [
        f"{name}: no such setting"
        + (f"; did you mean {nearest[0]}?" if nearest else f"; there are {', '.join(known)}")
        for name, nearest in near.items()
    ]


@lru_cache(maxsize=128)
def pieces(signed: str) -> tuple[tuple[str, str], ...]:
    """What `signed` is made of: texts, each with the placeholder that follows it, if any. Raises ValueError."""
    found: list[tuple[str, str]] = []
    for text, name, form, conversion in Formatter().parse(signed):
        if name is not None and (name not in PLACEHOLDERS or form or conversion):
            known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
            raise ValueError(f"{{{name}}} is no placeholder; there are {known}")
        found.append((text, name or ""))
    return tuple(found)
