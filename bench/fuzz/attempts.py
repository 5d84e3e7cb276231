"""What is thrown at the door, and before that: a valid delivery, and who vouches for it. Pure.

An attempt is authentic because it was signed here with the secret after all changes, and for no other reason. What an
attempt that is not authentic names is marked as forged: no trace of that may ever be found.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.fuzz import nodes, signing
from bench.fuzz.signing import Headers, Signed

FORGED, GENUINE, KEPT = "forged", "genuine", "kept"
UNANSWERED = 0
TAKEN, REFUSED = frozenset({200, 503}), frozenset({401})
OF_BAD_HTTP = frozenset({UNANSWERED, 400, 401, 408, 413, 417})


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request, and what may be answered. One that is `alone` has a connection to itself; `kept` is what must be found."""

    mutation: str
    raw: bytes
    allowed: frozenset[int]
    alone: bool = False
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A delivery before it is sent: a valid payload of a kind, and who vouches for it."""

    kind: str
    document: nodes.Fields
    event: bytes
    mark: str
    now: float
    random: Random

    def body(self) -> bytes:
        """The payload as it is now."""
        return nodes.written(self.document).encode("utf-8", "surrogatepass")

    def right(self, body: bytes) -> Headers:
        """Headers that prove a body."""
        return _RIGHT[self.kind](Signed(self.event, body, self.now), self.random)

    def wrong(self, body: bytes) -> Headers:
        """Headers that do not."""
        return _WRONG[self.kind](Signed(self.event, body, self.now), self.random)

    @property
    def path(self) -> bytes:
        """Where the delivery belongs."""
        return b"/webhooks/" + self.kind.encode()


_RIGHT: dict[str, Callable[[Signed, Random], Headers]] = {
    "stripe": signing.stripe_right,
    "standard": signing.standard_right,
}
_WRONG: dict[str, Callable[[Signed, Random], Headers]] = {
    "stripe": signing.stripe_wrong,
    "standard": signing.standard_wrong,
}
