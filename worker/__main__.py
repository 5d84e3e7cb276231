"""`python -m worker`: the worker process, as `paidmark work`."""

import sys

from worker.app import work
from worker.process import run
from worker.settings import HandsSettings


def main() -> int:
    """Work until SIGTERM or SIGINT; see `worker.process.run` for the exit status."""
    return run(HandsSettings, work)


if __name__ == "__main__":
    sys.exit(main())
