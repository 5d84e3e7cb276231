"""How an invoice names its entries: metadata in, References out.

Pure. Complaints name the key and the position, never the value: what people write into metadata is not kept.

    clockify_workspace_id        one id; the settings' default stands in
    clockify_time_entry_ids      ids, separated by commas, spaces or new lines, or a JSON list
    clockify_time_entry_ids_2    ... and _3, _4, continue it: a vendor's metadata value is short

A further way to name entries is a further key here, read in `_read_place`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from string import ascii_letters, digits
from typing import TypeGuard

import msgspec

from webhooks.events import References

WORKSPACE = "clockify_workspace_id"
ENTRIES = "clockify_time_entry_ids"
VALUE_LENGTH = 500
"""Characters in one metadata value at Stripe, the shortest of common limits (https://docs.stripe.com/metadata)."""

_ANY_ENTRIES = "clockify_time_entry"
_CONTINUATION = re.compile(rf"{ENTRIES}(?:_([0-9]{{1,3}}))?")
_ID_LENGTH = 24
_LETTERS_AND_DIGITS = (ascii_letters + digits).encode()
_MOST_COMPLAINTS = 3


class Named(msgspec.Struct, frozen=True):
    """What an invoice names, and why, where it is not empty, a person has to look first."""

    references: tuple[References, ...]
    unresolved: str = ""


class Place(msgspec.Struct):
    """What one place of a payload (the invoice itself, a line) names: ids, and what is wrong with them.

    `homeless`: a workspace was named, but cannot be read; the default must not stand in for it.
    """

    workspace: str | None = None
    homeless: bool = False
    entries: list[str] = msgspec.field(default_factory=list)
    complaints: list[str] = msgspec.field(default_factory=list)


def from_metadata(
    invoice: Mapping[str, str],
    *,
    inherited: Mapping[str, str],
    lines: Sequence[Mapping[str, str]],
    more_lines: bool,
) -> Named:
    """What an invoice's metadata, what it inherits (from a subscription) and its lines' metadata name together.

    Entries are the union of all places. A workspace holds for its own place; a line without one takes the invoice's,
    and the invoice takes the inherited one. `more_lines` says that lines are missing here: then references on lines
    cannot be complete, unless the invoice itself names all of them.
    """
    default = _read_place(inherited, "inherited ")
    own = _read_place(invoice, "")
    places = [own, default]
    places += [_read_place(line, f"line {n}: ") for n, line in enumerate(lines, 1) if _mentions(line)]
    complaints = [complaint for place in places for complaint in place.complaints]
    if more_lines and {entry for place in places[2:] for entry in place.entries} - {
        *own.entries,
        *default.entries,
    }:
        complaints.append(
            "lines: there are more than the delivery shows, and those that it shows name entries"
        )
    if WORKSPACE in invoice and not complaints and not any(place.entries for place in places):
        complaints.append(f"{ENTRIES}: missing beside {WORKSPACE}")
    fallback = own if own.workspace or own.homeless else default
    return Named(_merge(places, fallback), _sum_up(complaints))


def from_fields(
    workspace: object, entries: object, *, names: tuple[str, str] = (WORKSPACE, ENTRIES)
) -> Named:
    """What two fields of a payload name; `names` is what they are called there. None: the field is not there."""
    place = Place()
    _read_workspace(place, names[0], workspace)
    if entries is not None:
        _read_entries(place, names[1], entries)
    elif workspace is not None:
        place.complaints.append(f"{names[1]}: missing beside {names[0]}")
    return Named(_merge([place], place), _sum_up(place.complaints))


def to_metadata(workspace: str, entries: Sequence[str]) -> dict[str, str]:
    """The metadata that names these entries, in values of at most VALUE_LENGTH characters."""
    step = (VALUE_LENGTH + 1) // (_ID_LENGTH + 1)
    values = [",".join(entries[start : start + step]) for start in range(0, len(entries), step)]
    return {WORKSPACE: workspace} | {
        ENTRIES + (f"_{n}" if n > 1 else ""): value for n, value in enumerate(values, 1)
    }


def _mentions(metadata: Mapping[str, str]) -> bool:
    return any(key == WORKSPACE or key.startswith(_ANY_ENTRIES) for key in metadata)


def _read_place(metadata: Mapping[str, str], where: str) -> Place:
    """What one place names. A key that is nearly right is a complaint: ids behind it would be missing in silence."""
    place = Place()
    numbered: dict[int, str] = {}
    for key in metadata:
        if key == WORKSPACE:
            _read_workspace(place, where + key, metadata[key])
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
        _read_entries(place, where + numbered[number], metadata[numbered[number]])
    return place


def _read_workspace(place: Place, where: str, value: object) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str) and is_id(value.strip()):
        place.workspace = value.strip()
    else:
        place.homeless = True
        place.complaints.append(f"{where}: not an id of {_ID_LENGTH} letters and digits")


def _read_entries(place: Place, where: str, value: object) -> None:
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
                f"{where}: item {position} is not an id of {_ID_LENGTH} letters and digits"
            )


def _are_ids(items: Sequence[object]) -> "TypeGuard[Sequence[str]]":
    """Whether all of them are ids, found out together: of most deliveries that is so, and some have thousands."""
    try:
        together = "".join(items)  # type: ignore[arg-type]  # what is no text is found out here
    except TypeError:
        return False
    long_enough = {*map(len, items)} == {_ID_LENGTH}  # type: ignore[arg-type]  # they are texts
    return long_enough and together.isascii() and not together.encode().translate(None, _LETTERS_AND_DIGITS)


def is_id(text: str) -> bool:
    """Whether `text` has the shape of a Clockify id (its own examples are not all hexadecimal)."""
    return len(text) == _ID_LENGTH and text.isascii() and text.isalnum()


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


def _merge(places: Iterable[Place], fallback: Place) -> tuple[References, ...]:
    """One References a workspace, in the order in which they were named; entries of unreadable workspaces are left out."""
    merged: dict[str | None, dict[str, None]] = {}
    for place in places:
        home = place if place.workspace or place.homeless else fallback
        if place.entries and not home.homeless:
            named = dict.fromkeys(place.entries)
            merged[home.workspace] = merged.get(home.workspace, {}) | named if merged else named
    return tuple(References(workspace, tuple(entries)) for workspace, entries in merged.items())


def _sum_up(complaints: Sequence[str]) -> str:
    """The first complaints, and how many more there are: a reason is one line on a screen."""
    spare = len(complaints) - _MOST_COMPLAINTS
    return "; ".join(complaints[:_MOST_COMPLAINTS]) + (f"; and {spare} more" if spare > 0 else "")
