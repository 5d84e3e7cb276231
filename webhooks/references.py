"""How an invoice names its entries, in all its places together: metadata in, References out. Pure.

What one place may hold, see `places`.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from webhooks import places
from webhooks.events import References
from webhooks.places import ENTRIES, ID_LENGTH, LINK, WORKSPACE, Place

VALUE_LENGTH = 500
"""Characters in one metadata value at Stripe, the shortest of common limits (https://docs.stripe.com/metadata)."""

_MOST_COMPLAINTS = 3
_NOTHING: Mapping[str, object] = {}


class Named(msgspec.Struct, frozen=True):
    """What an invoice names: references, or a link that stands for them.

    `unresolved` says, where it is not empty, why a person has to look first.
    """

    references: tuple[References, ...]
    unresolved: str = ""
    link: str = ""


def from_metadata(
    invoice: Mapping[str, object],
    *,
    inherited: Mapping[str, object] = _NOTHING,
    lines: Sequence[Mapping[str, object]] = (),
    texts: Sequence[str | None] = (),
    more_lines: bool = False,
) -> Named:
    """What an invoice's metadata, what it inherits (from a subscription), its lines' metadata and its texts name together.

    Entries are the union of all places. A workspace holds for its own place; a line or text without one takes the
    invoice's, and the invoice takes the inherited one. `more_lines` says that lines are missing here: then references on
    lines cannot be complete, unless the invoice itself names all of them.
    """
    default = places.read(inherited, "inherited ")
    own = places.read(invoice, "")
    named = [own, default]
    named += [places.read(line, f"line {n}: ") for n, line in enumerate(lines, 1) if places.mentions(line)]
    complaints = [complaint for place in named for complaint in place.complaints]
    if more_lines and {entry for place in named[2:] for entry in place.entries} - {
        *own.entries,
        *default.entries,
    }:
        complaints.append(
            "lines: there are more than the delivery shows, and those that it shows name entries"
        )
    written = [places.read_text(text, f"text {n}: ") for n, text in enumerate(texts, 1) if text]
    complaints += [complaint for place in written for complaint in place.complaints]
    fallback = next((one for one in (own, default, *written) if one.workspace or one.homeless), default)
    return _together([*named, *written], fallback, complaints, alone=WORKSPACE in invoice)


def from_fields(
    workspace: object,
    entries: object,
    link: object = None,
    *,
    names: tuple[str, str, str] = (WORKSPACE, ENTRIES, LINK),
) -> Named:
    """What fields of a payload name; `names` is what they are called there. None: the field is not there."""
    place = Place()
    places.read_workspace(place, names[0], workspace)
    places.read_link(place, names[2], link)
    if entries is not None:
        places.read_entries(place, names[1], entries)
    elif workspace is not None and not place.link:
        place.complaints.append(f"{names[1]}: missing beside {names[0]}")
    if place.link and place.entries:
        place.complaints.append(f"{names[2]}: stands beside {names[1]}")
    return Named(_merge([place], place), _sum_up(place.complaints), place.link)


def to_metadata(workspace: str, entries: Sequence[str]) -> dict[str, str]:
    """The metadata that names these entries, in values of at most VALUE_LENGTH characters."""
    step = (VALUE_LENGTH + 1) // (ID_LENGTH + 1)
    values = [",".join(entries[start : start + step]) for start in range(0, len(entries), step)]
    return {WORKSPACE: workspace} | {
        ENTRIES + (f"_{n}" if n > 1 else ""): value for n, value in enumerate(values, 1)
    }


def to_text(workspace: str, entries: Sequence[str]) -> str:
    """The text that names these entries, to stand among other words."""
    return f"{WORKSPACE}={workspace} {ENTRIES}={','.join(entries)}"


def _together(
    named: Sequence[Place], fallback: Place, complaints: list[str], *, alone: bool = False
) -> Named:
    """The union; `alone` says that the invoice names a workspace, so that something must stand beside it."""
    links = {place.link: None for place in named if place.link}
    entries = any(place.entries for place in named)
    if alone and not (complaints or links or entries):
        complaints.append(f"{ENTRIES}: missing beside {WORKSPACE}")
    if len(links) > 1:
        complaints.append(f"{LINK}: there are several")
    if links and entries:
        complaints.append(f"{LINK}: stands beside {ENTRIES}")
    return Named(_merge(named, fallback), _sum_up(complaints), next(iter(links), ""))


def _merge(named: Iterable[Place], fallback: Place) -> tuple[References, ...]:
    """One References a workspace, in the order in which they were named; entries of unreadable workspaces are left out."""
    merged: dict[str | None, dict[str, None]] = {}
    for place in named:
        home = place if place.workspace or place.homeless else fallback
        if place.entries and not home.homeless:
            distinct = dict.fromkeys(place.entries)
            merged[home.workspace] = merged.get(home.workspace, {}) | distinct if merged else distinct
    return tuple(References(workspace, tuple(entries)) for workspace, entries in merged.items())


def _sum_up(complaints: Sequence[str]) -> str:
    """The first complaints, and how many more there are: a reason is one line on a screen."""
    spare = len(complaints) - _MOST_COMPLAINTS
    return "; ".join(complaints[:_MOST_COMPLAINTS]) + (f"; and {spare} more" if spare > 0 else "")
