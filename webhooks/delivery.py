"""What comes through the door, what its authenticity is judged by, and how that ends. Plain values, for every kind of source."""

import msgspec
from multidict import CIMultiDictProxy


class NotAuthenticError(Exception):
    """The delivery is not proven to come from its source. The message says why, without any secret or signature."""


class UndecodableError(Exception):
    """The delivery is authentic, but its body is not of the shape that the source documents. The message says where."""


class Delivery(msgspec.Struct, frozen=True):
    """One HTTP request from a source: `headers` (repeated ones kept) and `body`, the raw bytes as they were signed.

    `token` is what follows the source's name in the path, `query` the query as it was sent, `arrived` when it came, in
    seconds since 1970: for sources that do not say when something happened.
    """

    headers: CIMultiDictProxy[str]
    body: bytes
    token: str = ""
    query: str = ""
    arrived: float = 0.0


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """What authenticity is judged by: any one of `secrets` will do; times are in seconds, `now` since 1970."""

    secrets: tuple[str, ...]
    now: float
    tolerance: float

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Trust(now={self.now}, tolerance={self.tolerance})"
