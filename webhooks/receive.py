"""The story of one delivery: read, verify, parse, accept, answer.

Nothing is answered with 2xx before the ledger has it on disk. Must not know Clockify, or any vendor by name.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import structlog
from aiohttp import web
from aiohttp.hdrs import X_FORWARDED_FOR

from webhooks.addresses import Network, comes_from
from webhooks.answers import Acknowledgement
from webhooks.delivery import Delivery, NotAuthenticError, Trust, UndecodableError
from webhooks.reading import REFUSALS, read
from webhooks.resolve import Place, resolve
from webhooks.sources.kind import Kind, Options, Parsed
from worker.ledger import Intake, StoreInDoubtError
from worker.marking import Tie

log = structlog.get_logger()

TRY_AGAIN = {"Retry-After": "5"}
_FACTS = {200: "delivery.accepted", 204: "delivery.accepted", 503: "delivery.postponed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source as the settings describe it. `addresses`: where deliveries come from; empty is anywhere."""

    place: Place
    kind: Kind
    secrets: tuple[str, ...] = field(repr=False)
    tolerance: float
    options: Options
    addresses: Sequence[Network] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What a delivery meets. `count(source, result)` counts deliveries; `log` is bound once, as each of them has its line.

    `proxies` are our own, whose word is taken for where a delivery comes from. Any of `link_tokens` allows to link.
    """

    sources: Mapping[str, Source]
    intake: Intake
    count: Callable[[str, str], None]
    proxies: Sequence[Network] = ()
    link_tokens: tuple[str, ...] = field(default=(), repr=False)
    log: structlog.typing.FilteringBoundLogger = field(default_factory=lambda: structlog.get_logger().bind())


async def receive(door: Door, path: str, request: web.BaseRequest) -> web.StreamResponse:
    """Answer a delivery: 2xx with an empty body once it is safe on disk. `path` is the source's name, or `name/secret`.

    Unknown names and wrong methods get 401, never 404, 405 or 410: some vendors delete the subscription on those.
    """
    started = time.monotonic()
    name, slash, token = path.partition("/")
    source = door.sources.get(name)
    if source is None or request.method != "POST" or (slash and not source.kind.secret_in_path):
        return _answer(door, "unknown", 401, "not a source, or not a POST", started)
    if source.addresses and not _is_from(source, request, door.proxies):
        status, said = source.kind.refusal, "from an address that is not among this source's"
    elif source.secrets:
        status, said = await _handled(door.intake, source, request, token)
    else:
        status, said = 503, "no secret is set for this source"
    return _answer(door, source.place.source, status, said, started)


def _is_from(source: Source, request: web.BaseRequest, proxies: Sequence[Network]) -> bool:
    forwarded = request.headers.getall(X_FORWARDED_FOR, ())
    return comes_from(request.remote or "", forwarded, source.addresses, proxies)


async def _handled(intake: Intake, source: Source, request: web.BaseRequest, token: str) -> tuple[int, str]:
    """The status that a delivery is answered with, and why."""
    try:
        body = await read(request)
        now = time.time()
        delivery = Delivery(request.headers, body, token, request.query_string, now)
        trust = Trust(secrets=source.secrets, now=now, tolerance=source.tolerance)
        source.kind.verify(delivery, trust, source.options)
        return await _accept(intake, source, delivery)
    except NotAuthenticError as error:
        return source.kind.refusal, str(error)
    except tuple(REFUSALS) as error:
        return REFUSALS[type(error)]
    except StoreInDoubtError as error:
        return 503, str(error)


async def _accept(intake: Intake, source: Source, delivery: Delivery) -> tuple[int, str]:
    """Parse a delivery that is authentic, and have the ledger take what it says. Returns that in a word or two."""
    try:
        parsed = source.kind.parse(delivery, source.options)
    except UndecodableError as error:
        return 200, await _keep(intake, source, delivery, str(error))
    said = await _accept_events(intake, source.place, parsed)
    if parsed.undecodable:
        await _keep(intake, source, delivery, parsed.undecodable)
    if said:
        return 200, said
    return source.kind.uninteresting, f"ignored ({parsed.ignored or 'not what marks an hour here'})"


async def _keep(intake: Intake, source: Source, delivery: Delivery, reason: str) -> str:
    """Keep the body of which something cannot be decoded, for a person."""
    digest = sha256(delivery.body).hexdigest()
    verdict = await intake.keep_undecoded(source.place.source, digest, delivery.body)
    log.warning("delivery.undecodable", source=source.place.source, digest=digest, reason=reason)
    return verdict.value


async def _accept_events(intake: Intake, place: Place, parsed: Parsed) -> str:
    takes = [
        intake.tie(one) if isinstance(one, Tie) else intake.accept(one)
        for one in (resolve(event, place) for event in parsed.events)
        if one is not None
    ]
    if len(takes) == 1:
        return (await takes[0]).value
    verdicts = await asyncio.gather(*takes)
    return ", ".join(Counter(verdict.value for verdict in verdicts))


def _answer(door: Door, source: str, status: int, said: str, started: float) -> web.StreamResponse:
    """The response, and the one line of log that a delivery gets."""
    fact = _FACTS.get(status, "delivery.refused")
    door.count(source, fact.removeprefix("delivery."))
    ms = round((time.monotonic() - started) * 1000, 1)
    door.log.info(fact, source=source, status=status, said=said, ms=ms)
    if status == 200:  # noqa: PLR2004 - 200 OK
        return Acknowledgement()
    return web.Response(status=status, headers=TRY_AGAIN if status == 503 else None)  # noqa: PLR2004 - 503 Service Unavailable
