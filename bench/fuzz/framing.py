"""A delivery as the bytes of a request, in the ways that HTTP allows, and in some that it does not. Pure."""

import gzip
import zlib
from random import Random

from bench.fuzz.signing import Headers


def request(
    path: bytes,
    headers: Headers,
    body: bytes,
    *,
    method: bytes = b"POST",
    version: bytes = b"1.1",
    length: bool = True,
) -> bytes:
    """The request. Without `length` nothing is said of the body's end."""
    lines = [b"%s %s HTTP/%s" % (method, path, version), b"Host: paidmark.example"]
    lines += [b"%s: %s" % header for header in headers]
    if length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join((*lines, b"", body))


def chunked(body: bytes, random: Random) -> bytes:
    """The body in chunks."""
    parts, at = [], 0
    while at < len(body):
        size = random.choice((1, 7, 100, 5_000, 70_000))
        part = body[at : at + size]
        parts.append(b"%x%s\r\n%s\r\n" % (len(part), random.choice((b"", b"", b";a=b")), part))
        at += size
    return b"".join((*parts, b"0\r\n", random.choice((b"", b"X-Trailer: 1\r\n")), b"\r\n"))


def packed(body: bytes, random: Random) -> tuple[bytes, bytes]:
    """The body packed as its encoding says."""
    return random.choice((
        (gzip.compress(body, mtime=0), b"gzip"),
        (zlib.compress(body), b"deflate"),
        (zlib.compress(body, wbits=-15), b"deflate"),
        (body, b"identity"),
    ))  # fmt: skip


def packed_wrongly(body: bytes, random: Random) -> tuple[bytes, bytes]:
    """The body packed as a bomb, twice, not at all, or in a way that is not known here."""
    return random.choice((
        (_BOMB, b"gzip"),
        (_BOMB_IN_A_BOMB, b"gzip"),
        (gzip.compress(gzip.compress(body), mtime=0), b"gzip, gzip"),
        (gzip.compress(body, mtime=0)[:-3], b"gzip"),
        (gzip.compress(body, mtime=0) * 2, b"gzip"),
        (_SMALL_BOMB, b"deflate"),
        (body, b"gzip"),
        (body, b"deflate"),
        (b"", b"gzip"),
        (body, b"br"),
        (body, b"zstd"),
        (body, b"\xff"),
    ))  # fmt: skip


_BOMB = gzip.compress(b"\0" * 20_000_000, mtime=0)
_BOMB_IN_A_BOMB = gzip.compress(_BOMB, mtime=0)
_SMALL_BOMB = zlib.compress(b"\0" * 300_000)

PATHS: tuple[bytes, ...] = (
    b"/", b"/webhooks", b"/webhooks/", b"/webhooks//stripe", b"/webhooks/stripe/", b"/webhooks/stripe%2f", b"/webhooks/stripe%00",
    b"/webhooks/stripe%0a", b"/webhooks/stripe%0d%0aX-A:%20b", b"/webhooks/%2e%2e/healthz", b"/webhooks/../stripe", b"/WEBHOOKS/stripe",
    b"/webhooks/Stripe", b"/webhooks/%ff%fe", b"/webhooks/%ed%a0%80", b"/webhooks/%zz", b"/webhooks/" + b"a" * 8000, b"/webhooks/*",
    b"/webhooks/stripe*", b"/webhooks/%7b%7d", b"/webhooks/stripe%20", b"/webhooks/strip%u0065", b"/webhooks/stripe;a=b", b"/webhooks/'",
    b"http://other.example/", b"http://other.example/webhooks/x", b"/webhooks/\xf0\x9d\x95\x8f", b"/webhooks/\xff", b"*",
    b"/healthz/../webhooks/x", b"/metrics", b"/readyz", b"/webhooks/stripe%23", b"/webhooks/%252e",
)  # fmt: skip

METHODS: tuple[bytes, ...] = (
    b"GET",
    b"HEAD",
    b"PUT",
    b"PATCH",
    b"DELETE",
    b"OPTIONS",
    b"TRACE",
    b"PROPFIND",
    b"LOCK",
)
