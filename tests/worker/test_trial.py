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

    assert trial.refused(batch("a", "b"), SURE, on_trial=False) == {}
    assert (trial.ask, trial.parts) == ([batch("a", "b")], [])
    assert trial.aside == {"a", "b"}


def test_a_refused_part_is_halved() -> None:
    trial = Trial()
    trial.refused(batch("a", "b", "c"), SURE, on_trial=True)

    assert trial.parts == [batch("a"), batch("b", "c")]


def test_one_that_stands_alone_is_rejected_where_the_reply_can_mean_nothing_else() -> None:
    trial = Trial()

    assert trial.refused(batch("a"), SURE, on_trial=True) == {"a": "gone"}
    assert trial.aside == set()


def test_one_that_stands_alone_is_a_suspect_until_something_is_taken() -> None:
    trial = Trial()

    assert trial.refused(batch("a"), STRANGE, on_trial=False) == {}
    assert trial.aside == {"a"}
    assert trial.taken() == {"a": STRANGE.reason}
    assert trial.aside == set()


def test_three_suspects_in_a_row_are_hopeless() -> None:
    trial = Trial()
    for name in "ab":
        trial.refused(batch(name), STRANGE, on_trial=True)
    assert not trial.hopeless
    trial.refused(batch("c"), STRANGE, on_trial=True)

    assert trial.hopeless


def test_those_that_clockify_knows_go_out_together_and_the_rest_is_halved() -> None:
    trial = Trial()
    trial.answered(batch("a", "b", "c", "d", "e"), frozenset("abz"))

    assert trial.parts == [batch("a", "b"), batch("c"), batch("d", "e")]


def test_a_single_unknown_one_stands_alone() -> None:
    trial = Trial()
    trial.answered(batch("a", "b"), frozenset("a"))

    assert trial.parts == [batch("a"), batch("b")]


def test_where_all_are_known_or_nobody_can_tell_the_batch_is_halved() -> None:
    for known in (frozenset("ab"), None, frozenset[str]()):
        trial = Trial()
        trial.answered(batch("a", "b"), known)
        assert trial.parts == [batch("a"), batch("b")]


def test_what_is_no_longer_wished_for_as_it_is_on_trial_is_forgotten() -> None:
    trial = Trial()
    trial.refused(batch("a", "b"), SURE, on_trial=False)
    trial.parts = [batch("c", "d"), batch("e")]
    trial.suspects = {"f": "why", "g": "why"}

    trial.keep_to({"a": True, "b": False, "d": True, "e": False, "g": True})

    assert (trial.ask, trial.parts, trial.suspects) == ([batch("a")], [batch("d")], {"g": "why"})


NAMES = st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=4).map(tuple)
PARTS = st.lists(st.builds(Batch, st.booleans(), NAMES), max_size=3)


@given(PARTS, PARTS, st.dictionaries(st.text(max_size=4), st.text(max_size=4), max_size=3))
def test_a_trial_is_written_down_and_goes_on(
    ask: list[Batch], parts: list[Batch], suspects: dict[str, str]
) -> None:
    trial = Trial()
    trial.ask, trial.parts, trial.suspects = ask, parts, suspects
    again = Trial.load(trial.dump())

    assert (again.ask, again.parts, again.suspects) == (ask, parts, suspects)
    assert bool(trial.dump()) == bool(ask or parts or suspects)
