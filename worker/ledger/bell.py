"""How an arq job is written: JSON, never pickle; and how it is read: whatever the bytes, without an exception.

A job only rings a bell, so what cannot be read is no loss: the workspace is still due, and the sweep finds it.
"""

from typing import Annotated, Any

import msgspec

UNREADABLE = "unreadable"
"""The function that a job which cannot be read is taken to call; it does nothing."""


LATEST = 253_402_300_799_000
"""The last millisecond of which Python can make a date, as arq does."""


class _Job(msgspec.Struct):
    """What arq writes: try, function, arguments, keyword arguments, time of enqueuing (ms)."""

    t: int | None
    f: str
    a: list[Any]
    k: dict[str, Any]
    et: Annotated[int, msgspec.Meta(ge=0, le=LATEST)]


def workspace(job_id: str) -> str:
    """The workspace that a bell is for, by the id of its job; empty where the job is no bell."""
    function, _, rest = job_id.partition(":")
    return rest.rpartition(":")[0] if function == "drain" else ""


def encode(job: dict[str, Any]) -> bytes:
    """The bytes of a job. What JSON cannot say (an exception as a result) becomes its name."""
    return msgspec.json.encode(job, enc_hook=lambda value: type(value).__name__)


def decode(body: bytes) -> dict[str, Any]:
    """The job in `body`; for a body that is none, a job that does nothing.

    arq deletes what its deserialiser fails on, so it must not fail.
    """
    try:
        job = msgspec.json.decode(body, type=_Job)
    except (msgspec.DecodeError, UnicodeDecodeError):
        job = _Job(t=None, f=UNREADABLE, a=[], k={}, et=0)
    return msgspec.structs.asdict(job)
