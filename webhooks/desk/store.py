"""From the settings to the ledger, and from what is wrong to an exit status. Never loads Clockify's client.

Exit status: 1 not found, or nothing done; 2 wrong settings or arguments; 3 no store, or a store in trouble.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn, TypeVar

import typer

from webhooks.desk.words import plain
from worker.embedded import find
from worker.ledger import Desk, Keeping, connect
from worker.ledger.store import STORE_ERRORS
from worker.settings import SettingsError, StoreSettings, load, redacted

T = TypeVar("T")
NOTHING_DONE, WRONG_USE, NO_STORE = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Visit:
    """A look at the ledger. `home` is the default workspace or empty, `now` the store's time in ms since 1970."""

    desk: Desk
    home: str
    now: int


def visit(work: Callable[[Visit], Awaitable[T]]) -> T:
    """What `work` answers at the desk. Whatever is wrong with settings or store ends the command with a clear line."""
    try:
        settings = load(StoreSettings)
    except SettingsError as error:
        fail(WRONG_USE, str(error))
    url = settings.redis_url or find(settings.data)
    if url is None:
        fail(
            NO_STORE,
            f"no store: PAIDMARK_REDIS_URL is not set, and no `paidmark up` is running on {settings.data}."
            " Start it, or set PAIDMARK_REDIS_URL (or PAIDMARK_DATA) as it has it",
        )
    try:
        return asyncio.run(_at(str(url), settings, work))
    except STORE_ERRORS as error:
        fail(NO_STORE, f"the store at {redacted(str(url))} cannot be used: {plain(str(error))}")


def fail(status: int, message: str) -> NoReturn:
    """End the command: one message on stderr, and an exit status."""
    typer.echo(message, err=True)
    raise typer.Exit(status)


async def _at(url: str, settings: StoreSettings, work: Callable[[Visit], Awaitable[T]]) -> T:
    store = connect(url, connections=2, retries=1)
    try:
        seconds, micros = await store.time()
        keeping = Keeping(invoices=settings.keep_invoices, events=settings.keep_events)
        now = seconds * 1000 + micros // 1000
        desk = Desk(store, keeping, future_tolerance=settings.future_tolerance)
        return await work(Visit(desk, settings.workspace or "", now))
    finally:
        await store.aclose()
