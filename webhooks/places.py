"""One place of a payload that may name entries: the invoice's metadata, a line's, a text that somebody wrote.

Pure. Complaints name the key and the position, never the value: what people write into metadata is not kept.

    clockify_workspace_id        one id; the settings' default stands in
    clockify_time_entry_ids      ids, separated by commas, spaces or new lines, or a JSON list
    clockify_time_entry_ids_2    ... and _3, _4, continue it: a vendor's metadata value is short
    clockify_link                the name under which workspace and entries were told beforehand, or will be

A further way to name entries is a further key here, read in `read`.
"""

import re
from collections.abc import Mapping, Sequence
from string import ascii_letters, digits
from typing import TypeGuard

import msgspec

WORKSPACE = "clockify_workspace_id"
ENTRIES = "clockify_time_entry_ids"
LINK = "clockify_link"
ID_LENGTH = 24

_ANY_ENTRIES = "clockify_time_entry"
_CONTINUATION = re.compile(rf"{ENTRIES}(?:_([0-9]{{1,3}}))?")
_LINK = re.compile(r"[0-9A-Za-z_.~-]{1,64}")
_KEY = r"(?<![0-9A-Za-z_])(clockify_[0-9a-z_]+)[ \t]{0,3}[=:][ \t]{0,3}"
_ID_FOLLOWS, _HEX_FOLLOWS = (
    rf"(?={digit}{{{ID_LENGTH}}}(?![0-9A-Za-z_]))" for digit in ("[0-9A-Za-z]", "[0-9a-f]")
)
_WRITTEN = re.compile(
    rf"{_KEY}((?:[^\s;,<&]|,\s{{0,3}}{_ID_FOLLOWS}|,(?=[^\s;,<&])|\s{{1,3}}{_HEX_FOLLOWS})+)"
)
"""`key=value` in a text: up to a space after which no id comes, a semicolon, or what begins markup."""
_CUT_OFF = re.compile(rf"(?:[\s,;]|<[^<>]{{0,80}}>|&[#0-9A-Za-z]{{1,8}};){{1,20}}{_ID_FOLLOWS}")
"""What may stand between a value and an id that people see in the same row."""
_LETTERS_AND_DIGITS = (ascii_letters + digits).encode()


class Place(msgspec.Struct):
    """What one place names: ids, or a link, and what is wrong with them.

    `homeless`: a workspace was named, but cannot be read; the default must not stand in for it.
    """

    workspace: str | None = None
    homeless: bool = False
    link: str = ""
    entries: list[str] = msgspec.field(default_factory=list)
    complaints: list[str] = msgspec.field(default_factory=list)


def mentions(metadata: Mapping[str, object]) -> bool:
    """Whether any key is one of ours, or nearly."""
    return any(key in (WORKSPACE, LINK) or key.startswith(_ANY_ENTRIES) for key in metadata)


def read(metadata: Mapping[str, object], where: str) -> Place:
    """What metadata name. A key that is nearly right is a complaint: ids behind it would be missing in silence."""
    place = Place()
    numbered: dict[int, str] = {}
    for key in metadata:
        if key == WORKSPACE:
            read_workspace(place, where + key, metadata[key])
        elif key == LINK:
            read_link(place, where + key, metadata[key])
        elif key.startswith(_ANY_ENTRIES):
            fit = _CONTINUATION.fullmatch(key)
            number = int(fit[1] or 1) if fit else 0
            if number == 0 or number in numbered:
                place.complaints.append(f"{where}a key like {ENTRIES} that is none of its continuations")
            else:
                numbered[number] = key
    for n, number in enumerate(sorted(numbered), 1):
        if n != number:
            place.complaints.append(f"{where}{ENTRIES}: number {n} of its continuations is missing")
            break
    for number in sorted(numbered):
        read_entries(place, where + numbered[number], metadata[numbered[number]])
    return place


def read_text(text: str, where: str) -> Place:
    """What a text names, in which `clockify_link=name` may stand among other words, or any other key and its value.

    Ids are separated by commas there, or by spaces; markup ends the value, and an id behind it is a complaint.
    """
    written: dict[str, object] = {}
    complaints = []
    for found in _WRITTEN.finditer(text):
        key, value = found.groups()
        if key in written:
            complaints.append(f"{where}the same key stands there twice")
        if key.startswith(_ANY_ENTRIES) and _CUT_OFF.match(text, found.end()):
            complaints.append(f"{where}an id follows that is cut off from those before it")
        written[key] = value.rstrip(".,")
    place = read(written, where) if written else Place()
    place.complaints += dict.fromkeys(complaints)
    return place


def read_workspace(place: Place, where: str, value: object) -> None:
    """Take the id of a workspace; nothing and an empty text name none."""
    if value is None or value == "":
        return
    if isinstance(value, str) and is_id(value.strip()):
        place.workspace = value.strip()
    else:
        place.homeless = True
        place.complaints.append(f"{where}: not an id of {ID_LENGTH} letters and digits")


def read_link(place: Place, where: str, value: object) -> None:
    """Take the name of a link, alone or in a text as `clockify_link=name`; nothing and an empty text name none."""
    if value is None or value == "":
        return
    text = value.strip() if isinstance(value, str) else ""
    name = read_text(text, "").link if LINK in text else text
    if is_link(name):
        place.link = name
    else:
        place.complaints.append(f"{where}: not a name of at most 64 letters, digits and _ . ~ -")


def read_entries(place: Place, where: str, value: object) -> None:
    """Take ids: a list, a JSON list in a text, or a text with separators."""
    items = _split(value)
    if items is None:
        place.complaints.append(f"{where}: not a list of ids")
        return
    if _are_ids(items):
        place.entries += items
        return
    for position, item in enumerate(items, 1):
        if isinstance(item, str) and is_id(item):
            place.entries.append(item)
        else:
            place.complaints.append(
                f"{where}: item {position} is not an id of {ID_LENGTH} letters and digits"
            )


def is_id(text: str) -> bool:
    """Whether `text` has the shape of a Clockify id (its own examples are not all hexadecimal)."""
    return len(text) == ID_LENGTH and text.isascii() and text.isalnum()


def is_link(text: str) -> bool:
    """Whether `text` can be the name of a link: what any vendor's field takes, and nothing has to quote."""
    return _LINK.fullmatch(text) is not None


def _are_ids(items: Sequence[object]) -> "TypeGuard[Sequence[str]]":
    """Whether all of them are ids, found out together: of most deliveries that is so, and some have thousands."""
    try:
        lines = "\n".join(items)  # type: ignore[arg-type]  # what is no text is found out here
    except TypeError:
        return False
    ends = "\n" * (len(items) - 1)
    return (
        lines.isascii()
        and lines[ID_LENGTH :: ID_LENGTH + 1] == ends
        and len(lines) == len(items) * (ID_LENGTH + 1) - 1
        and lines.encode().translate(None, _LETTERS_AND_DIGITS) == ends.encode()
    )


def _split(value: object) -> Sequence[object] | None:
    """The items of a list, of a JSON list in a string, or of a string with separators; None if it is none of these."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = msgspec.json.decode(value)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return None
    if isinstance(value, str):
        return value.replace(",", " ").split()
    return value if isinstance(value, list) else None
