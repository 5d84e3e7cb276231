"""The least that keeps the laws: what is verified and parsed as the plain service does it is taken by Paidmark's ledger.

Nothing is logged or bounded. With `source` one of Paidmark's own sources verifies and parses, for any secret and shape.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator

import uvloop
from aiohttp import web

from bench.plain.receiver import KEY, key_of, parsed
from webhooks.delivery import Delivery, Trust
from webhooks.resolve import Place, resolve
from webhooks.sources import KINDS
from webhooks.sources.kind import Options
from worker.ending import end
from worker.ledger import Intake, Keeping, connect
from worker.ledger.intake import Rules
from worker.marking import Cause, Wanted

STANDARD, OPTIONS, PLACE = KINDS["standard"], Options(), Place("standard", None)
TOLERANCE = 300.0
INTAKE = web.AppKey("intake", Intake)
SECRET = web.AppKey("secret", str)
STORE_URL = web.AppKey("store_url", str)


async def taken(request: web.Request) -> web.Response:
    """Verify and parse as the plain service does, have the ledger take it, answer."""
    event = await parsed(request)
    if event is None:
        return web.Response(status=401)
    data, at = event["data"], int(time.time() * 1000)
    wanted = Wanted(data["workspace_id"], tuple(data["time_entry_ids"]))
    cause = Cause(
        source="standard", account="", event=request.headers["webhook-id"], invoice=data["invoice_id"],
        payment="", invoiced=True, order=at, rank=0, at=at, wanted=(wanted,), unresolved="",
    )  # fmt: skip
    await request.app[INTAKE].accept(cause)
    return web.Response()


async def read(request: web.Request) -> web.Response:
    """Verify and parse as Paidmark does, have the ledger take it, answer."""
    now = time.time()
    delivery = Delivery(request.headers, await request.read(), arrived=now)
    STANDARD.verify(delivery, Trust(secrets=(request.app[SECRET],), now=now, tolerance=TOLERANCE), OPTIONS)
    for event in STANDARD.parse(delivery, OPTIONS).events:
        cause = resolve(event, PLACE)
        if isinstance(cause, Cause):
            await request.app[INTAKE].accept(cause)
    return web.Response()


async def _taking(app: web.Application) -> AsyncIterator[None]:
    rules = Rules()
    store = connect(app[STORE_URL], durable=True, patience=rules.deadline, retries=1)
    app[INTAKE] = Intake(store, Keeping(), rules)
    running = asyncio.create_task(app[INTAKE].run())
    yield
    await end(running)
    await store.aclose()


def main(how: str, port: str, store: str, secret: str) -> None:
    """Receive on a port; `how` is `ledger` or `source`, `secret` as Standard Webhooks writes it."""
    app = web.Application()
    app[KEY], app[SECRET], app[STORE_URL] = key_of(secret), secret, store
    app.router.add_post("/webhooks/standard", {"ledger": taken, "source": read}[how])
    app.cleanup_ctx.append(_taking)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=int(port), access_log=None, print=None)


if __name__ == "__main__":
    main(*sys.argv[1:])
