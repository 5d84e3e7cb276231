"""What the sandbox remembers, and how it counts: plain values, no sockets."""

from datetime import timedelta

import pytest

from worker.sandbox import Call, Entry, Limit, Limiter, Log, Seeded, World
from worker.sandbox.resources import _iso_duration
from worker.sandbox.world import CHANGES_KEPT, Change, Facts

E1, WS = "1" * 24, "a" * 24


def entry() -> Entry:
    return Entry(E1, WS, Facts())


def test_an_entry_remembers_when_its_flag_changed_and_only_that() -> None:
    marked = entry()
    for at, flag in ((1.0, True), (2.0, True), (3.0, False)):
        marked.mark(Change(at, flag))

    assert marked.changes == (Change(1.0, True), Change(3.0, False))
    assert (marked.writes, marked.changed, marked.invoiced) == (3, 2, False)


def test_an_entry_knows_what_it_was_at_any_time() -> None:
    marked = entry()
    assert not marked.was_invoiced(5.0)

    marked.mark(Change(1.0, True))
    marked.mark(Change(3.0, False))
    assert [marked.was_invoiced(at) for at in (0.5, 1.0, 2.9, 3.0)] == [False, True, True, False]


def test_an_entry_forgets_its_oldest_changes_but_not_their_number() -> None:
    marked = entry()
    for at in range(CHANGES_KEPT + 3):
        marked.mark(Change(float(at), at % 2 == 0))

    assert len(marked.changes) == CHANGES_KEPT
    assert marked.changes[0] == Change(3.0, False)
    assert marked.changed == CHANGES_KEPT + 3


def test_an_entry_that_is_seeded_again_starts_anew() -> None:
    world = World()
    world.add_entry(Seeded(id=E1, workspace=WS))
    world.mark(WS, [E1], invoiced=True, now=1.0)
    world.add_entry(Seeded(id=E1, workspace=WS))

    assert (world.entries[E1].invoiced, world.entries[E1].changes) == (False, ())


def test_no_window_of_the_length_of_the_limit_holds_more_calls_than_it_allows() -> None:
    limiter = Limiter(Limit.parse("50/s"))
    admitted = [at / 128 for at in range(1280) if limiter.admit(WS, at / 128) == 0.0]

    assert max(sum(1 for at in admitted if since <= at < since + 1) for since in admitted) == 50
    assert len(admitted) >= 450


def test_a_window_of_an_hour_lets_the_next_call_in_when_the_first_is_an_hour_old() -> None:
    limiter = Limiter(Limit.parse("30/h"))
    assert [limiter.admit(WS, float(at)) for at in range(30)] == [0.0] * 30

    assert limiter.admit(WS, 60.0) == 3540.0
    assert limiter.admit(WS, 3599.9) > 0
    assert limiter.admit(WS, 3600.0) == 0.0
    assert limiter.admit(WS, 3600.5) == 0.5


def test_workspaces_are_limited_apart() -> None:
    limiter = Limiter(Limit.parse("1/m"))

    assert [limiter.admit(name, 0.0) for name in ("a", "b", "a")] == [0.0, 0.0, 60.0]


@pytest.mark.parametrize("text", ["", "50", "50/d", "0/s", "-1/s", "fast"])
def test_a_limit_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no limit: write 50/s"):
        Limit.parse(text)


def call(at: float = 0.0) -> Call:
    return Call(at=at, method="PATCH", path="/", route="invoiced", workspace=WS, ids=3)


def test_the_log_counts_what_it_no_longer_keeps() -> None:
    log = Log(kept=2)
    for at in (0.0, 0.5, 0.9, 1.2):
        made = call(at)
        log.begin(made)
        log.end(made, 200)

    assert [made.at for made in log.calls] == [0.9, 1.2]
    assert (log.total, log.ids_marked, log.answers["invoiced 200"]) == (4, 12, 4)
    assert (log.busiest_second, log.most_in_flight, log.in_flight) == (3, 1, 0)


def test_the_log_tells_of_every_call_that_has_ended() -> None:
    heard: list[Call] = []
    log = Log(tell=heard.append)
    made = call()
    log.begin(made)
    assert (heard, made.status) == ([], None)

    log.end(made, 503)
    assert ([each.status for each in heard], log.ids_marked) == ([503], 0)


def test_forgetting_the_calls_leaves_those_in_flight() -> None:
    log = Log()
    made = call()
    log.begin(made)
    log.clear()
    assert (log.total, log.in_flight, log.most_in_flight) == (0, 1, 1)

    log.end(made, 200)
    assert log.in_flight == 0


def test_durations_are_written_as_clockify_writes_them() -> None:
    written = [_iso_duration(timedelta(seconds=s)) for s in (0, 30, 10_440, 100_000)]

    assert written == ["PT0S", "PT30S", "PT2H54M", "PT27H46M40S"]
