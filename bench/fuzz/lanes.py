"""Lanes on which attempts are sent: connections that are kept, with several requests on the way, and connections for one.

A lane gives back what each attempt was answered. It must not judge.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bench.fuzz.attempts import UNANSWERED, Attempt

PATIENCE = 20.0
"""Seconds for an answer. The door's own deadlines are shorter, whatever happens."""
QUIET = 0.3
"""Seconds after which a request that may never be complete counts as unanswered."""
_HEAD = re.compile(rb"HTTP/\d\.\d (\d{3}) [A-Za-z ]*\r\n((?:[A-Za-z-]+: [^\r\n]*\r\n)*)\r\n")
_HEADERS = frozenset({b"Content-Type", b"Content-Length", b"Date", b"Server", b"Retry-After", b"Connection"})
CONTINUE, FAULT, STRANGE = 100, 500, 999
"""Statuses on the way to the answer, of a fault of the receiver's, and (made up) of an answer that is none of ours."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an attempt was answered."""

    attempt: Attempt
    status: int


@dataclass(slots=True)
class Lane:
    """A connection to the door at `port`, made when it is needed."""

    port: int
    _reader: asyncio.StreamReader | None = None
    _writer: asyncio.StreamWriter | None = None

    async def together(self, attempts: Sequence[Attempt]) -> list[Answer]:
        """Send all at once, and take their answers in order. What a closed connection has lost is sent again, once."""
        answers: list[Answer] = []
        lost = 0
        while len(answers) < len(attempts):
            left = attempts[len(answers) :]
            found = await self._sent(left)
            answers += [Answer(one, status) for one, status in zip(left, found, strict=False)]
            lost = 0 if found else lost + 1
            if lost > 1:
                answers.append(Answer(left[0], UNANSWERED))
        return answers

    async def _sent(self, attempts: Sequence[Attempt]) -> list[int]:
        """Statuses, as far as they come."""
        statuses: list[int] = []
        try:
            reader, writer = await self._connected()
            writer.write(b"".join(one.raw for one in attempts))
            async with asyncio.timeout(PATIENCE):
                while len(statuses) < len(attempts):
                    status, closes = await _answer(reader)
                    statuses.append(status)
                    if closes:
                        self.close()
                        break
        except (OSError, asyncio.IncompleteReadError):
            self.close()
        return statuses

    async def alone(self, attempt: Attempt) -> Answer:
        """Send one that may break its connection. Of several answers, the one that is not allowed counts."""
        patience = QUIET if UNANSWERED in attempt.allowed else PATIENCE
        statuses: list[int] = []
        try:
            reader, writer = await self._connected()
            writer.write(attempt.raw)
            while True:
                status, closes = await asyncio.wait_for(_answer(reader), QUIET if statuses else patience)
                statuses.append(status)
                if closes or patience == PATIENCE:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        self.close()
        wrong = [status for status in statuses if status not in attempt.allowed]
        return Answer(attempt, (wrong or statuses or [UNANSWERED])[0])

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self._reader, self._writer

    def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The next status, and whether the connection ends with it. An answer has no body, and no word of what was sent."""
    head = await reader.readuntil(b"\r\n\r\n")
    fit = _HEAD.fullmatch(head)
    if fit is None:
        return STRANGE, True
    headers = dict(line.split(b": ", 1) for line in fit[2].splitlines())
    status = int(fit[1])
    if status == CONTINUE:
        return await _answer(reader)
    if headers.get(b"Content-Length", b"0") != b"0" or headers.keys() - _HEADERS:
        return status if status == FAULT else STRANGE, True
    return status, headers.get(b"Connection") == b"close" or head.startswith(b"HTTP/1.0")
