"""People's side of the ledger: look, bring back, end."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from arq import ArqRedis

from worker import entries
from worker.ledger.scripts import Argument, Keeping, Scripts
from worker.marking import State, Wanted

_SCAN = 500
_MOST = 100_000
_FORGOTTEN_AFTER_MS = 60_000


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
    """What the ledger knows of one invoice."""

    ref: str
    places: tuple[Place, ...]
    history: tuple[Happening, ...]


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


class Desk:
    """Looks things up, and changes them as a person says."""

    def __init__(self, store: ArqRedis, keeping: Keeping, *, future_tolerance: float = 900.0) -> None:
        """Keep the client; `future_tolerance` in seconds, as for the door."""
        self._scripts = Scripts(store, keeping)
        self._future = int(future_tolerance * 1000)

    async def show(self, ref: str) -> Record | None:
        """One invoice, whole."""
        return (await self.show_each([ref]))[0]

    async def show_each(self, refs: Sequence[str]) -> list[Record | None]:
        """Several invoices, in one round trip."""
        answers = await self._scripts.call_each([("show", [ref]) for ref in refs])
        return [_record(ref, answer) for ref, answer in zip(refs, answers, strict=True)]

    async def in_state(self, state: State) -> list[str]:
        """Refs of the invoices with something unresolved, or rejected: what awaits a person."""
        return await self._find("state", state.value)

    async def in_backlog(self, workspace: str) -> list[str]:
        """Refs of the invoices with something to do in a workspace, in order."""
        return await self._find("workspace", workspace)

    async def naming(self, workspace: str, entry: str) -> list[str]:
        """Refs of the invoices that claim, or claimed, an entry."""
        return await self._find("entry", f"{workspace}:".encode() + entries.pack((entry,))[1:])

    async def matching(self, pattern: str) -> AsyncIterator[str]:
        """Refs of all invoices that match a glob pattern, in no order."""
        cursor = "0"
        while True:
            found = await self._scripts.call("find", "scan", f"{cursor}:{pattern}", _SCAN)
            cursor = found[0].decode()
            for ref in found[1:]:
                yield ref.decode()
            if cursor == "0":
                return

    async def workspaces(self) -> list[Workspace]:
        """Every workspace with something to do."""
        return [_workspace(row) for row in await self._scripts.call("workspaces", _MOST)]

    async def figures(self) -> dict[str, int]:
        """Counters since the store was new; those that end in `_now` are what awaits a person."""
        answer = await self._scripts.call("figures")
        return {name.decode(): int(value) for name, value in zip(answer[::2], answer[1::2], strict=True)}

    async def workers(self) -> dict[str, float]:
        """The workers that have shown a sign of life in the last minute, and how many seconds ago."""
        answer = await self._scripts.call("sign_of_life", "", _FORGOTTEN_AFTER_MS)
        return {name.decode(): ago / 1000 for name, ago in zip(answer[::2], answer[1::2], strict=True)}

    async def retry(self, ref: str, wanted: Sequence[Wanted] = (), decision: str = "") -> int:
        """Bring back what awaits a person on one invoice; `wanted` is what an unresolved event shall name.

        `decision`, `paid` or `reversed`, is a person's on events that do not say it (a refund of a part); without one
        those stay as they are.
        """
        arguments: list[Argument] = [ref, self._future, decision]
        for one in wanted:
            arguments += [one.workspace, entries.pack(one.entries)]
        return int(await self._scripts.call("retry", *arguments))

    async def drop(self, ref: str, reason: str) -> int:
        """End what waits, or awaits a person, on one invoice. Returns how many markings and events were ended."""
        return int(await self._scripts.call("drop", ref, reason))

    async def resume(self, workspace: str) -> bool:
        """Have a parked or waiting workspace looked at now. False where there is nothing to resume."""
        return bool(await self._scripts.call("look_again", workspace))

    async def _find(self, by: str, what: str | bytes) -> list[str]:
        return [ref.decode() for ref in await self._scripts.call("find", by, what, _MOST)]


def _record(ref: str, answer: Any) -> Record | None:
    if isinstance(answer, Exception):
        raise answer
    if not answer:
        return None
    _, places, events = answer
    return Record(
        ref=ref,
        places=tuple(_place(*row) for row in places),
        history=tuple(_happening(*row) for row in events),
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


def _workspace(row: list[Any]) -> Workspace:
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
