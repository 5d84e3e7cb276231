"""What is measured, as processes on one machine: the store, the sandbox, Paidmark, and what others would write instead.

Each contender has a database of its own in the one store. Must not know what is measured.
"""

import asyncio
import base64
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from redis.asyncio import Redis

from bench import machine
from bench.machine import Machine, Recipe
from bench.ports import free_port

SECRET = "whsec_" + base64.b64encode(b"for-the-bench-only-and-no-more").decode()
COME_UP = 30.0
_LOOK_EVERY = 0.02
QUIET = ("--no-access-log", "--log-level", "warning")
THREADS = (
    "--pool", "threads", "--concurrency", "32", "--loglevel", "ERROR",
    "--without-gossip", "--without-mingle", "--without-heartbeat",
)  # fmt: skip
"""How Celery's worker is tuned."""
_HERE = str(Path(__file__).parents[2])


async def until(
    true: Callable[[], Awaitable[bool]], within: float, what: str, every: float = _LOOK_EVERY
) -> None:
    """Wait until something is true. Raises TimeoutError, which says `what` did not happen."""
    deadline = time.monotonic() + within
    while not await true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within:g} s: {what}")
        await asyncio.sleep(every)


@dataclass(slots=True)
class Rig:
    """The machine, and how its parts are reached."""

    machine: Machine
    session: aiohttp.ClientSession
    store_port: int = field(default_factory=free_port)
    sandbox_port: int = 0
    ports: dict[str, int] = field(default_factory=dict)

    def store_url(self, database: int) -> str:
        """Where a contender's database is."""
        return f"redis://127.0.0.1:{self.store_port}/{database}"

    @property
    def clockify(self) -> str:
        """Where the sandbox is."""
        return f"http://127.0.0.1:{self.sandbox_port}/api"

    def store(self, database: int = 0) -> Redis:
        """A client of a database; close it."""
        client: Redis = Redis.from_url(self.store_url(database))
        return client

    async def start_sandbox(self, limit: str = "") -> None:
        """Start a new, empty sandbox; an earlier one is ended."""
        if "sandbox" in self.machine.running:
            await self.machine.end("sandbox")
        self.sandbox_port = free_port()
        await self.machine.start("sandbox", machine.sandbox(self.sandbox_port, "--limit", limit))
        await until(lambda: listens(self.sandbox_port), COME_UP, "the sandbox comes up")

    async def ask_sandbox(self, method: str, path: str, body: Any = None) -> Any:
        """What the sandbox's control path answers."""
        url = f"http://127.0.0.1:{self.sandbox_port}/sandbox/{path}"
        async with self.session.request(method, url, json=body) as response:
            response.raise_for_status()
            return await response.json()

    async def start_receiver(self, name: str, how: str, database: int) -> int:
        """Start a receiver by what it is, or `how` much of one. Returns its port.

        `paidmark`, `silent` (the same without lines of log), `peers`; `bare`, `ledger`, `source` of `bench.bare`; `stored`
        or `unstored` of the plain service.
        """
        port = self.ports[name] = free_port()
        if how in ("paidmark", "silent"):
            level = {"PAIDMARK_LOG_LEVEL": "warning" if how == "silent" else "info"}
            recipe = machine.receiver(port, 0, {**self._paidmark(database), **level})
        elif how == "peers":
            recipe = self._peers(database, "uvicorn", "bench.peers.receiver:api", "--port", str(port), *QUIET)
        elif how == "bare":
            recipe = module("bench.bare.receiver", str(port), self.store_url(database), SECRET)
        elif how in ("ledger", "source"):
            recipe = module("bench.bare.ledger", how, str(port), self.store_url(database), SECRET)
        else:
            recipe = module("bench.plain.receiver", how, str(port), self.store_url(database), SECRET)
        await self.machine.start(name, recipe)
        await until(lambda: listens(port), COME_UP, f"{name} comes up")
        return port

    async def start_worker(self, name: str, how: str, database: int, rate: str = "50/s") -> None:
        """Start a worker: `paidmark`, with a rate limit, `bare`, or one of the plain service, `tuned` or `default`."""
        if how == "paidmark":
            hands = {
                "PAIDMARK_CLOCKIFY_URL": self.clockify,
                "PAIDMARK_CLOCKIFY_API_KEY": "any",
                "PAIDMARK_RATE_LIMIT": rate,
            }
            recipe = machine.worker(0, {**self._paidmark(database), **hands})
        elif how == "peers":
            recipe = self._peers(database, "celery", "-A", "bench.peers.worker", "worker", *THREADS)
        elif how == "bare":
            recipe = module("bench.bare.worker", self.store_url(database), self.clockify)
        else:
            recipe = module("bench.plain.worker", how, self.store_url(database), self.clockify)
        await self.machine.start(name, recipe)

    def _peers(self, database: int, *command: str) -> Recipe:
        """A part of the peers."""
        own = {
            "PEERS_STORE": self.store_url(database),
            "PEERS_SECRET": SECRET,
            "PEERS_CLOCKIFY": self.clockify,
            "PYTHONPATH": _HERE,
        }
        return Recipe((sys.executable, "-m", *command), own)

    def _paidmark(self, database: int) -> Mapping[str, str]:
        return {
            "PAIDMARK_REDIS_URL": self.store_url(database),
            "PAIDMARK_SOURCES__STANDARD__SECRETS": SECRET,
            "PAIDMARK_LOG_FORMAT": "json",
        }

    @contextmanager
    def apart(self, names: Iterable[str]) -> Iterator[None]:
        """Give these processes, which take turns, a core of their own; store and generator share the others.

        Else the scheduler has them wait for each other now and then, while a core stands idle. Does nothing where there is
        one core, or where the system knows no such wish.
        """
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        others = [0, self.machine.running["store"].pid]
        if len(cores) > 1:
            for name in names:
                os.sched_setaffinity(self.machine.running[name].pid, cores[:1])
            for pid in others:
                os.sched_setaffinity(pid, cores[1:])
        try:
            yield
        finally:
            if len(cores) > 1:
                for pid in others:
                    os.sched_setaffinity(pid, cores)

    def processor(self, name: str) -> float:
        """Seconds of processor time that a process has used so far; 0 where the system does not tell."""
        try:
            figures = Path(f"/proc/{self.machine.running[name].pid}/stat").read_text()
        except OSError:
            return 0.0
        fields = figures.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100


def module(name: str, *arguments: str) -> Recipe:
    """A process of a module of the bench."""
    return Recipe((sys.executable, "-m", name, *arguments), {"PYTHONPATH": _HERE})


async def listens(port: int) -> bool:
    """Whether anybody listens on a port of loopback."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def rigged() -> AsyncIterator[Rig]:
    """A rig with a store, for as long as the block runs."""
    folder = Path(tempfile.mkdtemp(prefix="paidmark-bench-"))
    try:
        async with aiohttp.ClientSession() as session:
            rig = Rig(Machine(folder), session)
            try:
                await rig.machine.start("store", machine.store(rig.store_port, folder / "store"))
                await until(lambda: listens(rig.store_port), COME_UP, "the store comes up")
                yield rig
            finally:
                await rig.machine.end_all()
    finally:
        shutil.rmtree(folder)
