"""The receiver's connections, as aiohttp's server with bounds of its own: see `webhooks.room`.

aiohttp bounds a request that has arrived. It has no bound on connections, on the time that a head may take, or on answers
that nobody reads, and what it answers to bad HTTP quotes it. It must not know what a delivery is.
"""

import asyncio
import resource
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from aiohttp import StreamReader, web

from webhooks.room import Room, Visit

log = structlog.get_logger()

MOST_CONNECTIONS = 512
IDLE = 620.0
"""Seconds that a connection may wait for its next request. Whoever sends must be the one that closes, or a delivery can
cross with the closing: so longer than proxies wait, the most patient of them 600 s
(https://cloud.google.com/load-balancing/docs/https#timeouts_and_retries)."""
LINGER = 2.0
"""Seconds for which the rest of a refused body is read and thrown away, so that its sender sees the answer."""
FRAMING = 256 * 1024
"""Bytes that a request may bring beside the largest body: its head, and what chunks add."""
MOST_HEADER = 192 * 1024
"""Bytes of one: Lago's tokens carry the whole body."""
LOOK_EVERY = 1.0
Answering = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def most_connections(descriptors: int) -> int:
    """How many connections a process with so many file descriptors takes: half of them, at most."""
    return (
        min(MOST_CONNECTIONS, descriptors // 2) if descriptors != resource.RLIM_INFINITY else MOST_CONNECTIONS
    )


class Connection(web.RequestHandler):
    """One connection."""

    __slots__ = ("_room", "_visit")

    def __init__(self, server: web.Server, room: Room, **options: Any) -> None:
        """A connection that is not made yet."""
        super().__init__(server, **options)
        self._room = room
        self._visit = Visit(self._abort)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, if there is room."""
        if self._room.admit(self._visit, self._loop.time()):
            super().connection_made(transport)
        else:
            cast(asyncio.Transport, transport).write(BUSY)
            transport.close()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget the connection."""
        self._room.forget(self._visit)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come, unless it is more than any request is. aiohttp calls this with nothing, to go on parsing."""
        if data:
            self._room.hold(self._visit, len(data), self._loop.time())
        if not self._visit.deaf:
            super().data_received(data)

    def pause_writing(self) -> None:
        """Answers are short: whoever leaves so many of them unread is not going to read."""
        super().pause_writing()
        self._room.drop(self._visit, "unread")

    def arrived(self) -> None:
        """The request that is being handled is there to its last byte."""
        self._room.arrived(self._visit)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answer; then the next thing to come is another request."""
        if self._visit.deaf:
            resp.force_close()
        done = await super().finish_response(request, resp, start_time)
        self._room.answered(self._visit, self._loop.time())
        return done

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Refuse what is not HTTP, with no word of it in the answer or in the log. A fault of ours is told in full."""
        if status != 400:  # noqa: PLR2004 - 400 Bad Request
            return super().handle_error(request, status, exc, message)
        log.info("http.refused", status=status, kind=type(exc).__name__)
        response = web.Response(status=status)
        response.force_close()
        return response

    def _abort(self) -> None:
        cast(asyncio.Transport, self.transport).abort()


class Connections(web.Server):
    """All connections of the receiver."""

    def __init__(self, answer: Answering, max_body: int) -> None:
        """Let `answer` answer each request. `max_body` in bytes."""
        super().__init__(answer, request_factory=self._request)
        self._max_body = max_body
        descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.room = Room(most_connections(descriptors), max_body + FRAMING)

    def __call__(self) -> Connection:
        """A connection, for the event loop. Bodies arrive as they are packed: see `webhooks.unpacking`."""
        return Connection(
            self,
            self.room,
            loop=asyncio.get_running_loop(),
            access_log=None,
            keepalive_timeout=IDLE,
            lingering_time=LINGER,
            max_field_size=MOST_HEADER,
            auto_decompress=False,
        )

    def _request(
        self, message: Any, payload: StreamReader, protocol: web.RequestHandler, writer: Any, task: Any
    ) -> web.BaseRequest:
        """A request, as aiohttp's parser hands over its parts; reading it is bounded."""
        return web.BaseRequest(
            message, payload, protocol, writer, task, self._loop, client_max_size=self._max_body
        )

    async def watch(self, count: Callable[[str, int], None]) -> None:
        """Drop those that take too long to ask, for ever; say how many were dropped, in one line for all of them."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            self.room.drop_late(asyncio.get_running_loop().time())
            if self.room.dropped:
                log.warning("connections.dropped", **self.room.dropped)
                for why, number in self.room.dropped.items():
                    count(why, number)
                self.room.dropped.clear()


def arrived(request: web.BaseRequest) -> None:
    """Say that a request has arrived to its last byte."""
    cast(Connection, request.protocol).arrived()
