"""Bodies that were packed for the way."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhooks.unpacking import MOST_TIMES, NotUnpackableError, UnpacksTooLargeError, unpacked

BODY = b'{"type": "invoice.paid"}'
MOST = 1_000_000


@pytest.mark.parametrize(
    ("packed", "encoding"),
    [
        (BODY, ""),
        (BODY, "identity"),
        (gzip.compress(BODY), "gzip"),
        (gzip.compress(BODY), " GZip "),
        (gzip.compress(BODY), "x-gzip"),
        (zlib.compress(BODY), "deflate"),
        (zlib.compress(BODY, wbits=-15), "deflate"),
        (gzip.compress(b""), "gzip"),
    ],
)
def test_a_body_is_unpacked_as_it_says_that_it_is_packed(packed: bytes, encoding: str) -> None:
    assert unpacked(packed, encoding, MOST) in (BODY, b"")


@pytest.mark.parametrize(
    "encoding", ["br", "zstd", "compress", "gzip,gzip", "gzip,", "gzip, identity", "\udcff", "none"]
)
def test_other_packings_and_nested_ones_are_refused(encoding: str) -> None:
    with pytest.raises(NotUnpackableError):
        unpacked(gzip.compress(BODY), encoding, MOST)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        BODY,
        gzip.compress(BODY)[:-1],
        gzip.compress(BODY)[:5],
        gzip.compress(BODY) + b"x",
        gzip.compress(BODY) * 2,
        gzip.compress(BODY)[:-8] + bytes(8),
        zlib.compress(BODY),
    ],
)
def test_what_is_not_just_one_whole_packed_body_is_refused(packed: bytes) -> None:
    with pytest.raises(NotUnpackableError):
        unpacked(packed, "gzip", MOST)


def test_a_body_may_be_as_large_packed_as_it_may_be_plain() -> None:
    body = b"".join(b"%d," % number for number in range(1_000))

    assert unpacked(gzip.compress(body), "gzip", len(body)) == body
    with pytest.raises(UnpacksTooLargeError):
        unpacked(gzip.compress(body), "gzip", len(body) - 1)


def test_a_bomb_is_not_unpacked_any_further_than_bodies_shrink() -> None:
    bomb = gzip.compress(bytes(500_000))

    assert len(bomb) * MOST_TIMES < 500_000 < MOST
    with pytest.raises(UnpacksTooLargeError):
        unpacked(bomb, "gzip", MOST)


@given(st.binary(max_size=200), st.sampled_from(["gzip", "deflate", "x-gzip"]))
def test_rubbish_is_never_anything_but_refused(rubbish: bytes, encoding: str) -> None:
    try:
        unpacked(rubbish, encoding, MOST)
    except (NotUnpackableError, UnpacksTooLargeError):
        return
    assert encoding == "deflate", "rubbish of the bytes of a gzip header, length and checksum is not rubbish"
