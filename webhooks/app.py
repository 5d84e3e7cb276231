"""The composition root of the receiver: routes, lifecycle. The process that faces the internet.

It never loads Clockify's client, and its settings hold no key for it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from webhooks.connections import Answering, Connections
from webhooks.link import INVOICES, link
from webhooks.receive import Door, Source, receive
from webhooks.resolve import Place
from webhooks.settings import DoorSettings
from webhooks.source_settings import SourceSettings
from webhooks.sources import KINDS
from worker.ending import end
from worker.ledger import Desk, Intake, Keeping, connect
from worker.ledger.intake import Rules
from worker.ledger.store import STORE_ERRORS
from worker.metrics import render
from worker.ops import listening
from worker.settings import redacted

log = structlog.get_logger()

DELIVERIES = "/webhooks/"
MOST_COUNTERS = 1_000


def source(name: str, settings: SourceSettings, default_workspace: str | None) -> Source:
    """One source, as it was set."""
    return Source(
        place=Place(name, settings.workspace or default_workspace, settings.mark_on),
        kind=KINDS[settings.kind],
        secrets=tuple(secret.get_secret_value() for secret in settings.secrets),
        tolerance=settings.tolerance,
        options=settings.options,
        addresses=settings.addresses,
    )


def answering(door: Door) -> Answering:
    """What answers each request. Three places need no router, whose work would be a tenth of a delivery's.

    Some vendors delete a subscription on 404 or 405: a slip in the address must not cost it.
    """

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(DELIVERIES):
            return await receive(door, request.path.removeprefix(DELIVERIES), request)
        if request.path.startswith(INVOICES):
            return await link(door, request)
        if request.path == "/healthz" and request.method in ("GET", "HEAD"):
            return web.Response(text="ok\n")  # the process is alive; no details: anybody may ask
        return web.Response(status=401)

    return answer


async def serve(settings: DoorSettings, closing: asyncio.Event) -> None:
    """Receive until `closing` is set; then answer what is under way, and stop."""
    async with served(settings, closing) as url:
        log.info("receiver.started", url=url, sources=sorted(settings.sources))
        await closing.wait()


@dataclass(frozen=True, slots=True)
class Meters:
    """What this process counts of its own."""

    registry: CollectorRegistry
    deliveries: Counter
    dropped: Counter


def _meters() -> Meters:
    registry = CollectorRegistry()
    return Meters(
        registry,
        Counter(
            "paidmark_deliveries", "Deliveries, by source and answer", ["source", "answer"], registry=registry
        ),
        Counter(
            "paidmark_connections_dropped",
            "Connections that were ended, by reason",
            ["why"],
            registry=registry,
        ),
    )


@asynccontextmanager
async def served(settings: DoorSettings, closing: asyncio.Event | None = None) -> AsyncIterator[str]:
    """A receiver, for as long as the block runs; gives its URL. Port 0 is a free one.

    If accepting itself breaks down, `closing` is set, and the block ends with what has broken it: a door that can only
    answer 503 must not look alive.
    """
    measured = _meters()
    keeping = Keeping(invoices=settings.keep_invoices, events=settings.keep_events)
    rules = Rules(future_tolerance=settings.future_tolerance, unreferenced=settings.unreferenced)
    durable = settings.store_durability == "verified"
    store = connect(
        settings.store, durable=durable, patience=rules.deadline, retries=1, replicas=settings.store_replicas
    )
    intake, desk = Intake(store, keeping, rules), Desk(store, keeping)
    counter = lru_cache(maxsize=MOST_COUNTERS)(measured.deliveries.labels)
    door = Door(
        sources={name: source(name, one, settings.workspace) for name, one in settings.sources.items()},
        intake=intake,
        count=lambda name, answer: counter(name, answer).inc(),
        proxies=settings.proxies,
        link_tokens=tuple(token.get_secret_value() for token in settings.link_tokens),
    )

    async def wrong() -> list[str]:
        return await _wrong(desk, intake, sources=bool(settings.sources))

    async def figures() -> bytes:
        return render(await desk.figures(), await desk.workspaces(), measured.registry)

    telling = asyncio.create_task(_tell(wrong, redacted(settings.store)))
    accepting = asyncio.create_task(intake.run())
    if closing is not None:
        accepting.add_done_callback(lambda _: closing.set())
    try:
        async with (
            _listening(answering(door), settings, measured.dropped) as url,
            listening(settings.ops_host, settings.ops_port, wrong=wrong, figures=figures),
        ):
            yield url
    finally:
        broken = accepting.done() and accepting.exception()
        await end(accepting, telling)
        await store.aclose()
        if broken:
            raise broken


@asynccontextmanager
async def _listening(answer: Answering, settings: DoorSettings, dropped: Counter) -> AsyncIterator[str]:
    """Listen, and answer, for as long as the block runs; gives the URL."""
    connections = Connections(answer, settings.max_body)
    runner = web.ServerRunner(connections)
    await runner.setup()
    watching = asyncio.create_task(connections.watch(lambda why, number: dropped.labels(why).inc(number)))
    try:
        await web.TCPSite(runner, settings.host, settings.port, backlog=connections.room.most).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
        await end(watching)


async def _tell(wrong: Callable[[], Awaitable[list[str]]], store: str) -> None:
    """Say once, at the start, what keeps the receiver from being ready: until something comes, nobody would see it."""
    for complaint in await wrong():
        log.warning("receiver.not_ready", reason=complaint, store=store)


async def _wrong(desk: Desk, intake: Intake, *, sources: bool) -> list[str]:
    """What keeps the receiver from being ready, in words."""
    complaints = [] if sources else ["no source is set: PAIDMARK_SOURCES__<NAME>__SECRETS"]
    try:
        await desk.figures()
    except STORE_ERRORS as error:
        complaints.append(f"the store: {error}")
    if loss := intake.watermark.loss:
        since = (
            time.strftime("since %Y-%m-%d %H:%M:%S UTC", time.gmtime(loss.since)) if loss.since else "ever"
        )
        complaints.append(
            f"the store has lost {loss.missing} accepted events (an old backup, a failover?): have every source "
            f"send again what it sent {since} (the earliest that any receiver says), then restart this process"
        )
    if intake.refused:
        complaints.append(f"what came last was refused: {intake.refused}")
    return complaints
