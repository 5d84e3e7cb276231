"""Settings for the stock `arq` command: `arq worker.settings.WorkerSettings` runs the same drains.

The stock worker polls, and ends when its store goes away; `paidmark work` does neither.
"""

import asyncio
import logging
from typing import Any

from arq.connections import RedisSettings

from worker.app import functions, job_timeout, meters, opened
from worker.ending import end
from worker.ledger import connect
from worker.ledger.bell import decode, encode
from worker.log import configure
from worker.settings import HandsSettings, load


def build() -> type:
    """The class that arq reads. Reads the settings from the environment; raises SettingsError."""
    settings = load(HandsSettings)
    configure(settings.log_level, settings.log_format)
    logging.getLogger("arq").propagate = False  # its command has a handler of its own
    store = connect(settings.store, connections=settings.max_drains * 2 + 10)
    closing = asyncio.Event()

    async def start(ctx: dict[Any, Any]) -> None:
        ctx["open"] = opened(settings, store, meters(), closing)
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
            "redis_settings": RedisSettings.from_dsn(settings.store),
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
