"""Workers on the real ledger, who may sleep, crash or hear every answer twice. Every step is compared with the books.

A call may have its effect at any time while it is doubtful: from the permit on, until it is known what became of it. One
that goes out later than that, by a worker who slept for so long, must be settled; they may not die before they have.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Any

from arq import ArqRedis

from tests.worker.ledger.books import Books
from tests.worker.ledger.calls import Call, Entry, Flags
from tests.worker.worlds import CLOCK_OFFSET, Ledger
from worker.batches import Batch, plan
from worker.ledger import Hands, Keeping, Lease
from worker.ledger.hands import DOUBT
from worker.ledger.work import Backlog, Effect, Handover, LeaseLostError, Limit, Progress, Sent
from worker.marking import Pending, State
from worker.tally import Tally

LEASE_MS = 80_000
DOUBT_MS = int(DOUBT * LEASE_MS)
MARGIN_MS = 20_000
"""How much real time an example may take without disturbing the times that it plays with."""
ALL = 1000
NO_LIMIT = (Limit("workspace", 1_000_000, 1.0),)
LOST = object()


class Stuttering(ArqRedis):
    """A client that, if told so, loses the reply of a command and sends it again, as one does on a bad connection."""

    stutters = False

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command."""
        if self.stutters:
            self.stutters = False
            await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it
        return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]  # the same


@dataclass(eq=False)
class Worker:
    """Somebody who has taken a lease, and what they remember."""

    lease: Lease
    pending: tuple[Pending, ...] = ()
    versions: dict[str, int] = field(default_factory=dict)
    tally: Tally = field(default_factory=lambda: Tally(()))
    batches: list[Batch] = field(default_factory=list)
    claims_missing: bool = False
    permitted: Batch | None = None
    doubtful_until: int = 0
    call: Call | None = None
    last: tuple[list[Progress], Sent | None] | None = None

    @property
    def workspace(self) -> str:
        """Where they work."""
        return self.lease.workspace


class Crew:
    """The workers of one ledger. `excused` are the entries that were refused, or left as they are by a person."""

    def __init__(self, ledger: Ledger, books: Books) -> None:
        """Nobody works yet."""
        self._ledger, self._books = ledger, books
        self.store = Stuttering(pool_or_conn=ledger.store.connection_pool)
        self.hands = Hands(self.store, Keeping(), LEASE_MS / 1000)
        self.clockify = Flags()
        self.excused: set[Entry] = set()
        self.workers: list[Worker] = []
        self._holders: dict[str, Worker] = {}
        self._leased: dict[str, tuple[int, int]] = {}
        self._cooling: dict[str, int] = {}

    async def now(self) -> int:
        """The ledger's time in milliseconds."""
        seconds, micros = await self._ledger.store.time()
        offset = await self._ledger.store.get(CLOCK_OFFSET)
        return int(seconds) * 1000 + int(micros) // 1000 + int(offset or 0)

    async def advance(self, milliseconds: int) -> None:
        """Let time pass. What is still on its way lands before it is too late for that."""
        self.clockify.land_late(await self.now() + milliseconds)
        await self._ledger.forward(milliseconds / 1000)

    async def resume(self, workspace: str) -> None:
        """A person has a workspace looked at now."""
        if await self.hands.look_again(workspace):
            assert workspace not in self._holders, "only its owner moves a lease"
            self._cooling.pop(workspace, None)

    async def take(self, workspace: str) -> Worker | None:
        """Somebody tries to take the lease of a workspace."""
        before = await self.now()
        return self._taken(workspace, await self.hands.take(workspace), before, await self.now())

    async def begin(self, workspace: str, *, size: int = 3) -> Worker | None:
        """Somebody takes the lease, reads the backlog, and perhaps asks for the first call, in one step."""
        before = await self.now()
        begun = await self.hands.begin(
            workspace, most_entries=ALL, most_markings=ALL, batch_size=size, limits=NO_LIMIT
        )
        lease, backlog = begun or (None, None)
        worker = self._taken(workspace, lease, before, await self.now())
        if worker and backlog:
            self._read(worker, backlog, size=size)
            if backlog.permitted:
                worker.permitted, worker.doubtful_until = worker.batches[0], before + DOUBT_MS
        return worker

    def _taken(self, workspace: str, lease: Lease | None, before: int, after: int) -> Worker | None:
        holder, (earliest, latest) = self._holders.get(workspace), self._leased.get(workspace, (0, 0))
        if lease is None:
            free = (holder is None or latest < before) and self._cooling.get(workspace, 0) < before
            assert not (free and self._books.waiting(workspace)), "work waits, and nobody can take it"
            return None
        assert holder is None or after >= earliest, "two have the lease"
        self._cooling.pop(workspace, None)
        worker = self._holders[workspace] = Worker(lease)
        self._leased[workspace] = before + LEASE_MS, after + LEASE_MS
        self.workers.append(worker)
        return worker

    async def plan(self, worker: Worker, *, most_entries: int = ALL, size: int = 3) -> None:
        """A worker reads its backlog: each wish must be what the books wish for now."""
        read = self.hands.plan(worker.lease, most_entries=most_entries, most_markings=ALL)
        backlog = await self._held(worker, read)
        if backlog is not LOST:
            self._read(worker, backlog, most_entries=most_entries, size=size)

    def _read(self, worker: Worker, backlog: Backlog, *, most_entries: int = ALL, size: int) -> None:
        for one in backlog.pending:
            self._compare(worker.workspace, one)
        if most_entries == ALL and not backlog.claims_missing:
            assert self._books.waiting(worker.workspace) <= {one.ref for one in backlog.pending}
        worker.pending, worker.tally, worker.last = backlog.pending, Tally(backlog.pending), None
        worker.versions = {ref: one.version for ref, one in self._books.invoices.items()}
        worker.batches = plan(worker.tally.wishes, size, more=backlog.more)
        worker.claims_missing, worker.permitted = backlog.claims_missing, None

    async def permit(self, worker: Worker, number: int = 0) -> None:
        """A worker asks for the call of one of its batches."""
        batch = worker.batches[number % len(worker.batches)]
        before = await self.now()
        if await self._held(worker, self.hands.permit(worker.lease, (), batch)) is not LOST:
            worker.permitted, worker.doubtful_until = batch, before + DOUBT_MS

    def send(self, worker: Worker, *, at_once: bool) -> None:
        """A worker sends what it was permitted to, whenever it gets to it."""
        assert worker.permitted
        worker.batches.remove(worker.permitted)
        worker.call, worker.permitted = Call(worker.workspace, worker.permitted), None
        if at_once:
            self.clockify.land(worker.call, safe=self._has_the_lease(worker))

    async def taken(self, worker: Worker, call: Call) -> None:
        """Clockify says that it has taken the call."""
        self.clockify.land(call, safe=self._has_the_lease(worker))
        batch = call.batch
        progress = worker.tally.applied(batch.entries)
        if await self._settle(worker, progress, Sent(batch.entries, batch.invoiced, Effect.TAKEN)):
            self._mark(worker, batch.entries, "+")
            for entry in batch.entries:
                if self._books.wish(worker.workspace, entry) is batch.invoiced:
                    self.excused.discard((worker.workspace, entry))

    async def given_up(self, worker: Worker, call: Call, *, lands: bool) -> None:
        """No answer comes: the call has landed, or lands within the time of doubt, or never."""
        if lands:
            self.clockify.delay(call, await self.now() + DOUBT_MS - MARGIN_MS)
        await self._settle(worker, [], Sent(call.batch.entries, call.batch.invoiced, Effect.DOUBTFUL))

    async def refused(self, worker: Worker, call: Call) -> None:
        """Clockify takes nothing of a call, and refuses its first entry for good."""
        entry = call.batch.entries[0]
        if await self._settle(worker, worker.tally.rejected({entry: "deleted"}), None):
            self._mark(worker, (entry,), "x")
            self.excused.add((worker.workspace, entry))

    async def repeat(self, worker: Worker) -> None:
        """The last settling comes a second time, after whatever happened meanwhile."""
        assert worker.last
        await self._held(worker, self.hands.settle(worker.lease, *worker.last))

    async def release(self, worker: Worker, handover: Handover) -> None:
        """A worker gives its lease back."""
        await self.hands.release(worker.lease, handover)
        if self._has_the_lease(worker):
            del self._holders[worker.workspace]
            if handover.wait:
                self._cooling[worker.workspace] = await self.now() + int(handover.wait * 1000)
        self.workers.remove(worker)

    async def may_crash(self, worker: Worker) -> bool:
        """Whether the ledger promises anything for a worker that dies now."""
        doubtful = await self.now() < worker.doubtful_until - MARGIN_MS
        return worker.call is None or worker.call.safe or doubtful

    async def crash(self, worker: Worker, *, lands: bool) -> None:
        """A worker dies, and forgets everything. Its call lands while it is doubtful, or never."""
        self.workers.remove(worker)
        if worker.call and lands:
            self.clockify.delay(worker.call, worker.doubtful_until - MARGIN_MS)

    def wrong(self) -> set[Entry]:
        """The entries that are not at Clockify as the books wish, and for which there is no excuse."""
        shown = self.clockify.shown
        named = {(where, entry) for _, where, place in self._books.places() for entry in place.entries}
        wrong = {one for one in named | shown.keys() if shown.get(one, False) is not self._books.wish(*one)}
        return wrong - self.excused

    def _has_the_lease(self, worker: Worker) -> bool:
        return self._holders.get(worker.workspace) is worker

    def _compare(self, workspace: str, one: Pending) -> None:
        wishes = tuple(self._books.wish(workspace, entry) for entry in one.entries)
        assert one.wishes == wishes, f"the wishes of {one}"
        if not one.ref.startswith("repair//"):
            place = self._books.invoices[one.ref].places[workspace]
            assert place.state is State.WAITING
            assert set(one.entries) == set(place.entries)
            to_do = {entry for entry, done in zip(one.entries, one.done, strict=True) if done == "."}
            assert to_do == place.to_do, f"what is to do of {one}"

    async def _settle(self, worker: Worker, progress: list[Progress], sent: Sent | None) -> bool:
        worker.call, worker.last = None, (progress, sent)
        return await self._held(worker, self.hands.settle(worker.lease, progress, sent)) is not LOST

    def _mark(self, worker: Worker, entries: Sequence[str], mark: str) -> None:
        for one in worker.pending:
            open_ones = {entry for entry, done in zip(one.entries, one.done, strict=True) if done == "."}
            if one.ref in worker.versions and open_ones.intersection(entries):
                marks = dict.fromkeys(open_ones.intersection(entries), mark)
                self._books.settle(one.ref, worker.workspace, worker.versions[one.ref], marks)

    async def _held(self, worker: Worker, asked: Awaitable[Any]) -> Any:
        """What the ledger answers; LOST where the lease is lost, and then only where it may be."""
        before, ours = await self.now(), self._has_the_lease(worker)
        try:
            answer = await asked
        except LeaseLostError:
            assert not ours, "a lease was lost that nobody else has taken"
            self.workers.remove(worker)
            return LOST
        assert ours, "who has lost the lease was let go on"
        self._leased[worker.workspace] = before + LEASE_MS, await self.now() + LEASE_MS
        return answer
