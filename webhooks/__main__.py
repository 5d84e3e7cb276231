"""`python -m webhooks`: the receiver, as `paidmark receive`."""

import sys

from webhooks.app import serve
from webhooks.settings import DoorSettings
from worker.process import run


def main() -> int:
    """Receive until SIGTERM or SIGINT; see `worker.process.run` for the exit status."""
    return run(DoorSettings, serve)


if __name__ == "__main__":
    sys.exit(main())
