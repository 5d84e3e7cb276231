"""The worker of the plain service: a job marks the entries of one webhook, and is tried again with backoff.

Started with `tuned`: many jobs at once and a short poll; with `default`: as arq is delivered.
"""

import asyncio
import sys
from datetime import timedelta
from typing import Any

import aiohttp
import uvloop
from arq import Retry
from arq.connections import RedisSettings
from arq.worker import Worker, func

TRIES = 1_000
LONGEST_PAUSE = 60
TUNED: dict[str, Any] = {"max_jobs": 100, "poll_delay": 0.01}


async def mark(ctx: dict[Any, Any], workspace: str, entries: list[str]) -> None:
    """One PATCH for the entries of one webhook."""
    session: aiohttp.ClientSession = ctx["session"]
    pause = min(LONGEST_PAUSE, 2 ** min(ctx["job_try"] - 1, 10))
    try:
        async with session.patch(
            f"{ctx['clockify']}/v1/workspaces/{workspace}/time-entries/invoiced",
            json={"invoiced": True, "timeEntryIds": entries},
        ) as response:
            if response.status == 429 or response.status >= 500:  # noqa: PLR2004 - as they are known
                raise Retry(defer=int(response.headers.get("Retry-After", pause)))
            response.raise_for_status()
    except (aiohttp.ClientConnectionError, TimeoutError) as error:
        raise Retry(defer=pause) from error


def main(how: str, store: str, clockify: str) -> None:
    """Work until killed."""

    async def startup(ctx: dict[Any, Any]) -> None:
        ctx["clockify"] = clockify
        ctx["session"] = aiohttp.ClientSession(
            headers={"X-Api-Key": "any"}, timeout=aiohttp.ClientTimeout(total=10)
        )

    async def shutdown(ctx: dict[Any, Any]) -> None:
        await ctx["session"].close()

    uvloop.install()
    asyncio.set_event_loop(asyncio.new_event_loop())
    worker = Worker(
        [func(mark, max_tries=TRIES)],
        redis_settings=RedisSettings.from_dsn(store),
        on_startup=startup,
        on_shutdown=shutdown,
        keep_result=timedelta(hours=1),
        log_results=False,
        **(TUNED if how == "tuned" else {}),
    )
    worker.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
