"""The figures, as Prometheus reads them."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from worker.metrics import Standing, render


@dataclass(frozen=True)
class Row:
    workspace: str
    backlog: int = 0
    oldest: float = 0.0
    failing_for: float = 0.0
    parked: str = ""


def samples(
    figures: dict[str, float] | None = None,
    workspaces: tuple[Standing, ...] = (),
    registry: CollectorRegistry | None = None,
) -> dict[tuple[str, str], float]:
    """What a Prometheus server understands: values by name and workspace."""
    text = render(figures or {}, workspaces, registry or CollectorRegistry()).decode()
    families = list(text_string_to_metric_families(text))
    assert all(family.name.startswith("paidmark_") and family.documentation for family in families)
    return {
        (sample.name, sample.labels.get("workspace", "")): sample.value
        for family in families
        for sample in family.samples
    }


def test_the_ledgers_counters_are_counters() -> None:
    assert samples({"accepts": 3})["paidmark_accepts_total", ""] == 3


def test_what_awaits_a_person_now_may_fall_again() -> None:
    assert (
        samples({"unresolved_now": 2, "unresolved": 5}).items()
        >= {
            ("paidmark_unresolved_now", ""): 2,
            ("paidmark_unresolved_total", ""): 5,
        }.items()
    )


def test_backlogs_are_told_apart_by_workspace() -> None:
    rows = (Row("one", backlog=7, oldest=1.5), Row("two", failing_for=60, parked="Clockify answered 401"))

    found = samples(workspaces=rows)

    assert found["paidmark_backlog", "one"] == 7
    assert found["paidmark_backlog_oldest_seconds", "one"] == 1.5
    assert found["paidmark_failing_seconds", "two"] == 60


def test_parked_workspaces_and_the_longest_wait_are_summed_up() -> None:
    found = samples(
        workspaces=(Row("one", oldest=1.5), Row("two", oldest=9.0, parked="refused"), Row("three"))
    )

    assert found["paidmark_parked", ""] == 1
    assert found["paidmark_oldest_seconds", ""] == 9.0


def test_an_idle_ledger_says_so_instead_of_nothing() -> None:
    assert samples() == {("paidmark_parked", ""): 0, ("paidmark_oldest_seconds", ""): 0}


def test_a_process_adds_what_it_counts_itself() -> None:
    registry = CollectorRegistry()
    Counter("paidmark_calls", "PATCH calls", registry=registry).inc(4)

    assert samples({"accepts": 1}, registry=registry)["paidmark_calls_total", ""] == 4
