"""`python -m worker`: the worker process, as `paidmark work`."""

import asyncio
import signal
import sys

import uvloop

from worker.app import work
from worker.log import configure
from worker.settings import HandsSettings, SettingsError, load


def main() -> int:
    """Read the settings, work until SIGTERM or SIGINT. Exit status 2: the settings are wrong; 3: a port is taken."""
    try:
        settings = load(HandsSettings)
        configure(settings.log_level, settings.log_format)
        uvloop.run(_until_signalled(settings))
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no log before there are settings
        return 2
    except OSError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the process ends with it
        return 3
    return 0


async def _until_signalled(settings: HandsSettings) -> None:
    closing = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, closing.set)
    await work(settings, closing)


if __name__ == "__main__":
    sys.exit(main())
