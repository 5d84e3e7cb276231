"""The rate: whether anybody was called more often than the workers' limit allows. Pure; the sandbox's log is the evidence."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bench.chaos.held_up import HeldUp


def too_fast(
    calls: Iterable[Mapping[str, Any]], limit: int, window: float, held_up: Sequence[HeldUp]
) -> list[str]:
    """Say in words of which workspace or caller more than `limit` calls arrived in some `window` seconds.

    A caller, here a worker's name, may be held up, or its calls on their way: they arrive together then, and do not count.
    """
    arrived: dict[tuple[str, str], list[float]] = defaultdict(list)
    for call in calls:
        if not _held_up(call, window, held_up):
            for what in ("workspace", "caller"):
                arrived[what, call[what]].append(call["at"])
    return [
        f"{what} {name}: {most} calls in {window:g} s, may be {limit}: WRONG"
        for (what, name), times in sorted(arrived.items())
        if (most := _most(sorted(times), window)) > limit
    ]


def _held_up(call: Mapping[str, Any], window: float, held_up: Sequence[HeldUp]) -> bool:
    """Whether a window that ends with the call overlaps a time in which its caller, or all, could not get on."""
    return any(
        one.since <= call["at"] and call["at"] - window <= one.until
        for one in held_up
        if one.worker in ("", call["caller"])
    )


def _most(times: Sequence[float], window: float) -> int:
    """The most that arrived in any window."""
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most
