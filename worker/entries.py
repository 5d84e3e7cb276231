"""Entry ids, and their short form in the ledger.

Pure. Clockify's ids are 24 lower-case hexadecimal digits; its documentation also shows other letters, so both are taken.
An id of digits only fits 12 bytes; the rest keep their 24 characters. One byte before each tells which it is.
"""

import re

ID_LENGTH = 24
_ID = re.compile(r"[0-9A-Za-z]{24}")
_HEX = re.compile(r"[0-9a-f]{24}")
_HEX_DIGITS = b"0123456789abcdef"
_SHORT, _LONG = b"\x00", b"\x01"
_SHORT_WIDTH = 13


def is_id(text: str) -> bool:
    """Whether `text` has the shape of an entry's or a workspace's id: 24 letters and digits."""
    return _ID.fullmatch(text) is not None


def pack(entries: tuple[str, ...]) -> bytes:
    """The ids, one after another, in their short form."""
    together = "00".join(("", *entries))
    if not together.encode().translate(None, _HEX_DIGITS):
        return bytes.fromhex(together)
    return b"".join(
        _SHORT + bytes.fromhex(entry) if _HEX.fullmatch(entry) else _LONG + entry.encode()
        for entry in entries
    )


def unpack(packed: bytes) -> tuple[str, ...]:
    """The ids that `pack` was given."""
    if len(packed) % _SHORT_WIDTH == 0 and not any(packed[::_SHORT_WIDTH]):  # nothing but short ones
        digits = packed.hex()
        width = 2 * _SHORT_WIDTH
        return tuple([digits[i : i + ID_LENGTH] for i in range(2, len(digits), width)])
    entries = []
    start = 0
    while start < len(packed):
        if packed[start : start + 1] == _SHORT:
            end = start + _SHORT_WIDTH
            entries.append(packed[start + 1 : end].hex())
        else:
            end = start + 1 + ID_LENGTH
            entries.append(packed[start + 1 : end].decode())
        start = end
    return tuple(entries)
