"""The receiver alone, on real sockets, and a sender who writes bytes as he likes."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from tests.service import STANDARD_SECRET, STRIPE_SECRET
from webhooks.app import served
from webhooks.settings import DoorSettings
from worker.lines import Lines
from worker.log import configure
from worker.settings import load

STANDARD_KEY = base64.b64decode(STANDARD_SECRET.removeprefix("whsec_"))
PATIENCE = 10.0


@dataclass(slots=True)
class Wire:
    """A connection on which anything can be written."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def status(self) -> int:
        """The status of the next answer, which has no body. 0: the connection has ended without one."""
        async with asyncio.timeout(PATIENCE):
            try:
                head = await self.reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionError):
                return 0
        lines = head.decode("ascii").lower().split("\r\n")
        assert not any(line.startswith("content-length:") and line != "content-length: 0" for line in lines)
        return int(lines[0].split()[1])

    async def rest(self) -> bytes:
        """All that still comes, until the connection ends."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@dataclass(slots=True)
class Attacked:
    """A receiver, and what it has logged."""

    url: str
    log: StringIO = field(default_factory=StringIO)
    lines: Lines | None = None

    @asynccontextmanager
    async def wire(self, raw: bytes = b"") -> AsyncIterator[Wire]:
        """A connection on which `raw` has been written."""
        host, port = self.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(raw)
            yield Wire(reader, writer)
        finally:
            writer.transport.abort()

    async def ask(self, raw: bytes) -> int:
        """The status that a request is answered with."""
        async with self.wire(raw) as wire:
            return await wire.status()

    def said(self) -> list[dict[str, Any]]:
        """The lines of log, each of which is a JSON object."""
        if self.lines is not None:
            self.lines.put()
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def complaints(self) -> list[dict[str, Any]]:
        """Lines of log that are none of the facts that a delivery makes."""
        return [
            line
            for line in self.said()
            if line["level"] not in ("info", "warning") or "exception" in line or "Traceback" in str(line)
        ]


@asynccontextmanager
async def attacked(store_url: str, **settings: str) -> AsyncIterator[Attacked]:
    """A receiver on a store, which logs as it does in production. The test must put the log back."""
    environ = {
        "PAIDMARK_REDIS_URL": store_url,
        "PAIDMARK_OPS_PORT": "0",
        "PAIDMARK_PORT": "0",
        "PAIDMARK_SOURCES__STRIPE__SECRETS": STRIPE_SECRET,
        "PAIDMARK_SOURCES__STANDARD__SECRETS": STANDARD_SECRET,
        **settings,
    }
    log = StringIO()
    lines = configure("info", "json", log)
    async with served(load(DoorSettings, environ)) as url:
        yield Attacked(url, log, lines)


def request(
    body: bytes = b"{}",
    headers: list[bytes] | None = None,
    *,
    path: bytes = b"/webhooks/stripe",
    method: bytes = b"POST",
    length: bytes | None = None,
) -> bytes:
    """A request; `length` is what it says of its body, if not the truth; empty for not a word."""
    said = b"Content-Length: %d" % len(body) if length is None else length
    lines = [b"%s %s HTTP/1.1" % (method, path), b"Host: here", *(headers or []), *([said] if said else [])]
    return b"\r\n".join((*lines, b"", body))


def now() -> bytes:
    """The time, as signatures have it."""
    return b"%d" % time.time()


def stripe_mac(body: bytes, stamp: bytes, secret: str = STRIPE_SECRET) -> bytes:
    """What Stripe puts behind `v1=`: https://docs.stripe.com/webhooks#verify-manually."""
    return hmac.digest(secret.encode(), stamp + b"." + body, "sha256").hex().encode()


def standard_mac(body: bytes, stamp: bytes, event: bytes = b"msg_1", key: bytes = STANDARD_KEY) -> bytes:
    """What Standard Webhooks puts behind `v1,`."""
    return base64.b64encode(hmac.digest(key, b".".join((event, stamp, body)), "sha256"))


def stripe_signed(body: bytes) -> list[bytes]:
    """The header that proves a body."""
    stamp = now()
    return [b"Stripe-Signature: t=%s,v1=%s" % (stamp, stripe_mac(body, stamp))]


def standard_signed(body: bytes, event: bytes = b"msg_1") -> list[bytes]:
    """The headers that prove a body."""
    stamp = now()
    mac = standard_mac(body, stamp, event)
    return [b"webhook-id: " + event, b"webhook-timestamp: " + stamp, b"webhook-signature: v1," + mac]
