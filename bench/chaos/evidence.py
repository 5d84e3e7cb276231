"""The evidence: all that was seen from outside. A plain record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.chaos.held_up import HeldUp
from bench.chaos.load import Load


@dataclass(slots=True)
class Evidence:
    """What was seen: when events were first `sent` and `acknowledged`, and every entry of Clockify that a call has named.

    An entry is {id, workspace, invoiced, writes, changes: [[seconds since 1970, flag, caller], ...]}.
    `callers`: what the sandbox's log calls a caller -> the worker's name. `calls`: the log of PATCH calls.
    """

    load: Load
    sent: Mapping[str, float]
    acknowledged: Mapping[str, float]
    touched: Mapping[str, Mapping[str, Any]]
    callers: Mapping[str, str] = field(default_factory=dict)
    held_up: Sequence[HeldUp] = ()
    calls: Sequence[Mapping[str, Any]] = ()
