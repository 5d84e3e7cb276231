"""One invoice, whole: what stands in each workspace, what was refused and why, and what has happened.

Must not ask the ledger: it tells what it is given.
"""

from collections.abc import Mapping
from typing import Any

from webhooks.desk.rows import Name, name, refusals, rows, says, why
from webhooks.desk.tables import REASON, say, table
from webhooks.desk.words import ago, clock, duration, iso
from worker.ledger.records import UNDECODED, Happening, Place, Record
from worker.marking import State

_MARKS = {"+": "applied", "x": "refused", ".": "to do"}


def tell(record: Record, held_up: Mapping[str, str], now: int) -> None:
    """Print the story of an invoice. `held_up` says, by workspace, why what waits there does; `now` in ms since 1970."""
    say(record.ref, "bold")
    say(_introduced(name(record.ref)))
    if record.linked:
        say(f"its entries were told by a link: {name(record.linked).id}")
    if record.places:
        say()
        _tell_places(record, held_up, now)
    refused = [(one.workspace, *refusal) for one in record.places for refusal in one.refusals]
    if refused:
        say()
        table(("refused entry", "workspace", REASON), ([entry, place, why] for place, entry, why in refused))
    if record.history:
        say()
        _tell_history(record, now)


def document(record: Record, held_up: Mapping[str, str]) -> dict[str, Any]:
    """The story for programs. `entries` of a workspace has each id with what became of it."""
    told = name(record.ref)
    return {
        "ref": record.ref,
        "kind": told.kind,
        "source": told.source,
        "account": told.account,
        "invoice": told.id,
        "linked": name(record.linked).id if record.linked else "",
        "workspaces": [_place(one, held_up) for one in record.places],
        "history": [_happening(record.ref, one) for one in record.history],
    }


def _introduced(told: Name) -> str:
    if told.kind == "repair":
        return "a repair: a worker lost its lease, and the present wish of these entries is sent once more"
    if told.kind == UNDECODED:
        return f"a body of source {told.source} that could not be decoded"
    account = f", account {told.account}" if told.account else ""
    return f"{told.kind} {told.id} of source {told.source}{account}"


def _tell_places(record: Record, held_up: Mapping[str, str], now: int) -> None:
    columns = ("workspace", "state", "says", "entries", "so far", "queued", "settled", REASON)
    lines = [row for row in rows(record, held_up) if row.state is not State.UNRESOLVED]
    table(
        columns,
        (
            [
                place.workspace,
                place.state.value,
                row.says,
                str(len(row.ids)),
                _so_far(place),
                ago(place.since, now),
                ago(place.settled, now) if place.settled else "-",
                row.reason,
            ]
            for place, row in zip(record.places, lines, strict=True)
        ),
    )


def _so_far(place: Place) -> str:
    counts = {word: place.done.count(mark) for mark, word in _MARKS.items()}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count) or "-"


def _tell_history(record: Record, now: int) -> None:
    columns = ("accepted", "age", "event", "says", "happened", "state", REASON)
    table(
        columns,
        (
            [
                clock(one.accepted),
                ago(one.accepted, now),
                one.event,
                says(record.ref, one) or "-",
                clock(one.at) if one.at else "-",
                one.state.value,
                _became(one),
            ]
            for one in sorted(record.history, key=lambda one: one.accepted)
        ),
    )


def _became(one: Happening) -> str:
    """When an event was settled, and why it came to what it did."""
    after = f"after {duration((one.settled - one.accepted) / 1000)}" if one.settled else ""
    return "; ".join(filter(None, (after, why(one))))


def _place(place: Place, held_up: Mapping[str, str]) -> dict[str, Any]:
    return {
        "workspace": place.workspace,
        "state": place.state.value,
        "invoiced": place.invoiced,
        "since": iso(place.since),
        "settled": iso(place.settled),
        "held_up": held_up.get(place.workspace, "") if place.state is State.WAITING else "",
        "reason": refusals(place) if place.refusals else "",
        "entries": _entries(place),
    }


def _entries(place: Place) -> list[dict[str, str]]:
    """Each entry, and what became of it: a place that has settled whole keeps no mark for each."""
    whole = "to do" if place.state is State.WAITING else place.state.value
    reasons = dict(place.refusals)
    ids = place.named + place.formerly
    marks = [_MARKS[mark] for mark in place.done] or [whole] * len(ids)
    return [
        {"id": entry, "state": mark, "reason": reasons.get(entry, "")}
        for entry, mark in zip(ids, marks, strict=True)
    ]


def _happening(ref: str, one: Happening) -> dict[str, Any]:
    return {
        "event": one.event,
        "says": says(ref, one),
        "order": one.order,
        "rank": one.rank,
        "happened": iso(one.at),
        "accepted": iso(one.accepted),
        "state": one.state.value,
        "settled": iso(one.settled),
        "reason": one.reason,
        "names": [{"workspace": it.workspace, "entries": list(it.entries)} for it in one.wanted],
    }
