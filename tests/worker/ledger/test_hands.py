"""Leases, backlogs and limits: of many workers one works, and what it leaves behind somebody finds."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from redis.exceptions import ResponseError

from tests.conditions import wait_until
from tests.worker.worlds import ELSEWHERE, WORKSPACE, Bench, Ledger, ids, opened, paid, taken_back
from worker.ledger.scripts import script
from worker.ledger.work import Backlog, Effect, Handover, Lease, LeaseLostError, Limit, Progress, Sent
from worker.marking import Wanted

A, B, C, D = ids(4)


async def taken(ledger: Ledger, workspace: str = WORKSPACE) -> Lease:
    lease = await ledger.hands.take(workspace)
    assert lease is not None
    return lease


async def settled(ledger: Ledger, lease: Lease) -> int:
    """Settle everything that is planned, as applied. Returns how many markings there were."""
    backlog = await ledger.hands.plan(lease, most_entries=1000, most_markings=1000)
    progress = [Progress(one.ref, one.revision, "+" * len(one.entries)) for one in backlog.pending]
    await ledger.hands.settle(lease, progress, Sent((), True, Effect.TAKEN))
    return len(progress)


async def test_of_many_who_try_one_gets_the_lease(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))

    leases = await asyncio.gather(*(ledger.hands.take(WORKSPACE) for _ in range(30)))

    assert sum(lease is not None for lease in leases) == 1


async def test_a_workspace_with_nothing_to_do_gives_no_lease(ledger: Ledger) -> None:
    assert await ledger.hands.take(WORKSPACE) is None


async def test_asking_again_with_the_same_token_succeeds_again(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(ledger)

    again = await ledger.hands._scripts.call("take", WORKSPACE, lease.token, 8000)

    assert again[0] == 1


async def test_a_lease_that_has_run_out_is_taken_over(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    killed = await taken(ledger)
    await ledger.forward(7.9)
    assert await ledger.hands.take(WORKSPACE) is None
    await ledger.forward(0.2)
    assert (await ledger.hands.overdue(10)).workspaces == (WORKSPACE,)

    await taken(ledger)

    with pytest.raises(LeaseLostError):
        await ledger.hands.plan(killed, most_entries=1, most_markings=1)
    with pytest.raises(LeaseLostError):
        await ledger.hands.permit(killed, [])


async def test_a_lease_is_renewed_by_whatever_its_owner_does(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(ledger)
    for _ in range(3):
        await ledger.forward(6)
        await ledger.hands.permit(lease, [])
        await ledger.forward(6)
        await ledger.hands.plan(lease, most_entries=1, most_markings=1)
        await ledger.forward(6)
        await ledger.hands.settle(lease, [])
        assert await ledger.hands.take(WORKSPACE) is None


async def test_who_has_lost_the_lease_settles_nothing_and_what_it_undid_is_put_right(worker: Bench) -> None:
    ledger = worker.ledger
    await ledger.intake.accept(paid("in_1", 1, A, B))
    sleeper = await taken(ledger)
    backlog = await ledger.hands.plan(sleeper, most_entries=10, most_markings=10)
    await ledger.forward(9)
    await ledger.intake.accept(taken_back("in_1", 2))
    await worker.drain_all()
    assert worker.invoiced([A, B]) == [False, False]
    worker.sandbox.world.mark(WORKSPACE, (A, B), True, 0)  # the sleeper's call arrives last

    with pytest.raises(LeaseLostError):
        await ledger.hands.settle(
            sleeper,
            [Progress(backlog.pending[0].ref, backlog.pending[0].revision, "++")],
            Sent((A, B), True, Effect.TAKEN),
        )
    assert await ledger.history("in_1") == {"paid-in_1-1": "superseded", "reversed-in_1-2": "applied"}
    await worker.drain_all()

    assert worker.invoiced([A, B]) == [False, False]
    assert (await ledger.desk.figures())["repairs"] == 1
    assert not [key async for key in ledger.store.scan_iter("paidmark:invoice:repair*")]


async def test_a_repair_of_an_entry_that_is_refused_leaves_nothing_behind(worker: Bench) -> None:
    ledger = worker.ledger
    await ledger.intake.accept(paid("in_1", 1, A))
    sleeper = await taken(ledger)
    await ledger.forward(9)
    await worker.drain_all()
    worker.sandbox.world.bad.add(A)
    with pytest.raises(LeaseLostError):
        await ledger.hands.settle(sleeper, [], Sent((A,), True, Effect.DOUBTFUL))
    await worker.drain_all()

    assert (await ledger.desk.figures())["rejected_now"] == 0
    assert not [key async for key in ledger.store.scan_iter("paidmark:invoice:repair*")]


async def test_a_lost_lease_that_sent_nothing_needs_no_repair(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    sleeper = await taken(ledger)
    await ledger.forward(9)
    owner = await taken(ledger)

    with pytest.raises(LeaseLostError):
        await ledger.hands.settle(sleeper, [])
    await ledger.hands.release(sleeper, Handover(parked="by somebody who has no say"))

    assert await settled(ledger, owner) == 1
    assert "repairs" not in await ledger.desk.figures()


async def test_what_is_accepted_while_a_lease_is_held_is_rung_for_at_its_end(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(ledger)
    await settled(ledger, lease)
    await ledger.store.delete("arq:queue")
    await ledger.intake.accept(paid("in_2", 1, B))
    assert await ledger.store.zcard("arq:queue") == 0

    await ledger.hands.release(lease, Handover())

    assert await ledger.store.zcard("arq:queue") == 1
    assert (await ledger.hands.overdue(10)).workspaces == (WORKSPACE,)


async def test_nothing_that_is_accepted_in_the_instant_of_a_release_is_left_behind(ledger: Ledger) -> None:
    """Whenever something waits, the workspace has a time at which somebody looks."""
    done = asyncio.Event()

    async def work() -> int:
        applied = 0
        while True:
            lease = await ledger.hands.take(WORKSPACE)
            if lease is not None:
                applied += await settled(ledger, lease)
                await ledger.hands.release(lease, Handover())
            elif done.is_set() and not await ledger.desk.workspaces():
                return applied

    workers = [asyncio.create_task(work()) for _ in range(3)]
    for number in range(300):
        await ledger.intake.accept(paid(f"in_{number}", 1, A))
    done.set()

    assert sum(await asyncio.wait_for(asyncio.gather(*workers), 20)) == 300
    assert await ledger.desk.in_backlog(WORKSPACE) == []


async def test_resuming_moves_cooldowns_and_parking_but_never_leases(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(ledger)
    assert not await ledger.desk.resume(WORKSPACE)
    assert await ledger.hands.take(WORKSPACE) is None

    await ledger.hands.release(
        lease, Handover(wait=900, failures=2, parked="the key is wrong", reason="the key is wrong")
    )
    assert await ledger.hands.take(WORKSPACE) is None
    assert await ledger.desk.resume(WORKSPACE)
    lease = await taken(ledger)
    assert (lease.failures, lease.parked) == (2, "the key is wrong")

    await ledger.hands.release(lease, Handover(wait=60, failures=3, reason="Clockify answered 503"))
    assert await ledger.hands.look_again() == 0
    assert await ledger.desk.resume(WORKSPACE)
    assert (await taken(ledger)).parked == ""


async def test_a_worker_that_starts_looks_again_at_what_is_parked_and_not_at_what_has_just_failed(
    ledger: Ledger,
) -> None:
    left = {WORKSPACE: Handover(wait=900, failures=3), ELSEWHERE: Handover(wait=900, parked="no")}
    for workspace, handover in left.items():
        await ledger.intake.accept(paid(f"in_{workspace}", 1, wanted=(Wanted(workspace, (A,)),)))
        await ledger.hands.release(await taken(ledger, workspace), handover)

    assert await ledger.hands.look_again() == 1
    assert (await ledger.hands.overdue(10)).workspaces == (ELSEWHERE,)


async def test_a_workspace_is_counted_as_parked_once_until_something_is_taken(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    for _ in range(3):
        await ledger.hands.release(await taken(ledger), Handover(wait=0, parked="no", reason="no"))
    assert (await ledger.desk.figures())["parkings"] == 1
    lease = await taken(ledger)
    await ledger.hands.settle(lease, [], Sent((), True, Effect.TAKEN))
    await ledger.hands.release(lease, Handover(wait=0))

    lease = await taken(ledger)
    assert (lease.failures, lease.parked) == (0, "")


async def test_a_lease_hands_on_what_the_last_one_left(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    await ledger.hands.release(
        await taken(ledger), Handover(wait=0, failures=2, reason="slow", trial="[]", size=50)
    )
    lease = await taken(ledger)
    assert (lease.failures, lease.trial, lease.size) == (2, "[]", 50)

    await settled(ledger, lease)
    await ledger.hands.release(lease, Handover(failures=3, trial="[]", size=50))
    await ledger.intake.accept(paid("in_2", 1, B))
    lease = await taken(ledger)
    assert (lease.failures, lease.trial, lease.size) == (0, "", 0)


async def test_what_is_overdue_is_told_apart_from_what_is_due_later(ledger: Ledger) -> None:
    assert await ledger.hands.overdue(10) == type(await ledger.hands.overdue(10))((), None)
    await ledger.intake.accept(paid("in_1", 1, A))
    await ledger.hands.release(await taken(ledger), Handover(wait=30, failures=1, reason="slow"))
    overdue = await ledger.hands.overdue(10)

    assert overdue.workspaces == ()
    assert overdue.next_in == pytest.approx(30, abs=2)


async def test_a_plan_reads_no_more_than_it_is_told_and_says_whether_there_is_more(ledger: Ledger) -> None:
    for number in range(5):
        await ledger.intake.accept(paid(f"in_{number}", 1, *ids(10, number * 10)))
    lease = await taken(ledger)

    few = await ledger.hands.plan(lease, most_entries=15, most_markings=100)
    fewer = await ledger.hands.plan(lease, most_entries=100, most_markings=1)
    everything = await ledger.hands.plan(lease, most_entries=100, most_markings=100)

    assert ([len(one.pending) for one in (few, fewer, everything)]) == [2, 1, 5]
    assert (few.more, fewer.more, everything.more) == (True, True, False)


async def test_a_marking_whose_record_has_gone_does_not_stop_the_rest(ledger: Ledger) -> None:
    for number in range(3):
        await ledger.intake.accept(paid(f"in_{number}", 1, *ids(1, number)))
    await ledger.store.delete("paidmark:invoice:stripe//in_1")
    lease = await taken(ledger)

    assert await settled(ledger, lease) == 2
    await ledger.hands.release(lease, Handover())
    assert await ledger.desk.workspaces() == []


async def test_what_a_newer_event_wants_is_not_settled_by_what_was_sent_before(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(ledger)
    (pending,) = (await ledger.hands.plan(lease, most_entries=10, most_markings=10)).pending
    await ledger.intake.accept(taken_back("in_1", 2))
    await ledger.hands.settle(
        lease, [Progress(pending.ref, pending.revision, "+")], Sent((A,), True, Effect.TAKEN)
    )

    (again,) = (await ledger.hands.plan(lease, most_entries=10, most_markings=10)).pending
    assert (again.wishes, again.done) == ((False,), ".")


async def test_the_progress_within_a_marking_is_kept(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A, B, C))
    lease = await taken(ledger)
    (pending,) = (await ledger.hands.plan(lease, most_entries=10, most_markings=10)).pending
    await ledger.hands.settle(lease, [Progress(pending.ref, pending.revision, "+x.", ((1, "gone"),))])

    (again,) = (await ledger.hands.plan(lease, most_entries=10, most_markings=10)).pending
    assert again.done == "+x."
    await ledger.hands.settle(lease, [Progress(again.ref, again.revision, "xxx", ((0, "gone"), (2, "gone")))])
    assert await ledger.states("in_1") == ["rejected"]


# Limits.


async def hammered(url: str, limits: list[list[Limit]], *, seconds: float, clients: int) -> list[list[float]]:
    """The times at which permits were granted to each list of limits, asked for by several clients at once."""
    granted: list[list[float]] = [[] for _ in limits]

    async def ask(ledger: Ledger, lease: Lease, number: int) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            asked = loop.time()
            wait = await ledger.hands.permit(lease, limits[number])
            if wait == 0:
                granted[number].append((asked + loop.time()) / 2)

    async with AsyncExitStack() as stack:
        ledgers = [await stack.enter_async_context(opened(url)) for _ in range(clients)]
        leases = []
        for number in range(len(limits)):
            workspace = f"{number:024d}"
            await ledgers[0].intake.accept(paid(f"in_{number}", 1, wanted=(Wanted(workspace, (A,)),)))
            leases.append(await taken(ledgers[0], workspace))
        await asyncio.gather(*(ask(one, leases[n], n) for one in ledgers for n in range(len(limits))))
    return granted


def most_in(times: list[float], window: float) -> int:
    """The most of `times` in any window."""
    ordered = sorted(times)
    return max(sum(start <= time < start + window for time in ordered) for start in ordered)


async def test_there_are_never_more_calls_than_the_limit_in_any_window(
    ledger: Ledger, store_url: str
) -> None:
    (granted,) = await hammered(store_url, [[Limit("one", 7, 0.2)]], seconds=1.1, clients=4)

    # A permit's time is known to a round trip, so the window is measured a little narrower.
    assert most_in(granted, 0.19) <= 7
    assert len(granted) >= 5 * 7


async def test_two_limits_hold_at_the_same_time(ledger: Ledger, store_url: str) -> None:
    both = [[Limit(f"workspace:{n}", 3, 0.2), Limit("key", 5, 0.2)] for n in range(3)]
    granted = await hammered(store_url, both, seconds=1.1, clients=2)

    assert all(most_in(times, 0.19) <= 3 for times in granted if times)
    assert most_in([time for times in granted for time in times], 0.19) <= 5
    assert sum(map(len, granted)) >= 5 * 5


async def test_a_refused_permit_says_how_long_to_wait(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(ledger)
    limits = [Limit("hour", 1, 3600), Limit("second", 5, 1)]
    assert await ledger.hands.permit(lease, limits) == 0

    assert await ledger.hands.permit(lease, limits) == pytest.approx(3600, abs=5)
    await ledger.forward(3601)
    assert await ledger.hands.permit(await taken(ledger), limits) == 0


async def test_a_permit_that_one_limit_refuses_does_not_count_under_the_other(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(ledger)
    narrow, wide = Limit("narrow", 1, 3600), Limit("wide", 2, 3600)
    await ledger.hands.permit(lease, [narrow, wide])
    await ledger.hands.permit(lease, [narrow, wide])

    assert await ledger.hands.permit(lease, [wide]) == 0
    assert await ledger.hands.permit(lease, [wide]) > 0


async def test_scripts_that_the_store_has_forgotten_are_told_again(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease = await taken(ledger)
    await ledger.store.script_flush()
    assert await ledger.hands.permit(lease, []) == 0
    await ledger.store.script_flush()
    assert await ledger.desk.show("stripe//in_1") is not None
    await ledger.store.script_flush()
    await ledger.intake.accept(paid("in_2", 1, B))

    assert await settled(ledger, lease) == 2


async def test_ten_thousand_times_the_same_ring_is_one_job(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    await asyncio.gather(*(ledger.intake.accept(paid(f"in_{n}", 1, A)) for n in range(2, 500)))

    async def one() -> bool:
        return bool(await ledger.store.zcard("arq:queue") == 1)

    await wait_until(one, because="there is not just one bell")


CALLS = Limit("calls", 1, 60)


async def begun(ledger: Ledger, *limits: Limit) -> tuple[Lease, Backlog]:
    found = await ledger.hands.begin(
        WORKSPACE, most_entries=1000, most_markings=1000, batch_size=200, limits=limits
    )
    assert found is not None
    return found


async def test_a_lease_comes_with_its_backlog_and_the_permit_for_the_first_call(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease, backlog = await begun(ledger, CALLS)

    assert [one.entries for one in backlog.pending] == [(A,)]
    assert backlog.permitted
    assert await ledger.hands.permit(lease, [CALLS]) > 0


async def test_where_a_limit_is_reached_the_first_call_has_no_permit_yet(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease, _ = await begun(ledger, CALLS)
    await ledger.hands.release(lease, Handover())

    _, backlog = await begun(ledger, CALLS)

    assert not backlog.permitted


async def test_no_call_is_counted_where_none_will_be_made(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    lease, backlog = await begun(ledger)
    assert not backlog.permitted
    await ledger.hands.release(lease, Handover(trial="refused parts"))
    lease, backlog = await begun(ledger, CALLS)
    assert not backlog.permitted
    await ledger.hands.release(lease, Handover())
    assert await ledger.desk.drop("stripe//in_1", "billed by hand") == 1
    _, nothing = await begun(ledger, CALLS)

    assert not nothing.pending
    assert not nothing.permitted


@pytest.mark.parametrize("known", ["take", "plan", ""])
async def test_a_store_that_has_forgotten_some_scripts_is_begun_with_all_the_same(
    ledger: Ledger, known: str
) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    await ledger.store.script_flush()
    if known:
        await ledger.store.script_load(script(known).text)

    _, backlog = await begun(ledger, CALLS)

    assert backlog.permitted


async def test_what_is_not_due_is_not_begun(ledger: Ledger) -> None:
    assert (
        await ledger.hands.begin(WORKSPACE, most_entries=1, most_markings=1, batch_size=200, limits=[CALLS])
        is None
    )


async def test_a_store_that_fails_in_the_middle_of_a_beginning_says_so(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    await ledger.store.set(f"paidmark:backlog:{WORKSPACE}", "not a list")

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await ledger.hands.begin(WORKSPACE, most_entries=1, most_markings=1, batch_size=200, limits=[])
