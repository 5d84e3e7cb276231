"""The ways in which sources sign, against published vectors and against whatever headers can hold."""

import base64
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tests.webhooks.deliveries import NOW, trust
from webhooks import signatures
from webhooks.delivery import NotAuthenticError

# https://www.rfc-editor.org/rfc/rfc4231#section-4.3
RFC_4231_KEY, RFC_4231_MESSAGE = b"Jefe", b"what do ya want for nothing?"
RFC_4231_HEX = b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
# https://www.rfc-editor.org/rfc/rfc8032#section-7.1, test 2
RFC_8032_PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
RFC_8032_SIGNATURE = base64.b64encode(
    bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
).decode()


def headers(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


def test_hmac_in_hexadecimal_digits_is_that_of_the_rfc() -> None:
    assert signatures.hmac_hex(RFC_4231_KEY, RFC_4231_MESSAGE) == RFC_4231_HEX


def test_hmac_in_base64_is_that_of_squares_published_vector() -> None:
    message = b"https://webhook.site/webhooks" + b'{"data":{"type":"webhooks","id":">id<"}}'

    assert (
        signatures.hmac_base64(b"signature-key", message) == b"Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U="
    )


def test_any_signature_may_fit_any_secret() -> None:
    assert signatures.matches([b"old", b"new"], ["foreign", "new"])


@pytest.mark.parametrize("given_signatures", [[], ["good "], ["GOOD"], ["goo"], ["gôod"], ["\udce9"]])
def test_a_signature_that_is_not_the_same_text_does_not_match(given_signatures: list[str]) -> None:
    assert not signatures.matches([b"good"], given_signatures)


def test_nothing_matches_where_no_key_is() -> None:
    assert not signatures.matches([], ["good"])


def test_an_ed25519_signature_is_that_of_the_rfc() -> None:
    assert signatures.ed25519_matches([b"\x00" * 32, RFC_8032_PUBLIC], b"r", ["broken!", RFC_8032_SIGNATURE])


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [
        (RFC_8032_PUBLIC, b"s", RFC_8032_SIGNATURE),
        (RFC_8032_PUBLIC[:31], b"r", RFC_8032_SIGNATURE),
        (RFC_8032_PUBLIC, b"r", RFC_8032_SIGNATURE.rstrip("=")),
        (RFC_8032_PUBLIC, b"r", RFC_8032_SIGNATURE[:-3] + "B=="),
        (RFC_8032_PUBLIC, b"r", RFC_8032_SIGNATURE[:40]),
        (RFC_8032_PUBLIC, b"r", "é"),
        (RFC_8032_PUBLIC, b"r", ""),
    ],
    ids=["other message", "short key", "no padding", "another spelling", "short", "not ASCII", "empty"],
)
def test_an_ed25519_signature_that_differs_does_not_match(key: bytes, message: bytes, signature: str) -> None:
    assert not signatures.ed25519_matches([key], message, [signature])


@pytest.mark.parametrize("text", ["aGk=", "aGk"])
def test_base64_is_read_with_its_padding_or_without(text: str) -> None:
    assert signatures.decode_base64(text) == b"hi"


@pytest.mark.parametrize("text", ["", "a", "a-k_", "aG k=", "aGk====", "=aGk", "é", "\ud800"])
def test_what_is_not_base64_is_nothing(text: str) -> None:
    assert signatures.decode_base64(text) == b""


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_a_time_within_the_tolerance_is_taken(age: int) -> None:
    signatures.check_time(str(int(NOW) - age), trust())


@pytest.mark.parametrize(
    ("age", "reason"), [(301, "sent too long ago"), (-301, "sent in the future")], ids=["past", "future"]
)
def test_a_time_beyond_the_tolerance_is_refused_on_both_sides(age: int, reason: str) -> None:
    with pytest.raises(NotAuthenticError, match=reason):
        signatures.check_time(str(int(NOW) - age), trust())


def test_a_time_may_count_milliseconds() -> None:
    signatures.check_time(str(int(NOW * 1000) + 299_000), trust(), per_second=1000)


@pytest.mark.parametrize(
    "stamp", ["", "-1", "+1767225600", "1767225600.5", "1e9", "\uff11" * 10, "nan", "²", "9" * 400]
)
def test_a_time_that_is_no_whole_number_is_refused(stamp: str) -> None:
    with pytest.raises(NotAuthenticError, match="not a whole number"):
        signatures.check_time(stamp, trust())


def test_an_absurd_time_is_refused() -> None:
    with pytest.raises(NotAuthenticError, match="in the future"):
        signatures.check_time("9" * 15, trust())


def test_a_header_is_found_whatever_its_case() -> None:
    assert signatures.single(headers(("STRIPE-signature", "x")), "Stripe-Signature") == "x"


@pytest.mark.parametrize(("pairs", "reason"), [([], "missing"), ([("A", "1"), ("a", "1")], "repeated")])
def test_a_header_that_does_not_come_exactly_once_is_refused(
    pairs: list[tuple[str, str]], reason: str
) -> None:
    with pytest.raises(NotAuthenticError, match=f"A is {reason}"):
        signatures.single(headers(*pairs), "A")


def test_fields_are_split_and_an_item_without_a_value_is_empty() -> None:
    assert signatures.fields("ts=1;h1=a=;h1", ";", "=") == [("ts", "1"), ("h1", "a="), ("h1", "")]


@pytest.mark.parametrize(("header", "reason"), [("v1=a", "missing"), ("t=1,t=2", "repeated")])
def test_a_field_that_does_not_come_exactly_once_is_refused(header: str, reason: str) -> None:
    with pytest.raises(NotAuthenticError, match=f"t= is {reason}"):
        signatures.only(signatures.fields(header, ",", "="), "t")


@pytest.mark.parametrize(
    ("count", "reason"), [(0, "no signature"), (11, "too many signatures"), (5000, "too many")]
)
def test_the_number_of_signatures_is_bounded(count: int, reason: str) -> None:
    with pytest.raises(NotAuthenticError, match=reason):
        signatures.bounded(["x"] * count)


def test_as_many_signatures_as_the_bound_are_looked_at() -> None:
    assert len(signatures.bounded(["x"] * signatures.MOST_SIGNATURES)) == signatures.MOST_SIGNATURES


def test_bytes_that_are_not_utf_8_survive_the_way_through_a_header() -> None:
    assert signatures.wire("\udcff") == b"\xff"


def test_text_that_no_header_can_hold_is_refused() -> None:
    with pytest.raises(NotAuthenticError, match="no header can hold"):
        signatures.wire("\ud800")


@pytest.mark.parametrize(
    ("proven", "keys", "reason"),
    [(True, [], "no secret"), (False, [b"k"], "no signature fits")],
    ids=["keyless", "unfit"],
)
def test_what_is_not_proven_is_refused_with_the_reason(proven: bool, keys: list[bytes], reason: str) -> None:
    with pytest.raises(NotAuthenticError, match=reason):
        signatures.check_proven(proven, keys=keys)


@given(text=st.text(st.characters()))
@pytest.mark.parametrize(
    "function",
    [
        signatures.wire,
        lambda text: signatures.check_time(text, trust()),
        lambda text: signatures.matches([b"x"], [text]),
        lambda text: signatures.ed25519_matches([RFC_8032_PUBLIC], b"r", [text]),
        lambda text: signatures.only(signatures.fields(text, ",", "="), "t"),
    ],
)
def test_no_text_whatever_raises_anything_else(function: Callable[[str], object], text: str) -> None:
    with suppress(NotAuthenticError):
        function(text)
