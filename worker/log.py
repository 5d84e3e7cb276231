"""The log: one line a fact, JSON for machines, text for a terminal. Other libraries' warnings go the same way.

Services log to stdout. It must not know what is logged; it only keeps what looks like a secret out of it.
"""

import atexit
import json
import logging
import os
import re
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from io import TextIOWrapper
from typing import Any, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from worker.lines import Lines

_SECRET = re.compile(
    r"(?i)secret|password|passwd|token|signature|authorization|cookie|credential|(api|private|signing).?key"
)
_REDACTED = "***"
_FLAT = frozenset({str, int, float, bool, type(None)})
_ENCODER = msgspec.json.Encoder(enc_hook=str)


def configure(
    level: str = "info",
    format: str = "auto",  # noqa: A002 - the setting's name
    stream: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
) -> Lines:
    """Send the log to `stream` (stdout) from `level` on; `format` is `json`, `text`, or `auto`: text on a terminal.

    Returns what its lines go through.
    """
    stream = sys.stdout if stream is None else stream
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(
            errors="backslashreplace"
        )  # one letter that its encoding lacks would cost all lines beside it
    least = logging.getLevelNamesMapping()[level.upper()]
    as_text = format == "text" or (format == "auto" and stream.isatty())
    last = _text(colors=stream.isatty() and not environ.get("NO_COLOR")) if as_text else _json()
    processors = [*_first(), *last]
    lines = Lines(stream, processors)
    atexit.register(lines.put)
    structlog.configure(
        processors=[lines.defer, *processors],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=lambda *_: lines,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(lines)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_first(), structlog.stdlib.add_logger_name, without_what_was_sent],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(least, logging.WARNING), force=True)
    return lines


def without_what_was_sent(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    """Cut what aiohttp says of a bad request to the kind of error: the rest quotes what somebody sent."""
    error = fields.get("exc_info")
    if isinstance(error, tuple) and error[0].__module__.startswith("aiohttp"):
        return {**fields, "event": "http.bad", "exc_info": None, "kind": error[0].__name__}
    return fields


def stamp(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    """Say when, in UTC, as RFC 3339 has it: now, or when the fact was taken."""
    now = fields.get("timestamp") or time.time()
    second = int(now)
    fields["timestamp"] = f"{_written(second)}.{int((now - second) * 1e6):06d}Z"
    return fields


@lru_cache(maxsize=1)
def _written(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def redact(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    """Hide the values of fields that are named like secrets, at any depth."""
    if _FLAT.issuperset(map(type, fields.values())) and not _any_secret(tuple(fields)):
        return fields
    return {name: _hidden(name, value) for name, value in fields.items()}


def _hidden(name: str, value: Any) -> Any:
    if _is_secret(name):
        return _REDACTED
    if isinstance(value, dict):
        return {str(key): _hidden(str(key), one) for key, one in value.items()}
    if isinstance(value, list):
        return [_hidden("", one) for one in value]
    return value


@lru_cache(maxsize=1024)
def _any_secret(names: tuple[str, ...]) -> bool:
    return any(map(_is_secret, names))


def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def _first() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        stamp,
        redact,
    ]


def _json() -> list[Processor]:
    return [_as_json]


def _text(*, colors: bool) -> list[Processor]:
    # rich's tracebacks, the default where rich is installed, show local variables: secrets among them.
    return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]


def _as_json(logger: WrappedLogger, level: str, fields: EventDict) -> str:
    if "exc_info" in fields:
        fields = structlog.processors.format_exc_info(logger, level, fields)
    try:
        return _ENCODER.encode(fields).decode()
    except UnicodeEncodeError:  # half a character, which no sender of ours has sent
        return json.dumps(fields, default=str)
