"""A store with replicas and a Sentinel, of real servers on ports of their own, for tests of failover."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from bench.ports import free_port
from tests.conditions import wait_until
from tests.own_store import DURABLE, OwnStore
from worker.embedded.valkey import binary

NAME = "mymaster"
AT_ONCE = ("--repl-diskless-sync-delay", "0")
"""A replica need not wait for others that might come."""


async def said(client: "Redis", *command: str | int) -> Any:
    """What a server answers to any command."""
    return await client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it


@dataclass
class Sentinel:
    """A sentinel that watches one store. `settings` are lines of its configuration beside the usual ones."""

    folder: Path
    primary: OwnStore
    settings: tuple[str, ...] = ()
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it, with a file that it may write to, as it must."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = (
            f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder}",
            f"sentinel monitor {NAME} 127.0.0.1 {self.primary.port} 1",
            f"sentinel down-after-milliseconds {NAME} 1000", f"sentinel failover-timeout {NAME} 3000",
            *self.settings,
        )  # fmt: skip
        (self.folder / "sentinel.conf").write_text("\n".join(lines) + "\n")
        with (self.folder / "sentinel.log").open("ab") as log:
            command = (binary(), str(self.folder / "sentinel.conf"), "--sentinel")
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    async def state(self, password: str | None = None) -> dict[bytes, bytes]:
        """What it knows of the store; empty while it does not answer."""
        async with Redis(port=self.port, password=password, socket_timeout=1) as client:
            try:
                told = await said(client, "SENTINEL", "MASTER", NAME)
            except (RedisError, OSError):
                return {}
        return dict(zip(told[::2], told[1::2], strict=True))

    async def fail_over(self) -> bool:
        """Have it make a replica the primary, though the primary is well. False where it does not know one well enough."""
        async with Redis(port=self.port) as client:
            try:
                await said(client, "SENTINEL", "FAILOVER", NAME)
            except ResponseError:
                return False
        return True

    def kill(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(20)


@dataclass
class Cluster:
    """A primary and its replicas, as they were in the beginning."""

    primary: OwnStore
    replicas: list[OwnStore]

    async def online(self) -> bool:
        """Whether the primary has all of its replicas, and they have what it has on their disks."""
        async with self.primary.client() as client:
            try:
                await client.incr("clusters:ready")
            except ResponseError:  # min-replicas-to-write
                return False
            await said(client, "WAIT", len(self.replicas), 100)
            answer = await said(client, "WAITAOF", 1, len(self.replicas), 1500)
            await client.delete("clusters:ready")
        return bool(answer[1] >= len(self.replicas))


@asynccontextmanager
async def cluster(folder: Path, replicas: int = 1, *options: str) -> AsyncIterator[Cluster]:
    """A primary with replicas that have caught up."""
    stores = [OwnStore(folder / f"store-{n}", (*DURABLE, *AT_ONCE, *options)) for n in range(replicas + 1)]
    primary = stores[0]
    try:
        await primary.start()
        following = ("--replicaof", "127.0.0.1", str(primary.port))
        await asyncio.gather(*(one.start(*following) for one in stores[1:]))
        one = Cluster(primary, stores[1:])
        await wait_until(one.online, within=20, because="the replicas did not catch up")
        yield one
    finally:
        for store in stores:
            await store.kill()


@asynccontextmanager
async def watched(cluster: Cluster, folder: Path) -> AsyncIterator[Sentinel]:
    """A sentinel that knows the cluster."""
    sentinel = Sentinel(folder / "sentinel", cluster.primary)
    sentinel.start()

    async def knows() -> bool:
        state = await sentinel.state()
        return int(state.get(b"num-slaves", 0)) == len(cluster.replicas)

    try:
        await wait_until(knows, within=15, because="the sentinel does not know the replicas")
        yield sentinel
    finally:
        sentinel.kill()


@contextmanager
def standing_still(*stores: OwnStore) -> Iterator[None]:
    """Stores whose processes do nothing for as long as the block runs."""
    for store in stores:
        os.kill(store.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for store in stores:
            os.kill(store.pid, signal.SIGCONT)
