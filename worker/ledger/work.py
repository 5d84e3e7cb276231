"""The words in which the workers and the ledger speak: leases, backlogs, limits, progress. Values only, no I/O."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from worker.marking import Pending


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to work for one workspace, and what the last one to have it left behind.

    `failures` in a row, `parked` (why, or empty), `trial` (refused parts still to be tried) and `size` (0, or the batch
    size that Clockify has taken).
    """

    workspace: str
    token: str
    failures: int
    parked: str
    trial: str
    size: int


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` calls in any `window` seconds, counted together under `name`."""

    name: str
    count: int
    window: float


@dataclass(frozen=True, slots=True)
class Backlog:
    """The head of a backlog: what is `pending`, and whether there is `more` behind it.

    `claims_missing`: not all that was accepted has its claims written; what depends on them is passed over.
    `permitted`: the first call is counted already, and may be made at once.
    """

    pending: tuple[Pending, ...]
    more: bool
    claims_missing: bool
    permitted: bool = False


class Progress(msgspec.Struct, frozen=True, array_like=True):
    """What became of the entries of one marking. `refusals` are (index, reason) of those newly marked `x` in `done`."""

    ref: str
    revision: int
    done: str
    refusals: tuple[tuple[int, str], ...] = ()


class Effect(StrEnum):
    """What is known of the effect of a PATCH."""

    TAKEN = "taken"
    NONE = "none"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Sent:
    """A PATCH that has gone out, and what is known of its effect: it was given up, it may still have it."""

    entries: tuple[str, ...]
    invoiced: bool
    effect: Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """What a worker leaves when it gives a lease back. `wait` seconds until the next look; None: as soon as possible."""

    wait: float | None = None
    failures: int = 0
    parked: str = ""
    reason: str = ""
    trial: str = ""
    size: int = 0


class LeaseLostError(Exception):
    """Somebody else works for the workspace now. Nothing is lost: they have the backlog."""


@dataclass(frozen=True, slots=True)
class Overdue:
    """Workspaces at which somebody should look now, and seconds until the next one is due (None: none in sight)."""

    workspaces: tuple[str, ...]
    next_in: float | None
