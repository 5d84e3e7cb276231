"""Waits for the list to have a delivery, and makes its call: one PATCH each, and no more is remembered of it."""

import json
import sys

import aiohttp
import uvloop
from redis.asyncio import Redis

from bench.bare.receiver import DELIVERIES


async def work(store_url: str, clockify: str) -> None:
    """Work until killed."""
    async with (
        Redis.from_url(store_url) as store,
        aiohttp.ClientSession(headers={"X-Api-Key": "any"}) as session,
    ):
        while True:
            _, body = await store.blpop(DELIVERIES)
            data = json.loads(body)["data"]
            async with session.patch(
                f"{clockify}/v1/workspaces/{data['workspace_id']}/time-entries/invoiced",
                json={"invoiced": True, "timeEntryIds": data["time_entry_ids"]},
            ) as response:
                response.raise_for_status()


if __name__ == "__main__":
    uvloop.run(work(*sys.argv[1:]))
