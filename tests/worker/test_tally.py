"""Which entries of which markings are done."""

from worker.ledger.work import Progress
from worker.marking import Pending
from worker.tally import Tally


def test_an_entry_of_two_markings_is_wanted_as_it_was_read_last_and_done_for_both() -> None:
    tally = Tally(
        [
            Pending("one", 1, ("a", "b"), (False, True), ".."),
            Pending("two", 4, ("b", "a"), (True, True), ".."),
        ]
    )

    assert tally.wishes == {"a": True, "b": True}
    assert tally.applied(["a"]) == [Progress("one", 1, "+."), Progress("two", 4, ".+")]
    assert tally.wishes == {"b": True}


def test_what_is_done_already_is_not_wanted_again() -> None:
    tally = Tally([Pending("one", 1, ("a", "b", "c"), (True, True, True), "+x.")])

    assert tally.wishes == {"c": True}
    assert tally.applied(["c"]) == [Progress("one", 1, "+x+")]


def test_what_is_done_for_one_marking_still_tells_what_another_wants_of_the_entry() -> None:
    tally = Tally(
        [Pending("one", 1, ("a",), (False,), "."), Pending("two", 1, ("a", "b"), (True, True), "+.")]
    )

    assert tally.wishes == {"a": True, "b": True}


def test_a_refused_entry_is_settled_with_its_reason() -> None:
    tally = Tally([Pending("one", 1, ("a", "b"), (True, True), "..")])

    assert tally.rejected({"b": "gone"}) == [Progress("one", 1, ".x", ((1, "gone"),))]


def test_an_entry_that_nobody_asked_for_settles_nothing() -> None:
    assert Tally(()).applied(["a"]) == []


def test_an_entry_that_one_marking_names_twice_is_done_twice() -> None:
    assert Tally([Pending("one", 1, ("a", "a"), (True, True), "..")]).applied(["a"]) == [
        Progress("one", 1, "++")
    ]
