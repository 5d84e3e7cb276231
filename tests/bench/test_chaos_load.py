"""The load of the kill test: what is told, and what must be so in the end, from the events alone."""

from collections import Counter

import pytest

from bench.chaos.lives import write
from bench.chaos.load import Load, Telling, workspace
from bench.chaos.plan import draw
from webhooks.sources.kind import Sample

HOUR, OTHER = "0" * 24, "1" * 24
LOAD = write(5_000, seconds=10, seed=1, now=1e9)


def told(event: str, *entries: str, at: int, paid: bool = True, early: bool = False) -> Telling:
    sample = Sample(
        event=event,
        invoice="in_1",
        workspace=workspace(0),
        entries=entries,
        at=at,
        told="paid" if paid else "reversed",
    )
    return Telling(source="stripe", sample=sample, starts=0, early=early)


def test_a_seed_repeats_the_load_and_the_plan() -> None:
    assert write(5_000, seconds=10, seed=1, now=1e9) == LOAD
    assert draw(seconds=60, every=1, seed=7) == draw(seconds=60, every=1, seed=7)
    assert draw(seconds=60, every=1, seed=7) != draw(seconds=60, every=1, seed=8)


def test_a_load_has_everything_that_a_billing_system_does() -> None:
    assert LOAD.deliveries >= 5_000
    assert {len(one.names) > 1_000 for one in LOAD.events} == {True, False}
    assert any(one.forged for one in LOAD.tellings)
    assert any(one.after for one in LOAD.tellings)
    assert any(one.copies > 1 for one in LOAD.tellings)
    assert any(one.early for one in LOAD.events)
    assert any(one.sample.lines for one in LOAD.events)
    assert any(not one.sample.workspace and not one.sample.paid for one in LOAD.events)
    assert LOAD.bad
    assert LOAD.kept


def test_entries_are_shared_by_invoices_of_both_sources() -> None:
    named = {(entry, one.source) for one in LOAD.newest() for entry in one.names}
    sources = Counter(entry for entry, _ in named)

    assert 2 in sources.values()


def test_some_events_of_an_invoice_have_the_same_time_and_either_order_of_arrival() -> None:
    by_time: dict[tuple[str, str, float], list[Telling]] = {}
    for one in LOAD.events:
        if not one.early:
            by_time.setdefault((*one.invoice, one.sample.at), []).append(one)
    ties = [two for two in by_time.values() if len(two) > 1]

    assert {len(two) for two in ties} == {2}
    assert {tuple(one.sample.paid for one in two) for two in ties} == {
        (True, True),
        (True, False),
        (False, True),
    }


@pytest.mark.parametrize("first", ["a", "b"])
def test_of_two_payments_of_one_time_the_one_with_the_greater_id_counts(first: str) -> None:
    second = "b" if first == "a" else "a"
    load = Load([told(first, HOUR, at=1), told(second, OTHER, at=1)])

    assert load.wanted() == {HOUR if first == "b" else OTHER}


def test_a_reversal_is_later_than_a_payment_of_the_same_time() -> None:
    load = Load([told("a", HOUR, at=1, paid=False), told("b", HOUR, at=1)])

    assert load.wanted() == set()


def test_what_is_dated_in_the_future_counts_for_nothing() -> None:
    load = Load([told("a", HOUR, at=1), told("b", OTHER, at=9, early=True)])

    assert load.wanted() == {HOUR}
