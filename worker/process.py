"""What both halves do as processes: read their settings, run until they are told to stop, say why they could not."""

import asyncio
import errno
import gc
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import uvloop

from worker.log import configure
from worker.settings import SettingsError, StoreSettings, load

Settings = TypeVar("Settings", bound=StoreSettings)
WRONG_SETTINGS, CANNOT_RUN = 2, 3
SELDOM = (10_000, 20, 20)
"""How much is made before garbage is looked for: a delivery leaves next to none, and looking took a tenth of its time."""


def run(half: type[Settings], until: Callable[[Settings, asyncio.Event], Awaitable[None]]) -> int:
    """Run `until` with the settings of `half`; its event is set by SIGTERM and SIGINT. Returns the exit status.

    0: told to stop; 2: the settings are wrong; 3: it cannot run here, since a port is taken, for one.
    """
    try:
        return _ran(load(half), until)
    except SettingsError as error:
        return _said(error, WRONG_SETTINGS)
    except OSError as error:
        return _said(error, CANNOT_RUN)


def _ran(settings: Settings, until: Callable[[Settings, asyncio.Event], Awaitable[None]]) -> int:
    configure(settings.log_level, settings.log_format)
    return uvloop.run(_until_signalled(settings, until))


async def _until_signalled(
    settings: Settings, until: Callable[[Settings, asyncio.Event], Awaitable[None]]
) -> int:
    closing = asyncio.Event()
    close_on_signals(closing)
    gc.collect()
    gc.freeze()  # what is loaded now stays: there is no need to look through it again and again
    gc.set_threshold(*SELDOM)
    await until(settings, closing)
    return 0


def close_on_signals(closing: asyncio.Event) -> None:
    """Set `closing` when the process is told to stop."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, closing.set)


def _said(error: Exception, status: int) -> int:
    print(in_words(error), file=sys.stderr)  # noqa: T201 - where there are no settings there is no log
    return status


def in_words(error: Exception) -> str:
    """Why a process cannot run, and what to look at."""
    taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
    return (
        f"{error}. Is another one running? See PAIDMARK_PORT and PAIDMARK_OPS_PORT" if taken else str(error)
    )
