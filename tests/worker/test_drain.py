"""One drain: what goes out, in how many calls, and what every reply of Clockify leads to."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web

from tests.conditions import wait_until
from tests.worker.worlds import (
    KEY,
    WORKSPACE,
    Bench,
    Ledger,
    Peculiar,
    bench,
    ids,
    paid,
    peculiar,
    taken_back,
)
from worker.ledger.work import Limit
from worker.sandbox import Fault, Limiter
from worker.sandbox import Limit as SandboxLimit

A, B, C, D = ids(4)


@asynccontextmanager
async def odd(
    ledger: Ledger, reply: Callable[[tuple[str, ...]], Any], **settings: Any
) -> AsyncIterator[tuple[Bench, Peculiar]]:
    """A bench whose Clockify answers as it is told."""
    async with peculiar(reply) as clockify, bench(ledger, url=clockify.url, **settings) as worker:
        yield worker, clockify


def answering(status: int, body: bytes = b"", **headers: str) -> Callable[[tuple[str, ...]], web.Response]:
    return lambda _: web.Response(
        status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


async def many(ledger: Ledger, invoices: int, entries: int) -> tuple[str, ...]:
    """So many invoices of so many entries each; all the entries."""
    causes = [paid(f"in_{n}", 1, *ids(entries, n * entries)) for n in range(invoices)]
    await asyncio.gather(*(ledger.intake.accept(cause) for cause in causes))
    return ids(invoices * entries)


# How many calls.


async def test_a_thousand_entries_go_out_in_five_calls_of_two_hundred(worker: Bench) -> None:
    everything = await many(worker.ledger, 50, 20)
    await worker.drain()

    assert all(worker.invoiced(everything))
    assert worker.calls == 5
    assert await worker.ledger.desk.workspaces() == []
    assert worker.observed == ["applied"] * 5


async def test_a_backlog_larger_than_is_planned_at_once_still_fills_its_batches(
    worker: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.drain.BATCHES_AHEAD", 2)
    everything = await many(worker.ledger, 21, 19)
    await worker.drain_all(batch_size=50)

    assert all(worker.invoiced(everything))
    assert worker.calls == -(-21 * 19 // 50)


async def test_entries_wanted_and_not_wanted_go_out_in_calls_of_their_own(worker: Bench) -> None:
    ledger = worker.ledger
    await ledger.intake.accept(paid("in_1", 1, A, B))
    await worker.drain_all()
    worker.sandbox.log.clear()
    for cause in (taken_back("in_1", 2), paid("in_2", 1, B, C), paid("in_3", 1, C, D)):
        await ledger.intake.accept(cause)
    await worker.drain()

    assert worker.invoiced([A, B, C, D]) == [False, True, True, True]
    assert sorted((call.invoiced, call.ids) for call in worker.sandbox.log.calls) == [(False, 1), (True, 3)]


async def test_a_reversal_that_arrives_while_the_call_is_on_its_way_wins(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.3, times=1))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    draining = asyncio.create_task(worker.drain())
    await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="no call was made")
    await worker.ledger.intake.accept(taken_back("in_1", 2))
    await draining
    await worker.drain_all()

    assert worker.invoiced([A]) == [False]
    assert await worker.ledger.history("in_1") == {"paid-in_1-1": "superseded", "reversed-in_1-2": "applied"}


async def test_calls_are_on_their_way_together_up_to_the_setting(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.05))
    await many(worker.ledger, 12, 10)
    await worker.drain(batch_size=10, in_flight=4)

    assert worker.sandbox.log.most_in_flight == 4


async def test_the_rate_limit_is_kept_and_the_rest_goes_out_later(worker: Bench) -> None:
    worker.sandbox.limiter = Limiter(SandboxLimit(calls=3, seconds=3600))
    everything = await many(worker.ledger, 8, 10)
    await worker.drain(batch_size=10, in_flight=1, rate=(3, 3600.0))

    (left,) = await worker.ledger.desk.workspaces()
    assert worker.calls == 3
    assert (left.reason, left.failures, left.parked) == ("the rate limit", 0, "")
    assert left.next_in == pytest.approx(3672, abs=5)
    assert sum(worker.invoiced(everything)) == 30
    worker.sandbox.limiter = None
    await worker.drain_all(batch_size=10, rate=(3, 3600.0))
    assert all(worker.invoiced(everything))
    assert "invoiced 429" not in worker.sandbox.log.answers


async def test_a_limit_that_runs_out_among_calls_on_their_way_together_is_kept(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.05))
    await many(worker.ledger, 80, 10)
    await worker.drain(batch_size=10, in_flight=8, rate=(30, 3600.0))

    assert 30 - 7 <= worker.calls <= 30


async def test_a_short_wait_for_the_rate_limit_is_waited_out(worker: Bench) -> None:
    worker.sandbox.limiter = Limiter(SandboxLimit(calls=2, seconds=0.3))
    await many(worker.ledger, 5, 10)
    await worker.drain(batch_size=10, rate=(2, 0.3))

    assert await worker.ledger.desk.workspaces() == []
    assert worker.sandbox.log.answers == {"invoiced 200": 5}


async def test_the_calls_of_all_workers_with_one_key_are_counted_together(worker: Bench) -> None:
    name = worker.shop.clockify.fingerprint(WORKSPACE)
    await many(worker.ledger, 1, 1)
    lease = await worker.ledger.hands.take(WORKSPACE)
    assert lease
    await worker.ledger.hands.permit(lease, [Limit(f"key:{name}", 1, 60)])
    await worker.ledger.forward(9)
    await worker.drain(rate=(1, 60.0))

    assert worker.calls == 0


async def test_a_slice_ends_and_the_workspace_is_due_again_at_once(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.05))
    everything = await many(worker.ledger, 4, 10)
    await worker.drain(batch_size=10, in_flight=1, slice=0.01)

    assert worker.calls == 1
    assert (await worker.ledger.hands.overdue(5)).workspaces == (WORKSPACE,)
    await worker.drain_all(batch_size=10, in_flight=1, slice=0.01)
    assert all(worker.invoiced(everything))
    assert worker.calls == 4


async def test_a_process_that_closes_finishes_the_call_and_gives_the_lease_back(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.2))
    await many(worker.ledger, 4, 10)
    draining = asyncio.create_task(worker.drain(batch_size=10, in_flight=1))
    await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="no call was made")
    worker.shop.closing.set()
    await draining

    assert worker.calls == 1
    assert (await worker.ledger.hands.overdue(5)).workspaces == (WORKSPACE,)


async def test_a_workspace_that_is_leased_or_not_due_is_let_be(worker: Bench) -> None:
    await worker.drain()
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    await worker.ledger.hands.take(WORKSPACE)
    await worker.drain()

    assert worker.calls == 0


async def test_a_killed_worker_is_followed_by_another_after_its_lease(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="silence", times=1))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    killed = asyncio.create_task(worker.drain())
    await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="no call was made")
    killed.cancel()
    await asyncio.wait([killed])
    await worker.drain()
    assert worker.calls <= 1
    await worker.ledger.forward(8.1)
    await worker.drain()

    assert worker.invoiced([A]) == [True]


async def test_who_slept_through_the_lease_has_what_it_sent_repaired(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.4, times=1))
    ledger = worker.ledger
    await ledger.intake.accept(paid("in_1", 1, A))
    sleeper = asyncio.create_task(worker.drain())
    await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="no call was made")
    await ledger.forward(9)
    await ledger.intake.accept(taken_back("in_1", 2))
    await worker.drain()
    await sleeper
    assert worker.invoiced([A]) == [True]

    await worker.drain_all()

    assert worker.invoiced([A]) == [False]
    assert (await ledger.desk.figures())["repairs"] == 2, "at once, and when the time of doubt is over"


async def test_a_call_that_fails_after_the_lease_was_lost_is_repaired_as_well(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.3, times=1))
    worker.sandbox.faults.order(Fault(kind="cut", after=True, times=1))
    ledger = worker.ledger
    await ledger.intake.accept(paid("in_1", 1, A))
    sleeper = asyncio.create_task(worker.drain())
    await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="no call was made")
    await ledger.forward(9)
    lease = await ledger.hands.take(WORKSPACE)
    assert lease
    await sleeper

    assert (await ledger.desk.figures())["repairs"] == 1


async def test_a_lease_that_is_lost_while_waiting_for_a_permit_ends_the_drain(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.3, times=1))
    ledger = worker.ledger
    await many(ledger, 2, 10)
    sleeper = asyncio.create_task(worker.drain(batch_size=10, in_flight=1))
    await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="no call was made")
    await ledger.forward(9)
    await ledger.hands.take(WORKSPACE)
    await sleeper

    assert worker.calls == 1


# Nothing to send with, or not to be sent.


async def test_a_dry_run_sends_nothing_and_keeps_the_backlog(worker: Bench) -> None:
    await many(worker.ledger, 3, 10)
    await worker.drain(dry_run=True)

    (left,) = await worker.ledger.desk.workspaces()
    assert worker.sandbox.log.total == 0
    assert (left.backlog, left.parked) == (3, "")
    assert "PAIDMARK_DRY_RUN" in left.reason
    assert left.next_in > 600


async def test_a_worker_that_starts_without_dry_run_sends_what_the_dry_run_kept(worker: Bench) -> None:
    await many(worker.ledger, 1, 1)
    await worker.drain(dry_run=True)

    await worker.ledger.hands.look_again()

    assert (await worker.ledger.hands.overdue(5)).workspaces == (WORKSPACE,)


async def test_a_workspace_without_a_key_is_parked_until_there_is_one(ledger: Ledger) -> None:
    keys: dict[str, tuple[str, str]] = {}
    async with bench(ledger, credential=keys.get) as worker:
        await ledger.intake.accept(paid("in_1", 1, A))
        await worker.drain()
        assert "PAIDMARK_CLOCKIFY_API_KEY" in await worker.parked()
        assert worker.sandbox.log.total == 0

        keys[WORKSPACE] = KEY
        await ledger.desk.resume(WORKSPACE)
        await worker.drain()
        assert worker.invoiced([A]) == [True]


# Replies.


async def parking(worker: Bench) -> str:
    """Why the workspace is parked, with everything still in its backlog and nothing rejected."""
    await worker.drain()
    (left,) = await worker.ledger.desk.workspaces()
    assert left.backlog == 3
    assert 600 < left.next_in < 1200
    assert (await worker.ledger.desk.figures())["rejected_now"] == 0
    return left.parked


@pytest.mark.parametrize(
    ("kind", "said"),
    [("key_refused", "401"), ("access_denied", "403"), ("no_invoicing", "plan")],
)
async def test_what_refuses_the_workspace_as_a_whole_parks_it(worker: Bench, kind: Any, said: str) -> None:
    fault = worker.sandbox.faults.order(Fault(kind=kind))
    everything = await many(worker.ledger, 3, 10)
    assert said in await parking(worker)

    worker.sandbox.faults.lift(fault)
    await worker.ledger.desk.resume(WORKSPACE)
    await worker.drain()

    assert all(worker.invoiced(everything))
    assert await worker.ledger.desk.workspaces() == []


@pytest.mark.parametrize("status", [404, 405, 301, 302, 307, 410])
async def test_a_wrong_address_parks_the_workspace(ledger: Ledger, status: int) -> None:
    async with odd(ledger, answering(status, Location="/elsewhere")) as (worker, clockify):
        await many(ledger, 3, 10)
        assert str(status) in await parking(worker)
        assert len(clockify.sent) == 1


async def test_a_redirect_does_not_carry_the_key_elsewhere(ledger: Ledger) -> None:
    async with peculiar() as thief:
        for status in (301, 302, 303, 307, 308):
            async with odd(ledger, answering(status, Location=f"{thief.url}/v1/")) as (worker, clockify):
                await ledger.intake.accept(paid("in_1", 1, A))
                await ledger.desk.resume(WORKSPACE)
                await worker.drain()
                assert clockify.keys == [KEY[1]]
    assert thief.keys == []


async def test_a_parked_workspace_is_probed_with_one_call(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="key_refused"))
    await many(worker.ledger, 10, 10)
    await worker.drain(batch_size=10)
    worker.sandbox.log.clear()
    await worker.ledger.forward(1200)
    await worker.drain(batch_size=10)

    assert worker.calls == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="throttled"),
        Fault(kind="throttled", page=True),
        Fault(kind="error", status=500),
        Fault(kind="error", status=503),
        Fault(kind="cut"),
        Fault(kind="cut", after=True),
        Fault(kind="error", status=502, after=True),
    ],
    ids=lambda fault: f"{fault.kind} {fault.status} after={fault.after}",
)
async def test_an_outage_is_waited_out_with_one_call_at_a_time_and_growing_pauses(
    worker: Bench, fault: Fault
) -> None:
    standing = worker.sandbox.faults.order(fault)
    everything = await many(worker.ledger, 3, 10)
    pauses = []
    for _ in range(5):
        await worker.drain()
        (left,) = await worker.ledger.desk.workspaces()
        assert (left.backlog, left.parked) == (3, "")
        pauses.append(left.next_in)
        await worker.ledger.forward(left.next_in + 0.01)
    assert worker.calls == 5
    assert all(
        base * 0.7 < pause <= base * 1.25 for base, pause in zip((1, 2, 4, 8, 16), pauses, strict=True)
    )

    worker.sandbox.faults.lift(standing)
    await worker.drain_all()

    assert all(worker.invoiced(everything))
    assert (await worker.ledger.desk.figures()).get("rejected", 0) == 0


async def test_pauses_grow_no_longer_than_the_cap(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="error"))
    await many(worker.ledger, 1, 1)
    for _ in range(12):
        await worker.drain(retry_cap=5.0)
        (left,) = await worker.ledger.desk.workspaces()
        await worker.ledger.forward(left.next_in + 0.01)

    assert 3.5 < left.next_in <= 6.25


@pytest.mark.parametrize(
    "named", ["40", lambda: formatdate(time.time() + 40, usegmt=True)], ids=["seconds", "a date"]
)
async def test_clockify_may_say_how_long_to_wait(ledger: Ledger, named: Any) -> None:
    header = named if isinstance(named, str) else named()
    async with odd(ledger, answering(429, Retry_After=header)) as (worker, _):
        await many(ledger, 3, 10)
        await worker.drain()
        (left,) = await ledger.desk.workspaces()
        assert left.next_in == pytest.approx(40, abs=3)


async def test_the_longest_wait_of_calls_on_their_way_together_counts(ledger: Ledger) -> None:
    waits = iter(("5", "50", "20", "10"))
    together = asyncio.Barrier(4)

    async def busy(_: tuple[str, ...]) -> web.Response:
        await together.wait()
        return web.Response(status=429, headers={"Retry-After": next(waits)})

    async with odd(ledger, busy) as (worker, _):
        await many(ledger, 4, 10)
        await worker.drain(batch_size=10)
        (left,) = await ledger.desk.workspaces()
        assert left.next_in == pytest.approx(50, abs=3)
        assert left.failures == 1


async def test_a_parking_is_not_undone_by_an_outage_at_the_same_time(ledger: Ledger) -> None:
    statuses = iter((503, 401, 503, 503))
    together = asyncio.Barrier(4)

    async def mixed(_: tuple[str, ...]) -> web.Response:
        await together.wait()
        return web.Response(status=next(statuses))

    async with odd(ledger, mixed) as (worker, _):
        await many(ledger, 4, 10)
        await worker.drain(batch_size=10)
        assert "401" in await worker.parked()


async def test_a_clockify_that_hangs_is_given_up_before_the_lease_ends(ledger: Ledger) -> None:
    async with bench(ledger) as worker:
        silence = worker.sandbox.faults.order(Fault(kind="silence"))
        await many(ledger, 1, 10)
        async with worker.hasty(0.3) as hasty:
            await hasty.drain()
        (left,) = await ledger.desk.workspaces()
        assert left.reason == "Clockify did not answer within 0.3 s"
        worker.sandbox.faults.lift(silence)
        await worker.drain_all()
        assert all(worker.invoiced(ids(10)))


async def test_after_several_timeouts_smaller_batches_are_tried(ledger: Ledger) -> None:
    async def slow_for_many(named: tuple[str, ...]) -> web.Response:
        await asyncio.sleep(0.002 * len(named))  # the stand-in's own time, not a wait of the test's
        return web.Response()

    async with odd(ledger, slow_for_many, patience=0.15) as (worker, clockify):
        await many(ledger, 1, 100)
        await worker.drain_all()
        assert max(map(len, clockify.sent)) == 100
        assert await ledger.desk.workspaces() == []


@pytest.mark.parametrize("body", [b"\xff\xfe<html", b'{"invoiced":', b"null", b"x" * 5_000_000])
async def test_the_body_of_a_success_is_nobodys_business(ledger: Ledger, body: bytes) -> None:
    async with odd(ledger, answering(200, body)) as (worker, _):
        await many(ledger, 1, 10)
        await worker.drain()
        assert await ledger.states("in_0") == ["applied"]


async def test_a_body_without_an_end_is_a_timeout(ledger: Ledger) -> None:
    gone = asyncio.Event()

    async def dripping() -> AsyncIterator[bytes]:
        while not gone.is_set():
            yield b"x"
            with suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), 0.02)

    async with odd(ledger, lambda _: web.Response(body=dripping()), patience=0.4) as (worker, _):
        await many(ledger, 1, 10)
        await worker.drain()
        gone.set()
        (left,) = await ledger.desk.workspaces()
        assert (left.backlog, left.reason) == (1, "Clockify did not answer within 0.4 s")


async def test_a_batch_that_is_too_large_is_sent_in_smaller_ones(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="too_large", bytes=2000))
    everything = await many(worker.ledger, 10, 20)
    await worker.drain_all()

    assert all(worker.invoiced(everything))
    assert worker.sandbox.log.answers["invoiced 413"] <= 4


async def test_a_single_entry_that_is_too_large_parks_the_workspace(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="too_large", bytes=10))
    await many(worker.ledger, 3, 1)
    await worker.drain()

    assert "413" in await worker.parked()


async def test_a_large_backlog_of_which_every_batch_is_too_large_costs_few_calls(worker: Bench) -> None:
    """Batches of 100 fit: 40 calls are needed, and a few more to find that out."""
    worker.sandbox.faults.order(Fault(kind="too_large", bytes=3000))
    everything = await many(worker.ledger, 40, 100)
    await worker.drain_all()

    assert all(worker.invoiced(everything))
    assert worker.calls <= 40 + 20


async def test_a_call_that_was_given_up_and_lands_after_its_opposite_is_put_right(ledger: Ledger) -> None:
    """The entry is marked by the late call though its invoice is void by then; a minute later it is so no more."""
    async with bench(ledger) as worker, worker.hasty(1.0) as hasty:
        late = worker.sandbox.faults.order(Fault(kind="latency", seconds=3.0))
        await ledger.intake.accept(paid("in_1", 1, A))
        await hasty.drain()
        worker.sandbox.faults.lift(late)
        await ledger.intake.accept(taken_back("in_1", 2))
        await ledger.desk.resume(WORKSPACE)
        await worker.drain()
        assert worker.invoiced([A]) == [False]
        await wait_until(lambda: worker.invoiced([A]) == [True], because="the late call did not land")
        assert await ledger.desk.workspaces() == []

        await ledger.store.set("paidmark:clock-offset", 61_000)
        await worker.drain()

        assert worker.invoiced([A]) == [False]
        assert (await ledger.desk.figures())["repairs"] == 1


async def test_what_comes_while_only_a_repair_is_to_come_is_not_kept_waiting(ledger: Ledger) -> None:
    async with bench(ledger) as worker, worker.hasty(0.2) as hasty:
        silence = worker.sandbox.faults.order(Fault(kind="silence"))
        await ledger.intake.accept(paid("in_1", 1, A))
        await hasty.drain()
        worker.sandbox.faults.lift(silence)
        await ledger.intake.accept(taken_back("in_1", 2))
        await ledger.desk.resume(WORKSPACE)
        await worker.drain()
        await ledger.intake.accept(paid("in_2", 1, B))
        await worker.drain()

        assert worker.invoiced([B]) == [True]


async def test_nothing_is_unmarked_before_the_claims_of_all_that_waits_are_known(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reversal at the head of a long backlog; the invoice that replaced it waits at its end."""
    monkeypatch.setattr("worker.ledger.hands.MOST_CLAIMED", 1)
    async with bench(ledger) as worker:
        await ledger.intake.accept(paid("in_old", 1, A))
        await worker.drain_all()
        await ledger.intake.accept(taken_back("in_old", 2))
        await many(ledger, 5, 1)
        await ledger.intake.accept(paid("in_new", 1, A))
        await worker.drain_all()

        assert worker.invoiced([A]) == [True]
        assert worker.sandbox.world.entries[A].changed == 1


async def test_with_nothing_but_reversals_the_claims_are_read_to_the_end_first(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.ledger.hands.MOST_CLAIMED", 1)
    async with bench(ledger) as worker:
        for number, one in enumerate((A, B, C)):
            await ledger.intake.accept(paid(f"in_{number}", 1, one))
        await worker.drain_all()
        for number in range(3):
            await ledger.intake.accept(taken_back(f"in_{number}", 2))
        await worker.drain_all()

        assert worker.invoiced([A, B, C]) == [False, False, False]
