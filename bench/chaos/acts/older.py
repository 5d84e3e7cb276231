"""The store is put back to an older file, as by an operator who restores a backup."""

import asyncio
import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus

from bench.chaos.acts.invoices import PATIENCE, entry, known, told
from bench.chaos.lives import write
from bench.chaos.load import Load, workspace
from bench.chaos.plan import RECEIVERS, STORE
from bench.chaos.sender import Sender
from bench.chaos.stage import COME_UP, Stage, until

LOST = 200
SINCE = re.compile(r"since (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
EARLIER = 11.0
"""Seconds by which a receiver may name too early a time: it notes every ten what the count was, and tells whole seconds."""


async def older_file(stage: Stage, sender: Sender, load: Load) -> str:
    """Put the store back to what it was some events ago.

    The receivers must notice, and say since when everything must be sent again, and not since for ever; then all must be
    as if nothing had been.
    """
    copy, kept = stage.store.with_name("store.older"), time.time()
    for name in RECEIVERS:  # each knows the count in the file that will be the older one
        await _one_more(stage, sender, load, f"known_{name}", name)
    await _exchange(stage, lambda: shutil.copytree(stage.store, copy))
    await stage.settled(PATIENCE)
    for name in RECEIVERS:  # each has seen the store as it is, and will know if it is another one
        await _one_more(stage, sender, load, f"before_{name}", name)
    lost = write(LOST, seconds=3, seed=sender.seed + 1, now=time.time(), name="lost_")
    await known(stage, load, lost)
    await sender.tell(lost.tellings)
    await stage.settled(PATIENCE)

    def put_back() -> None:
        shutil.rmtree(stage.store)
        copy.rename(stage.store)

    await _exchange(stage, put_back)
    since = min([await _noticed(stage, sender, load, name) for name in RECEIVERS])
    if since < kept - EARLIER:
        stage.wrong.append(
            f"'since' is {kept - since:.0f} s before the last events that the older file knows: WRONG"
        )
    again = [replace(one, starts=0.0) for one in load.events if sender.acknowledged[one.event] >= since]
    await asyncio.gather(*(stage.end(name, signal.SIGTERM, 0) for name in RECEIVERS))
    await sender.tell(again)
    return f"noticed by both receivers; {len(again):,} events sent again"


async def _noticed(stage: Stage, sender: Sender, load: Load, name: str) -> float:
    """Since when everything must be sent again, as a receiver says that has seen the older file."""
    await _one_more(stage, sender, load, f"after_{name}", name)
    status, text = await stage.ops(name, "readyz")
    if status == HTTPStatus.OK or not (found := SINCE.search(text)):
        raise TimeoutError(f"{name} has not noticed that the store is an older one; it says: {text.strip()}")
    return datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()


async def _exchange(stage: Stage, change: Callable[[], object]) -> None:
    """Change the store's folder while no store runs on it."""
    async with stage.locks[STORE]:
        with stage.holding_up(STORE):
            await stage.machine.end(STORE, signal.SIGKILL)
            await asyncio.to_thread(change)
            await stage.machine.start(STORE)
            await until(stage.store_answers, within=COME_UP, because="the store did not come up")


async def _one_more(stage: Stage, sender: Sender, load: Load, name: str, receiver: str) -> None:
    """Pay one more invoice, at a certain receiver."""
    where, one = workspace(0), entry(name)
    telling = told(f"in_{name}", where, [one], paid=True)
    await known(stage, load, Load(tellings=[telling], entries={one: where}))
    await replace(sender, urls=[stage.url(receiver)]).tell([telling])
