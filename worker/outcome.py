"""What a reply of Clockify means, and how long to wait after one. Pure: decided here, acted on in the drain.

Clockify documents no error body; what is known of them was observed. A `code` is never enough: 501 and 3000 are generic.
A body may echo what was sent, so reasons are in words of our own.
"""

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

import msgspec

LONGEST_RETRY_AFTER = 3600.0

_ABOUT_AN_ENTRY = {
    4005: "the entry is approved and cannot be changed",
    1003: "the entry lies in a locked period",
    4030: "the entry was refused: the workspace forces the timer",
}
_FOREIGN = "doesn't belong to workspace"
_PARKING = {
    401: "the key is not accepted (401): it is wrong, revoked, or of another region",
    403: "access denied (403): the key's user may not change entries of this workspace",
    404: "no such workspace (404)",
    405: "the method is not allowed (405): is PAIDMARK_CLOCKIFY_URL right?",
}
_NO_PLAN = (
    "invoicing is refused (403, no message): the workspace's plan does not include it, or it is switched off"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: status, the `Retry-After` header or empty, and the body as far as it was read."""

    status: int
    retry_after: str
    body: bytes


@dataclass(frozen=True, slots=True)
class NoReply:
    """Nothing came back that could be read. `slow`: time ran out. Unless it was never `sent`, it may have its effect."""

    reason: str
    slow: bool = False
    sent: bool = True


@dataclass(frozen=True, slots=True)
class Applied:
    """Every entry of the batch is as it was wanted."""


@dataclass(frozen=True, slots=True)
class Postponed:
    """Nothing is wrong with the batch: try the workspace again, `after` seconds at the earliest if Clockify says so.

    `may_land`: the call may have had its effect, or have it yet.
    """

    reason: str
    after: float | None = None
    slow: bool = False
    may_land: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Something is wrong with the ids. `sure`: the reply can mean nothing else."""

    reason: str
    sure: bool


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The batch has to be smaller."""


@dataclass(frozen=True, slots=True)
class Parked:
    """The workspace is refused as a whole, for as long as nobody changes something."""

    reason: str


Outcome = Applied | Postponed | Refused | TooLarge | Parked


class _Error(msgspec.Struct):
    message: str | None = None
    code: int | None = None


class _Entry(msgspec.Struct):
    id: str


def decide(reply: Reply | NoReply, *, now: float) -> Outcome:
    """The outcome of a PATCH. `now` in seconds since 1970, for a `Retry-After` that is a date."""
    if isinstance(reply, NoReply):
        return Postponed(reply.reason, slow=reply.slow, may_land=reply.sent)
    status = reply.status
    if 200 <= status < 300:  # noqa: PLR2004 - the class of success: https://www.rfc-editor.org/rfc/rfc9110#section-15
        return Applied()
    if status >= 500 or status in (408, 425, 429):  # noqa: PLR2004 - the server's fault, or too much of ours
        wait = retry_after(reply.retry_after, now=now)
        return Postponed(f"Clockify answered {status}", wait, may_land=status != 429)  # noqa: PLR2004 - not even looked at
    if status == 413:  # noqa: PLR2004 - content too large
        return TooLarge()
    return _refusal(status, reply.body)


def known_entries(reply: Reply | NoReply, *, now: float) -> frozenset[str] | Postponed | None:
    """Which entries a batch read has found; None where it cannot say."""
    outcome = decide(reply, now=now)
    if isinstance(outcome, Postponed):
        return outcome
    if isinstance(outcome, Applied) and isinstance(reply, Reply):
        try:
            return frozenset(entry.id for entry in msgspec.json.decode(reply.body, type=list[_Entry]))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
    return None


def _refusal(status: int, body: bytes) -> Outcome:
    error = _error(body)
    message = (error.message or "").lower()
    if status in (400, 422):
        if message == "access denied":
            return Parked(_PARKING[403])
        if _FOREIGN in message:
            return Refused("not an entry of this workspace, or deleted", sure=True)
        return Refused(f"refused with {status}, code {error.code}", sure=False)
    if status == 403 and error.code in _ABOUT_AN_ENTRY:  # noqa: PLR2004 - forbidden
        return Refused(_ABOUT_AN_ENTRY[error.code], sure=True)
    if status == 403 and not body:  # noqa: PLR2004 - forbidden
        return Parked(_NO_PLAN)
    return Parked(_PARKING.get(status, f"Clockify answered {status}: is PAIDMARK_CLOCKIFY_URL right?"))


def _error(body: bytes) -> _Error:
    try:
        return msgspec.json.decode(body, type=_Error, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Error()


def retry_after(header: str, *, now: float) -> float | None:
    """Seconds to wait by a `Retry-After` header, capped; None where it says nothing that can be used.

    https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
    """
    if header.isascii() and header.isdigit():
        seconds = float(header[:9])
    else:
        try:
            date = parsedate_to_datetime(header)
        except (ValueError, OverflowError):
            return None
        seconds = date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER)


def backoff(failures: int, *, cap: float, after: float | None, random: float) -> float:
    """Seconds to wait after so many `failures` in a row: doubling from 1, capped, spread by `random` in [0, 1)."""
    doubled: float = min(cap, 2.0 ** min(failures - 1, 30))
    return max(doubled * (0.75 + random / 2), after or 0.0)
