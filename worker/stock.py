"""Settings for the stock `arq` command: `arq worker.settings.WorkerSettings` runs the same drains.

The stock worker polls, and ends when its store goes away; `paidmark work` does neither.
"""

import asyncio
import logging
from typing import Any

from arq.connections import RedisSettings
from redis.asyncio.connection import parse_url

from worker.app import functions, job_timeout, meters, opened
from worker.ending import end
from worker.ledger import connect
from worker.ledger.bell import decode, encode
from worker.log import configure
from worker.sentinels import parse
from worker.settings import HandsSettings, load
from worker.unsaid import Unsaid


def _for_arq(url: str) -> RedisSettings:
    """What `arq --check` connects by; the worker has its own client. arq cannot say a password to sentinels."""
    under = parse(url)
    if under is None:
        return RedisSettings.from_dsn(url)
    said = parse_url(under.store)
    return RedisSettings(
        host=list(under.sentinels),
        sentinel=True,
        sentinel_master=under.name,
        database=said.get("db", 0),
        username=said.get("username"),
        password=said.get("password"),
        ssl="connection_class" in said,
    )


def build() -> type:
    """The class that arq reads. Reads the settings from the environment; raises SettingsError."""
    settings = load(HandsSettings)
    configure(settings.log_level, settings.log_format)
    logging.getLogger("arq").propagate = False  # its command has a handler of its own
    store = connect(settings.store, connections=settings.max_drains * 2 + 10)
    closing = asyncio.Event()

    async def start(ctx: dict[Any, Any]) -> None:
        ctx["open"] = opened(settings, store, meters(), closing, Unsaid())
        ctx["sweep"] = await ctx["open"].__aenter__()
        ctx["sweeping"] = asyncio.create_task(ctx["sweep"].run())

    async def stop(ctx: dict[Any, Any]) -> None:
        closing.set()
        await end(ctx["sweeping"])
        await ctx["sweep"].finish()
        await ctx["open"].__aexit__(None, None, None)

    return type(
        "WorkerSettings",
        (),
        {
            "functions": functions(job_timeout(settings)),
            "redis_pool": store,
            "redis_settings": _for_arq(settings.store),
            "on_startup": staticmethod(start),
            "on_shutdown": staticmethod(stop),
            "job_serializer": staticmethod(encode),
            "job_deserializer": staticmethod(decode),
            "job_timeout": job_timeout(settings),
            "job_completion_wait": int(job_timeout(settings)) + 1,
            "max_jobs": settings.max_drains,
            "keep_result": 0,
            "log_results": False,
        },
    )
