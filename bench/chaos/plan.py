"""The plan: which fault strikes whom, when and for how long. Pure, and seeded; many may strike at once."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RECEIVERS = ("receiver-1", "receiver-2")
WORKERS = ("worker-1", "worker-2")
STORE, CLOCKIFY = "store", "clockify"
TO_STORE = tuple(f"{name}>store" for name in RECEIVERS + WORKERS)
TO_CLOCKIFY = tuple(f"{name}>clockify" for name in WORKERS)
TO_RECEIVER = tuple(f"sender>{name}" for name in RECEIVERS)
LINKS = TO_STORE + TO_CLOCKIFY + TO_RECEIVER


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: `at` seconds after the beginning `name` strikes `target`; `seconds` is how long, `also` what else it needs."""

    at: float
    name: str
    target: str
    seconds: float = 0.0
    also: tuple[tuple[str, Any], ...] = ()

    def __str__(self) -> str:
        told = "".join(f" {key}={value}" for key, value in self.also)
        return (
            f"{self.at:7.1f} s  {self.name} {self.target}"
            + (f" {self.seconds:.1f} s" if self.seconds else "")
            + told
        )


def _kill(chance: random.Random, at: float) -> Fault:
    return Fault(at, "kill", chance.choice((*RECEIVERS, *WORKERS, STORE)), chance.uniform(0, 1.5))


def _terminate(chance: random.Random, at: float) -> Fault:
    return Fault(at, "terminate", chance.choice((*RECEIVERS, *WORKERS, STORE)), chance.uniform(0, 1.5))


def _freeze(chance: random.Random, at: float) -> Fault:
    """A worker sleeps past its lease more often than not; the others as long as a bad disk makes them."""
    target = chance.choice((*WORKERS, *WORKERS, *RECEIVERS, STORE))
    return Fault(at, "freeze", target, chance.uniform(2, 6) if target in WORKERS else chance.uniform(0.5, 3))


def _cut(chance: random.Random, at: float) -> Fault:
    how = chance.choice(("now", "before the request", "before the reply"))
    return Fault(at, "cut", chance.choice(LINKS), also=(("when", how),))


def _refuse(chance: random.Random, at: float) -> Fault:
    return Fault(at, "refuse", chance.choice(LINKS), chance.uniform(0.5, 3))


def _slow(chance: random.Random, at: float) -> Fault:
    return Fault(
        at, "slow", chance.choice(LINKS), chance.uniform(1, 4), (("delay", chance.uniform(0.05, 0.6)),)
    )


def _late(chance: random.Random, at: float) -> Fault:
    """A call that arrives when its caller has long given it up."""
    return Fault(at, "late", chance.choice(TO_CLOCKIFY), chance.uniform(2, 8))


def _store(chance: random.Random, at: float) -> Fault:
    name = chance.choice(("full", "read-only", "paused", "disk error", "forget scripts"))
    return Fault(at, name, STORE, chance.uniform(0.5, 3))


def _clockify(chance: random.Random, at: float) -> Fault:
    kinds: tuple[dict[str, Any], ...] = (
        {"kind": "throttled", "times": 5},
        {"kind": "throttled", "times": 5, "retry_after": 2},
        {"kind": "throttled", "times": 5, "page": True},
        {"kind": "error", "status": chance.randint(500, 505)},
        {"kind": "silence", "times": 4},
        {"kind": "cut", "times": 6},
        {"kind": "cut", "times": 6, "after": True},
        {"kind": "garbage", "times": 6},
        {"kind": "latency", "seconds": chance.uniform(0.2, 2.5)},
        {"kind": "key_refused"},
        {"kind": "access_denied", "times": 5},
        {"kind": "no_invoicing", "times": 5},
        {"kind": "too_large", "bytes": 2_000},
        {"kind": "error", "status": 503, "after": True, "times": 5},
    )
    ordered = chance.choice(kinds)
    return Fault(at, "clockify", CLOCKIFY, chance.uniform(1, 5), tuple(ordered.items()))


FAULTS: dict[Callable[[random.Random, float], Fault], int] = {
    _kill: 34, _terminate: 12, _freeze: 8, _cut: 14, _refuse: 5, _slow: 4, _late: 4, _store: 7, _clockify: 12,
}  # fmt: skip


def draw(*, seconds: float, every: float, seed: int) -> list[Fault]:
    """Faults for so many seconds, one `every` so many on average, in the order of their times."""
    chance = random.Random(seed)  # noqa: S311 - makes up a plan, guards nothing
    kinds, weights = tuple(FAULTS), tuple(FAULTS.values())
    plan, at = [], 1.0
    while at < seconds:
        plan.append(chance.choices(kinds, weights)[0](chance, at))
        at += every * chance.uniform(0.1, 1.9)
    return plan
