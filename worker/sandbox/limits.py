"""How many calls a workspace may make. Pure: the time of every call is given.

Clockify documents 50 requests a second, and 30 an hour for a workspace on the Free plan:
https://clockify.me/help/getting-started/webhook-and-api-limitations
"""

import re
from collections import deque

from msgspec import Struct

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_WRITTEN = re.compile(r"([1-9][0-9]*)/([smh])")


class Limit(Struct, frozen=True, kw_only=True):
    """At most `calls` in any window of `seconds`.

    `page`: the refusal has an HTML body; `named`: it has a Retry-After. Clockify's own has been seen without the latter.
    """

    calls: int
    seconds: float
    page: bool = False
    named: bool = False

    @classmethod
    def parse(cls, text: str, *, page: bool = False, named: bool = False) -> "Limit":
        """`50/s`, `100/m` or `30/h`; anything else is a ValueError."""
        written = _WRITTEN.fullmatch(text)
        if written is None:
            raise ValueError(f"{text!r} is no limit: write 50/s, 100/m or 30/h")
        return cls(calls=int(written[1]), seconds=_SECONDS[written[2]], page=page, named=named)


class Limiter:
    """Counts the calls that were let through, over a window that slides with every call. Refused calls do not count."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._admitted: dict[str, deque[float]] = {}

    def admit(self, workspace: str, now: float) -> float:
        """Let a call through and return 0, or the seconds after which the next one will be."""
        admitted = self._admitted.setdefault(workspace, deque())
        while admitted and admitted[0] <= now - self.limit.seconds:
            admitted.popleft()
        if len(admitted) < self.limit.calls:
            admitted.append(now)
            return 0.0
        return admitted[0] + self.limit.seconds - now
