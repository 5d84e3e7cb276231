"""A ledger with something in it, and the desk's commands run against it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from typer.testing import CliRunner, Result

from webhooks.commands.desk import desk
from webhooks.sources.facts import Rank
from worker.ledger import Desk, Hands, Intake, Keeping, Lease, connect
from worker.ledger.intake import Rules
from worker.ledger.work import Effect, Handover, Progress, Sent
from worker.marking import Cause, Verdict, Wanted

HOME, AWAY = "64a1b2c3d4e5f60718293a4b", "54b0000000000000000000ff"
START = [sys.executable, "-c", "from webhooks.commands.desk import desk; desk(prog_name='paidmark')"]


def ids(count: int, start: int = 0) -> tuple[str, ...]:
    """So many entries."""
    return tuple(f"{number:024x}" for number in range(start, start + count))


@dataclass(slots=True, kw_only=True)
class Scene:
    """One ledger, seen from all sides. `now` is the store's time in milliseconds since 1970."""

    url: str
    now: int
    intake: Intake
    hands: Hands
    desk: Desk

    async def event(self, invoice: str, event: str, *, newer_by: int = 0, **said: Any) -> Verdict:
        """Accept an event: by default one of `stripe` that says paid, and names three entries in HOME."""
        facts: dict[str, Any] = {
            "source": "stripe",
            "account": "",
            "payment": "",
            "invoiced": True,
            "wanted": (Wanted(HOME, ids(3)),),
        } | said
        order = self.now + newer_by
        facts = {"rank": int(Rank.PAID if facts["invoiced"] else Rank.ENDED)} | facts
        return await self.intake.accept(
            Cause(event=event, invoice=invoice, order=order, at=self.now, **facts)
        )

    async def settle(self, workspace: str, done: str, *refusals: tuple[int, str]) -> None:
        """Have a worker do the first marking that waits in a workspace, and give the workspace back."""
        lease = await self.take(workspace)
        planned = await self.hands.plan(lease, most_entries=1, most_markings=1)
        first = planned.pending[0]
        sent = Sent(first.entries, first.wishes[0], Effect.TAKEN)
        await self.hands.settle(lease, [Progress(first.ref, first.revision, done, refusals)], sent)
        await self.hands.release(lease, Handover())

    async def take(self, workspace: str) -> Lease:
        """A worker's lease."""
        lease = await self.hands.take(workspace)
        assert lease is not None
        return lease

    async def hand_over(self, workspace: str, **left: Any) -> None:
        """Have a worker look at a workspace, and leave it as it says."""
        await self.hands.release(await self.take(workspace), Handover(**left))

    async def run(self, *arguments: str, **settings: str) -> Result:
        """Run a command in this process."""
        environ = {"PAIDMARK_REDIS_URL": self.url, **settings}
        return await asyncio.to_thread(CliRunner(env=environ).invoke, desk, list(arguments))

    async def spawn(self, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        """Run a command in a process of its own, its output in a pipe unless the options say otherwise."""
        environ = os.environ | {"PAIDMARK_REDIS_URL": self.url} | options.pop("environ", {})
        piped: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        } | options

        def ended() -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [*START, *arguments], env=environ, text=True, check=False, timeout=30, **piped
            )

        return await asyncio.to_thread(ended)


@asynccontextmanager
async def scene(url: str) -> AsyncIterator[Scene]:
    """A scene on an empty store."""
    store = connect(url)
    seconds, micros = await store.time()
    intake = Intake(store, Keeping(), Rules())
    accepting = asyncio.create_task(intake.run())
    try:
        yield Scene(
            url=url,
            now=seconds * 1000 + micros // 1000,
            intake=intake,
            hands=Hands(store, Keeping(), 8.0),
            desk=Desk(store, Keeping()),
        )
    finally:
        accepting.cancel()
        with suppress(asyncio.CancelledError):
            await accepting
        await store.aclose()
