"""What growth is made of: points, in series by what grows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: `at` so much of what grows. Rates in a second, milliseconds, MiB."""

    at: int
    rate: float
    p50: float = 0.0
    p99: float = 0.0
    megabytes: float = 0.0


Series = dict[str, list[Point]]
