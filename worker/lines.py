"""Lines of the log, put into words and written together. Must not know what is logged."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LATE = 0.02
"""Seconds that a line may wait for others."""


class Lines:
    """A stream whose lines are put into words and go out together, after a moment; at once, where no event loop is running.

    One by one, in the middle of other work, a line takes several times as long. What cannot be written (nobody reads any
    more) is dropped: it must not stop the work.
    """

    def __init__(self, stream: TextIO, processors: Sequence[Processor] = ()) -> None:
        """Keep the stream, and what turns a fact into a line."""
        self._stream = stream
        self._processors = processors
        self._lines: list[str | tuple[str, EventDict]] = []
        self._turn: asyncio.AbstractEventLoop | None = None

    def write(self, text: str) -> None:
        """Take some text."""
        self._lines.append(text)

    def defer(self, _: WrappedLogger, level: str, fields: EventDict) -> EventDict:
        """Take a fact, to be put into words with others; an exception must be told while it is at hand."""
        if fields.get("exc_info"):
            return fields
        fields["timestamp"] = time.time()
        self._lines.append((level, fields))
        self.flush()
        raise structlog.DropEvent

    def line(self, text: str) -> None:
        """Take a whole line: structlog calls it by the names of its levels."""
        self._lines.append(text + "\n")
        self.flush()

    debug = info = warning = error = critical = exception = line

    def flush(self) -> None:
        """See that what was taken goes out."""
        loop = _running()
        if loop is None:
            self.put()
        elif loop is not self._turn:
            self._turn = loop
            loop.call_later(LATE, self.put)

    def put(self) -> None:
        """Write all that was taken."""
        lines, self._lines, self._turn = self._lines, [], None
        text = "".join([one if isinstance(one, str) else self._line(*one) for one in lines])
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()

    def _line(self, level: str, fields: EventDict) -> str:
        event = fields.get("event")
        try:
            told: Any = fields
            for processor in self._processors:
                told = processor(None, level, told)
        except Exception as error:  # noqa: BLE001 - of a field's own: the other lines must not be lost with it
            told = f"{event}: a field cannot be put into words: {type(error).__name__}"
        return f"{told}\n"


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
