"""The scripts: read from their files, put together, and called by their digest.

Must not know what they mean. A script has a shebang line with its flags; what it needs stands in between.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import Any

from arq import ArqRedis
from arq.jobs import serialize_job
from redis.exceptions import NoScriptError

from worker.ledger.bell import encode

Argument = str | bytes | int
_CONSTANTS = re.compile(r"^local ([A-Z_]+(?:, [A-Z_]+)*) = ([0-9]+(?:, [0-9]+)*)$", re.MULTILINE)
_WORD = re.compile(r"'[^'\n]*'|--.*|[A-Za-z_][A-Za-z_0-9]*")
_BEFORE = {
    "linking": {"accept", "tie", "retry", "link", "links"},
    "apply": {"accept", "tie", "retry", "link"},
    "lease": {"take", "begin"},
    "reading": {"plan", "begin"},
    "limits": {"permit", "begin", "settle"},
}
"""What stands before some scripts only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long the ledger remembers, in seconds."""

    invoices: float = 400 * 86400.0
    events: float = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Script:
    """One script as it is sent to the store, and the digest by which it is called."""

    text: str
    digest: str


@cache
def script(name: str) -> Script:
    """The script `name`.lua with what stands before it."""
    shebang, _, body = _read(name).partition("\n")
    before = [
        "prelude",
        "record",
        "backlog",
        "claims",
        *(part for part, needed in _BEFORE.items() if name in needed),
    ]
    text = "\n".join([shebang, _inlined("\n".join([*map(_read, before), body]))])
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


class Scripts:
    """Calls scripts on one store, with the house rules that each of them is given."""

    def __init__(self, store: ArqRedis, keeping: Keeping) -> None:
        """Keep the client of the store, and how long to remember."""
        self._store = store
        rung = serialize_job("drain", ("@",), {}, None, 0, serializer=encode)
        self._rules = (int(keeping.invoices * 1000), int(keeping.events * 1000), rung)

    async def call(self, name: str, *arguments: Argument) -> Any:
        """What script `name` answers. A store that has forgotten its scripts (a restart) is told again."""
        wanted = script(name)
        try:
            return await self._run("EVALSHA", wanted.digest, arguments)
        except NoScriptError:
            return await self._run("EVAL", wanted.text, arguments)

    async def _run(self, command: str, what: str, arguments: Sequence[Argument]) -> Any:
        return await self._store.execute_command(command, what, 0, *self._rules, *arguments)  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it

    async def call_each(self, calls: Sequence[tuple[str, Sequence[Argument]]]) -> list[Any]:
        """What each of `calls` answers, in one round trip: a value, or the exception that it raised.

        A store that has forgotten scripts is told again. Then all calls from the first of these on are made once more:
        each may be repeated, and may build on the one before it.
        """
        answers = await self._send(calls)
        forgotten = [n for n, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if not forgotten:
            return answers
        for name in {calls[n][0] for n in forgotten}:
            await self._store.script_load(script(name).text)
        return answers[: forgotten[0]] + await self._send(calls[forgotten[0] :])

    async def _send(self, calls: Sequence[tuple[str, Sequence[Argument]]]) -> list[Any]:
        pipeline = self._store.pipeline(transaction=False)
        for name, arguments in calls:
            pipeline.execute_command("EVALSHA", script(name).digest, 0, *self._rules, *arguments)
        return await pipeline.execute(raise_on_error=False)


def _inlined(text: str) -> str:
    """The text with whole numbers in the place of the names that stand for them.

    The store runs all of a script at each call: there, a name that functions share costs each of them a search for it.
    """
    numbers = {
        name: number
        for names, values in _CONSTANTS.findall(text)
        for name, number in zip(names.split(", "), values.split(", "), strict=True)
    }
    return _WORD.sub(lambda word: numbers.get(word[0], word[0]), _CONSTANTS.sub("", text))


def _read(name: str) -> str:
    return files("worker.ledger").joinpath(f"{name}.lua").read_text()
