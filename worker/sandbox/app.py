"""The sandbox on a socket: the only module here that waits, reads clocks and cuts connections. It decides nothing.

It serves with aiohttp's plain server: the routes, and what is answered where there is none, are part of what is imitated.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import ceil, isinf

from aiohttp import web

from worker.sandbox import replies
from worker.sandbox.answers import Asked, answer, asked
from worker.sandbox.calls import Call
from worker.sandbox.control import control
from worker.sandbox.replies import Reply
from worker.sandbox.standin import Sandbox

_LOOK_FOR_CALLER = 0.1
_SHUTDOWN_GRACE = 2.0


@asynccontextmanager
async def running(sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """Serve `sandbox` in this event loop, on a free port if `port` is 0; gives the base URL, `http://host:port/api`."""
    served = _Served(sandbox)
    server = web.Server(served.handle, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_GRACE)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield f"http://{host}:{runner.addresses[0][1]}/api"
    finally:
        served.closing.set_result(None)
        await runner.cleanup()


async def serve(
    sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0, ready: Callable[[str], None]
) -> None:
    """Serve until cancelled; `ready` is told the base URL. The control path asks for no key: keep `host` a loopback."""
    async with running(sandbox, host=host, port=port) as url:
        ready(url)
        await asyncio.Event().wait()


class _Served:
    """A sandbox behind a server."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Answer one request, or cut its connection."""
        path = request.rel_url.raw_path
        body = await request.content.read()
        if path.startswith("/sandbox/"):
            return _sent(control(self.sandbox, request.method, path, request.rel_url.query, body))
        reply = await self._logged(request, path, body)
        if reply.status == replies.UNANSWERED and request.transport is not None:
            request.transport.abort()
        return _sent(reply)

    async def _logged(self, request: web.BaseRequest, path: str, body: bytes) -> Reply:
        key, token = request.headers.get("X-Api-Key", ""), request.headers.get("X-Addon-Token", "")
        call = asked(request.method, path, api_key=key, addon_token=token, body=body)
        line = _line(call, time.time())
        self.sandbox.log.begin(line)
        status = replies.UNANSWERED
        try:
            reply = await self._answered(request, call)
            status = reply.status
        finally:
            self.sandbox.log.end(line, status)
        return reply

    async def _answered(self, request: web.BaseRequest, call: Asked) -> Reply:
        limiter = self.sandbox.limiter
        if limiter is not None:
            wait = limiter.admit(call.found.workspace, time.monotonic())
            if wait:
                return replies.throttled(limiter.limit.page, ceil(wait) if limiter.limit.named else None)
        refused = await self._spoilt(request, call, None)
        if refused is not None:
            return refused
        reply = answer(self.sandbox.world, call, time.time())
        return await self._spoilt(request, call, reply) or reply

    async def _spoilt(self, request: web.BaseRequest, call: Asked, reply: Reply | None) -> Reply | None:
        after = reply is not None
        met = self.sandbox.faults.meet(call.found.route, call.found.workspace, len(call.body), after=after)
        for fault in met:
            if fault.wait and await self._closes_within(fault.wait, request):
                return replies.CUT
            reply = fault.spoil(reply)
        return reply

    async def _closes_within(self, seconds: float, request: web.BaseRequest) -> bool:
        """Whether the sandbox closes before `seconds` have passed; for ever ends when the caller has gone."""
        if not isinf(seconds):
            return await self._closes(seconds)
        while request.transport is not None:
            if await self._closes(_LOOK_FOR_CALLER):
                return True
        return False

    async def _closes(self, seconds: float) -> bool:
        closed, _ = await asyncio.wait([self.closing], timeout=seconds)
        return bool(closed)


def _line(call: Asked, at: float) -> Call:
    marks = call.marks
    return Call(
        at=at,
        method=call.method,
        path=call.path,
        route=call.found.route,
        workspace=call.found.workspace,
        caller=call.credential.fingerprint,
        ids=len(marks.time_entry_ids) if marks and marks.time_entry_ids else 0,
        invoiced=marks.invoiced if marks else None,
    )


def _sent(reply: Reply) -> web.Response:
    if not reply.body:
        return web.Response(status=reply.status or 500, headers=reply.headers)
    return web.Response(status=reply.status, body=reply.body, content_type=reply.kind, headers=reply.headers)
