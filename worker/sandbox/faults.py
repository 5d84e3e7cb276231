"""Faults to order: what goes wrong, for which calls, how often. Pure: the waiting and cutting is done by the server.

Several may stand at once. A call meets them in the order in which they were ordered, until one of them answers it.
"""

from collections.abc import Callable
from math import inf
from typing import Annotated, Literal

from msgspec import Meta, Struct

from worker.sandbox import replies
from worker.sandbox.replies import Reply

Kind = Literal[
    "latency",
    "throttled",
    "error",
    "silence",
    "cut",
    "garbage",
    "key_refused",
    "access_denied",
    "too_large",
    "no_invoicing",
]


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that goes wrong `times` times, or until it is lifted.

    `after`: it strikes when the call has had its effect; the caller cannot tell. (`garbage` always does.)
    `routes` and `workspace` narrow it to some calls: `invoiced`, `batch`, `entry`, `report`, `user`, `workspaces`,
    `workspace`. `seconds` is for `latency`, `status` for `error`, `bytes` (the largest body) for `too_large`, `page`
    and `retry_after` (seconds) for `throttled`.
    """

    kind: Kind
    times: Annotated[int, Meta(ge=1)] | None = None
    after: bool = False
    routes: frozenset[str] = frozenset()
    workspace: str = ""
    seconds: Annotated[float, Meta(ge=0)] = 0.0
    status: Annotated[int, Meta(ge=500, le=505)] = 503
    bytes: Annotated[int, Meta(ge=0)] = 0
    page: bool = False
    retry_after: int | None = None

    @property
    def wait(self) -> float:
        """Seconds that pass before the fault has done its work."""
        if self.kind == "silence":
            return inf
        return self.seconds if self.kind == "latency" else 0.0

    def spoil(self, reply: Reply | None) -> Reply | None:
        """The reply that the fault leaves; None if the call may still have its effect."""
        return _SPOILED[self.kind](self, reply)

    def strikes(self, route: str, workspace: str, size: int, *, after: bool) -> bool:
        """Whether a call of `size` bytes meets the fault, before or `after` its effect."""
        if after != (self.after or self.kind == "garbage"):
            return False
        if (self.routes and route not in self.routes) or (self.workspace and workspace != self.workspace):
            return False
        if self.kind == "no_invoicing":
            return route == "invoiced"
        return self.kind != "too_large" or size > self.bytes


_SPOILED: dict[Kind, Callable[[Fault, Reply | None], Reply | None]] = {
    "latency": lambda _, reply: reply,
    "throttled": lambda fault, _: replies.throttled(fault.page, fault.retry_after),
    "error": lambda fault, _: replies.failed(fault.status),
    "silence": lambda *_: replies.CUT,
    "cut": lambda *_: replies.CUT,
    "garbage": lambda _, reply: replies.garbled(reply or replies.MARKED),
    "key_refused": lambda *_: replies.KEY_UNKNOWN,
    "access_denied": lambda *_: replies.ACCESS_DENIED,
    "too_large": lambda *_: replies.too_large(),
    "no_invoicing": lambda *_: replies.NOT_IN_PLAN,
}


class Ordered(Struct):
    """A fault that stands, with the times that are left (None: until lifted) and the calls that it has struck."""

    fault: Fault
    left: int | None
    struck: int = 0


class Faults:
    """The faults that stand."""

    def __init__(self) -> None:
        self.standing: dict[str, Ordered] = {}
        self._ordered = 0

    def order(self, fault: Fault) -> str:
        """Let `fault` stand from now on; the name returned lifts it."""
        self._ordered += 1
        name = str(self._ordered)
        self.standing[name] = Ordered(fault, fault.times)
        return name

    def lift(self, name: str) -> bool:
        """End one fault; False if it does not stand any more."""
        return self.standing.pop(name, None) is not None

    def lift_all(self) -> None:
        """End them all."""
        self.standing.clear()

    def meet(self, route: str, workspace: str, size: int, *, after: bool) -> list[Fault]:
        """The faults that strike this call, each used once, up to the first that answers it."""
        met: list[Fault] = []
        for name, ordered in list(self.standing.items()):
            if ordered.fault.strikes(route, workspace, size, after=after):
                self._use(name, ordered)
                met.append(ordered.fault)
                if ordered.fault.kind not in ("latency", "garbage"):
                    break
        return met

    def _use(self, name: str, ordered: Ordered) -> None:
        ordered.struck += 1
        if ordered.left is not None:
            ordered.left -= 1
            if not ordered.left:
                del self.standing[name]
