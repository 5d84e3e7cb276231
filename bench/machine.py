"""Real processes on this machine: a store, the sandbox, receivers and workers, started, signalled and started again.

Must not know what is proven with them.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from worker.embedded.valkey import binary

Process = asyncio.subprocess.Process
PAIDMARK = (sys.executable, "-m", "webhooks.cli")
DURABLE = ("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", "--save", "")
TREE = str(Path(__file__).parent.parent)
"""What is tried is the code beside the bench, whatever is installed."""
GRACE = 20.0
"""Seconds within which a process that is asked to end must have ended: a call under way is a few at most."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a process is started: its command, and what stands in its environment beside the machine's own."""

    command: tuple[str, ...]
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Machine:
    """A machine with everything on it; `folder` has the store's data and a log for every process."""

    folder: Path
    recipes: dict[str, Recipe] = field(default_factory=dict)
    running: dict[str, Process] = field(default_factory=dict)

    async def start(self, name: str, recipe: Recipe | None = None) -> None:
        """Start a process, as before or by a new recipe. It may not answer yet."""
        known = self.recipes[name] = recipe or self.recipes[name]
        clean = {key: value for key, value in os.environ.items() if not key.startswith("PAIDMARK_")}
        with self.log_of(name).open("ab") as log:
            self.running[name] = await asyncio.create_subprocess_exec(
                *known.command,
                env={**clean, "PYTHONPATH": TREE, **known.environ},
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )

    async def end(self, name: str, number: int = signal.SIGTERM) -> int:
        """Send a signal that ends the process, and wait. Returns its status. Kills one that does not go within GRACE."""
        process = self.running.pop(name)
        if process.returncode is None:
            process.send_signal(number)
        try:
            return await asyncio.wait_for(process.wait(), GRACE)
        except TimeoutError:
            process.kill()
            return await process.wait()

    async def end_all(self) -> None:
        """End everything, the store last."""
        for name in sorted(self.running, key=lambda one: one == "store"):
            if self.running[name].returncode is None:
                self.running[name].send_signal(signal.SIGCONT)
            await self.end(name)

    def gone(self) -> list[str]:
        """Processes that have ended without being asked."""
        return [name for name, process in self.running.items() if process.returncode is not None]

    def log_of(self, name: str) -> Path:
        """Where the process writes to."""
        return self.folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The last line that it has written."""
        return next(iter(self.log_of(name).read_text(errors="replace").splitlines()[-1:]), "nothing")


def store(port: int, folder: Path) -> Recipe:
    """A store that writes through to disk at every command."""
    folder.mkdir(exist_ok=True)
    return Recipe((binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *DURABLE))


def sandbox(port: int, *options: str) -> Recipe:
    """The stand-in for Clockify."""
    return Recipe((*PAIDMARK, "sandbox", "--port", str(port), *options))


def receiver(port: int, ops_port: int, environ: Mapping[str, str]) -> Recipe:
    """A receiver."""
    ports = {"PAIDMARK_PORT": str(port), "PAIDMARK_OPS_PORT": str(ops_port)}
    return Recipe((*PAIDMARK, "receive"), {**environ, **ports})


def worker(ops_port: int, environ: Mapping[str, str]) -> Recipe:
    """A worker."""
    return Recipe((*PAIDMARK, "work"), {**environ, "PAIDMARK_OPS_PORT": str(ops_port)})
