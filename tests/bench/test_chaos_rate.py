"""The rate, as the kill test judges it: more calls than the limit allows are found, calls that were bunched are not."""

from typing import Any

from bench.chaos.held_up import HeldUp
from bench.chaos.rate import too_fast


def calls(*times: float, caller: str = "worker-1", workspace: str = "w") -> list[dict[str, Any]]:
    return [{"at": at, "caller": caller, "workspace": workspace} for at in times]


def test_as_many_calls_as_the_limit_allows_are_no_finding() -> None:
    assert too_fast(calls(1.0, 1.5, 2.0, 2.5), 2, 1.0, []) == []


def test_one_call_more_in_a_window_is_found_for_its_workspace_and_for_its_caller() -> None:
    assert too_fast(calls(1.0, 1.5, 1.9), 2, 1.0, []) == [
        "caller worker-1: 3 calls in 1 s, may be 2: WRONG",
        "workspace w: 3 calls in 1 s, may be 2: WRONG",
    ]


def test_calls_of_two_callers_count_together_for_their_workspace() -> None:
    made = calls(1.0, 1.5) + calls(1.2, 1.7, caller="worker-2")

    assert too_fast(made, 3, 1.0, []) == ["workspace w: 4 calls in 1 s, may be 3: WRONG"]


def test_calls_that_were_held_up_may_arrive_together() -> None:
    bunched = calls(5.0, 5.1, 5.2)

    assert too_fast(bunched, 2, 1.0, [HeldUp("worker-1", 3.0, 5.1)]) == []
    assert too_fast(bunched, 2, 1.0, [HeldUp("", 3.0, 5.1)]) == []


def test_that_another_worker_was_held_up_is_no_excuse() -> None:
    assert len(too_fast(calls(5.0, 5.1, 5.2), 2, 1.0, [HeldUp("worker-2", 3.0, 5.1)])) == 2


def test_a_hold_up_that_is_long_over_is_no_excuse() -> None:
    assert len(too_fast(calls(5.0, 5.1, 5.2), 2, 1.0, [HeldUp("worker-1", 1.0, 2.0)])) == 2
