"""Bodies that were packed for the way (Content-Encoding): unpacked whole, once, and bounded before anything is proven.

Pure. No vendor packs its webhooks, and signatures are over what was packed; a sender's HTTP client may do it all the same.
One packing, gzip or deflate; others and nested ones are refused. JSON shrinks to a tenth, bombs to a thousandth: what
unpacks to more than MOST_TIMES its size costs no more work than that.
"""

import zlib

MOST_TIMES = 100
_GZIP, _ZLIB, _RAW = 31, 15, -15


class NotUnpackableError(Exception):
    """The body is not what its encoding says, or packed in a way that is not known here."""


class UnpacksTooLargeError(Exception):
    """The body is larger than bodies may be."""


def unpacked(body: bytes, encoding: str, most: int) -> bytes:
    """The body as it was before it was packed. `encoding` as in Content-Encoding; `most` in bytes."""
    packing = encoding.strip().lower()
    if packing in ("", "identity"):
        return body
    if packing in ("gzip", "x-gzip"):
        return _inflated(body, _GZIP, most)
    if packing == "deflate":
        return _inflated(body, _ZLIB if body[:1] and body[0] & 0x0F == zlib.DEFLATED else _RAW, most)
    raise NotUnpackableError


def _inflated(body: bytes, bits: int, most: int) -> bytes:
    """See https://docs.python.org/3/library/zlib.html#zlib.decompressobj for `bits`."""
    bound = min(most, MOST_TIMES * len(body))
    inflating = zlib.decompressobj(bits)
    try:
        found = inflating.decompress(body, bound + 1)
    except zlib.error as error:
        raise NotUnpackableError from error
    if len(found) > bound:
        raise UnpacksTooLargeError
    if not inflating.eof or inflating.unused_data:
        raise NotUnpackableError
    return found
