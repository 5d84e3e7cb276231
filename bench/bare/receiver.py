"""Verifies, parses, and pushes each delivery onto one list, many to a round trip; answers when the store has it on disk."""

import asyncio
import sys
from collections.abc import AsyncIterator

import uvloop
from aiohttp import web
from redis.asyncio import Redis

from bench.plain.receiver import KEY, key_of, parsed

DELIVERIES = "deliveries"
ON_THE_WAY = 2
"""Commands on their way at once: the store works on one while the next is gathered."""


class Pushing:
    """The list's end, shared by all who wait."""

    def __init__(self, store: Redis) -> None:
        """Keep the client; `run` must be running for anything to be pushed."""
        self._store = store
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._something = asyncio.Event()

    async def push(self, body: bytes) -> None:
        """Return when it is on disk."""
        pushed = asyncio.get_running_loop().create_future()
        self._waiting.append((body, pushed))
        self._something.set()
        await pushed

    async def run(self) -> None:
        """Push what waits, for ever."""
        while True:
            await self._something.wait()
            self._something.clear()
            if lot := self._waiting:
                self._waiting = []
                await self._store.execute_command("RPUSH", DELIVERIES, *(body for body, _ in lot))  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it
                for _, pushed in lot:
                    pushed.set_result(None)


PUSHING = web.AppKey("pushing", Pushing)
STORE_URL = web.AppKey("store_url", str)


async def receive(request: web.Request) -> web.Response:
    """Verify, parse, push, answer."""
    if await parsed(request) is None:
        return web.Response(status=401)
    await request.app[PUSHING].push(await request.read())
    return web.Response()


async def _pushing(app: web.Application) -> AsyncIterator[None]:
    store: Redis = Redis.from_url(app[STORE_URL])
    app[PUSHING] = Pushing(store)
    running = [asyncio.create_task(app[PUSHING].run()) for _ in range(ON_THE_WAY)]
    yield
    for one in running:
        one.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    await store.aclose()


def main(port: str, store: str, secret: str) -> None:
    """Receive on a port; `secret` as Standard Webhooks writes it."""
    app = web.Application()
    app[KEY], app[STORE_URL] = key_of(secret), store
    app.router.add_post("/webhooks/standard", receive)
    app.cleanup_ctx.append(_pushing)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
