"""People's side of the ledger: look, bring back, end."""

from collections.abc import AsyncIterator, Sequence

from arq import ArqRedis

from worker import entries
from worker.ledger import links
from worker.ledger.records import Record, Undecoded, Workspace, record, undecoded, workspace
from worker.ledger.scripts import Argument, Keeping, Scripts
from worker.marking import Link, State, Verdict, Wanted

_SCAN = 500
_MOST = 100_000
_FORGOTTEN_AFTER_MS = 60_000


class Desk:
    """Looks things up, and changes them as a person says."""

    def __init__(self, store: ArqRedis, keeping: Keeping, *, future_tolerance: float = 900.0) -> None:
        """Keep the client; `future_tolerance` in seconds, as for the door."""
        self._scripts = Scripts(store, keeping)
        self._future = int(future_tolerance * 1000)

    async def show(self, ref: str) -> Record | None:
        """One invoice, whole."""
        return (await self.show_each([ref]))[0]

    async def show_each(self, refs: Sequence[str]) -> list[Record | None]:
        """Several invoices, in one round trip."""
        answers = await self._scripts.call_each([("show", [ref]) for ref in refs])
        return [record(ref, answer) for ref, answer in zip(refs, answers, strict=True)]

    async def in_state(self, state: State) -> list[str]:
        """Refs of the invoices with something unresolved, or rejected: what awaits a person."""
        return await self._find("state", state.value)

    async def in_backlog(self, workspace: str) -> list[str]:
        """Refs of the invoices with something to do in a workspace, in order."""
        return await self._find("workspace", workspace)

    async def unclaimed(self, workspace: str) -> list[str]:
        """Refs of the invoices whose claims in a workspace are still to be written, done or not."""
        return await self._find("unclaimed", workspace)

    async def naming(self, workspace: str, entry: str) -> list[str]:
        """Refs of the invoices that claim, or claimed, an entry."""
        return (await self.naming_each(workspace, [entry]))[0]

    async def naming_each(self, workspace: str, named: Sequence[str]) -> list[list[str]]:
        """Those of several entries, in one round trip."""
        home = f"{workspace}:".encode()
        answers = await self._scripts.call_each(
            [("find", ["entry", home + entries.pack((one,))[1:], _MOST]) for one in named]
        )
        return [[ref.decode() for ref in answer] for answer in answers]

    async def matching(self, pattern: str) -> AsyncIterator[str]:
        """Refs of all invoices that match a glob pattern, in no order."""
        cursor = "0"
        while True:
            found = await self._scripts.call("find", "scan", f"{cursor}:{pattern}", _SCAN)
            cursor = found[0].decode()
            for ref in found[1:]:
                yield ref.decode()
            if cursor == "0":
                return

    async def workspaces(self) -> list[Workspace]:
        """Every workspace with something to do."""
        return [workspace(row) for row in await self._scripts.call("workspaces", _MOST)]

    async def figures(self) -> dict[str, int]:
        """Counters since the store was new; those that end in `_now` are what awaits a person."""
        answer = await self._scripts.call("figures")
        return {name.decode(): int(value) for name, value in zip(answer[::2], answer[1::2], strict=True)}

    async def workers(self) -> dict[str, float]:
        """The workers that have shown a sign of life in the last minute, and how many seconds ago."""
        answer = await self._scripts.call("sign_of_life", "", _FORGOTTEN_AFTER_MS)
        return {name.decode(): ago / 1000 for name, ago in zip(answer[::2], answer[1::2], strict=True)}

    async def retry(self, ref: str, wanted: Sequence[Wanted] = (), decision: str = "") -> int:
        """Bring back what awaits a person on one invoice; `wanted` is what an unresolved event shall name.

        `decision`, `paid` or `reversed`, is a person's on events that do not say it (a refund of a part); without one
        those stay as they are.
        """
        arguments: list[Argument] = [ref, self._future, decision]
        for one in wanted:
            arguments += [one.workspace, entries.pack(one.entries)]
        return int(await self._scripts.call("retry", *arguments))

    async def link(self, link: Link) -> Verdict:
        """Tell what an invoice stands for; a payment of it that waits for that is marked now."""
        verdicts, *_ = await self._scripts.call("link", *links.arguments(link, self._future))
        return Verdict(verdicts[0].decode())

    async def told(self, ref: str) -> tuple[Wanted, ...]:
        """What was told under a name; empty where nothing was."""
        found = links.read(await self._scripts.call("links", ref, "0", _SCAN))
        return found[0][1] if found else ()

    async def links(self) -> AsyncIterator[tuple[str, tuple[Wanted, ...]]]:
        """All that was told apart from events, by the ref of its name, in no order."""
        cursor = "0"
        while True:
            answer = await self._scripts.call("links", "", cursor, _SCAN)
            cursor = answer[0].decode()
            for found in links.read(answer[1]):
                yield found
            if cursor == "0":
                return

    async def drop(self, ref: str, reason: str) -> int:
        """End what waits, or awaits a person, on one invoice. Returns how many markings and events were ended."""
        return int(await self._scripts.call("drop", ref, reason))

    async def undecoded(self) -> list[Undecoded]:
        """The bodies that could not be decoded, newest first; not what is in them."""
        found = [undecoded(row) for row in await self._scripts.call("bodies", "")]
        return sorted(found, key=lambda one: (one.kept, one.name), reverse=True)

    async def body(self, one: Undecoded) -> bytes | None:
        """What is in a body that could not be decoded: customers' data, perhaps. None where it is gone."""
        found: list[bytes] = await self._scripts.call("bodies", one.name)
        return found[0] if found else None

    async def drop_body(self, one: Undecoded, reason: str) -> bool:
        """End a body that could not be decoded; only the reason is kept, under its ref. False where it is gone."""
        return bool(await self._scripts.call("drop_body", one.name, one.ref, one.digest, reason))

    async def resume(self, workspace: str) -> bool:
        """Have a parked or waiting workspace looked at now. False where there is nothing to resume."""
        return bool(await self._scripts.call("look_again", workspace))

    async def _find(self, by: str, what: str | bytes) -> list[str]:
        return [ref.decode() for ref in await self._scripts.call("find", by, what, _MOST)]
