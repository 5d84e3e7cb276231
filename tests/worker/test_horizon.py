"""However long Clockify is away: nothing expires, hardly a call is made in vain, and then everything goes out in few calls.

Weeks pass by the ledger's clock, which tests may move. What the store forgets by itself it forgets in real time: `pass_on`
ages that as well.
"""

import math
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from msgspec.structs import replace

from tests.worker.worlds import (
    CLOCK_OFFSET,
    WORKSPACE,
    Bench,
    Ledger,
    bench,
    ids,
    milliseconds,
    paid,
    taken_back,
)
from worker.ledger import Keeping
from worker.marking import Cause, State
from worker.sandbox import Fault

A, B, C, D = ids(4)
HOUR, DAY, WEEK = 3600, 86_400, 7 * 86_400
RETRY_CAP, SPREAD = 3 * HOUR, 0.75
BATCH = 200
KEPT = Keeping()


async def pass_on(ledger: Ledger, seconds: float) -> None:
    """Let time pass for the ledger's clock, and for what the store itself forgets."""
    store, ms = ledger.store, int(seconds * 1000)
    names = [name async for name in store.scan_iter(count=1000)]
    pipeline = store.pipeline(transaction=False)
    for name in names:
        pipeline.pttl(name)
    left = await pipeline.execute()
    for name, lasts in zip(names, left, strict=True):
        if lasts >= 0:
            pipeline.pexpire(name, max(lasts - ms, 0))
    await pipeline.execute()
    await ledger.forward(seconds)


async def wait_out(worker: Bench, seconds: float) -> None:
    """Let time pass, and drain whenever that is due."""
    left = seconds
    while True:
        (waiting,) = await worker.ledger.desk.workspaces()
        step = max(waiting.next_in, 0) + 0.001
        if step >= left:
            break
        left -= step
        await worker.ledger.forward(step)
        await worker.drain()
    await worker.ledger.forward(left)


async def tell(ledger: Ledger, cause: Cause) -> str:
    """Tell of an event that has just happened."""
    at = milliseconds() + int(await ledger.store.get(CLOCK_OFFSET) or 0)
    return (await ledger.intake.accept(replace(cause, at=at))).value


def months_of_invoices() -> list[Cause]:
    """Four hundred facts, often in the wrong order; what each number means is said by `newest`."""
    facts: list[Cause] = []
    for number in range(200):
        name, entries = f"in_{number}", ids(5, number * 5)
        first, moved = paid(name, 1, *entries), paid(name, 3, *ids(5, 10_000 + number * 5))
        told: tuple[Cause, Cause] = {
            0: (first, taken_back(name, 2)),
            1: (moved, first),
            2: (first, moved),
            3: (first, paid(name, 2, *entries)),
        }[number % 4]
        facts += told
    return facts


def newest() -> dict[str, bool]:
    """What each entry must be in the end."""
    flags: dict[str, bool] = {}
    for number in range(200):
        entries, moved = ids(5, number * 5), ids(5, 10_000 + number * 5)
        if number % 4 != 1:
            flags |= dict.fromkeys(entries, number % 4 == 3)
        if number % 4 in (1, 2):
            flags |= dict.fromkeys(moved, True)
    return flags


def fewest() -> int:
    """The calls that all entries fit into."""
    flags = list(newest().values())
    return sum(math.ceil(flags.count(flag) / BATCH) for flag in (True, False))


Away = Callable[[Ledger], Any]


@asynccontextmanager
async def answering_503(ledger: Ledger) -> AsyncIterator[Bench]:
    async with bench(ledger, retry_cap=RETRY_CAP) as worker:
        worker.sandbox.faults.order(Fault(kind="error", status=503))
        yield worker


@asynccontextmanager
async def silent(ledger: Ledger) -> AsyncIterator[Bench]:
    async with bench(ledger, retry_cap=RETRY_CAP, patience=0.02) as worker:
        worker.sandbox.faults.order(Fault(kind="silence"))
        yield worker


@asynccontextmanager
async def nobody_there(ledger: Ledger) -> AsyncIterator[Bench]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        async with bench(ledger, url=url, retry_cap=RETRY_CAP) as worker:
            yield worker


@pytest.mark.parametrize(
    ("away", "finding_the_size"),
    [(answering_503, 0), (silent, math.ceil(math.log2(BATCH))), (nobody_there, 0)],
    ids=["503", "silence", "connection refused"],
)
async def test_after_three_weeks_without_clockify_everything_goes_out_in_as_few_calls_as_it_fits_into(
    ledger: Ledger, away: Away, finding_the_size: int
) -> None:
    """In silence the batches have become small, in case they were too much: that costs a few calls to find out."""
    facts = months_of_invoices()
    async with away(ledger) as worker:
        for fact in facts:
            assert await tell(ledger, fact) in ("accepted", "superseded")
            await wait_out(worker, 3 * WEEK / len(facts))
        in_vain = len(worker.observed)
    at_most = 3 * WEEK / (SPREAD * RETRY_CAP) + math.log2(RETRY_CAP) + 1
    assert 3 * WEEK / (1.25 * RETRY_CAP) <= in_vain <= at_most

    async with bench(ledger, retry_cap=RETRY_CAP) as worker:
        await worker.drain_all()

        assert worker.calls <= fewest() + finding_the_size
        assert {entry: worker.invoiced([entry]) == [True] for entry in newest()} == newest()
        assert (await ledger.desk.figures()).get("rejected", 0) == 0


async def test_small_batches_after_a_silence_grow_again_under_a_limit_of_few_calls_an_hour(
    ledger: Ledger,
) -> None:
    """Thirty calls an hour are all that Clockify's Free plan gives: a hundred small ones would take hours."""
    async with silent(ledger) as worker:
        for number in range(100):
            await tell(ledger, paid(f"in_{number}", 1, *ids(50, number * 50)))
        await wait_out(worker, WEEK)

    async with bench(ledger, rate=(3, HOUR)) as worker:
        await worker.drain_all(most=60)

        assert worker.calls <= 5000 / BATCH + math.ceil(math.log2(BATCH))
        assert all(worker.invoiced(ids(5000)))


@pytest.mark.parametrize("kept", [KEPT.events, KEPT.invoices], ids=["events", "invoices"])
async def test_what_waits_for_longer_than_things_are_remembered_is_all_there(
    ledger: Ledger, kept: float
) -> None:
    async with answering_503(ledger) as worker:
        await tell(ledger, paid("in_1", 1, A, B))
        await tell(ledger, paid("in_2", 1, B, C))
        await tell(ledger, paid("in_3", 1, C, D))
        await worker.drain()
        for _ in range(8):
            await pass_on(ledger, kept / 6)
            await worker.drain()
        assert await tell(ledger, taken_back("in_3", 2)) == "accepted"
        assert await tell(ledger, paid("in_1", 1, A, B)) in ("known", "superseded")

        worker.sandbox.faults.lift_all()
        await worker.drain_all()

        assert worker.invoiced([A, B, C, D]) == [True, True, True, False]


async def test_claims_of_what_waits_are_written_anew_if_nobody_has_worked_for_longer_than_they_last(
    ledger: Ledger,
) -> None:
    async with answering_503(ledger) as worker:
        await tell(ledger, paid("in_1", 1, A))
        await tell(ledger, paid("in_2", 1, A))
        await worker.drain()
        await pass_on(ledger, 2 * KEPT.invoices)
        assert await tell(ledger, taken_back("in_2", 2)) == "accepted"

        worker.sandbox.faults.lift_all()
        await worker.drain_all()

        assert worker.invoiced([A]) == [True]
        assert sorted(await ledger.desk.naming(WORKSPACE, A)) == ["stripe//in_1", "stripe//in_2"]


async def test_a_marking_that_is_renewed_while_it_waits_still_waits_since_the_beginning(
    ledger: Ledger,
) -> None:
    """Or the head of the backlog would look young, and the claims behind it would be forgotten."""
    async with answering_503(ledger) as worker:
        await tell(ledger, paid("in_1", 0, C))
        await tell(ledger, paid("in_2", 1, A))
        await tell(ledger, paid("in_3", 1, A))
        for week in range(1, 70):
            await tell(ledger, paid("in_1", week, C if week % 2 else B))
            await worker.drain()
            await pass_on(ledger, WEEK)
        assert (await ledger.desk.workspaces())[0].oldest >= 69 * WEEK
        await tell(ledger, taken_back("in_3", 2))

        worker.sandbox.faults.lift_all()
        await worker.drain_all()

        assert worker.invoiced([A]) == [True]


async def test_claims_outlast_the_invoice_that_made_them_however_long_it_had_to_wait(ledger: Ledger) -> None:
    async with answering_503(ledger) as worker:
        await tell(ledger, paid("in_1", 1, A))
        await worker.drain()
        for _ in range(9):
            await pass_on(ledger, KEPT.invoices / 10)
            await worker.drain()
        worker.sandbox.faults.lift_all()
        await worker.drain_all()

    (claims,) = [name async for name in ledger.store.scan_iter("paidmark:claims:*")]
    (numbers,) = [name async for name in ledger.store.scan_iter("paidmark:numbers:*")]
    remembered = await ledger.store.pttl("paidmark:invoice:stripe//in_1")
    assert min(await ledger.store.pttl(claims), await ledger.store.pttl(numbers)) >= remembered - 1000


async def test_a_repair_for_later_is_not_forgotten_while_nobody_works(ledger: Ledger) -> None:
    """A call was given up, its opposite was taken, and then no worker ran for longer than events are remembered."""
    async with bench(ledger) as worker:
        fault = worker.sandbox.faults.order(Fault(kind="cut"))
        await tell(ledger, paid("in_1", 1, A))
        await worker.drain()
        worker.sandbox.faults.lift(fault)
        await tell(ledger, taken_back("in_1", 2))
        await worker.drain_all()
        worker.sandbox.world.entries[A].invoiced = True  # the call that was given up lands
        await pass_on(ledger, 2 * KEPT.events)
        await worker.drain()

        assert worker.invoiced([A]) == [False]


async def test_parked_for_weeks_and_then_the_key_is_mended(ledger: Ledger) -> None:
    facts, probe = months_of_invoices(), 4 * HOUR
    async with bench(ledger, probe_interval=probe) as worker:
        worker.sandbox.faults.order(Fault(kind="key_refused"))
        for fact in facts:
            await tell(ledger, fact)
            await wait_out(worker, 3 * WEEK / len(facts))
        assert await worker.parked()
        assert 3 * WEEK / (1.25 * probe) <= len(worker.observed) <= 3 * WEEK / (SPREAD * probe) + 1
        worker.sandbox.log.clear()

        worker.sandbox.faults.lift_all()
        assert await ledger.hands.look_again() == 1
        await worker.drain_all()

        assert worker.calls == fewest()
        assert {entry: worker.invoiced([entry]) == [True] for entry in newest()} == newest()
        assert await ledger.desk.in_state(State.REJECTED) == []
