"""What is being found out about refused entries."""

from hypothesis import given
from hypothesis import strategies as st

from worker.batches import Batch
from worker.outcome import Refused
from worker.trial import Trial

SURE, STRANGE = Refused("gone", sure=True), Refused("refused with 400, code 501", sure=False)


def batch(*names: str) -> Batch:
    return Batch(True, names)


def test_a_refused_batch_is_asked_about_first() -> None:
    trial = Trial()

    assert trial.refused(batch("a", "b"), SURE) == {}
    assert (trial.ask, trial.parts) == ([batch("a", "b")], [])
    assert trial.aside == {"a", "b"}


def test_a_refused_part_is_halved() -> None:
    trial = Trial()
    trial.parts = [batch("a", "b", "c")]
    assert trial.take() == [batch("a", "b", "c")]
    trial.refused(batch("a", "b", "c"), SURE)

    assert trial.parts == [batch("a"), batch("b", "c")]


def test_parts_whose_trial_was_not_held_come_back_to_where_they_were() -> None:
    trial = Trial()
    trial.good, trial.parts = [batch("a", "b")], [batch("c")]

    assert trial.take() == [batch("a", "b"), batch("c")]
    assert trial.aside == {"a", "b", "c"}
    trial.put_back([batch("a", "b"), batch("c"), batch("d")])

    assert (trial.good, trial.parts) == ([batch("a", "b")], [batch("c")])


def test_a_part_that_is_too_large_is_halved_and_an_ordinary_batch_is_not() -> None:
    trial = Trial()
    trial.parts = [batch("a", "b")]
    trial.take()
    trial.too_large(batch("a", "b"))
    trial.too_large(batch("c", "d"))

    assert trial.parts == [batch("a"), batch("b")]


def test_in_doubt_one_branch_is_followed_and_few_others_go_along() -> None:
    trial = Trial()
    trial.parts = [batch("a", "b"), batch("c"), batch("d")]
    trial.doubt = 1

    assert trial.take() == [batch("c")]
    assert trial.ordinary([batch("x"), batch("y")]) == [batch("x")]
    trial.doubt = 3
    assert trial.ordinary([batch("x"), batch("y")]) == []
    trial.taken(batch("c"))
    assert trial.ordinary([batch("x"), batch("y")]) == [batch("x"), batch("y")]


def test_in_doubt_what_clockify_knows_goes_first() -> None:
    trial = Trial()
    trial.good, trial.parts, trial.doubt = [batch("a", "b")], [batch("c")], 1

    assert trial.take() == [batch("a", "b")]


def test_one_that_stands_alone_is_rejected_where_the_reply_can_mean_nothing_else() -> None:
    trial = Trial()

    assert trial.refused(batch("a"), SURE) == {"a": "gone"}
    assert trial.aside == set()


def test_one_that_stands_alone_is_a_suspect_until_something_is_taken() -> None:
    trial = Trial()

    assert trial.refused(batch("a"), STRANGE) == {}
    assert trial.aside == {"a"}
    assert trial.taken(batch("b")) == {"a": STRANGE.reason}
    assert trial.aside == set()


def test_three_suspects_in_a_row_are_hopeless() -> None:
    trial = Trial()
    for name in "ab":
        trial.refused(batch(name), STRANGE)
    assert not trial.hopeless
    trial.refused(batch("c"), STRANGE)

    assert trial.hopeless


def test_those_that_clockify_knows_go_out_together_and_the_rest_is_halved() -> None:
    trial = Trial()
    trial.answered(batch("a", "b", "c", "d", "e"), frozenset("abz"))

    assert trial.good == [batch("a", "b")]
    assert trial.parts == [batch("c"), batch("d", "e")]


def test_a_single_unknown_one_stands_alone() -> None:
    trial = Trial()
    trial.answered(batch("a", "b"), frozenset("a"))

    assert (trial.good, trial.parts) == ([batch("a")], [batch("b")])


def test_where_all_are_known_or_nobody_can_tell_the_batch_is_halved() -> None:
    for known in (frozenset("ab"), None, frozenset[str]()):
        trial = Trial()
        trial.answered(batch("a", "b"), known)
        assert trial.parts == [batch("a"), batch("b")]


def test_what_is_no_longer_wished_for_as_it_is_on_trial_is_forgotten() -> None:
    trial = Trial()
    trial.refused(batch("a", "b"), SURE)
    trial.parts = [batch("c", "d"), batch("e")]
    trial.suspects = {"f": (True, "why"), "g": (True, "why"), "h": (True, "why")}

    trial.keep_to({"a": True, "b": False, "d": True, "e": False, "g": True, "h": False})

    assert (trial.ask, trial.parts, trial.suspects) == ([batch("a")], [batch("d")], {"g": (True, "why")})


NAMES = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=4).map(tuple)
PARTS = st.lists(st.builds(Batch, st.booleans(), NAMES), max_size=3)


@given(
    PARTS,
    PARTS,
    st.dictionaries(st.text(max_size=4), st.tuples(st.booleans(), st.text(max_size=4)), max_size=3),
)
def test_a_trial_is_written_down_and_goes_on(
    ask: list[Batch], parts: list[Batch], suspects: dict[str, tuple[bool, str]]
) -> None:
    trial = Trial()
    trial.ask, trial.parts, trial.suspects = ask, parts, suspects
    again = Trial.load(trial.dump())

    assert (again.ask, again.parts, again.suspects) == (ask, parts, suspects)
    assert bool(trial.dump()) == bool(ask or parts or suspects)
