"""Changes of bytes that know nothing of what the bytes mean. Pure."""

from collections.abc import Callable
from random import Random

ODD: tuple[bytes, ...] = (
    b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xef\xbb\xbf", b"\r\n", b"\n", b"\r\n\r\n", b" ", b"\t",
    b'"', b"\\", b"\\u0000", b"\\ud800", b"{", b"}", b"[", b"]", b",", b":", b"=", b";", b"%", b"%00", b"0", b"9" * 30, b"-", b"e999",
)  # fmt: skip


def change(octets: bytes, random: Random) -> bytes:
    """Change one place."""
    return random.choice(_CHANGES)(octets, random) or b" "


def _flipped(octets: bytes, random: Random) -> bytes:
    at = random.randrange(len(octets))
    return octets[:at] + bytes([octets[at] ^ 1 << random.randrange(8)]) + octets[at + 1 :]


def _inserted(octets: bytes, random: Random) -> bytes:
    at = random.randrange(len(octets) + 1)
    return octets[:at] + random.choice(ODD) + octets[at:]


def _overwritten(octets: bytes, random: Random) -> bytes:
    at, odd = random.randrange(len(octets)), random.choice(ODD)
    return octets[:at] + odd + octets[at + len(odd) :]


def _removed(octets: bytes, random: Random) -> bytes:
    at = random.randrange(len(octets))
    return octets[:at] + octets[at + random.choice((1, 2, 10, 100)) :]


def _repeated(octets: bytes, random: Random) -> bytes:
    at = random.randrange(len(octets))
    slice_ = octets[at : at + random.choice((1, 5, 50))]
    return octets[:at] + slice_ * random.choice((2, 3, 100)) + octets[at:]


def _cut(octets: bytes, random: Random) -> bytes:
    return octets[: random.randrange(len(octets))]


def _in_another_encoding(octets: bytes, random: Random) -> bytes:
    text = octets.decode("latin-1")
    return text.encode(random.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "utf-8-sig", "cp037")))


_CHANGES: tuple[Callable[[bytes, Random], bytes], ...] = (
    _flipped, _flipped, _inserted, _inserted, _overwritten, _removed, _repeated, _cut, _in_another_encoding,
)  # fmt: skip
