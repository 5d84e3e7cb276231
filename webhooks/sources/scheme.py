"""How a billing system that only the settings describe signs its deliveries. Pure data."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """How deliveries are signed.

    `proof`: an HMAC over `signed`, a secret in a header, a user and password (`Authorization: Basic`), or a secret in the
    path. `header` holds the signature or the secret, behind `prefix`; several, where they are separated by commas or
    spaces. `signed` is what the HMAC covers: `{body}`, and `{timestamp}` and `{id}` from the headers of those names.
    `per_second`: units of the timestamp in a second.
    """

    proof: Literal["hmac-sha256", "hmac-sha512", "hmac-sha1", "header", "basic", "path"] = "hmac-sha256"
    header: str = ""
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    signed: str = "{body}"
    timestamp_header: str = ""
    id_header: str = ""
    per_second: Literal[1, 1000] = 1
