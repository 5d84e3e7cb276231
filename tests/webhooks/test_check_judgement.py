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


ONLINE, LOADING = {"state": "online", "lag": 0}, {"state": "wait_bgsave", "lag": 0}
GUARDED: dict[str, Any] = {"min_slaves_good_slaves": 1}


def replication(needed: int, *, trusted: bool = False, **info: Any) -> dict[str, tuple[str, str]]:
    """Mark and text of what is said of replicas, and of the primary without them."""
    facts = store_facts.Facts({**GOOD, **info}, (), 0.0)
    findings = store_facts.judge(facts, trusted=trusted, replicas=needed)
    about = {"store replicas", "store primary"}
    return {
        one.about: (one.mark.value, f"{one.text}; {one.advice}") for one in findings if one.about in about
    }


def test_of_a_store_alone_nothing_is_said_about_replicas() -> None:
    assert replication(0) == {}


def test_replicas_that_need_not_confirm_are_a_warning() -> None:
    assert replication(0, slave0=ONLINE, slave1=ONLINE)["store replicas"] == (
        "warning",
        "2 online, none has to confirm: a failover may lose what was acknowledged last; set PAIDMARK_STORE_REPLICAS=2",
    )


def test_too_few_replicas_are_wrong() -> None:
    mark, said = replication(2, slave0=ONLINE, slave1=LOADING)["store replicas"]

    assert mark == "wrong"
    assert said.startswith("1 online, 2 must confirm: every delivery is answered 503")


@pytest.mark.parametrize(
    ("trusted", "said"),
    [
        (False, "1 online; what is acknowledged has reached the disks of the primary and of 1; "),
        (True, "1 online; what is acknowledged has been received by 1; "),
    ],
)
def test_what_replicas_confirm_is_said(trusted: bool, said: str) -> None:
    assert replication(1, trusted=trusted, slave0=ONLINE, **GUARDED) == {"store replicas": ("ok", said)}


def test_more_replicas_than_confirm_are_a_warning() -> None:
    mark, said = replication(1, slave0=ONLINE, slave1=ONLINE, **GUARDED)["store replicas"]

    assert mark == "warning"
    assert "a failover to another may lose what was acknowledged last; PAIDMARK_STORE_REPLICAS=2 is" in said


def test_a_primary_that_writes_without_replicas_is_a_warning() -> None:
    mark, said = replication(1, slave0=ONLINE)["store primary"]

    assert mark == "warning"
    assert "set min-replicas-to-write 1, and min-replicas-max-lag below" in said


@pytest.mark.parametrize(("trusted", "mark"), [(False, "wrong"), (True, "ok")])
def test_a_redis_that_cannot_wait_for_disks_is_wrong_unless_it_is_trusted(trusted: bool, mark: str) -> None:
    found = replication(1, trusted=trusted, redis_version="7.0.15", slave0=ONLINE, **GUARDED)

    assert found["store replicas"][0] == mark
