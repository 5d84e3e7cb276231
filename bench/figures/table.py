"""Figures, and the table that they make. Pure: what was measured comes as arguments."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Measured:
    """What several runs gave; the median counts."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)

    @property
    def spread(self) -> float:
        """From the least to the most, as a share of the median."""
        return (max(self.values) - min(self.values)) / self.median if self.median else 0.0

    def __str__(self) -> str:
        text = shown(self.median)
        return f"{text} ±{self.spread / 2:.0%}" if len(self.values) > 1 else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table. `ratio` is in words, `goal` too; `met` is None where there is no goal."""

    name: str
    unit: str
    ours: Measured
    plain: Measured | None = None
    bare: Measured | None = None
    limit: Measured | None = None
    ratio: str = ""
    goal: str = ""
    met: bool | None = None

    def document(self) -> dict[str, Any]:
        """The figure for programs."""
        return asdict(self)


def shown(value: float) -> str:
    """Three figures that count."""
    if value >= 100:  # noqa: PLR2004 - three figures before the point
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(figures: Sequence[Figure]) -> Table:
    """The figures for people."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column, justify in (
        ("figure", "left"), ("unit", "left"), ("ours", "right"), ("plain", "right"), ("bare", "right"),
        ("limit", "right"),
        ("ratio", "left"), ("goal", "left"), ("met", "left"),
    ):  # fmt: skip
        made.add_column(column, justify=justify)  # type: ignore[arg-type]  # rich takes these words
    for one in figures:
        met = {True: "yes", False: "NO", None: ""}[one.met]
        made.add_row(
            one.name,
            one.unit,
            str(one.ours),
            str(one.plain or ""),
            str(one.bare or ""),
            str(one.limit or ""),
            one.ratio,
            one.goal,
            met,
        )
    return made
