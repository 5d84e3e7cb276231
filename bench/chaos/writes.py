"""Every change of a flag at Clockify, held against the wish at its time. Pure.

A call carries the wish as it is when its batch is planned, which is a while before it arrives. So a change is right if the
flag was the wish, or may have been, at some moment of that while. A worker that is held up may have planned earlier.
"""

from collections.abc import Iterable
from functools import cache, lru_cache

from bench.chaos.evidence import Evidence
from bench.chaos.held_up import Active
from bench.chaos.wishes import Wishes

SLICE, SHORT_WAIT, PERMIT, CALL, SLACK = 3.0, 1.5, 1.0, 1.0, 1.0
"""Seconds: a drain works no longer than its slice; its last call may wait for the rate limit, and for being sent while its
permit is good; Clockify may take the call's whole time; and the machine is shared."""
PLANNED = SLICE + SHORT_WAIT + PERMIT + CALL + SLACK
"""Seconds before it has its effect within which a call was planned."""


def out_of_time(evidence: Evidence, wishes: Wishes) -> Iterable[str]:
    """Say in words which changes nobody can have wished for when they were planned."""

    @cache
    def active(caller: str) -> Active:
        return Active(evidence.callers.get(caller, caller), evidence.held_up)

    @lru_cache(maxsize=65_536)
    def planned(caller: str, at: float) -> float:
        return active(caller).before(at, PLANNED)

    for name, entry in evidence.touched.items():
        history = wishes.of(name)
        for at, flag, *by in entry["changes"]:
            caller = by[0] if by else ""
            since = planned(caller, at)
            if not history.ever(flag, since, at):
                yield (
                    f"{name} was {'' if flag else 'un'}marked by {evidence.callers.get(caller, caller) or 'somebody'}, and nobody can"
                    f" have wished for it in the {at - since:.1f} s before: WRONG"
                )
