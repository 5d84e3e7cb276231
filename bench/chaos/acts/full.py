"""A full store while a backlog waits: nothing is accepted, and what waits is worked off all the same."""

import asyncio

from redis.asyncio import Redis

from bench.chaos.acts.invoices import PATIENCE, known, several
from bench.chaos.load import Load
from bench.chaos.plan import STORE
from bench.chaos.sender import Sender
from bench.chaos.stage import Stage, until

WAITING, TURNED_AWAY = 120, 30


async def full(stage: Stage, sender: Sender, load: Load) -> str:
    """Fill the store up, then let Clockify take what waits, then make room."""
    waiting, away = several("waiting", WAITING), several("away", TURNED_AWAY)
    for one in (waiting, away):
        await known(stage, load, one)
    outage = await stage.witness.order({"kind": "error", "status": 503})
    await sender.tell(waiting.tellings)
    async with stage.locks[STORE], stage.admin() as store, asyncio.TaskGroup() as telling:
        await store.config_set("maxmemory", 1)
        try:
            telling.create_task(sender.tell(away.tellings))
            await _turned_away(sender)
            await stage.witness.lift(outage)
            took = await until(
                lambda: stage.witness.marked(waiting.entries),
                within=PATIENCE,
                because="what waits cannot flow out of a full store",
            )
            await _still_full(store)
            if accepted := [one.event for one in away.tellings if one.event in sender.acknowledged]:
                stage.wrong.append(f"a full store was said to have taken {len(accepted)} events: WRONG")
        finally:
            await store.config_set("maxmemory", 0)
    await until(
        lambda: stage.witness.marked(away.entries),
        within=PATIENCE,
        because="what a full store turned away had no effect when there was room again",
    )
    return f"nothing was accepted; what waited was worked off within {took:.1f} s"


async def _turned_away(sender: Sender) -> None:
    """Wait until so many deliveries have been answered 503 as there are."""
    enough = sender.answers["503"] + TURNED_AWAY

    async def answered() -> bool:
        return sender.answers["503"] >= enough

    await until(answered, within=PATIENCE, because="a full store did not answer with 503")


async def _still_full(store: Redis) -> None:
    if (await store.config_get("maxmemory"))["maxmemory"] != "1":
        raise TimeoutError("the store has not stayed full")
