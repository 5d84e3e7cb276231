"""Builders for tests of the core: facts about invoices, an opened ledger, a worker's bench, a Clockify of any manners."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from aiohttp import web
from arq import ArqRedis

from worker.clockify import Clockify
from worker.drain import drain
from worker.ending import end
from worker.ledger import Desk, Hands, Intake, Keeping, connect
from worker.ledger.intake import Rules
from worker.marking import Cause, Tie, Wanted
from worker.sandbox import Sandbox, World, running
from worker.workshop import Workshop

WORKSPACE = "64a687e29ae1f428e7ebe303"
ELSEWHERE = "64a687e29ae1f428e7ebe304"
KEY = ("X-Api-Key", "a-key-for-tests")
CLOCK_OFFSET = "paidmark:clock-offset"


def ids(count: int, start: int = 0) -> tuple[str, ...]:
    """So many entry ids, of digits only."""
    return tuple(f"{number:024x}" for number in range(start, start + count))


def milliseconds() -> int:
    """Now, as sources say it."""
    return int(time.time() * 1000)


def paid(invoice: str, order: int, *entries: str, **also: Any) -> Cause:
    """An invoice that was paid, and names its entries in WORKSPACE unless `wanted` says otherwise."""
    wanted = (Wanted(WORKSPACE, entries),) if entries else ()
    return _cause(invoice, order, invoiced=True, **{"wanted": wanted, "rank": 2, **also})


def taken_back(invoice: str, order: int, **also: Any) -> Cause:
    """An invoice that is paid no longer."""
    return _cause(invoice, order, invoiced=False, **{"wanted": None, "rank": 5, **also})


def tie(payment: str, invoice: str) -> Tie:
    """A payment that belongs to an invoice."""
    return Tie(source="stripe", account="", invoice=invoice, payment=payment)


def _cause(invoice: str, order: int, **also: Any) -> Cause:
    name = f"{'paid' if also['invoiced'] else 'reversed'}-{invoice}-{order}"
    usual = {"account": "", "event": name, "payment": "", "rank": 0, "at": milliseconds()}
    return Cause(**{"source": "stripe", "invoice": invoice, "order": order, **usual, **also})


@dataclass(slots=True)
class Ledger:
    """The three sides of one ledger, and the store below them."""

    store: ArqRedis
    intake: Intake
    hands: Hands
    desk: Desk

    async def forward(self, seconds: float) -> None:
        """Let the ledger's clock go forward."""
        await self.store.incrby(CLOCK_OFFSET, int(seconds * 1000))

    async def states(self, invoice: str) -> list[str]:
        """The state of every place of an invoice."""
        record = await self.desk.show(f"stripe//{invoice}")
        return [place.state.value for place in record.places] if record else []

    async def history(self, invoice: str) -> dict[str, str]:
        """The state of every event of an invoice."""
        record = await self.desk.show(f"stripe//{invoice}")
        return {one.event: one.state.value for one in record.history} if record else {}


@asynccontextmanager
async def opened(
    url: str,
    *,
    keeping: Keeping | None = None,
    rules: Rules | None = None,
    durable: bool = True,
    lease: float = 8.0,
) -> AsyncIterator[Ledger]:
    """A ledger on the store at `url`, whose intake runs."""
    store = connect(url)
    kept = keeping or Keeping()
    door = connect(url, durable=durable, patience=2.0)
    intake = Intake(door, kept, rules or Rules(deadline=5.0))
    running_intake = asyncio.create_task(intake.run())
    try:
        yield Ledger(store, intake, Hands(store, kept, lease), Desk(store, kept))
    finally:
        await end(running_intake)
        await door.aclose()
        await store.aclose()


@dataclass(slots=True)
class Bench:
    """A ledger, the worker's tools, and the Clockify that they reach."""

    ledger: Ledger
    sandbox: Sandbox
    shop: Workshop
    url: str
    observed: list[str] = field(default_factory=list)

    async def drain(self, workspace: str = WORKSPACE, **changed: Any) -> None:
        """One drain, with some of the workshop's settings changed."""
        await drain(replace(self.shop, **changed), workspace)

    async def drain_all(self, workspace: str = WORKSPACE, *, most: int = 50, **changed: Any) -> None:
        """Drains, each at the time at which it is due, until nothing is left."""
        for _ in range(most):
            left = {one.workspace: one for one in await self.ledger.desk.workspaces()}
            if workspace not in left:
                return
            await self.ledger.forward(max(left[workspace].next_in, 0))
            await self.drain(workspace, **changed)
        raise AssertionError(f"{most} drains were not enough")

    def invoiced(self, entries: Sequence[str]) -> list[bool]:
        """Whether each entry is marked as invoiced."""
        found = (self.sandbox.world.entries.get(entry) for entry in entries)
        return [entry is not None and entry.invoiced for entry in found]

    @property
    def calls(self) -> int:
        """How many PATCH calls there were."""
        return sum(n for name, n in self.sandbox.log.answers.items() if name.startswith("invoiced "))

    async def parked(self, workspace: str = WORKSPACE) -> str:
        """Why a workspace is parked; empty if it is not."""
        return next(
            (one.parked for one in await self.ledger.desk.workspaces() if one.workspace == workspace), ""
        )

    @asynccontextmanager
    async def hasty(self, patience: float) -> AsyncIterator["Bench"]:
        """The same bench, its worker with little patience: for the calls only that shall be given up."""
        async with Clockify(self.url, lambda _: KEY, timeout=patience) as clockify:
            yield replace(self, shop=replace(self.shop, clockify=clockify))


@asynccontextmanager
async def bench(
    ledger: Ledger, *, url: str = "", patience: float = 6.0, **settings: Any
) -> AsyncIterator[Bench]:
    """A worker's bench with a sandbox, or with the Clockify at `url`."""
    sandbox = Sandbox(world=World(open_world=True))
    credential = settings.pop("credential", lambda _: KEY)
    observed: list[str] = []
    async with running(sandbox) as own, Clockify(url or own, credential, timeout=patience) as clockify:
        usual: dict[str, Any] = {
            "rate": (1000, 1.0), "batch_size": 200, "in_flight": 8, "retry_cap": 120.0, "probe_interval": 900.0,
            "dry_run": False, "closing": asyncio.Event(), "observe": lambda name, _: observed.append(name),
        }  # fmt: skip
        shop = Workshop(hands=ledger.hands, clockify=clockify, **{**usual, **settings})
        yield Bench(ledger, sandbox, shop, url or own, observed)


@dataclass(slots=True)
class Peculiar:
    """A Clockify of any manners: `reply` is asked for each PATCH, `batch` for each batch read. Keeps what was asked."""

    reply: Callable[[tuple[str, ...]], Awaitable[web.StreamResponse] | web.StreamResponse]
    batch: Callable[[tuple[str, ...]], web.StreamResponse]
    url: str = ""
    sent: list[tuple[str, ...]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        named = tuple(msgspec.json.decode(await request.read())["timeEntryIds"])
        self.keys.append(request.headers.get("X-Api-Key", ""))
        if request.path.endswith("/batch"):
            return self.batch(named)
        self.sent.append(named)
        answer = self.reply(named)
        return answer if isinstance(answer, web.StreamResponse) else await answer


def all_known(named: tuple[str, ...]) -> web.Response:
    """A batch read that finds everything."""
    return web.json_response([{"id": one} for one in named])


def fine(_: tuple[str, ...]) -> web.Response:
    """A PATCH that is taken."""
    return web.Response()


def strange(_: tuple[str, ...] = ()) -> web.Response:
    """A refusal of which nobody knows what it means."""
    return web.json_response({"message": "something else", "code": 501}, status=400)


@asynccontextmanager
async def peculiar(
    reply: Callable[[tuple[str, ...]], Any] = fine, batch: Callable[[tuple[str, ...]], Any] = all_known
) -> AsyncIterator[Peculiar]:
    """A running Clockify that answers as it is told."""
    clockify = Peculiar(reply, batch)
    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", clockify.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        clockify.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api"
        yield clockify
    finally:
        await runner.cleanup()
