"""The workers' side of the ledger: leases, backlogs, limits, and what became of entries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from secrets import token_hex
from typing import Any

import msgspec
from arq import ArqRedis

from worker import entries
from worker.batches import Batch
from worker.ledger.scripts import Argument, Keeping, Scripts
from worker.ledger.work import Backlog, Handover, Lease, LeaseLostError, Limit, Overdue, Progress, Sent
from worker.marking import Pending

DOUBT = 7.5
"""Leases for which a call of which nothing was heard may still have its effect at Clockify: a minute, as things are set."""
MOST_CLAIMED = 10_000
"""Entries of which one plan writes the claims at most: a few tens of milliseconds of the store's time."""


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
        self,
        workspace: str,
        *,
        most_entries: int,
        most_markings: int,
        batch_size: int,
        limits: Sequence[Limit],
    ) -> tuple[Lease, Backlog] | None:
        """`take`, `plan` and, where there are `limits`, `permit` for the first call: all in one round trip.

        That call is asked for where all that waits goes into one of `batch_size` a flag.
        """
        token = token_hex(8)
        most = (most_entries, most_markings, MOST_CLAIMED)
        call = (batch_size, self._doubt_ms, *_written(limits))
        taken, *read = await self._scripts.call("begin", workspace, token, self._lease_ms, *most, *call)
        lease = _lease(workspace, token, taken)
        return (lease, _backlog(lease, *read)) if lease else None

    async def plan(
        self, lease: Lease, *, most_entries: int, most_markings: int, further: bool = False
    ) -> Backlog:
        """The head of the backlog, or what is `further` behind all that was read, with the present wishes.

        Raises LeaseLostError.
        """
        most = (most_entries, most_markings, MOST_CLAIMED)
        return _backlog(lease, await self._call(lease, "plan", *most, int(further)))

    async def permit(self, lease: Lease, limits: Sequence[Limit], batch: Batch | None = None) -> float:
        """Seconds to wait before the next call may be made; 0: it is counted, go on. Raises LeaseLostError.

        What a PATCH is about to set, `batch`, is written down first: if nothing more is heard of it, it may have its effect.
        """
        asking = (*_sending(batch), self._doubt_ms, *_written(limits))
        return _wait(lease, await self._call(lease, "permit", *asking))

    async def settle(
        self,
        lease: Lease,
        progress: Sequence[Progress],
        sent: Sent | None = None,
        following: Batch | None = None,
        limits: Sequence[Limit] = (),
    ) -> float:
        """Write down what became of entries, and ask for the call `following`: answers as `permit` does.

        Raises LeaseLostError; then the ledger sees to the entries `sent`.
        """
        said: tuple[Argument, ...] = (b"", "", "")
        if sent is not None:
            said = (entries.pack(sent.entries), int(sent.invoiced), sent.effect.value)
        settling = (*said, self._doubt_ms, msgspec.msgpack.encode(progress))
        asking = (*_sending(following), *_written(limits)) if following else ()
        return _wait(lease, await self._call(lease, "settle", *settling, *asking))

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

    @property
    def _doubt_ms(self) -> int:
        return int(DOUBT * self._lease_ms)

    async def _call(self, lease: Lease, name: str, *arguments: Argument) -> Any:
        return await self._scripts.call(name, lease.workspace, lease.token, self._lease_ms, *arguments)


def _sending(batch: Batch | None) -> tuple[Argument, Argument]:
    return (entries.pack(batch.entries), int(batch.invoiced)) if batch else (b"", "")


def _wait(lease: Lease, answer: int) -> float:
    if answer < 0:
        raise LeaseLostError(lease.workspace)
    return answer / 1000


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


@lru_cache(maxsize=1024)
def _wishes(written: bytes) -> tuple[bool, ...]:
    """Most places have few entries, and one wish for all of them."""
    return tuple(wish == ord("1") for wish in written)


def _pending(ref: bytes, revision: int, packed: bytes, wishes: bytes, done: bytes) -> Pending:
    names = entries.unpack(packed)
    return Pending(
        ref.decode(),
        revision,
        names,
        _wishes(wishes),
        done.decode() or "." * len(names),
    )
