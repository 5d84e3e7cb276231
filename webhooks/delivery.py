"""What comes through the door, what its authenticity is judged by, and how that ends. Plain values, for every kind of source."""

from dataclasses import dataclass, field

import msgspec
from multidict import CIMultiDictProxy


class NotAuthenticError(Exception):
    """The delivery is not proven to come from its source. The message says why, without any secret or signature."""


class UndecodableError(Exception):
    """The delivery is authentic, but its body is not of the shape that the source documents. The message says where."""


class Delivery(msgspec.Struct, frozen=True):
    """One HTTP request from a source: `headers` (repeated ones kept) and `body`, the raw bytes as they were signed."""

    headers: CIMultiDictProxy[str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What authenticity is judged by: any one of `secrets` will do; times are in seconds, `now` since 1970."""

    secrets: tuple[str, ...] = field(repr=False)
    now: float
    tolerance: float
