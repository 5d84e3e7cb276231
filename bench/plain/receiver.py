"""The receiver of the plain service; with `unstored` one that verifies and parses, and keeps nothing: the limit."""

import base64
import hmac
import json
import sys
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import uvloop
from aiohttp import web
from arq import ArqRedis, create_pool
from arq.connections import RedisSettings

TOLERANCE = 300
STORE = web.AppKey("store", ArqRedis)
KEY = web.AppKey("key", bytes)
STORE_URL = web.AppKey("store_url", str)


async def unstored(request: web.Request) -> web.Response:
    """Verify, parse, answer."""
    return web.Response(status=401 if await parsed(request) is None else 200)


async def stored(request: web.Request) -> web.Response:
    """Verify, parse, enqueue a job that has the event's id, answer."""
    event = await parsed(request)
    if event is None:
        return web.Response(status=401)
    if event["type"] == "invoice.paid":
        data, name = event["data"], request.headers["webhook-id"]
        await request.app[STORE].enqueue_job(
            "mark", data["workspace_id"], data["time_entry_ids"], _job_id=name
        )
    return web.Response()


async def parsed(request: web.Request) -> Any:
    """The event of a delivery that is signed as Standard Webhooks says, and fresh; None otherwise."""
    body, headers = await request.read(), request.headers
    name, stamp = headers["webhook-id"], headers["webhook-timestamp"]
    raw = hmac.digest(request.app[KEY], f"{name}.{stamp}.".encode() + body, sha256)
    signature = "v1," + base64.b64encode(raw).decode()
    if abs(time.time() - int(stamp)) > TOLERANCE:
        return None
    given = headers["webhook-signature"].split(" ")
    if not any(hmac.compare_digest(signature, one) for one in given):
        return None
    return json.loads(body)


def key_of(secret: str) -> bytes:
    """The key of a secret as Standard Webhooks writes it."""
    return base64.b64decode(secret.removeprefix("whsec_"))


async def _connected(app: web.Application) -> AsyncIterator[None]:
    app[STORE] = await create_pool(RedisSettings.from_dsn(app[STORE_URL]))
    yield
    await app[STORE].aclose()


def main(how: str, port: str, store: str, secret: str) -> None:
    """Receive on a port; `how` is `stored` or `unstored`, `secret` as Standard Webhooks writes it."""
    app = web.Application()
    app[KEY], app[STORE_URL] = key_of(secret), store
    app.router.add_post("/webhooks/standard", {"stored": stored, "unstored": unstored}[how])
    app.cleanup_ctx.append(_connected)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
