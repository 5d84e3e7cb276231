"""What the desk sees of the ledger: plain values, and how they are read from the scripts' answers. Pure."""

from dataclasses import dataclass
from typing import Any

from worker import entries
from worker.marking import State, Wanted

UNDECODED = "undecoded"
"""What stands in a ref for the account, of which nobody can tell."""
SHORT_DIGEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an invoice stands in one workspace. Times in milliseconds since 1970; `settled` is 0 while it waits."""

    workspace: str
    named: tuple[str, ...]
    formerly: tuple[str, ...]
    invoiced: bool
    state: State
    done: str
    since: int
    settled: int
    refusals: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of an invoice's history. Times in milliseconds since 1970: `at` the source's, the rest the store's."""

    event: str
    invoiced: bool
    order: int
    rank: int
    at: int
    accepted: int
    state: State
    reason: str
    settled: int
    wanted: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the ledger knows of one invoice. `linked`: the ref of the link that told what it names; empty if it did itself."""

    ref: str
    places: tuple[Place, ...]
    history: tuple[Happening, ...]
    linked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace with something to do. Times in seconds; `next_in` is negative where it is overdue."""

    workspace: str
    backlog: int
    next_in: float
    leased: bool
    failures: int
    parked: str
    reason: str
    failing_for: float
    oldest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecoded:
    """An authentic body that could not be decoded: `size` in bytes, `kept` in milliseconds since 1970, 0 if not known."""

    source: str
    digest: str
    size: int
    kept: int

    @property
    def name(self) -> str:
        """What the ledger calls it."""
        return f"{self.source}/{self.digest}"

    @property
    def ref(self) -> str:
        """What people call it."""
        return f"{self.source}/{UNDECODED}/{self.digest[:SHORT_DIGEST]}"


def record(ref: str, answer: Any) -> Record | None:
    """What `show.lua` has answered of an invoice; None where nothing is known of it. Raises what the store has raised."""
    if isinstance(answer, Exception):
        raise answer
    if not answer:
        return None
    places, events, linked = answer
    return Record(
        ref=ref,
        places=tuple(_place(*row) for row in places),
        history=tuple(_happening(*row) for row in events),
        linked=linked.decode(),
    )


def _place(
    workspace: bytes, named: bytes, formerly: bytes, stands: bytes, state: bytes, done: bytes, *times: Any
) -> Place:
    since, settled, refusals = times
    names, former = entries.unpack(named), entries.unpack(formerly)
    return Place(
        workspace=workspace.decode(),
        named=names,
        formerly=former,
        invoiced=stands != b"false",
        state=State(state.decode()),
        done=done.decode(),
        since=since,
        settled=settled,
        refusals=tuple(((names + former)[index], reason.decode()) for index, reason in refusals),
    )


def _happening(event: bytes, paid: int, order: bytes, rank: int, at: bytes, *rest: Any) -> Happening:
    accepted, state, reason, settled, wanted = rest
    return Happening(
        event=event.decode(),
        invoiced=bool(paid),
        order=int(order),
        rank=rank,
        at=int(at),
        accepted=accepted,
        state=State(state.decode()),
        reason=reason.decode(),
        settled=settled,
        wanted=tuple(Wanted(workspace.decode(), entries.unpack(packed)) for workspace, packed in wanted),
    )


def workspace(row: list[Any]) -> Workspace:
    """One row of what `workspaces.lua` has answered."""
    name, backlog, next_in, leased, failures, parked, reason, failing_for, oldest = row
    return Workspace(
        workspace=name.decode(),
        backlog=backlog,
        next_in=next_in / 1000,
        leased=bool(leased),
        failures=failures,
        parked=parked.decode(),
        reason=reason.decode(),
        failing_for=failing_for / 1000,
        oldest=oldest / 1000,
    )


def undecoded(row: list[Any]) -> Undecoded:
    """One row of what `bodies.lua` has answered."""
    name, size, kept = row
    source, _, digest = name.decode().partition("/")
    return Undecoded(source=source, digest=digest, size=size, kept=kept)
