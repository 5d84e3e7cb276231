"""The real ledger played beside its books: what the door and people do, and what must be true after every step."""

import asyncio
import math

from tests.worker.ledger.books import Books
from tests.worker.ledger.crew import Crew, Worker
from tests.worker.ledger.model import Names
from tests.worker.worlds import ELSEWHERE, WORKSPACE, Ledger
from worker.ledger.records import Record
from worker.ledger.work import Handover
from worker.marking import Cause, Link, State, Tie, Wanted

WORKSPACES = (WORKSPACE, ELSEWHERE)
MOST_ROUNDS = 200


class Play:
    """One ledger, its books, and its crew. `counted`: an invoice that names nothing is only counted."""

    def __init__(self, ledger: Ledger, *, counted: bool) -> None:
        """Begin with an empty store."""
        self._ledger, self.books = ledger, Books(counted=counted)
        self.crew = Crew(ledger, self.books)

    async def accept(self, cause: Cause, times: int = 1) -> None:
        """Offer an event, so many times at once."""
        invoice = f"stripe//{cause.invoice}" if cause.invoice else ""
        payment = f"stripe//@{cause.payment}" if cause.payment else ""
        now = await self.crew.now()
        verdicts = await asyncio.gather(*(self._ledger.intake.accept(cause) for _ in range(times)))
        expected = [self.books.accept(cause, invoice, payment, now) for _ in range(times)]
        assert [verdict.value for verdict in verdicts] == expected, f"{verdicts} and not {expected}"

    async def tie(self, tie: Tie) -> None:
        """Tell which invoice a payment belongs to."""
        await self._ledger.intake.tie(tie)
        self.books.tie(f"stripe//@{tie.payment}", f"stripe//{tie.invoice}", await self.crew.now())

    async def link(self, name: str, wanted: Names) -> None:
        """Tell what an invoice stands for."""
        told = tuple(Wanted(workspace, entries) for workspace, entries in wanted.items())
        link = Link(source="stripe", account="", name=name, wanted=told)
        verdict = await self._ledger.intake.link(link)
        expected = self.books.link(f"stripe//{name}", wanted, await self.crew.now())
        assert verdict.value == expected, f"{verdict} and not {expected}"

    async def retry(self, ref: str, wanted: Names, decision: str) -> None:
        """A person brings back what awaits them."""
        named = [Wanted(workspace, entries) for workspace, entries in wanted.items()]
        moved = await self._ledger.desk.retry(ref, named, decision)
        expected = self.books.retry(ref, wanted, decision, await self.crew.now())
        assert moved == expected, f"{moved} markings wait again, and not {expected}"

    async def drop(self, ref: str) -> None:
        """A person ends what is open; what was on its way to Clockify stays as it is."""
        await self._ledger.desk.drop(ref, "no use")
        for workspace, place in self.books.drop(ref):
            self.crew.excused |= {(workspace, entry) for entry in place.entries}

    async def check(self) -> None:
        """What people see is what the books say, and what was accepted and is not settled waits."""
        desk = self._ledger.desk
        for workspace in WORKSPACES:
            backlog = [ref for ref in await desk.in_backlog(workspace) if not ref.startswith("repair//")]
            assert sorted(backlog) == sorted(self.books.waiting(workspace))
        assert set(await desk.in_state(State.UNRESOLVED)) == self.books.unresolved()
        assert set(await desk.in_state(State.REJECTED)) == self.books.rejected()
        refs = list(self.books.invoices)
        for ref, record in zip(refs, await desk.show_each(refs), strict=True):
            self._compare(ref, record or Record(ref=ref, places=(), history=()))

    def _compare(self, ref: str, record: Record) -> None:
        invoice = self.books.invoices[ref]
        assert record.linked == invoice.linked
        seen = {one.workspace: (one.named, one.state) for one in record.places}
        assert seen == {name: (one.named, one.state) for name, one in invoice.places.items()}
        assert {one.event: one.state for one in record.history} == {
            fact.id: fact.state for fact in invoice.facts.values()
        }

    async def end(self) -> None:
        """Everybody dies, or finishes where that is promised; then one honest worker does all that is left."""
        for worker in list(self.crew.workers):
            await self.crash(worker, lands=True)
        for _ in range(MOST_ROUNDS):
            due = await self._ledger.store.zrange("paidmark:due", 0, 0, withscores=True)
            if not due:
                break
            await self.crew.advance(max(int(due[0][1]) - await self.crew.now(), 0) + 1)
            free = await self.crew.take(due[0][0].decode())
            assert free, "due, and not to be had"
            await self._work_off(free)
        self.crew.clockify.land_late(math.inf)
        await self.check()
        lists = ["due"] + [f"{name}:{one}" for name in ("backlog", "later") for one in WORKSPACES]
        left = [name for name in lists if await self._ledger.store.exists(f"paidmark:{name}")]
        assert (left, self.crew.wrong()) == ([], set())

    async def _work_off(self, worker: Worker) -> None:
        for _ in range(MOST_ROUNDS):
            await self.crew.plan(worker)
            if not worker.batches and not worker.claims_missing:
                break
            await self._send_all(worker)
        await self.crew.release(worker, Handover())

    async def call(self, workspace: str, *, size: int, at_once: bool) -> None:
        """Somebody begins, and sends a call."""
        worker = await self.crew.begin(workspace, size=size)
        if worker:
            await self._send(worker, at_once=at_once)

    async def answer(self, worker: Worker, answer: str, *, lands: bool = True) -> None:
        """A worker hears what has become of its call; what has landed cannot be refused."""
        assert worker.call
        if answer == "given up":
            await self.crew.given_up(worker, worker.call, lands=lands)
        elif answer == "refused" and not worker.call.landed:
            await self.crew.refused(worker, worker.call)
        else:
            await self.crew.taken(worker, worker.call)

    async def call_in_vain(self, workspace: str, *, answer: str, lands: bool = False) -> None:
        """Somebody sends a call that is refused, or gives it up, and gives the lease back."""
        worker = await self.crew.begin(workspace)
        if worker:
            await self._send(worker, at_once=False)
            if worker.call:
                await self.answer(worker, answer, lands=lands)
            await self.crew.release(worker, Handover())

    async def crash(self, worker: Worker, *, lands: bool) -> None:
        """A worker dies, if something is promised for that; who has overslept first hears what became of its call."""
        if await self.crew.may_crash(worker):
            await self.crew.crash(worker, lands=lands)
        elif worker.call:
            await self.crew.taken(worker, worker.call)

    async def work(self, workspace: str) -> None:
        """Somebody works off a workspace, if the lease can be had."""
        worker = await self.crew.take(workspace)
        if worker:
            await self._work_off(worker)

    async def _send_all(self, worker: Worker) -> None:
        while worker.batches:
            await self._send(worker, at_once=True)
            assert worker.call
            await self.crew.taken(worker, worker.call)

    async def _send(self, worker: Worker, *, at_once: bool) -> None:
        if worker.batches:
            if not worker.permitted:
                await self.crew.permit(worker)
            self.crew.send(worker, at_once=at_once)
