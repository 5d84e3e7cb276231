"""Markings, the events behind them, and the states in which they can be. Pure values."""

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from urllib.parse import quote

import msgspec

_LONGEST_ID = 200
_PLAIN = re.compile(rf"[0-9A-Za-z_.~-]{{0,{_LONGEST_ID}}}")
"""What `quote` leaves as it is: nearly all ids."""


class State(StrEnum):
    """Where a marking, or the event behind it, stands."""

    WAITING = "waiting"
    APPLIED = "applied"
    PARTLY_APPLIED = "partly_applied"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    DROPPED = "dropped"
    UNRESOLVED = "unresolved"


class Verdict(StrEnum):
    """What the ledger said of an event that was offered to it."""

    ACCEPTED = "accepted"
    KNOWN = "known"
    SUPERSEDED = "superseded"
    UNRESOLVED = "unresolved"
    UNREFERENCED = "unreferenced"
    TIED = "tied"
    LINKED = "linked"
    NAMED = "named"
    AWAITS = "awaits"


class Wanted(msgspec.Struct, frozen=True):
    """The entries that an invoice names in one workspace."""

    workspace: str
    entries: tuple[str, ...]


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """An event as the ledger takes it, with the entries that it names.

    `order` and `rank` decide which event of an invoice is the newest; `at` is in milliseconds since 1970.
    `wanted` is None where the delivery cannot tell, empty where it shows the invoice and there is nothing.
    `unresolved`, if not empty, says why a person has to look first. `link` names what was, or will be, told of entries
    elsewhere; where it is empty, that may have been told under the invoice's id or its `number`.
    """

    source: str
    account: str
    event: str
    invoice: str
    payment: str
    invoiced: bool
    order: int
    rank: int
    at: int
    wanted: tuple[Wanted, ...] | None
    unresolved: str = ""
    link: str = ""
    number: str = ""


class Tie(msgspec.Struct, frozen=True, kw_only=True):
    """A payment belongs to an invoice."""

    source: str
    account: str
    invoice: str
    payment: str


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What an invoice stands for, told apart from its events: under its id, its number, or a name that it shows.

    A name that an invoice shows is of no account. Without anything `wanted`, what was told is withdrawn.
    """

    source: str
    account: str
    name: str
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Pending:
    """What one marking still asks of Clockify: `wishes[i]` for `entries[i]`, where `done[i]` is `.`.

    `done` has a character an entry: `.` to do, `+` applied, `x` rejected. `revision` is the invoice's, when planned.
    """

    ref: str
    revision: int
    entries: tuple[str, ...]
    wishes: tuple[bool, ...]
    done: str


def reference(source: str, account: str, name: str) -> str:
    """The name under which an invoice stands in the ledger and on the desk: `stripe/acct_1/in_123`."""
    return f"{source}/{_safe(account)}/{_safe(name)}"


def _safe(name: str) -> str:
    """An id of somebody else's system with nothing in it that a key, a log or a terminal could trip over."""
    if _PLAIN.fullmatch(name):
        return name
    quoted = quote(name, safe="", errors="replace")
    return quoted if len(quoted) <= _LONGEST_ID else "sha256-" + sha256(quoted.encode()).hexdigest()
