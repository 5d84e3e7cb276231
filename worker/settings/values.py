"""The kinds of values that settings have, each with what it must look like in words.

Pure. A message says what is expected, and never repeats the value: it may be a secret in the wrong place.
"""

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, SecretStr

from worker import sentinels
from worker.entries import is_id

EVERY = "*"
"""Stands for every workspace that is not named."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RATE = re.compile(r"([1-9]\d{0,8})/(\d{0,7})([smhd])")
_TIME = re.compile(r"(\d{1,9}(?:\.\d{1,6})?) ?([smhd]?)")
_PASSWORD = re.compile(r"(?i)([?&](?:sentinel_)?(?:password|username)=)[^&]*")
_OPTIONS = {"db", "username", "password", "client_name"}
"""What may stand behind the `?` of a store's URL, and `ssl_...`; the rest is ours to set."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` calls in any `seconds`."""

    count: int
    seconds: int

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read `50/s`, `30/h`, `100/10s`. Raises ValueError."""
        found = _RATE.fullmatch(value) if isinstance(value, str) else None
        seconds = int(found[2] or 1) * _UNITS[found[3]] if found else 0
        if not found or not seconds:
            raise ValueError("should be calls in a time, like 50/s or 30/h")
        return cls(int(found[1]), seconds)

    def __str__(self) -> str:
        units = {seconds: unit for unit, seconds in _UNITS.items()}
        return f"{self.count}/{units.get(self.seconds, f'{self.seconds}s')}"


def redacted(url: str) -> str:
    """A URL that may be shown: with no user, no password."""
    scheme, mark, rest = url.partition("://")
    _, at, place = _PASSWORD.sub(r"\1***", rest).rpartition("@")
    return f"{scheme}{mark}{'***@' if at else ''}{place}"


def decoded(value: object, opening: str, expected: str) -> object:
    """JSON that is given as a text, where it begins with `opening`; anything else as it is. Raises ValueError."""
    if not isinstance(value, str) or not value.lstrip().startswith(opening):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError(
            f"should be {expected}; the JSON cannot be read"
        ) from None  # it would repeat the value


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _TIME.fullmatch(value.strip())
    if not found:
        raise ValueError("should be a number of seconds, or a time like 90s, 15m, 12h, 30d")
    return float(found[1]) * _UNITS[found[2] or "s"]


def _a_day(value: float) -> float:
    if value < _UNITS["d"]:
        raise ValueError("should be at least a day, like 30d; a bare number is of seconds")
    return value


def _level(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _workspace(value: str) -> str:
    if not is_id(value):
        raise ValueError("should be the id of a workspace: 24 letters and digits")
    return value


def _keys(value: object) -> object:
    expected = "one key, or a JSON object of workspaces' ids (or * for all others) and their keys"
    value = decoded(value, "{", expected)
    keys: dict[Any, Any] = value if isinstance(value, dict) else {EVERY: value}
    if not all(isinstance(key, str) and key.strip() for key in keys.values()):
        raise ValueError(f"should be {expected}")
    for workspace in keys.keys() - {EVERY}:
        _workspace(workspace)
    return {workspace: key.strip() for workspace, key in keys.items()}


def _http_url(value: str) -> str:
    parts = _split(value)
    if (
        parts is None
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or parts.query
        or parts.fragment
    ):
        raise ValueError("should be a URL like https://api.clockify.me/api")
    if parts.username or parts.password:
        raise ValueError("should be a URL without a user and a password")
    if parts.path.rstrip("/").endswith("/v1"):
        raise ValueError("should end before /v1: the version is added to it")
    return value.rstrip("/")


def _store_url(value: str) -> str:
    if sentinels.parse(value):
        return value
    parts = _split(value)
    options = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)} if parts else set()
    if unknown := {name for name in options - _OPTIONS if not name.startswith("ssl_")}:
        raise ValueError(f"should be a URL without the option {', '.join(sorted(unknown))}")
    place = parts and (parts.path if parts.scheme == "unix" else parts.hostname)
    if parts is None or parts.scheme not in {"redis", "rediss", "unix"} or not place:
        raise ValueError(
            "should be a URL like redis://host:6379/0, rediss://host:6380/0, unix:///path?db=0,"
            f" or {sentinels.LIKE}"
        )
    return value


def _split(url: str) -> Any:
    """The parts of a URL, or None if it has none: a port that is no number, brackets without an address."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - is computed, and raises
    except ValueError:
        return None
    return parts


def _port(value: object) -> object:
    if isinstance(value, str) and value.startswith("tcp://"):
        raise ValueError(
            "was set by Kubernetes for a Service of the name `paidmark`: set enableServiceLinks to false for the pod,"
            " or name the Service otherwise"
        )
    return value


Rate = Annotated[
    RateLimit,
    PlainValidator(lambda value: value if isinstance(value, RateLimit) else RateLimit.parse(value)),
    PlainSerializer(str),
]
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, allow_inf_nan=False)]
Kept = Annotated[Seconds, AfterValidator(_a_day)]
Level = Annotated[Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_level)]
Workspace = Annotated[str, AfterValidator(_workspace)]
Keys = Annotated[dict[str, SecretStr], BeforeValidator(_keys)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
StoreUrl = Annotated[str, AfterValidator(_store_url)]
Port = Annotated[int, BeforeValidator(_port), Field(ge=0, le=65535)]
