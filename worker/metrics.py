"""The ledger's figures and a process' own, as Prometheus reads them.

Pure. https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NOW = "_now"


class Standing(Protocol):
    """How a workspace stands: markings that wait, seconds that the oldest has waited, why it is parked."""

    @property
    def workspace(self) -> str: ...  # noqa: D102 - see above
    @property
    def backlog(self) -> int: ...  # noqa: D102 - see above
    @property
    def oldest(self) -> float: ...  # noqa: D102 - see above
    @property
    def failing_for(self) -> float: ...  # noqa: D102 - see above
    @property
    def parked(self) -> str: ...  # noqa: D102 - see above


class _Ledger:
    """The figures as a collector, for one rendering."""

    def __init__(self, figures: Mapping[str, float], workspaces: Sequence[Standing]) -> None:
        self._figures, self._workspaces = figures, workspaces

    def collect(self) -> Iterable[Metric]:
        for name, value in self._figures.items():
            words = name.removesuffix(_NOW).replace("_", " ")
            if name.endswith(_NOW):
                yield GaugeMetricFamily(f"paidmark_{name}", f"{words}: so many await a person", value=value)
            else:
                yield CounterMetricFamily(
                    f"paidmark_{name}", f"{words}: so many since the store was new", value=value
                )
        yield from self._by_workspace()

    def _by_workspace(self) -> Iterable[Metric]:
        some = self._workspaces
        waiting = max((one.oldest for one in some), default=0.0)
        yield _gauge(
            "parked", "Workspaces that Clockify refuses as a whole", sum(bool(one.parked) for one in some)
        )
        yield _gauge("oldest_seconds", "How long the oldest marking of all has waited", waiting)
        yield _labelled("backlog", "Markings that wait", {one.workspace: one.backlog for one in some})
        yield _labelled(
            "backlog_oldest_seconds",
            "How long the oldest has waited",
            {one.workspace: one.oldest for one in some},
        )
        yield _labelled(
            "failing_seconds", "Since when nothing goes out", {one.workspace: one.failing_for for one in some}
        )


def render(
    figures: Mapping[str, float], workspaces: Sequence[Standing], registry: CollectorRegistry
) -> bytes:
    """Everything in one text. Figures are counters, but for those whose name ends in `_now`.

    Every name begins with `paidmark_`; for those in `registry` it is their owner who sees to it.
    """
    return generate_latest(_Ledger(figures, workspaces)) + generate_latest(registry)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"paidmark_{name}", words, value=value)


def _labelled(name: str, words: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"paidmark_{name}", words, labels=["workspace"])
    for workspace, value in values.items():
        family.add_metric([workspace], value)
    return family
