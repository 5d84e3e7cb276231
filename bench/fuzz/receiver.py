"""The receiver under attack, as the process that it is: how it is started, what it logs, how much memory it takes."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from bench.fuzz import kinds, signing

FACTS = frozenset({
    "receiver.started", "delivery.accepted", "delivery.refused", "delivery.postponed", "delivery.undecodable",
    "http.refused", "connections.dropped",
})  # fmt: skip
"""All that the receiver has to say while it is attacked. Anything else is a finding."""
MOST_STRANGE = 20
_LONGEST_LINE = 2**20


class _Line(msgspec.Struct):
    event: str
    level: str
    url: str = ""


@dataclass(slots=True)
class Receiver:
    """A receiver: its port, what it has said, and what it should not have said."""

    process: asyncio.subprocess.Process
    port: int = 0
    said: Counter[str] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)

    def memory(self) -> int:
        """Resident bytes; 0 where the system does not tell."""
        try:
            pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        except OSError:
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")

    async def listen(self) -> None:
        """Read the log to its end."""
        while raw := await _stdout(self.process).readline():
            self._heard(raw)

    def _heard(self, raw: bytes) -> None:
        try:
            line = _LINE.decode(raw)
        except msgspec.MsgspecError:
            line = _Line("not a line of log", "error")
        self.said[line.event] += 1
        if line.level not in ("info", "warning") or line.event not in FACTS:
            self.strange.append(raw.decode(errors="replace")[:2_000])
            del self.strange[MOST_STRANGE:]
        if line.url:
            self.port = int(line.url.rpartition(":")[2])


_LINE = msgspec.json.Decoder(_Line)


def _stdout(process: asyncio.subprocess.Process) -> asyncio.StreamReader:
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    return process.stdout


@asynccontextmanager
async def receiving(store_url: str, max_body: int) -> AsyncIterator[Receiver]:
    """A receiver with sources of every kind, for as long as the block runs."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PAIDMARK_")} | {
        "PAIDMARK_REDIS_URL": store_url,
        "PAIDMARK_PORT": "0",
        "PAIDMARK_OPS_PORT": "0",
        "PAIDMARK_LOG_FORMAT": "json",
        "PAIDMARK_MAX_BODY": str(max_body),
        "PAIDMARK_SOURCES__STRIPE__SECRETS": signing.STRIPE_SECRET,
        "PAIDMARK_SOURCES__STANDARD__SECRETS": signing.STANDARD_SECRET,
        **kinds.environ(),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "webhooks",
        env=environ, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, limit=_LONGEST_LINE,
    )  # fmt: skip
    receiver = Receiver(process)
    while not receiver.port:
        if not (raw := await _stdout(process).readline()):
            raise RuntimeError("\n".join(("the receiver did not start", *receiver.strange)))
        receiver._heard(raw)  # noqa: SLF001 - of this module
    listening = asyncio.create_task(receiver.listen())
    try:
        yield receiver
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()
        await listening
