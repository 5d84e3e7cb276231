"""What is due is found, whoever forgot it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.conditions import wait_until
from tests.worker.worlds import ELSEWHERE, WORKSPACE, Bench, Ledger, bench, ids, opened, paid
from worker.embedded import embedded
from worker.ending import end
from worker.ledger.store import STORE_ERRORS
from worker.ledger.work import Handover
from worker.marking import Wanted
from worker.sandbox import Fault
from worker.sweep import Sweep

A, B = ids(2)


@asynccontextmanager
async def sweeping(worker: Bench, *, most: int = 10, **changed: Any) -> AsyncIterator[Sweep]:
    """A sweep that runs."""
    sweep = Sweep(replace(worker.shop, **changed), name="a worker", most=most, patience=10.0)
    running = asyncio.create_task(sweep.run())
    try:
        yield sweep
    finally:
        await end(running)
        await sweep.finish()


async def idle(ledger: Ledger) -> None:
    async def nothing() -> bool:
        return not await ledger.desk.workspaces()

    await wait_until(nothing, because="the backlog was not worked off")


async def test_without_a_bell_the_work_is_found(worker: Bench) -> None:
    async with sweeping(worker):
        await worker.ledger.intake.accept(paid("in_1", 1, A))
        await worker.ledger.store.delete("arq:queue")
        await idle(worker.ledger)

    assert worker.invoiced([A]) == [True]
    assert list(await worker.ledger.desk.workers()) == ["a worker"]


async def test_what_was_heard_of_is_drained_once_and_waited_for(worker: Bench) -> None:
    sweep = Sweep(worker.shop, name="a worker", most=10, patience=10.0)

    async def scripts_called(invoice: str, heard: str) -> int:
        await worker.ledger.intake.accept(paid(invoice, 1, A, B))
        await worker.ledger.store.config_resetstat()
        await sweep.heard(heard)
        await sweep.rung(WORKSPACE)
        assert await worker.ledger.desk.workspaces() == []
        return int((await worker.ledger.store.info("commandstats"))["cmdstat_evalsha"]["calls"])

    await scripts_called("in_0", "no bell")
    assert await scripts_called("in_1", f"drain:{WORKSPACE}:17") == await scripts_called("in_2", "no bell")


async def test_nothing_is_left_of_a_bell_that_arq_made_nothing_of(worker: Bench) -> None:
    sweep = Sweep(worker.shop, name="a worker", most=10, patience=10.0)
    await worker.ledger.intake.accept(paid("in_1", 1, A))

    await sweep.heard(f"drain:{WORKSPACE}:1")
    sweep.over(f"drain:{WORKSPACE}:1")
    sweep.over("no bell of ours")

    assert not sweep._heard
    assert worker.invoiced([A]) == [True]


async def test_a_fault_of_ours_in_a_drain_is_told_with_its_workspace(
    worker: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr("worker.sweep.drain", fails)
    with capture_logs() as logs:
        async with sweeping(worker):
            await worker.ledger.intake.accept(paid("in_1", 1, A))
            await wait_until(lambda: logs, because="nothing was told")

    assert {(one["event"], one["workspace"]) for one in logs} == {("drain.failed", WORKSPACE)}


async def test_a_workspace_that_waits_is_looked_at_when_it_is_due(worker: Bench) -> None:
    fault = worker.sandbox.faults.order(Fault(kind="error"))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    async with sweeping(worker):
        await wait_until(lambda: worker.calls == 1, because="nothing was tried")
        worker.sandbox.faults.lift(fault)
        await idle(worker.ledger)

    assert worker.calls == 2


async def test_a_start_looks_again_at_what_is_parked(worker: Bench) -> None:
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    lease = await worker.ledger.hands.take(WORKSPACE)
    assert lease
    await worker.ledger.hands.release(lease, Handover(wait=900, parked="no key"))
    async with sweeping(worker):
        await idle(worker.ledger)

    assert worker.invoiced([A]) == [True]


async def test_no_more_than_so_many_drains_run_at_a_time(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.1))
    for number in range(6):
        workspace = f"{number:024d}"
        await worker.ledger.intake.accept(
            paid(f"in_{number}", 1, wanted=(Wanted(workspace, ids(1, number)),))
        )
    async with sweeping(worker, most=2):
        await idle(worker.ledger)

    assert worker.sandbox.log.most_in_flight <= 2
    assert all(worker.invoiced(ids(6)))


async def test_one_workspace_in_trouble_does_not_hold_up_another(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.5, workspace=WORKSPACE))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    await worker.ledger.intake.accept(paid("in_2", 1, wanted=(Wanted(ELSEWHERE, (B,)),)))
    async with sweeping(worker):
        await wait_until(lambda: worker.invoiced([B]) == [True], because="the other one waits")
        assert worker.invoiced([A]) == [False]


async def test_what_is_under_way_is_finished(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.2))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    async with sweeping(worker):
        await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="nothing was tried")

    assert worker.invoiced([A]) == [True]
    assert await worker.ledger.desk.workspaces() == []


async def test_a_store_that_goes_away_ends_the_sweep_and_no_drain_with_an_exception(tmp_path: Path) -> None:
    async with embedded(tmp_path / "store") as store, opened(store.url) as ledger, bench(ledger) as worker:
        worker.sandbox.faults.order(Fault(kind="latency", seconds=0.2))
        await ledger.intake.accept(paid("in_1", 1, A))
        sweep = Sweep(worker.shop, name="a worker", most=3, patience=10.0)
        running = asyncio.create_task(sweep.run())
        await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="nothing was tried")
        assert store.process is not None
        store.process.kill()
        with pytest.raises(STORE_ERRORS):
            await asyncio.wait_for(running, 10)
        await sweep.finish()


async def test_a_full_store_is_swept(tmp_path: Path) -> None:
    async with embedded(tmp_path / "store") as store, opened(store.url) as ledger, bench(ledger) as worker:
        await ledger.intake.accept(paid("in_1", 1, A))
        await ledger.store.config_set("maxmemory", 1)
        async with sweeping(worker):
            await idle(ledger)

    assert worker.invoiced([A]) == [True]


async def test_a_drain_that_has_slept_through_its_lease_is_not_started_twice(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.3, times=1))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    async with sweeping(worker) as sweep:
        await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="nothing was tried")
        await worker.ledger.forward(9)
        await sweep.drain(ELSEWHERE)  # has the sweep look
        await idle(worker.ledger)

    assert worker.calls == 1


async def test_a_job_that_arq_cancels_does_not_take_its_drain_with_it(worker: Bench) -> None:
    """A worker that slept is past its job's time when it wakes; what it has sent, the ledger must hear of."""
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.2, times=1))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    sweep = Sweep(worker.shop, name="a worker", most=10, patience=10.0)
    job = asyncio.create_task(sweep.rung(WORKSPACE))
    await wait_until(lambda: worker.sandbox.log.in_flight == 1, because="no call was under way")
    await end(job)
    await sweep.finish()

    assert worker.invoiced([A]) == [True]
    assert await worker.ledger.desk.workspaces() == []


async def test_a_bell_does_not_wait_for_ever_for_its_drain(worker: Bench) -> None:
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.5, times=1))
    await worker.ledger.intake.accept(paid("in_1", 1, A))
    sweep = Sweep(worker.shop, name="a worker", most=10, patience=0.1)

    await sweep.rung(WORKSPACE)

    assert worker.invoiced([A]) == [False]
    await sweep.finish()
    assert worker.invoiced([A]) == [True]
