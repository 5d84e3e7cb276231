"""Who may stay at the door: the bookkeeping, by a clock of our own."""

import pytest

from webhooks import room
from webhooks.room import ASK_WITHIN, Room, Visit

left: list[str] = []


@pytest.fixture(autouse=True)
def _nobody_has_left() -> None:
    left.clear()


def visit(name: str) -> Visit:
    return Visit(lambda: left.append(name))


def test_the_visit_that_has_kept_us_waiting_longest_makes_room() -> None:
    place = Room(most=2, most_of_one=100)
    visits = [visit(name) for name in "abc"]

    assert all(place.admit(one, now) for now, one in enumerate(visits))
    assert left == ["a"]
    assert place.dropped == {"crowded": 1}


def test_who_waits_for_us_is_not_put_out_for_others() -> None:
    place = Room(most=2, most_of_one=100)
    first, second, third = visit("a"), visit("b"), visit("c")
    place.admit(first, 0)
    place.arrived(first)
    place.admit(second, 1)

    assert place.admit(third, 2)
    assert left == ["b"]


def test_while_all_wait_for_us_others_are_refused() -> None:
    place = Room(most=1, most_of_one=100)
    first = visit("a")
    place.admit(first, 0)
    place.arrived(first)

    assert not place.admit(visit("b"), 1)
    assert place.dropped == {"refused": 1}
    place.answered(first, 2)
    assert place.admit(visit("c"), 3)
    assert left == ["a"]


def test_who_was_answered_waits_anew() -> None:
    place = Room(most=2, most_of_one=100)
    first, second = visit("a"), visit("b")
    place.admit(first, 0)
    place.admit(second, 1)
    place.answered(first, 2)
    place.admit(visit("c"), 3)

    assert left == ["b"]


def test_who_takes_too_long_to_ask_is_late_and_who_is_idle_is_not() -> None:
    place = Room(most=10, most_of_one=100)
    slow, idle, served = visit("slow"), visit("idle"), visit("served")
    for one in (slow, idle, served):
        place.admit(one, 0)
    place.hold(slow, 1, 5)
    place.answered(idle, 1)
    place.arrived(served)

    place.drop_late(ASK_WITHIN)
    assert left == []
    place.drop_late(ASK_WITHIN + 0.1)
    assert left == ["slow"]
    place.hold(idle, 1, 100)
    place.drop_late(100 + ASK_WITHIN + 0.1)
    assert left == ["slow", "idle"]
    assert place.dropped == {"late": 2}


def test_dripping_does_not_buy_time() -> None:
    place = Room(most=10, most_of_one=100)
    slow = visit("slow")
    place.admit(slow, 0)
    for now in range(20):
        place.hold(slow, 1, now)
    place.drop_late(20)

    assert left == ["slow"]


def test_of_one_that_sends_more_than_any_request_nothing_more_is_taken() -> None:
    place = Room(most=10, most_of_one=100)
    loud = visit("loud")
    place.admit(loud, 0)
    place.hold(loud, 100, 0)
    assert not loud.deaf
    place.hold(loud, 1, 0)
    place.hold(loud, 1_000, 0)

    assert loud.deaf
    assert loud.held == 101


def test_what_was_taken_of_those_that_send_too_much_is_still_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_HELD", 100)
    place = Room(most=10, most_of_one=100)
    for number in range(5):
        loud = visit(str(number))
        place.admit(loud, number)
        place.hold(loud, 101, number)

    assert left == ["0", "1"]


def test_what_all_hold_together_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_HELD", 1_000)
    place = Room(most=100, most_of_one=200)
    visits = [visit(str(number)) for number in range(12)]
    for now, one in enumerate(visits):
        place.admit(one, now)
        place.hold(one, 100, now)

    assert left == ["0", "1"]


def test_what_was_answered_is_held_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_HELD", 1_000)
    place = Room(most=100, most_of_one=200)
    one, busy = visit("a"), visit("b")
    place.admit(one, 0)
    place.admit(busy, 0)
    for now in range(100):
        place.hold(busy, 100, now)
        place.arrived(busy)
        place.answered(busy, now)

    assert left == []


def test_when_nobody_can_be_put_out_what_has_arrived_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_HELD", 100)
    place = Room(most=100, most_of_one=60)
    visits = [visit(str(number)) for number in range(5)]
    for one in visits:
        place.admit(one, 0)
        place.arrived(one)
        place.hold(one, 60, 0)

    assert left == []


def test_a_visit_ends_once() -> None:
    place = Room(most=10, most_of_one=100)
    one = visit("a")
    place.admit(one, 0)
    place.drop(one, "unread")
    place.drop(one, "unread")
    place.forget(one)
    place.answered(one, 1)

    assert left == ["a"]
    assert place.dropped == {"unread": 1}
