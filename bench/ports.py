"""Ports for processes that are told theirs beforehand."""

import random
import socket
from collections.abc import Iterator
from functools import cache
from itertools import chain, cycle

LOWEST, HIGHEST = 10_000, 32_767
"""Below those that systems give to whoever asks for any (from 32768 or 49152 on), so that until the process listens nobody
else comes by the port: no connection that goes out, no listener on port 0."""


@cache
def _in_turn() -> Iterator[int]:
    """Each process begins anywhere: two that take ports at once seldom meet."""
    first = random.randint(LOWEST, HIGHEST)  # noqa: S311 - not for secrets
    return cycle(chain(range(first, HIGHEST + 1), range(LOWEST, first)))


def free_port() -> int:
    """A port of loopback that nobody listens on, and that was not handed out lately."""
    for port in _in_turn():
        with socket.socket() as listening:
            try:
                listening.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError  # pragma: no cover - it goes round and round
