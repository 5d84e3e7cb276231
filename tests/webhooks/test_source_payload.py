"""Reading authentic but strange payloads: ids, times, types."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webhooks.delivery import UndecodableError
from webhooks.sources.payload import identifier, milliseconds, type_shown


@pytest.mark.parametrize(
    ("value", "at"),
    [
        ("2026-01-01T00:00:00Z", 1_767_225_600_000),
        ("2026-01-01T00:00:00.344522Z", 1_767_225_600_344),
        ("2026-01-01T01:00:00+01:00", 1_767_225_600_000),
        ("1970-01-01T00:00:00Z", 0),
        (1_767_225_600, 1_767_225_600_000),
        (1_767_225_600.25, 1_767_225_600_250),
        (1_767_225_600_344, 1_767_225_600_344),
        (0, 0),
    ],
)
def test_a_time_is_read_as_milliseconds(value: object, at: int) -> None:
    assert milliseconds(value, "timestamp") == at


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "missing"),
        (True, "not a time"),
        ([], "not a time"),
        (float("nan"), "out of range"),
        (float("inf"), "out of range"),
        ("", "RFC 3339"),
        ("yesterday", "RFC 3339"),
        ("1767225600", "RFC 3339"),
        ("2026-01-01", "RFC 3339"),
        ("2026-01-01T00:00:00", "without its offset"),
        ("1969-12-31T23:59:59Z", "out of range"),
        ("0001-01-01T00:00:00+14:00", "out of range"),
        (-1, "out of range"),
        pytest.param(10**400, "out of range", id="huge"),
        (-1e308, "out of range"),
        (1e308, "out of range"),
    ],
)
def test_what_is_no_time_is_undecodable(value: object, reason: str) -> None:
    with pytest.raises(UndecodableError, match=f"^timestamp: .*{reason}"):
        milliseconds(value, "timestamp")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("in_1", "in_1"),
        ("Rechnung Nr. 7/ü", "Rechnung Nr. 7/ü"),
        (42, "42"),
        (0, "0"),
        ("x" * 255, "x" * 255),
    ],
)
def test_an_id_may_be_text_or_a_whole_number(value: object, text: str) -> None:
    assert identifier(value, "invoice") == text


@pytest.mark.parametrize(
    "value",
    [None, "", True, 1.5, [], {}, "a\x00b", "a\nb", "\ud800", "x" * 256, pytest.param(10**5000, id="huge")],
)
def test_what_is_no_id_is_undecodable(value: object) -> None:
    with pytest.raises(UndecodableError, match=r"^invoice: "):
        identifier(value, "invoice")


@given(value=st.text(st.characters()) | st.integers() | st.floats() | st.none() | st.lists(st.none()))
@example(value="\ud800")
def test_no_value_raises_anything_else(value: object) -> None:
    for reader in (identifier, milliseconds):
        with suppress(UndecodableError):
            assert reader(value, "x") is not None


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("customer.created", "customer.created"),
        ("Dear Sir,", "another type"),
        ("", "another type"),
        ("x" * 81, "another type"),
    ],
)
def test_only_what_looks_like_a_type_is_shown(name: str, shown: str) -> None:
    assert type_shown(name) == shown
