"""The door's side of the ledger: events in, durably, many to a round trip.

Group commit: while the store has its hands full, what arrives waits; then all of it goes out together, in one call that
shares one write to disk. An event is acknowledged only by the store's own answer to it.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from arq import ArqRedis

from worker import entries
from worker.ending import end
from worker.ledger import links
from worker.ledger.queue import ACCEPT, Answer, Call, Queue
from worker.ledger.scripts import Argument, Keeping, Scripts
from worker.ledger.store import STORE_ERRORS, StoreInDoubtError
from worker.ledger.watermark import Sent, Watermark
from worker.marking import Cause, Link, Tie, Verdict, reference

log = structlog.get_logger()

ON_THE_WAY = 2
"""Calls on their way at once: the store works on one while the next is gathered."""
LOOKS = 20
"""Looks for those who have waited too long, in the time that they have."""
MOST_UNDECODED = 1_000
MOST_UNDECODED_BYTES = 64 * 1024 * 1024
NO_ROOM = b"no room"
_packed = msgspec.msgpack.Encoder().encode
_HEAD = 1
"""Bytes before the members of a packed tuple of at most 15: without them, the store unpacks the members, and no table."""
_VERDICTS = {verdict.value.encode(): verdict for verdict in Verdict}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the settings say of events: see the settings of the same names. Times in seconds."""

    future_tolerance: float = 900.0
    unreferenced: str = "counted"
    deadline: float = 2.0


class Intake:
    """Takes events. One a process: its `watermark` knows whether the store has lost accepts.

    `refused`: why what came last could not be taken; empty if it was.
    """

    def __init__(self, store: ArqRedis, keeping: Keeping, rules: Rules) -> None:
        """Keep the client; `run` must be running for anything to be accepted."""
        self._scripts = Scripts(store, keeping)
        self._rules = rules
        self._future = int(rules.future_tolerance * 1000)
        self._queue = Queue((self._future, rules.unreferenced))
        self.watermark = Watermark()
        self.refused = ""

    async def accept(self, cause: Cause) -> Verdict:
        """Take an event; return when the store has it on disk. Raises StoreInDoubtError on any doubt."""
        wanted = cause.wanted or ()
        told = _packed((
            reference(cause.source, cause.account, cause.invoice) if cause.invoice else "",
            _payment(cause.source, cause.account, cause.payment) if cause.payment else "",
            cause.event, cause.invoiced, cause.order, cause.rank, cause.at, cause.unresolved,
            cause.wanted is not None,
            reference(cause.source, "", cause.link) if cause.link else "",
            reference(cause.source, cause.account, cause.number) if cause.number else "",
            [one.workspace for one in wanted],
        ))[_HEAD:]  # fmt: skip
        arguments = [told, *(entries.pack(one.entries) for one in wanted)]
        return await self._queue.put(ACCEPT, arguments, sum(map(len, arguments)), self._rules.deadline)

    async def tie(self, tie: Tie) -> Verdict:
        """Remember which invoice a payment belongs to. Raises StoreInDoubtError on any doubt."""
        payment = _payment(tie.source, tie.account, tie.payment)
        invoice = reference(tie.source, tie.account, tie.invoice)
        return await self._queue.put("tie", [payment, invoice, self._future], 0, self._rules.deadline)

    async def link(self, link: Link) -> Verdict:
        """Remember what an invoice stands for. Raises StoreInDoubtError on any doubt."""
        told = links.arguments(link, self._future)
        return await self._queue.put("link", told, 0, self._rules.deadline)

    async def keep_undecoded(self, source: str, digest: str, body: bytes) -> Verdict:
        """Keep an authentic body that could not be decoded. Raises StoreInDoubtError where there is no room."""
        arguments: list[Argument] = [f"{source}/{digest}", body, MOST_UNDECODED, MOST_UNDECODED_BYTES]
        return await self._queue.put("undecoded", arguments, len(body), self._rules.deadline)

    async def run(self) -> None:
        """Send what is waiting, for ever. Cancel to stop: what is not answered then was not accepted."""
        tasks = [asyncio.create_task(self._send_for_ever()) for _ in range(ON_THE_WAY)]
        tasks.append(asyncio.create_task(self._give_up_for_ever()))
        try:
            await asyncio.gather(*tasks)
        finally:
            await end(*tasks)
            self._queue.close("the receiver is ending")

    async def _send_for_ever(self) -> None:
        while True:
            await self._queue.something.wait()
            if calls := self._queue.take(among=ON_THE_WAY):
                await self._send(calls)

    async def _give_up_for_ever(self) -> None:
        clock = asyncio.get_running_loop().time
        why = f"the store did not answer within {self._rules.deadline:g} s"
        while True:
            await asyncio.sleep(self._rules.deadline / LOOKS)
            self._queue.give_up(clock(), why)

    async def _send(self, calls: Sequence[Call]) -> None:
        sent = self.watermark.sent()
        try:
            answers = await self._scripts.call_each([(call.script, call.arguments) for call in calls])
        except STORE_ERRORS as error:
            answers = [error] * len(calls)
        refusals = [
            error
            for call, answer in zip(calls, answers, strict=True)
            for error in self._tell(call, answer, sent)
        ]
        self.refused = str(refusals[0]) if refusals else ""

    def _tell(self, call: Call, answer: Any, sent: Sent) -> list[Exception]:
        """Answer those who wait for a call. Returns why some were not taken."""
        if isinstance(answer, Exception):
            verdicts = [answer] * len(call.asked)
        else:
            verdicts, accepts, before = answer
            self._watch(sent, accepts, len(verdicts), before / 1000)
        for one, verdict in zip(call.asked, verdicts, strict=True):
            if not one.answer.done():
                _resolve(one.answer, verdict)
        return [verdict for verdict in verdicts if isinstance(verdict, Exception)]

    def _watch(self, sent: Sent, accepts: int, taken: int, before: float) -> None:
        """Notice a store that has been put back to an earlier state."""
        if self.watermark.see(sent, accepts, taken, time.time(), before):
            log.error("store.went_back", loss=self.watermark.loss)


def _resolve(answer: Answer, verdict: bytes | Exception) -> None:
    """Tell one who waits."""
    if isinstance(verdict, Exception):
        answer.set_exception(StoreInDoubtError(f"the store did not take it: {verdict}"))
    elif verdict == NO_ROOM:
        answer.set_exception(StoreInDoubtError("no room for another body that cannot be decoded"))
    else:
        answer.set_result(_VERDICTS[verdict])


def _payment(source: str, account: str, payment: str) -> str:
    """Where a payment stands in the ledger; `@` keeps it apart from invoices, whose `@` is quoted."""
    return (
        reference(source, account, "").removesuffix("/")
        + "/@"
        + reference("", "", payment).removeprefix("//")
    )
