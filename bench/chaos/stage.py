"""The stage: every process, and a link between any two that talk; what strikes a process by its name.

Who has died is started again after a while, as the init system of any machine does. Nothing else is done for them.
It notes who was held up by what is done to it, and from when till when; how it comes up is `bench.chaos.build`'s.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import aiohttp
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bench.chaos.held_up import HeldUp
from bench.chaos.plan import CLOCKIFY, RECEIVERS, STORE, WORKERS
from bench.chaos.witness import Witness
from bench.link import Link
from bench.machine import Machine

CALL_TIMEOUT = 1.0
LEASE = CALL_TIMEOUT + 2.0
DOUBT = 7.5 * LEASE
COME_UP = 30.0
ARRIVES = 1.0
"""Seconds within which what a link has kept back has arrived when it is let go."""
EVERYBODY = ""
"""In the place of a worker's name: all of them."""


@dataclass(slots=True)
class Stage:
    """Everything that runs. `counts` says how often what was done; `wrong` what must not happen to a process.

    `callers`: what the sandbox calls a worker -> its name. `held_up`: who could make no progress, and when.
    """

    machine: Machine
    session: aiohttp.ClientSession
    secrets: dict[str, str] = field(repr=False)
    ports: dict[str, int] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    callers: dict[str, str] = field(default_factory=dict)
    held_up: list[HeldUp] = field(default_factory=list)

    @property
    def receivers(self) -> list[str]:
        """Where the sender reaches them: through its links."""
        return [self.url(name) for name in RECEIVERS]

    def url(self, receiver: str) -> str:
        """Where one of them is reached."""
        return f"http://127.0.0.1:{self.links[f'sender>{receiver}'].port}"

    @property
    def witness(self) -> Witness:
        """Clockify's stand-in, which has seen everything."""
        return Witness(self.session, f"http://127.0.0.1:{self.ports[CLOCKIFY]}/sandbox")

    @property
    def store(self) -> Path:
        """The store's folder."""
        return self.machine.folder / "store"

    @contextmanager
    def holding_up(self, target: str) -> Iterator[None]:
        """Note that what happens meanwhile to a process, or to a link, keeps workers, or their calls, from getting on."""
        since = time.time()
        try:
            yield
        finally:
            worker = EVERYBODY if target in (STORE, CLOCKIFY) else target.partition(">")[0]
            if worker in (EVERYBODY, *WORKERS):
                until_when = time.time() + (ARRIVES if ">" in target else 0.0)
                self.held_up.append(HeldUp(worker, since, until_when))

    async def end(self, name: str, number: int, down: float) -> bool:
        """Let a process die by a signal, and start it again `down` seconds later. Returns whether it was alive."""
        async with self.locks[name]:
            if self._has_ended(name):
                await self.machine.start(name)
                return False
            with self.holding_up(name):
                await self._end(name, number, down)
        self.counts["kills" if number == signal.SIGKILL else "terminations"] += 1
        return True

    async def _end(self, name: str, number: int, down: float) -> None:
        before, was_up = time.monotonic(), name != STORE and await self.ready(name)
        status = await self.machine.end(name, number)
        if number == signal.SIGKILL != -status:
            self.wrong.append(f"{name} has ended of itself, with {status}: WRONG")
        if number == signal.SIGTERM and was_up and status != 0:
            took = time.monotonic() - before
            self.wrong.append(f"{name} ended with {status} on SIGTERM, after {took:.1f} s")
        await asyncio.sleep(down)
        await self.machine.start(name)
        if name == STORE:
            await until(self.store_answers, within=COME_UP, because="the store did not come up")

    async def freeze(self, name: str, seconds: float) -> bool:
        """Let a process sleep, and wake it. Returns whether it was alive."""
        async with self.locks[name]:
            if self._has_ended(name):
                await self.machine.start(name)
                return False
            process = self.machine.running[name]
            with self.holding_up(name):
                process.send_signal(signal.SIGSTOP)
                await asyncio.sleep(seconds)
                process.send_signal(signal.SIGCONT)
        self.counts["freezes"] += 1
        return True

    def admin(self) -> Redis:
        """A connection of the operator's to the store."""
        return Redis(port=self.ports[STORE], socket_timeout=5)

    async def store_answers(self) -> bool:
        """Whether the store is up, with its data read."""
        try:
            async with self.admin() as store:
                await store.ping()
        except (RedisError, OSError):
            return False
        return True

    async def ops(self, name: str, path: str) -> tuple[int, str]:
        """What a process says on its ops listener."""
        async with self.session.get(f"http://127.0.0.1:{self.ports[f'{name} ops']}/{path}") as response:
            return response.status, await response.text()

    async def ready(self, name: str) -> bool:
        """Whether a process says that all is well."""
        try:
            return (await self.ops(name, "readyz"))[0] == 200  # noqa: PLR2004 - 200 OK
        except aiohttp.ClientError:
            return False

    async def idle(self) -> bool:
        """Whether nothing is waiting, as the workers' metrics say."""
        try:
            _, text = await self.ops(WORKERS[0], "metrics")
        except aiohttp.ClientError:
            return False
        return "# TYPE paidmark_backlog " in text and "\npaidmark_backlog{" not in text

    async def settled(self, within: float) -> float:
        """Wait until every process is well and nothing waits. Returns the seconds that it took."""
        took = 0.0
        for name in (*RECEIVERS, *WORKERS):
            took += await until(partial(self.ready, name), within=within, because=f"{name} is not well")
        return took + await until(self.idle, within=within, because="markings still wait: something is stuck")

    async def watch(self) -> None:
        """Note every process that has ended of itself: none may. It is started again all the same."""
        for name in self.machine.gone():
            if not self.locks[name].locked() and self._has_ended(name):
                await self.machine.start(name)

    def _has_ended(self, name: str) -> bool:
        if name not in self.machine.gone():
            return False
        self.wrong.append(f"{name} has ended of itself, with {self.machine.running[name].returncode}: WRONG")
        return True


async def until(
    condition: Callable[[], Awaitable[bool]], *, within: float, because: str, pause: float = 0.1
) -> float:
    """Wait for a condition. Returns the seconds that it took; raises TimeoutError, saying `because`."""
    began = time.monotonic()
    while not await condition():
        if time.monotonic() - began > within:
            raise TimeoutError(f"not within {within:g} s: {because}")
        await asyncio.sleep(pause)
    return time.monotonic() - began
