"""What goes out together."""

from hypothesis import given
from hypothesis import strategies as st

from worker.batches import Batch, bisect, plan

WISHES = st.dictionaries(st.text("abc", min_size=1, max_size=4), st.booleans())


@given(WISHES, st.integers(1, 7))
def test_each_wish_goes_out_once_in_as_few_batches_as_the_size_allows(
    wishes: dict[str, bool], size: int
) -> None:
    batches = plan(wishes, size, more=False)

    assert sorted((entry, one.invoiced) for one in batches for entry in one.entries) == sorted(wishes.items())
    true = sum(wishes.values())
    assert len(batches) == -(-true // size) + -(-(len(wishes) - true) // size)
    assert all(1 <= len(one.entries) <= size for one in batches)


@given(WISHES, st.integers(1, 7))
def test_what_is_set_aside_goes_out_in_no_batch(wishes: dict[str, bool], size: int) -> None:
    aside = set(sorted(wishes)[::2])

    assert not aside & {entry for one in plan(wishes, size, more=False, aside=aside) for entry in one.entries}


def test_with_more_behind_it_a_batch_that_is_not_full_waits() -> None:
    wishes = dict.fromkeys("abcde", True) | {"x": False}

    assert plan(wishes, 2, more=True) == [Batch(True, ("a", "b")), Batch(True, ("c", "d"))]


def test_with_more_behind_it_and_none_full_all_go_out() -> None:
    assert plan({"a": True, "x": False}, 2, more=True) == [Batch(True, ("a",)), Batch(False, ("x",))]


def test_a_batch_falls_into_two_halves_of_the_same_flag() -> None:
    assert bisect(Batch(False, ("a", "b", "c"))) == (Batch(False, ("a",)), Batch(False, ("b", "c")))


def test_what_has_the_first_wish_of_all_does_not_wait_for_more() -> None:
    wishes = {"x": False} | dict.fromkeys("abcd", True) | {"y": False}

    assert plan(wishes, 3, more=True) == [Batch(False, ("x", "y")), Batch(True, ("a", "b", "c"))]
    assert plan(wishes, 3, more=True, aside={"x"}) == [Batch(True, ("a", "b", "c"))]


@given(WISHES, st.integers(1, 7), st.booleans())
def test_whatever_waits_the_first_wish_goes_out(wishes: dict[str, bool], size: int, more: bool) -> None:
    gone = {entry for one in plan(wishes, size, more=more) for entry in one.entries}

    assert set(list(wishes)[:1]) <= gone
