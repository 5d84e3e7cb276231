"""One line of the desk's list: a marking, or an event that has come to none. Pure, from an invoice's record."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from webhooks.desk.words import entries, iso
from webhooks.sources.facts import Rank
from worker.ledger.records import SHORT_DIGEST, UNDECODED, Happening, Place, Record
from worker.marking import State

OPEN_PLACES = frozenset({State.WAITING, State.REJECTED, State.PARTLY_APPLIED})
AWAITING = frozenset({State.REJECTED, State.PARTLY_APPLIED, State.UNRESOLVED})
_MADE_NOTHING = frozenset({State.UNRESOLVED, State.SUPERSEDED})
_NOTHING_NEW = "says what is known already"
_DIGEST = re.compile(rf"[0-9a-f]{{{SHORT_DIGEST}}}")
_REPAIR = "a worker lost its lease: the present wish of these entries is sent once more"


@dataclass(frozen=True, slots=True)
class Name:
    """A ref, taken apart. Account and `id` are as the vendor wrote them.

    `kind` is invoice, payment, repair, or undecoded: a body whose digest begins with `id`.
    """

    source: str
    account: str
    id: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line. `says`: issued, paid, reversed, repair, or empty: it could not be decoded. Times in milliseconds since 1970; `settled` 0: not yet."""

    ref: str
    event: str
    says: str
    workspace: str
    state: State
    ids: tuple[str, ...]
    since: int
    settled: int
    reason: str


def name(ref: str) -> Name:
    """What a ref says."""
    source, account, rest = ref.split("/", 2)
    if (source, account) == ("repair", "") and rest.isdigit():
        return Name("", "", rest, "repair")
    if account == UNDECODED and _DIGEST.fullmatch(rest):
        return Name(source, "", rest, UNDECODED)
    kind = "payment" if rest.startswith("@") else "invoice"
    return Name(source, unquote(account), unquote(rest.removeprefix("@")), kind)


def rows(record: Record, held_up: Mapping[str, str], asked: State | None = None) -> list[Row]:
    """The lines of one invoice, `held_up` saying by workspace why what waits there does.

    A line a workspace, and one for each event that awaits a person. Events that led to nothing are lines where their
    state is `asked` for, and where there is nothing else to show.
    """
    placed = [_placed(record, place, held_up) for place in record.places]
    shown = [row for row in placed if asked in (None, row.state)]
    wanted = asked or State.UNRESOLVED
    if asked is None or not shown:
        shown += [_alone(record.ref, one) for one in record.history if one.state is wanted]
    if not shown and asked is None and record.history:
        shown = [_alone(record.ref, max(record.history, key=_newness))]
    return shown


def awaiting(record: Record) -> list[Row]:
    """What awaits a person on one invoice: refused entries, and unresolved events."""
    return [row for row in rows(record, {}) if row.state in AWAITING]


def unfinished(record: Record) -> list[Row]:
    """What waits, or awaits a person, on one invoice."""
    return [row for row in rows(record, {}) if row.state in OPEN_PLACES | AWAITING]


def document(row: Row) -> dict[str, Any]:
    """A line for programs."""
    told = name(row.ref)
    return {
        "ref": row.ref,
        "kind": told.kind,
        "source": told.source,
        "account": told.account,
        "invoice": told.id,
        "event": row.event,
        "says": row.says,
        "workspace": row.workspace,
        "state": row.state.value,
        "entries": len(row.ids),
        "since": iso(row.since),
        "settled": iso(row.settled),
        "reason": row.reason,
    }


def refusals(place: Place) -> str:
    """How many entries of a place were refused, and for what."""
    reasons = dict.fromkeys(reason for _, reason in place.refusals)
    count = place.done.count("x")
    return f"{count} of {entries(len(place.named) + len(place.formerly))} refused: {'; '.join(reasons)}"


def why(one: Happening) -> str:
    """Why an event came to what it did. Of one that was overtaken the ledger still knows why it was unresolved."""
    if one.state is not State.SUPERSEDED or one.reason == _NOTHING_NEW:
        return one.reason
    return "overtaken by a newer event" + (f"; was unresolved: {one.reason}" if one.reason else "")


def says(ref: str, one: Happening) -> str:
    """What an event says: issued, paid or reversed. Empty for a body that nobody could decode."""
    if name(ref).kind == UNDECODED:
        return ""
    return _says(one.invoiced, one.rank)


def newest(record: Record) -> Happening | None:
    """The newest event that has made markings."""
    made = [one for one in record.history if one.state not in _MADE_NOTHING]
    return max(made, key=_newness, default=None)


def _newness(one: Happening) -> tuple[int, int, int]:
    return one.order, one.rank, one.accepted


def _placed(record: Record, place: Place, held_up: Mapping[str, str]) -> Row:
    event, repair = newest(record), name(record.ref).kind == "repair"
    return Row(
        ref=record.ref,
        event=event.event if event else "",
        says="repair" if repair else _says(place.invoiced, event.rank if event else Rank.PAID),
        workspace=place.workspace,
        state=place.state,
        ids=place.named + place.formerly,
        since=place.since,
        settled=place.settled,
        reason="; ".join(filter(None, (_REPAIR if repair else "", _reason(place, event, held_up)))),
    )


def _reason(place: Place, event: Happening | None, held_up: Mapping[str, str]) -> str:
    if place.state is State.WAITING:
        so_far = [refusals(place)] if "x" in place.done else []
        return "; ".join(filter(None, [*so_far, held_up.get(place.workspace, "")]))
    if place.state in AWAITING:
        return refusals(place)
    return event.reason if event and place.state is State.DROPPED else ""


def _alone(ref: str, one: Happening) -> Row:
    """An event without a marking of its own. What it named is known while it is unresolved."""
    return Row(
        ref=ref,
        event=one.event,
        says=says(ref, one),
        workspace=", ".join(wanted.workspace for wanted in one.wanted if wanted.workspace),
        state=one.state,
        ids=tuple(entry for wanted in one.wanted for entry in wanted.entries),
        since=one.accepted,
        settled=one.settled,
        reason=why(one),
    )


def _says(invoiced: bool, rank: int) -> str:
    if not invoiced:
        return "reversed"
    return "issued" if rank == Rank.ISSUED else "paid"
