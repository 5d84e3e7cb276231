"""How an arq job is written: JSON, never pickle; and how it is read: whatever the bytes, without an exception.

A job only rings a bell, so what cannot be read is no loss: the workspace is still due, and the sweep finds it.
"""

from typing import Any

import msgspec

UNREADABLE = "unreadable"
"""The function that a job which cannot be read is taken to call; it does nothing."""


def encode(job: dict[str, Any]) -> bytes:
    """The bytes of a job. What JSON cannot say (an exception as a result) becomes its name."""
    return msgspec.json.encode(job, enc_hook=lambda value: type(value).__name__)


def decode(body: bytes) -> dict[str, Any]:
    """The job in `body`; for a body that is none, a job that does nothing.

    arq deletes what its deserialiser fails on, so it must not fail.
    """
    try:
        job = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        job = {}
    nothing: dict[str, Any] = {"t": None, "f": UNREADABLE, "a": [], "k": {}, "et": 0}
    return job if nothing.keys() <= job.keys() else nothing
