"""Everything in one process, for real use on one machine: store, receiver, worker. The store is stopped last."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog

from webhooks.app import serve
from webhooks.settings import DoorSettings
from worker.app import work
from worker.embedded import StoreFailedError, embedded, find
from worker.ending import end
from worker.process import close_on_signals
from worker.settings import HandsSettings, SettingsError, load

LOOK_EVERY = 1.0

log = structlog.get_logger()


def settings(environ: Mapping[str, str] = os.environ) -> tuple[DoorSettings, HandsSettings]:
    """The settings of both halves. Raises SettingsError, with every mistake in either."""
    try:
        door = load(DoorSettings, environ)
    except SettingsError as error:
        mistakes = error.mistakes
        try:
            load(HandsSettings, environ)
        except SettingsError as more:
            mistakes += tuple(one for one in more.mistakes if one not in mistakes)
        raise SettingsError(mistakes) from None  # the cause would carry the values
    return door, load(HandsSettings, environ)


async def run(door: DoorSettings, hands: HandsSettings) -> None:
    """Run until SIGTERM or SIGINT. Raises EmbeddedStoreError where the folder is in use, OSError where a port is."""
    closing = asyncio.Event()
    close_on_signals(closing)
    async with _store(door) as url:
        # One PAIDMARK_OPS_PORT for both halves: the worker takes the next one.
        port = hands.ops_port + 1 if hands.ops_port == door.ops_port != 0 else hands.ops_port
        halves = [
            asyncio.create_task(serve(door.model_copy(update={"redis_url": url}), closing)),
            asyncio.create_task(work(hands.model_copy(update={"redis_url": url, "ops_port": port}), closing)),
        ]
        watching = asyncio.create_task(_gone(door))
        await asyncio.wait([*halves, watching], return_when=asyncio.FIRST_COMPLETED)
        # One part that cannot go on takes the others with it: half a service looks like a whole one.
        closing.set()
        await asyncio.gather(*halves)
        if watching.done():
            raise StoreFailedError(
                f"{door.data}: the store has ended; start again, and it reads what it has on disk"
            )
        await end(watching)


async def _gone(door: DoorSettings) -> None:
    """Wait until the embedded store has ended; for ever, where it is another."""
    while door.redis_url or await asyncio.to_thread(find, door.data):  # noqa: ASYNC110 - an adopted store is not our child
        await asyncio.sleep(LOOK_EVERY)


@asynccontextmanager
async def _store(door: DoorSettings) -> AsyncIterator[str]:
    """The store of the settings, or an embedded one in the data folder."""
    if door.redis_url:
        yield door.redis_url
        return
    async with embedded(door.data) as store:
        log.info("store.started", folder=str(door.data))
        yield store.url
    log.info("store.stopped", folder=str(door.data))
