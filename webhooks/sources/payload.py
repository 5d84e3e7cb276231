"""Reading an authentic body: JSON, ids and times, so that nothing but UndecodableError comes out of a strange one.

Pure. Must not know a vendor. Messages say where, never what: values stay out of the log.
"""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from webhooks.delivery import UndecodableError

T = TypeVar("T")
S = TypeVar("S")

LONGEST_ID = 255
LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""

_TYPE = re.compile(r"[A-Za-z0-9_.:/-]{1,80}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LATEST_SECOND = 10**11
"""Seconds from here on (the year 5138) are taken for milliseconds, which JavaScript counts in."""


def decode(decoder: msgspec.json.Decoder[T], body: bytes | msgspec.Raw, where: str) -> T:
    """Decode JSON. Duplicate names: the last one counts. Raises UndecodableError."""
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeError) as error:
        reason = str(error) if isinstance(error, msgspec.MsgspecError) else "not UTF-8"
        raise UndecodableError(f"{where}: {reason}") from error
    except RecursionError as error:
        raise UndecodableError(f"{where}: nested too deeply") from error


def identifier(value: object, where: str) -> str:
    """An id of the source's, as text: not empty, printable, at most LONGEST_ID characters. Raises UndecodableError."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LATEST:
        value = str(value)
    if not isinstance(value, str) or not value:
        raise UndecodableError(f"{where}: missing, or not an id")
    if len(value) > LONGEST_ID or not value.isprintable():
        raise UndecodableError(f"{where}: too long, or with characters that no id has")
    return value


def milliseconds(value: object, where: str) -> int:
    """Milliseconds since 1970, of an RFC 3339 time with its offset, or of a number of seconds. Raises UndecodableError."""
    if isinstance(value, str):
        at = _from_text(value, where)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        at = _from_number(value)
    else:
        raise UndecodableError(f"{where}: missing, or not a time")
    if not 0 <= at <= LATEST:
        raise UndecodableError(f"{where}: a time out of range")
    return at


def _from_text(value: str, where: str) -> int:
    """See https://www.rfc-editor.org/rfc/rfc3339#section-5.6: a time without an offset could be any of 26 hours."""
    try:
        at = msgspec.convert(value, datetime)
    except (msgspec.ValidationError, UnicodeError) as error:
        raise UndecodableError(f"{where}: not an RFC 3339 time") from error
    if at.tzinfo is None:
        raise UndecodableError(f"{where}: a time without its offset from UTC")
    return (at - _EPOCH) // _MILLISECOND


def _from_number(value: float) -> int:
    """Before any arithmetic, -1 for what is beyond all times: an integer can be too large for a float, a float be none."""
    if not 0 <= value <= LATEST:
        return -1
    return round(value if value >= _LATEST_SECOND else value * 1000)


def type_shown(name: str) -> str:
    """The type of an uninteresting event, for the log, if it looks like one."""
    return name if _TYPE.fullmatch(name) else "another type"


def each(items: Iterable[T], read: Callable[[T], S]) -> tuple[list[S], str]:
    """What each of several items says, and why the first one that cannot be decoded cannot: it holds up no other.

    Raises UndecodableError where none can be.
    """
    found: list[S] = []
    errors: list[UndecodableError] = []
    for item in items:
        try:
            found.append(read(item))
        except UndecodableError as error:
            errors.append(error)
    if errors and not found:
        raise errors[0]
    return found, str(errors[0]) if errors else ""
