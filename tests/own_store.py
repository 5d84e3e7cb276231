"""A store of one's own for one test: a real server in a folder, that may be killed, starved and started again."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from bench.ports import free_port
from tests.conditions import wait_until
from worker.embedded.valkey import binary

DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--save", "")


@dataclass
class OwnStore:
    """One server: `folder` holds its data and its log; `options` are its command line's."""

    folder: Path
    options: tuple[str, ...] = DURABLE
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """Where it is, for somebody without a name."""
        return f"redis://127.0.0.1:{self.port}/0"

    def url_of(self, user: str, password: str) -> str:
        """Where it is, for a user with a password."""
        return f"redis://{user}:{password}@127.0.0.1:{self.port}/0"

    def client(self) -> Redis:
        """A client without a name."""
        client: Redis = Redis.from_url(self.url)
        return client

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self.process is not None
        return self.process.pid

    @property
    def ended(self) -> bool:
        """Whether the server's process is gone."""
        return self.process is None or self.process.poll() is not None

    async def start(self, *options: str) -> None:
        """Start the server, with more `options`, and wait until it answers."""
        place = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder))
        await self.run((binary(), *place, *self.options, *options))

    async def run(self, command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
        """Start a server by a command of one's own, and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 - it forks, and does not wait
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ
            )
        await wait_until(self.answers, within=20, because=f"the store did not start: {self.log()}")

    async def answers(self) -> bool:
        """Whether it answers, and has read its data."""
        assert not self.ended, self.log()
        async with self.client() as client:
            try:
                return bool(await client.ping())
            except AuthenticationError:
                return True
            except (RedisError, OSError):
                return False

    def log(self) -> str:
        """What the server has said."""
        return (self.folder / "server.log").read_text(errors="replace")

    async def end(self) -> None:
        """End the server in good order."""
        await self._send(signal.SIGTERM)

    async def kill(self) -> None:
        """End the server as a power cut ends its process."""
        await self._send(signal.SIGKILL)

    async def _send(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            await asyncio.to_thread(self.process.wait, 20)


@asynccontextmanager
async def own_store(folder: Path, *options: str) -> AsyncIterator[OwnStore]:
    """A running store that keeps what it acknowledges, in `folder`; it is gone when the block ends."""
    store = OwnStore(folder, (*DURABLE, *options))
    await store.start()
    try:
        yield store
    finally:
        await store.kill()
