"""The proof of the kill test must be able to fail: each way in which Paidmark could be wrong is shown to it."""

import time
from typing import Any

import pytest

from bench.chaos.evidence import Evidence
from bench.chaos.held_up import Active, HeldUp
from bench.chaos.lives import write
from bench.chaos.load import Load, Telling, workspace
from bench.chaos.proof import prove, wrong_now
from webhooks.sources.kind import Sample

HOUR, OTHER = "0" * 24, "1" * 24


def told(
    event: str, *entries: str, at: int, paid: bool = True, invoice: str = "in_1", forged: bool = False
) -> Telling:
    sample = Sample(
        event=event,
        invoice=invoice,
        workspace=workspace(0),
        entries=entries,
        at=at,
        told="paid" if paid else "reversed",
    )
    return Telling(source="stripe", sample=sample, starts=0, forged=forged)


def entry(*changes: tuple[float, bool]) -> dict[str, Any]:
    return {"invoiced": changes[-1][1], "writes": len(changes), "changes": list(changes)}


def evidence(load: Load, touched: dict[str, dict[str, Any]], **acknowledged: float) -> Evidence:
    return Evidence(load, {event: at - 0.1 for event, at in acknowledged.items()}, acknowledged, touched)


def test_what_was_told_and_took_effect_is_proven() -> None:
    load = Load([told("paid", HOUR, at=1)])

    assert prove(evidence(load, {HOUR: entry((11.0, True))}, paid=10)).wrong == []


def test_an_event_without_its_effect_is_lost() -> None:
    load = Load([told("paid", HOUR, at=1)])

    assert list(wrong_now(evidence(load, {}, paid=10))) == [f"{HOUR} is not invoiced, must be: LOST"]


def test_an_event_that_nobody_acknowledged_is_found() -> None:
    load = Load([told("paid", HOUR, at=1)])

    assert "paid was never acknowledged" in list(wrong_now(evidence(load, {HOUR: entry((11.0, True))})))


def test_a_mark_that_a_newer_event_has_taken_back_is_wrong() -> None:
    load = Load([told("gone", HOUR, at=2, paid=False), told("paid", HOUR, at=1)])

    assert list(wrong_now(evidence(load, {HOUR: entry((11.0, True))}, gone=10, paid=10))) == [
        f"{HOUR} is invoiced, must not be: WRONG"
    ]


def test_an_entry_that_only_a_forgery_names_must_not_be_touched() -> None:
    load = Load([told("forged", HOUR, at=1, forged=True)])

    assert list(wrong_now(evidence(load, {HOUR: entry((11.0, True), (12.0, False))}))) == [
        f"{HOUR} was touched, and no event names it: WRONG"
    ]


def test_an_hour_of_a_replaced_invoice_must_not_be_seen_unmarked() -> None:
    load = Load([told("paid", HOUR, at=1)], kept={HOUR})
    seen = {HOUR: entry((11.0, True), (12.0, False), (13.0, True))}

    assert prove(evidence(load, seen, paid=10)).wrong == [
        f"{HOUR} was seen unmarked, though an invoice claimed it all the time: WRONG"
    ]


def test_a_bad_entry_is_not_expected() -> None:
    load = Load([told("paid", HOUR, OTHER, at=1)], bad={OTHER})

    assert list(wrong_now(evidence(load, {HOUR: entry((11.0, True))}, paid=10))) == []


def test_the_wait_is_that_of_the_last_entry_which_was_not_marked_before() -> None:
    load = Load([told("paid", HOUR, OTHER, at=1)])
    seen = {HOUR: entry((9.0, True)), OTHER: entry((14.5, True))}

    assert prove(evidence(load, seen, paid=10)).waits == [pytest.approx(4.5)]


def test_what_a_late_call_undid_is_counted_until_it_is_right_again() -> None:
    load = Load([told("paid", HOUR, at=1), told("gone", HOUR, at=2, paid=False)])
    seen = {HOUR: entry((11.0, True), (21.0, False), (30.0, True), (32.5, False))}

    assert prove(evidence(load, seen, paid=10, gone=20)).spells == [pytest.approx(2.5)]


def test_a_mark_while_its_event_is_on_its_way_is_not_late() -> None:
    load = Load([told("paid", HOUR, at=1), told("gone", HOUR, at=2, paid=False)])

    assert prove(evidence(load, {HOUR: entry((11.0, True), (19.95, False))}, paid=10, gone=20)).spells == []


def test_an_invoice_that_names_the_entry_no_longer_does_not_claim_it() -> None:
    load = Load([told("first", HOUR, at=1), told("second", OTHER, at=2)])

    assert load.wanted() == {OTHER}


# Every change, held against the wish at its time.


def changes_of(*changes: tuple[float, bool, str]) -> dict[str, Any]:
    return {"invoiced": changes[-1][1], "writes": len(changes), "changes": list(changes)}


def wrong_writes(changes: list[tuple[float, bool, str]], *held_up: HeldUp) -> list[str]:
    """What is wrong with the changes of an hour that was paid at 100 and given back at 200."""
    load = Load([told("paid", HOUR, at=1), told("gone", HOUR, at=2, paid=False)])
    seen = evidence(load, {HOUR: changes_of(*changes)}, paid=100, gone=200)
    seen.callers, seen.held_up = {"f1": "worker-1", "f2": "worker-2"}, held_up
    return prove(seen).wrong


RIGHT = [(100.5, True, "f1"), (200.5, False, "f1")]


def test_changes_that_follow_their_events_are_right() -> None:
    assert wrong_writes(RIGHT) == []


def test_a_mark_before_its_event_was_sent_is_wrong() -> None:
    (line,) = wrong_writes([(99.0, True, "f1"), (200.5, False, "f1")])

    assert line.startswith(f"{HOUR} was marked by worker-1, and nobody can have wished for it in the 7.5 s")


LATE = [*RIGHT, (230.0, True, "f1"), (231.0, False, "f2")]


def test_a_mark_long_after_its_reversal_is_wrong_though_it_is_put_right() -> None:
    (line,) = wrong_writes(LATE)

    assert f"{HOUR} was marked by worker-1" in line


def test_a_mark_is_not_wrong_if_its_worker_was_held_up_from_when_it_was_wished_for() -> None:
    assert wrong_writes(LATE, HeldUp("worker-1", 199.0, 229.0)) == []
    assert wrong_writes(LATE, HeldUp("", 199.0, 229.0)) == []


def test_that_another_was_held_up_is_no_excuse() -> None:
    assert len(wrong_writes(LATE, HeldUp("worker-2", 199.0, 229.0))) == 1


def test_that_somebody_was_held_up_for_a_moment_is_no_excuse_for_long() -> None:
    assert len(wrong_writes(LATE, HeldUp("worker-1", 220.0, 229.0))) == 1


def test_an_unmarking_that_nobody_wished_for_is_wrong() -> None:
    (line,) = wrong_writes(
        [(100.5, True, "f1"), (150.0, False, "f1"), (151.0, True, "f1"), (200.5, False, "f1")]
    )

    assert f"{HOUR} was unmarked by worker-1" in line


def test_time_in_which_a_worker_is_held_up_does_not_count() -> None:
    active = Active("w", [HeldUp("w", 5, 8), HeldUp("", 7, 10), HeldUp("other", 0, 100), HeldUp("w", 20, 30)])

    assert active.before(35, 4) == 31
    assert active.before(35, 6) == 19
    assert active.before(35, 16) == 4
    assert active.before(25, 1) == 19


def test_many_changes_are_judged_soon() -> None:
    load = write(20_000, seconds=100, seed=3, now=1e9)
    at = {one.event: 1e9 + one.starts for one in load.events}
    touched = {name: changes_of((1e9 + 200, True, "f1")) for name in load.wanted()}
    began = time.process_time()
    prove(Evidence(load, at, at, touched))

    assert time.process_time() - began < 30
