"""How much is measured: enough to tell something, or just enough to see that the bench works."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """`deliveries` a round, of so many `rounds`; `waiting` markings for the full store; `invoices` for backlogs."""

    deliveries: int
    rounds: int
    waiting: int
    workspaces: int
    backlog: int
    limited: int
    latencies: int
    kept: int


FULL = Size(
    deliveries=8_000, rounds=7, waiting=1_000_000, workspaces=1_000, backlog=10_000, limited=10_000,
    latencies=500, kept=100_000,
)  # fmt: skip
SHORT = Size(
    deliveries=300, rounds=2, waiting=2_000, workspaces=50, backlog=200, limited=200, latencies=20, kept=500
)
