"""The load generator: posts prepared requests over many connections, each as soon as its last answer has come.

Below HTTP libraries on purpose: it must never be the bottleneck. `idle` says how much of its time it had nothing to do.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

_HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Drive:
    """What came of it: answers by status, how long each took, and how long all of it, in seconds.

    `cpu` is the generator's own processor time; `last` the time of the last answer, in seconds since 1970.
    """

    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0
    last: float = 0.0

    @property
    def rate(self) -> float:
        """Answers of status 200 a second."""
        return self.statuses.get(200, 0) / self.seconds

    def latency(self, share: float) -> float:
        """A percentile of the latencies, in seconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    @property
    def busy(self) -> float:
        """The share of one core that the generator itself has needed."""
        return self.cpu / self.seconds


class _Connection(asyncio.Protocol):
    """One connection: a request is sent when the answer to the one before has come whole."""

    def __init__(self, requests: "list[bytes]", drive: Drive, done: "asyncio.Future[None]") -> None:
        self._requests, self._drive, self._done = requests, drive, done
        self._read = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._read += data
        end = self._read.find(_HEAD_END)
        if end < 0:
            return
        head = self._read[:end].lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(self._read) < end + len(_HEAD_END) + length:
            return
        self._drive.latencies.append(time.perf_counter() - self._sent)
        self._drive.last = time.time()
        status = int(head[9:12])
        self._drive.statuses[status] = self._drive.statuses.get(status, 0) + 1
        self._read = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or ConnectionResetError("the server has closed the connection"))

    def _next(self) -> None:
        if self._requests:
            self._sent = time.perf_counter()
            self._transport.write(self._requests.pop())
        elif not self._done.done():
            self._done.set_result(None)
            self._transport.close()


async def drive(port: int, requests: Sequence[bytes], *, connections: int) -> Drive:
    """Post all of `requests` to a port of loopback. Raises OSError where a connection is lost."""
    loop, told, waiting = asyncio.get_running_loop(), Drive(), list(reversed(requests))
    ends = [loop.create_future() for _ in range(connections)]
    began, cpu = time.perf_counter(), time.process_time()
    for end in ends:
        await loop.create_connection(lambda end=end: _Connection(waiting, told, end), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    told.seconds, told.cpu = time.perf_counter() - began, time.process_time() - cpu
    return told


def request(path: str, headers: dict[str, str], body: bytes) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + _HEAD_END + body
