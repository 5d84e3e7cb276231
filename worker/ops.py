"""The listener for operators: whether a process is ready, and its figures. Apart from what the internet reaches.

It must not know what readiness is: it asks, and bounds the wait for the answer.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from aiohttp import web
from redis.exceptions import RedisError

from worker.metrics import CONTENT_TYPE

PATIENCE = 2.0
"""Seconds that an answer may take."""

T = TypeVar("T")


class _UnansweredError(Exception):
    """What was asked for cannot be had now. The message says why."""


@asynccontextmanager
async def listening(
    host: str,
    port: int,
    *,
    wrong: Callable[[], Awaitable[list[str]]],
    figures: Callable[[], Awaitable[bytes]],
) -> AsyncIterator[None]:
    """Answer `/readyz` and `/metrics` while the block runs; nothing listens where `port` is 0.

    `wrong` says what keeps the process from being ready, a line each; `figures` is the text for Prometheus.
    Raises OSError, in words that name the settings, where the address cannot be had.
    """
    if not port:
        yield
        return
    runner = web.AppRunner(_application(wrong, figures), access_log=None, shutdown_timeout=PATIENCE)
    await runner.setup()
    try:
        await _bind(runner, host, port)
        yield
    finally:
        await runner.cleanup()


async def _bind(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise OSError(
            error.errno,
            f"cannot listen on {host}:{port} for /readyz and /metrics ({error.strerror}): "
            "set PAIDMARK_OPS_HOST and PAIDMARK_OPS_PORT to an address that is free, or the port to 0 for none",
        ) from error


def _application(
    wrong: Callable[[], Awaitable[list[str]]], figures: Callable[[], Awaitable[bytes]]
) -> web.Application:
    async def readyz(_: web.Request) -> web.Response:
        try:
            complaints = await _answered(wrong())
        except _UnansweredError as error:
            complaints = [str(error)]
        return web.Response(status=503 if complaints else 200, text="\n".join(complaints or ["ready"]) + "\n")

    async def metrics(_: web.Request) -> web.Response:
        try:
            return web.Response(body=await _answered(figures()), headers={"Content-Type": CONTENT_TYPE})
        except _UnansweredError as error:
            return web.Response(status=503, text=f"{error}\n")

    app = web.Application()
    app.add_routes([web.get("/readyz", readyz), web.get("/metrics", metrics)])
    return app


async def _answered(asked: Awaitable[T]) -> T:
    try:
        return await asyncio.wait_for(asked, PATIENCE)
    except (RedisError, OSError) as error:
        said = str(error) or f"no answer within {PATIENCE:g} s"
        raise _UnansweredError(f"the store: {said}") from error
