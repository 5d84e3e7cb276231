"""What `paidmark check` concludes from what a store or Clockify says of itself, where no real one can be made to say so."""

from typing import Any

import pytest

from webhooks.checks import clockify, store_facts
from worker.reports.timesheet import Workspace
from worker.settings import RateLimit

WS = "64a687e29ae1f428e7ebe303"
GOOD: dict[str, Any] = {
    "redis_version": "7.2.4",
    "role": "master",
    "redis_mode": "standalone",
    "used_memory": 1,
}


def judged(about: str, *, ahead: float = 0.0, **info: Any) -> tuple[str, str]:
    findings = store_facts.judge(store_facts.Facts({**GOOD, **info}, (), ahead), trusted=False)
    return next((one.mark.value, one.text) for one in findings if one.about == f"store {about}")


@pytest.mark.parametrize(
    ("info", "mark"),
    [
        ({"redis_version": "7.0.0"}, "ok"),
        ({"redis_version": "8.2.1"}, "ok"),
        ({"redis_version": "6.2.14"}, "wrong"),
        ({"redis_version": "unknown"}, "wrong"),
        ({"redis_version": "6.0.0", "valkey_version": "9.1.0"}, "ok"),
    ],
)
def test_redis_from_7_0_on_and_any_valkey_will_do(info: dict[str, Any], mark: str) -> None:
    assert judged("version", **info)[0] == mark


def test_a_replica_and_a_cluster_cannot_be_written_to_as_the_ledger_does() -> None:
    assert judged("role")[0] == "ok"
    assert judged("role", role="slave")[0] == "wrong"
    assert judged("role", redis_mode="cluster")[0] == "wrong"


def test_a_store_whose_last_write_failed_is_wrong() -> None:
    assert judged("durability", aof_last_write_status="err") == ("wrong", "its last write to disk failed")


@pytest.mark.parametrize(
    ("ahead", "mark", "said"),
    [
        (1.9, "ok", "agrees with ours"),
        (-3.0, "warning", "3.0 s behind ours"),
        (2.5, "warning", "2.5 s ahead of ours"),
    ],
)
def test_a_store_whose_clock_is_off_is_a_warning(ahead: float, mark: str, said: str) -> None:
    assert judged("clock", ahead=ahead) == (mark, said)


@pytest.mark.parametrize(
    ("theirs", "found"),
    [
        (None, []),
        (1029.0, [("ok", "agrees with Clockify's")]),
        (1040.0, [("warning", "ours is 40 s behind Clockify's")]),
        (960.0, [("warning", "ours is 40 s ahead of Clockify's")]),
    ],
)
def test_our_clock_is_held_against_clockifys(theirs: float | None, found: list[tuple[str, str]]) -> None:
    assert [(one.mark, one.text) for one in clockify.judge_clock(theirs, 1000.0)] == found


@pytest.mark.parametrize(
    ("plan", "invoicing", "mark"),
    [
        ("PRO_2021", True, "ok"),
        ("", None, "warning"),
        ("BUNDLE_YEAR_2024", False, "warning"),
        ("BASIC_2021", False, "wrong"),
    ],
)
def test_a_plan_is_judged_by_what_it_shows(plan: str, invoicing: bool | None, mark: str) -> None:
    findings = clockify.judge(Workspace(WS, "Cool Company", plan, invoicing), RateLimit(50, 1))

    assert [one.mark for one in findings] == [mark]


@pytest.mark.parametrize(
    ("rate", "warned"), [((30, 3600), False), ((1, 120), False), ((31, 3600), True), ((1, 1), True)]
)
def test_a_rate_beyond_what_the_free_plan_allows_is_a_warning(rate: tuple[int, int], warned: bool) -> None:
    findings = clockify.judge(Workspace(WS, "Cool Company", "FREE", invoicing=False), RateLimit(*rate))

    assert ("warning" in [one.mark for one in findings]) is warned
