"""Ids and their short form."""

from hypothesis import given
from hypothesis import strategies as st

from worker.entries import is_id, pack, unpack

HEX = st.text("0123456789abcdef", min_size=24, max_size=24)
ANY = st.text("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=24, max_size=24)


@given(st.lists(HEX | ANY).map(tuple))
def test_ids_go_there_and_back(names: tuple[str, ...]) -> None:
    assert unpack(pack(names)) == names


def test_an_id_of_digits_takes_half_the_room() -> None:
    assert len(pack(("64a687e29ae1f428e7ebe303",))) == 13
    assert len(pack(("64A687E29AE1F428E7EBE303",))) == 25


@given(ANY)
def test_twenty_four_letters_and_digits_are_an_id(name: str) -> None:
    assert is_id(name)


def test_other_shapes_are_no_id() -> None:
    wrong = [
        "",
        "64a687e29ae1f428e7ebe30",
        "64a687e29ae1f428e7ebe3033",
        "64a687e29ae1f428e7ebe30\n",
        "64a687e29ae1f428e7ebe30é",
    ]

    assert not any(is_id(name) for name in [*wrong, "64a687e29ae1f428e7ebe303\n"])
