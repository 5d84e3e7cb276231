"""How times, counts and names are said on the desk. Pure; must not know where they come from."""

from datetime import UTC, datetime

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_TWO = 2
"""From two of a unit on, that unit is used: 90 s, but 2 min."""


def plain(text: str) -> str:
    """Text that came from outside, with nothing in it that a terminal could obey: what cannot be printed is spelt."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "backslashreplace").decode()
        for one in text
    )


def duration(seconds: float) -> str:
    """A length of time as people say it: `12 s`, `3 min`, `5 h`, `2 d`."""
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= _TWO * unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{max(seconds, 0):.0f} s"


def ago(then: int, now: int) -> str:
    """How long ago `then` was; both in milliseconds since 1970."""
    return f"{duration((now - then) / 1000)} ago" if then <= now else f"in {duration((then - now) / 1000)}"


def clock(at: int) -> str:
    """A time in milliseconds since 1970, for people: to the second, in UTC."""
    moment = _moment(at)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "not a date"


def iso(at: int) -> str | None:
    """A time in milliseconds since 1970, for programs. None for 0 (not yet), and for what is no date at all."""
    moment = _moment(at) if at else None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


def counted(number: int, one: str, many: str) -> str:
    """A number with the noun that fits it."""
    return f"{number:,} {one if number == 1 else many}"


def entries(number: int) -> str:
    """So many entries."""
    return counted(number, "entry", "entries")


def _moment(at: int) -> datetime | None:
    """None where a source has sent a number that no calendar has."""
    try:
        return datetime.fromtimestamp(at / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
