"""The workers' side of the ledger: leases, backlogs, limits, and what became of entries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from arq import ArqRedis

from worker import entries
from worker.ledger.scripts import Argument, Keeping, Scripts
from worker.marking import Pending

DOUBT = 7.5
"""Leases for which a call that was given up may still have its effect at Clockify: a minute, as things are set."""
MOST_CLAIMED = 10_000
"""Entries of which one plan writes the claims: a few tens of milliseconds of the store's time."""


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


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of the entries of one marking. `refusals` are (index, reason) of those newly marked `x` in `done`."""

    ref: str
    revision: int
    done: str
    refusals: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A PATCH that Clockify has `taken`, or that was given up and may still have its effect."""

    entries: tuple[str, ...]
    invoiced: bool
    taken: bool


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


@dataclass(slots=True)
class Hands:
    """Takes leases and settles markings. `lease` is its length in seconds: longer than a PATCH may take."""

    store: ArqRedis
    keeping: Keeping
    lease: float
    _scripts: Scripts = field(init=False)

    def __post_init__(self) -> None:
        """Bind the scripts to the store."""
        self._scripts = Scripts(self.store, self.keeping)

    async def take(self, workspace: str) -> Lease | None:
        """The lease of a workspace, or None where it is not due or somebody else has it."""
        token = token_hex(8)
        return _lease(workspace, token, await self._scripts.call("take", workspace, token, self._lease_ms))

    async def begin(
        self, workspace: str, *, most_entries: int, most_markings: int, limits: Sequence[Limit]
    ) -> tuple[Lease, Backlog] | None:
        """`take`, `plan` and, where there are `limits`, `permit` for the first call: all in one round trip."""
        token = token_hex(8)
        mine = (workspace, token, self._lease_ms)
        answers = await self._scripts.call_each(
            [
                ("take", mine),
                ("plan", (*mine, most_entries, most_markings, MOST_CLAIMED, *_written(limits))),
            ]
        )
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        lease = _lease(workspace, token, answers[0])
        return (lease, _backlog(lease, answers[1])) if lease else None

    async def plan(self, lease: Lease, *, most_entries: int, most_markings: int) -> Backlog:
        """The head of the backlog, with the present wishes. Raises LeaseLostError."""
        return _backlog(lease, await self._call(lease, "plan", most_entries, most_markings, MOST_CLAIMED))

    async def permit(self, lease: Lease, limits: Sequence[Limit]) -> float:
        """Seconds to wait before the next call may be made; 0: it is counted, go on. Raises LeaseLostError."""
        answer = await self._call(lease, "permit", *_written(limits))
        if answer < 0:
            raise LeaseLostError(lease.workspace)
        return float(answer) / 1000

    async def settle(self, lease: Lease, progress: Sequence[Progress], sent: Sent | None = None) -> None:
        """Write down what became of entries. Raises LeaseLostError; then the ledger sees to the entries `sent`."""
        arguments: list[Argument] = [b"", 0, "", 0]
        if sent is not None:
            how = "taken" if sent.taken else "doubtful"
            arguments = [entries.pack(sent.entries), int(sent.invoiced), how, int(DOUBT * self._lease_ms)]
        for one in progress:
            arguments += [one.ref, one.revision, one.done, len(one.refusals)]
            for index, reason in one.refusals:
                arguments += [index, reason]
        if not await self._call(lease, "settle", *arguments):
            raise LeaseLostError(lease.workspace)

    async def release(self, lease: Lease, handover: Handover) -> None:
        """Give the lease back. A lease that is lost already is no matter."""
        wait = -1 if handover.wait is None else int(handover.wait * 1000)
        await self._scripts.call(
            "release", lease.workspace, lease.token, wait, handover.failures, handover.parked,
            handover.reason, handover.trial, handover.size,
        )  # fmt: skip

    async def overdue(self, most: int) -> Overdue:
        """The workspaces that are due. Writes nothing: it serves when the store is full, too."""
        next_in, *workspaces = await self._scripts.call("overdue", most)
        return Overdue(tuple(one.decode() for one in workspaces), None if next_in < 0 else next_in / 1000)

    async def look_again(self, workspace: str = "") -> int:
        """Have a workspace that waits (or every parked one) looked at now. Returns how many were moved."""
        return int(await self._scripts.call("look_again", workspace))

    async def live(self, worker: str, forgotten_after: float) -> None:
        """Say that `worker` lives."""
        await self._scripts.call("sign_of_life", worker, int(forgotten_after * 1000))

    @property
    def _lease_ms(self) -> int:
        return int(self.lease * 1000)

    async def _call(self, lease: Lease, name: str, *arguments: Argument) -> Any:
        return await self._scripts.call(name, lease.workspace, lease.token, self._lease_ms, *arguments)


def _written(limits: Sequence[Limit]) -> list[Argument]:
    arguments: list[Argument] = []
    for limit in limits:
        arguments += [limit.name, limit.count, int(limit.window * 1000)]
    return arguments


def _lease(workspace: str, token: str, answer: Sequence[Any]) -> Lease | None:
    if not answer[0]:
        return None
    _, failures, parked, trial, size = answer
    return Lease(
        workspace=workspace, token=token, failures=failures, parked=parked.decode(), trial=trial.decode(),
        size=size,
    )  # fmt: skip


def _backlog(lease: Lease, answer: Sequence[Any]) -> Backlog:
    if not answer[0]:
        raise LeaseLostError(lease.workspace)
    more, claims_missing, permitted = map(bool, answer[1:4])
    pending = tuple(_pending(*answer[i : i + 5]) for i in range(4, len(answer), 5))
    return Backlog(pending, more, claims_missing, permitted)


def _pending(ref: bytes, revision: int, packed: bytes, wishes: bytes, done: bytes) -> Pending:
    names = entries.unpack(packed)
    return Pending(
        ref.decode(),
        revision,
        names,
        tuple(wish == ord("1") for wish in wishes),
        done.decode() or "." * len(names),
    )
