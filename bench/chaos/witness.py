"""The witness: what the stage asks the sandbox, and orders of it. The sandbox is never killed, and it knows nothing of Paidmark."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench.chaos.load import Load

SEEDED_TOGETHER = 20_000


@dataclass(frozen=True, slots=True)
class Witness:
    """The sandbox behind its control path; `url` ends in `/sandbox`. Raises what aiohttp raises, if it does not answer."""

    session: aiohttp.ClientSession
    url: str

    async def ask(self, method: str, what: str, body: object = None) -> Any:
        """Ask something, or order something."""
        async with self.session.request(method, f"{self.url}/{what}", json=body) as response:
            response.raise_for_status()
            return await response.json()

    async def stands_in(self) -> bool:
        """Whether it answers."""
        try:
            await self.ask("GET", "figures")
        except aiohttp.ClientConnectionError:
            return False
        return True

    async def seed(self, load: Load) -> None:
        """Put a load's entries into Clockify, less those that do not exist."""
        entries = [{"id": entry, "workspace": where} for entry, where in load.entries.items()]
        for i in range(0, len(entries), SEEDED_TOGETHER):
            await self.ask("POST", "seed", {"entries": entries[i : i + SEEDED_TOGETHER]})

    async def order(self, fault: dict[str, Any]) -> str:
        """Let Clockify misbehave. Returns what `lift` wants."""
        return str((await self.ask("POST", "faults", fault))["id"])

    async def lift(self, name: str) -> bool:
        """End an ordered fault. Returns whether it has struck; one that did so as often as it should is gone already."""
        standing = await self.ask("GET", "faults")
        async with self.session.delete(f"{self.url}/faults/{name}") as response:
            await response.read()
        return name not in standing or bool(standing[name]["struck"])

    async def entry(self, name: str) -> dict[str, Any]:
        """An entry as Clockify has it."""
        found: dict[str, Any] = await self.ask("GET", f"entries/{name}")
        return found

    async def marked(self, entries: Iterable[str]) -> bool:
        """Whether all of these entries are invoiced."""
        return all([(await self.entry(one))["invoiced"] for one in entries])

    async def touched(self) -> dict[str, dict[str, Any]]:
        """Every entry that a call has named, with its history, by its id."""
        return {entry["id"]: entry for entry in await self.ask("GET", "entries?touched=1")}

    async def calls(self) -> list[dict[str, Any]]:
        """Every call that has arrived, in that order; as many as the log keeps."""
        found: list[dict[str, Any]] = await self.ask("GET", "calls")
        return found

    async def figures(self) -> dict[str, Any]:
        """The counts."""
        found: dict[str, Any] = await self.ask("GET", "figures")
        return found
