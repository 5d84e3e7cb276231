"""The play: what happens, act by act, on a stage. Says what it does to whoever watches."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from webhooks.demo.script import Invoice, Script
from webhooks.demo.stage import Stage
from worker.sandbox import Fault

TOGETHER = 32
OUTAGE = 1.5
PATIENCE = 60.0
LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Act:
    """An act that begins: its title, and what there is to see."""

    title: str
    text: str


async def play(script: Script, stage: Stage) -> AsyncIterator[Act]:
    """Play the script; gives each act as it begins. Raises TimeoutError if the work is never done."""
    at = time.time()
    yield Act("A quiet start", f"{len(script.quiet)} invoices are paid, one after another")
    for invoice in script.quiet:
        await stage.sender.tell(invoice, paid=True, at=at)
    await _settled(stage)

    yield Act(
        "A burst",
        f"{len(script.burst)} at once, every fifth twice; one names an entry that is gone",
    )
    await _tell_all(stage, script.burst + script.burst[::5], at)
    await _settled(stage)

    yield Act("Clockify is down", f"503 to every call for {OUTAGE:g} s; {len(script.outage)} more are paid")
    outage = stage.sandbox.faults.order(Fault(kind="error", status=503))
    await asyncio.gather(_tell_all(stage, script.outage, at), asyncio.sleep(OUTAGE))

    yield Act("Clockify is back", "what has waited goes out in as few calls as it fits")
    stage.sandbox.faults.lift(outage)
    await _settled(stage)

    gone = len(script.reversed)
    yield Act(
        "Second thoughts",
        f"{gone} are voided; hours that another invoice names stay marked",
    )
    await _tell_all(stage, script.reversed, at, paid=False)
    await _tell_all(stage, script.reversed[:1], at)
    await _settled(stage)


async def _tell_all(stage: Stage, invoices: Iterable[Invoice], at: float, *, paid: bool = True) -> None:
    places = asyncio.Semaphore(TOGETHER)

    async def tell(invoice: Invoice) -> None:
        async with places:
            await stage.sender.tell(invoice, paid=paid, at=at)

    await asyncio.gather(*map(tell, invoices))


async def _settled(stage: Stage) -> None:
    """Wait until nothing is waiting."""
    async with asyncio.timeout(PATIENCE):
        while await stage.desk.workspaces():  # noqa: ASYNC110 - another process' store has no event to wait for
            await asyncio.sleep(LOOK_EVERY)
