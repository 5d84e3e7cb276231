"""The stage: every process, and a link between any two that talk; what strikes a process or its links by name.

Who has died is started again after a while, as the init system of any machine does. Nothing else is done for them.
"""

import asyncio
import base64
import secrets
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from redis.asyncio import Redis

from bench import machine
from bench.chaos.load import WORKSPACES, Load, workspace
from bench.chaos.plan import RECEIVERS, STORE, WORKERS
from bench.link import Link
from bench.machine import Machine, free_port

CALL_TIMEOUT = 1.0
LEASE = CALL_TIMEOUT + 2.0
DOUBT = 7.5 * LEASE
COME_UP = 30.0
SEEDED_TOGETHER = 20_000


@dataclass(slots=True)
class Stage:
    """Everything that runs. `counts` says how often what was done; `wrong` what must not happen to a process."""

    machine: Machine
    session: aiohttp.ClientSession
    secrets: dict[str, str] = field(repr=False)
    ports: dict[str, int] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def receivers(self) -> list[str]:
        """Where the sender reaches them: through its links."""
        return [self.url(name) for name in RECEIVERS]

    def url(self, receiver: str) -> str:
        """Where one of them is reached."""
        return f"http://127.0.0.1:{self.links[f'sender>{receiver}'].port}"

    @property
    def store(self) -> Path:
        """The store's folder."""
        return self.machine.folder / "store"

    async def end(self, name: str, number: int, down: float) -> None:
        """Let a process die by a signal, and start it again `down` seconds later."""
        async with self.locks[name]:
            before, was_up = time.monotonic(), name != STORE and await self.ready(name)
            status = await self.machine.end(name, number)
            if number == signal.SIGTERM and was_up and status != 0:
                took = time.monotonic() - before
                self.wrong.append(f"{name} ended with {status} on SIGTERM, after {took:.1f} s")
            await asyncio.sleep(down)
            await self.machine.start(name)
        self.counts["kills" if number == signal.SIGKILL else "terminations"] += 1

    async def freeze(self, name: str, seconds: float) -> None:
        """Let a process sleep, and wake it."""
        async with self.locks[name]:
            process = self.machine.running[name]
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(seconds)
            process.send_signal(signal.SIGCONT)
        self.counts["freezes"] += 1

    def admin(self) -> Redis:
        """A connection of the operator's to the store."""
        return Redis(port=self.ports[STORE], socket_timeout=5)

    async def sandbox(self, method: str, what: str, body: object = None) -> Any:
        """Ask the sandbox something, or order something of it."""
        url = f"http://127.0.0.1:{self.ports['clockify']}/sandbox/{what}"
        async with self.session.request(method, url, json=body) as response:
            response.raise_for_status()
            return await response.json()

    async def seed(self, load: Load) -> None:
        """Put a load's entries into Clockify, less those that do not exist."""
        entries = [{"id": entry, "workspace": where} for entry, where in load.entries.items()]
        for i in range(0, len(entries), SEEDED_TOGETHER):
            await self.sandbox("POST", "seed", {"entries": entries[i : i + SEEDED_TOGETHER]})

    async def lift(self, fault: str) -> None:
        """End an ordered fault; one that has struck as often as it should is gone already."""
        url = f"http://127.0.0.1:{self.ports['clockify']}/sandbox/faults/{fault}"
        async with self.session.delete(url) as response:
            await response.read()

    async def ops(self, name: str, path: str) -> tuple[int, str]:
        """What a process says on its ops listener."""
        async with self.session.get(f"http://127.0.0.1:{self.ports[f'{name} ops']}/{path}") as response:
            return response.status, await response.text()

    async def stands_in(self) -> bool:
        """Whether the sandbox answers."""
        try:
            await self.sandbox("GET", "figures")
        except aiohttp.ClientConnectionError:
            return False
        return True

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

    async def entry(self, name: str) -> dict[str, Any]:
        """An entry as Clockify has it; empty if no call has ever named it."""
        url = f"http://127.0.0.1:{self.ports['clockify']}/sandbox/entries/{name}"
        async with self.session.get(url) as response:
            found: dict[str, Any] = await response.json()
            return found

    async def watch(self) -> None:
        """Note every process that has ended of itself: none may. It is started again all the same."""
        for name in self.machine.gone():
            if not self.locks[name].locked():
                self.wrong.append(f"{name} has ended of itself")
                await self.machine.start(name)


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


@asynccontextmanager
async def built(folder: Path, load: Load) -> AsyncIterator[Stage]:
    """Everything up and ready; ended again at the end."""
    signing = {
        name: "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        for name in ("stripe", "standard", "forged")
    }
    async with aiohttp.ClientSession() as session:
        stage = Stage(Machine(folder), session, signing)
        try:
            await _start(stage)
            for number in range(WORKSPACES):
                await stage.sandbox("POST", "seed", {"workspaces": [{"id": workspace(number)}]})
            await stage.seed(load)
            yield stage
        finally:
            for link in stage.links.values():
                await link.close()
            await stage.machine.end_all()


async def _start(stage: Stage) -> None:
    names = (STORE, "clockify", *RECEIVERS, *WORKERS)
    stage.ports = {name: free_port() for name in names} | {f"{name} ops": free_port() for name in names[2:]}
    stage.locks = {name: asyncio.Lock() for name in names}
    await stage.machine.start(STORE, machine.store(stage.ports[STORE], stage.store))
    await stage.machine.start("clockify", machine.sandbox(stage.ports["clockify"], "--closed"))
    for name in RECEIVERS:
        environ = await _environ(stage, name) | {
            f"PAIDMARK_SOURCES__{source.upper()}__SECRETS": stage.secrets[source]
            for source in ("stripe", "standard")
        }
        await stage.machine.start(
            name, machine.receiver(stage.ports[name], stage.ports[f"{name} ops"], environ)
        )
        await _link(stage, f"sender>{name}", stage.ports[name])
    for name in WORKERS:
        clockify = await _link(stage, f"{name}>clockify", stage.ports["clockify"])
        environ = await _environ(stage, name) | {
            "PAIDMARK_CLOCKIFY_URL": f"http://127.0.0.1:{clockify}/api",
            "PAIDMARK_CLOCKIFY_API_KEY": secrets.token_urlsafe(24),
            "PAIDMARK_CLOCKIFY_TIMEOUT": str(CALL_TIMEOUT),
            "PAIDMARK_RETRY_CAP": "1",
            "PAIDMARK_PROBE_INTERVAL": "3",
        }
        await stage.machine.start(name, machine.worker(stage.ports[f"{name} ops"], environ))
    await until(stage.stands_in, within=COME_UP, because="the sandbox did not come up")
    for name in (*RECEIVERS, *WORKERS):
        await until(partial(stage.ready, name), within=COME_UP, because=f"{name} did not come up")


async def _environ(stage: Stage, name: str) -> dict[str, str]:
    port = await _link(stage, f"{name}>store", stage.ports[STORE])
    return {"PAIDMARK_REDIS_URL": f"redis://127.0.0.1:{port}/0", "PAIDMARK_LOG_FORMAT": "json"}


async def _link(stage: Stage, name: str, target: int) -> int:
    link = stage.links[name] = Link(target)
    return await link.open()
