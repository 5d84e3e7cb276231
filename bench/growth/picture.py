"""The picture: a panel for each thing that grows. Text stays text, so that the file is small and can be searched."""

from importlib import import_module
from pathlib import Path
from typing import Any

from bench.growth.point import Point, Series

COLUMNS, WIDTH, HEIGHT = 3, 12.0, 6.5
RATE, LATENCY = "#1f6feb", "#bf8700"


def draw(series: Series, path: Path) -> None:
    """Write an SVG. Raises ModuleNotFoundError, with what to do, where matplotlib is not installed."""
    try:
        pyplot: Any = import_module("matplotlib.pyplot")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("the picture needs matplotlib: pip install -e '.[pictures]'") from error
    pyplot.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "paidmark", "font.size": 9})
    rows = -(-len(series) // COLUMNS)
    figure, axes = pyplot.subplots(rows, COLUMNS, figsize=(WIDTH, HEIGHT), layout="constrained")
    for panel in axes.flat[len(series) :]:
        panel.set_visible(False)
    for panel, (name, points) in zip(axes.flat, series.items(), strict=False):
        _panel(panel, name, points)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": "python -m bench growth"})
    pyplot.close(figure)


def _panel(panel: Any, name: str, points: list[Point]) -> None:
    at = [one.at for one in points]
    panel.set_title(name)
    panel.plot(at, [one.rate for one in points], marker="o", color=RATE)
    panel.set_ylabel("a second", color=RATE)
    panel.set_ylim(bottom=0)
    if max(at) > 2 * min(at):
        panel.set_xscale("log")
    panel.set_xticks(at, [f"{one:,}" for one in at])
    panel.minorticks_off()
    if any(one.p99 for one in points):
        beside = panel.twinx()
        beside.plot(at, [one.p99 for one in points], marker="s", linestyle="--", color=LATENCY)
        beside.set_ylabel("p99, ms", color=LATENCY)
        beside.set_ylim(bottom=0)
