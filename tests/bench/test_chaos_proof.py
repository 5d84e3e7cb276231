"""The proof of the kill test must be able to fail: each way in which Paidmark could be wrong is shown to it."""

from typing import Any

import pytest

from bench.chaos.load import Load, Telling, workspace, write
from bench.chaos.plan import draw
from bench.chaos.proof import Evidence, prove, wrong_now
from webhooks.sources.kind import Sample

HOUR, OTHER = "0" * 24, "1" * 24


def told(
    event: str, *entries: str, at: int, paid: bool = True, invoice: str = "in_1", forged: bool = False
) -> Telling:
    sample = Sample(event=event, invoice=invoice, workspace=workspace(0), entries=entries, at=at, paid=paid)
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


def test_a_seed_repeats_the_load_and_the_plan() -> None:
    first, second = (write(500, seconds=10, seed=7, now=1e9) for _ in range(2))

    assert first == second
    assert draw(seconds=60, every=1, seed=7) == draw(seconds=60, every=1, seed=7)
    assert draw(seconds=60, every=1, seed=7) != draw(seconds=60, every=1, seed=8)


def test_a_load_has_everything_that_a_billing_system_does() -> None:
    load = write(5_000, seconds=10, seed=1, now=1e9)

    assert load.deliveries >= 5_000
    assert {len(one.sample.entries) > 1_000 for one in load.events} == {True, False}
    assert any(one.forged for one in load.tellings)
    assert any(one.after for one in load.tellings)
    assert any(one.copies > 1 for one in load.tellings)
    assert load.bad
    assert load.kept
    named = [entry for sample in load.newest().values() for entry in set(sample.entries)]
    assert len(named) > len(set(named))


def test_no_two_events_of_an_invoice_have_the_same_time() -> None:
    load = write(5_000, seconds=10, seed=1, now=1e9)
    times = [(one.source, one.sample.invoice, one.sample.at) for one in load.events]

    assert len(times) == len(set(times))
