"""The door's side of the ledger: events in, durably, many to a round trip.

Group commit: while one pipeline is on its way, what arrives waits; then all of it goes out together, and shares one
write to disk. An event is acknowledged only by the store's own answer to its own script.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from arq import ArqRedis

from worker import entries
from worker.ledger.scripts import Argument, Keeping, Scripts
from worker.ledger.store import STORE_ERRORS, StoreInDoubtError
from worker.ledger.watermark import Watermark
from worker.marking import Cause, Tie, Verdict, reference

log = structlog.get_logger()

MOST_TOGETHER = 256
MOST_WAITING = 10_000
MOST_UNDECODED = 1_000
MOST_UNDECODED_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the settings say of events: see the settings of the same names. Times in seconds."""

    future_tolerance: float = 900.0
    unreferenced: str = "counted"
    deadline: float = 2.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    script: str
    arguments: Sequence[Argument]
    answer: "asyncio.Future[Verdict]"


class Intake:
    """Takes events. One a process: its `watermark` knows whether the store has lost accepts.

    `refused`: why what came last could not be taken; empty if it was.
    """

    def __init__(self, store: ArqRedis, keeping: Keeping, rules: Rules) -> None:
        """Keep the client; `run` must be running for anything to be accepted."""
        self._scripts = Scripts(store, keeping)
        self._rules = rules
        self._waiting: deque[_Waiting] = deque()
        self._something = asyncio.Event()
        self.watermark = Watermark()
        self.refused = ""

    async def accept(self, cause: Cause) -> Verdict:
        """Take an event; return when the store has it on disk. Raises StoreInDoubtError on any doubt."""
        future = int(self._rules.future_tolerance * 1000)
        wanted = cause.wanted or ()
        arguments: list[Argument] = [
            reference(cause.source, cause.account, cause.invoice) if cause.invoice else "",
            _payment(cause.source, cause.account, cause.payment) if cause.payment else "",
            cause.event, int(cause.invoiced), cause.order, cause.rank, cause.at, cause.unresolved,
            future, self._rules.unreferenced, int(cause.wanted is not None),
        ]  # fmt: skip
        for one in wanted:
            arguments += [one.workspace, entries.pack(one.entries)]
        return await self._ask("accept", arguments)

    async def tie(self, tie: Tie) -> Verdict:
        """Remember which invoice a payment belongs to. Raises StoreInDoubtError on any doubt."""
        payment = _payment(tie.source, tie.account, tie.payment)
        invoice = reference(tie.source, tie.account, tie.invoice)
        return await self._ask("tie", [payment, invoice, int(self._rules.future_tolerance * 1000)])

    async def keep_undecoded(self, source: str, digest: str, body: bytes) -> Verdict:
        """Keep an authentic body that could not be decoded. Raises StoreInDoubtError where there is no room."""
        return await self._ask(
            "undecoded", [f"{source}/{digest}", body, MOST_UNDECODED, MOST_UNDECODED_BYTES]
        )

    async def run(self) -> None:
        """Send what is waiting, for ever. Cancel to stop: what is not answered then was not accepted."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_TOGETHER))]
                await self._send([one for one in batch if not one.answer.done()])

    async def _ask(self, script: str, arguments: Sequence[Argument]) -> Verdict:
        if len(self._waiting) >= MOST_WAITING:
            raise StoreInDoubtError("too many deliveries are waiting for the store")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Verdict] = loop.create_future()
        late = loop.call_later(self._rules.deadline, self._give_up, answer)
        self._waiting.append(_Waiting(script, arguments, answer))
        self._something.set()
        try:
            return await answer
        finally:
            late.cancel()

    def _give_up(self, answer: "asyncio.Future[Verdict]") -> None:
        error = StoreInDoubtError(f"the store did not answer within {self._rules.deadline:g} s")
        with suppress(asyncio.InvalidStateError):  # answered in this very moment
            answer.set_exception(error)

    async def _send(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        try:
            answers = await self._scripts.call_each([(one.script, one.arguments) for one in batch])
        except STORE_ERRORS as error:
            answers = [error] * len(batch)
        self._watch(sorted(tuple(answer[1:]) for answer in answers if not isinstance(answer, Exception)))
        self.refused = next((str(answer) for answer in answers if isinstance(answer, Exception)), "")
        for one, answer in zip(batch, answers, strict=True):
            if one.answer.done():
                continue
            if isinstance(answer, Exception):
                one.answer.set_exception(StoreInDoubtError(f"the store did not take it: {answer}"))
            else:
                _resolve(one, answer[0].decode())

    def _watch(self, counts: list[tuple[int, int]]) -> None:
        """Notice a store that has been put back to an earlier state."""
        for accepts, before in counts:
            if self.watermark.see(accepts, time.time(), before / 1000):
                log.error("store.went_back", loss=self.watermark.loss)


def _resolve(one: _Waiting, verdict: str) -> None:
    """Answer one waiting delivery."""
    if verdict == "no room":
        one.answer.set_exception(StoreInDoubtError("no room for another body that cannot be decoded"))
    else:
        one.answer.set_result(Verdict(verdict))


def _payment(source: str, account: str, payment: str) -> str:
    """Where a payment stands in the ledger; `@` keeps it apart from invoices, whose `@` is quoted."""
    return (
        reference(source, account, "").removesuffix("/")
        + "/@"
        + reference("", "", payment).removeprefix("//")
    )
