"""arq's worker, woken at once, and whatever lies in the queue."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from arq.constants import default_queue_name
from arq.worker import Function, Worker, func

from tests.conditions import wait_until
from tests.worker.worlds import WORKSPACE, Ledger, ids, opened, paid
from worker.embedded import embedded
from worker.ending import end
from worker.instant import InstantWorker
from worker.ledger import connect
from worker.ledger.bell import UNREADABLE, decode, encode, workspace
from worker.ledger.store import STORE_ERRORS

(A,) = ids(1)
UNREADABLE_BODIES = [
    b"",
    b"\x00\xff",
    b"{",
    b"[]",
    b"1",
    b'{"f":"drain"}',
    b"\x80\x04]q\x00.",
    b'{"f":"drain","a":[],"k":{},"t":null}',
]
BELL: dict[str, Any] = {
    "over": lambda _: None,
    "job_serializer": encode,
    "job_deserializer": decode,
    "handle_signals": False,
    "poll_delay": 0,
}
KINDS = [InstantWorker, Worker]
HEARD: list[str] = []
"""The ids of jobs, as they were popped."""


async def note(job_id: str) -> None:
    HEARD.append(job_id)


@asynccontextmanager
async def running(
    url: str, *, kind: type[Worker] = InstantWorker, work: Callable[..., Any] | None = None, **settings: Any
) -> AsyncIterator[tuple[Worker, list[str]]]:
    """A worker that notes which workspaces were rung for."""
    rung: list[str] = []

    async def drain(ctx: dict[Any, Any], workspace: str) -> None:
        rung.append(workspace)
        if work is not None:
            await work()

    async def ignore(ctx: dict[Any, Any]) -> None:
        rung.append(UNREADABLE)

    functions: list[Function] = [
        func(drain, name="drain", keep_result=0),
        func(ignore, name=UNREADABLE, keep_result=0),
    ]
    store = connect(url)
    usual: dict[str, Any] = {
        "job_serializer": encode,
        "job_deserializer": decode,
        "poll_delay": 0.01,
        "keep_result": 0,
        "max_jobs": 10,
    }
    if kind is InstantWorker:
        usual |= {"heard": note, "over": lambda _: None}
    worker = kind(
        functions,
        redis_pool=store,
        queue_name=default_queue_name,
        handle_signals=False,
        **{**usual, **settings},
    )
    task = asyncio.create_task(worker.main())
    try:
        yield worker, rung
        if task.done():
            task.result()
    finally:
        await end(task, *worker.tasks.values())
        await store.aclose()


async def test_a_job_starts_in_the_moment_in_which_it_is_rung_for(ledger: Ledger, store_url: str) -> None:
    async with running(store_url) as (_, rung):
        await ledger.intake.accept(paid("in_0", 1, A))
        await wait_until(lambda: rung, because="the bell was not heard")
        waits = []
        for number in range(20):
            await ledger.store.delete("paidmark:due")
            rung.clear()
            began = time.perf_counter()
            await ledger.intake.accept(paid(f"in_{number + 1}", 1, A))
            await wait_until(lambda: rung, because="the bell was not heard")
            waits.append(time.perf_counter() - began)

    assert sorted(waits)[10] < 0.1
    assert rung == [WORKSPACE]


async def test_a_job_is_heard_of_even_if_arq_can_make_nothing_of_it(ledger: Ledger, store_url: str) -> None:
    HEARD.clear()
    await ledger.store.zadd("arq:queue", {f"drain:{WORKSPACE}:17": 17})
    async with running(store_url):
        await wait_until(lambda: HEARD, because="the bell was not heard")

    assert [workspace(one) for one in HEARD] == [WORKSPACE]


@pytest.mark.parametrize("job_id", ["", "drain", "drain:", "cron:minute:17", "\x00"])
def test_what_is_no_bell_is_for_no_workspace(job_id: str) -> None:
    assert workspace(job_id) == ""


async def test_nothing_is_left_of_a_job_that_is_done(ledger: Ledger, store_url: str) -> None:
    async with running(store_url) as (worker, rung):
        await ledger.intake.accept(paid("in_1", 1, A))
        await wait_until(lambda: rung, because="the bell was not heard")

        async def clean() -> bool:
            return not [key async for key in ledger.store.scan_iter("arq:*:drain*")]

        await wait_until(clean, because="keys are left")
        await wait_until(lambda: not worker.tasks, because="the job is not forgotten")
        assert worker.jobs_complete == 1


@pytest.mark.parametrize("kind", KINDS)
async def test_what_cannot_be_read_makes_no_exception_and_what_follows_is_rung(
    ledger: Ledger, store_url: str, kind: type[Worker]
) -> None:
    for number, body in enumerate(UNREADABLE_BODIES):
        await ledger.store.set(f"arq:job:garbage-{number}", body)
        await ledger.store.zadd("arq:queue", {f"garbage-{number}": number})
    await ledger.store.zadd("arq:queue", {"no body at all": 5})
    async with running(store_url, kind=kind) as (_, rung):
        await ledger.intake.accept(paid("in_1", 1, A))
        await wait_until(lambda: WORKSPACE in rung, because="the bell was not heard")
        # An empty body is none to arq: such a job has expired, and calls nothing.
        await wait_until(
            lambda: rung.count(UNREADABLE) == len(UNREADABLE_BODIES) - 1, because="some was not read"
        )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("field", [{"f": []}, {"et": "soon"}, {"et": 10**30}, {"t": "x"}], ids=str)
async def test_a_job_with_fields_of_other_types_does_not_end_the_worker(
    ledger: Ledger, store_url: str, kind: type[Worker], field: dict[str, Any]
) -> None:
    job = {"t": None, "f": "drain", "a": [WORKSPACE], "k": {}, "et": 0} | field
    await ledger.store.set("arq:job:odd", encode(job))
    await ledger.store.zadd("arq:queue", {"odd": 1})
    async with running(store_url, kind=kind) as (worker, _):
        await wait_until(
            lambda: worker.jobs_complete + worker.jobs_failed > 0, within=1, because="the job was not run"
        )


async def test_a_worker_that_has_waited_for_nothing_goes_on_listening(
    ledger: Ledger, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.instant.PATIENCE", 0.02)
    await ledger.store.config_resetstat()

    async def listened() -> bool:
        told = (await ledger.store.info("commandstats")).get("cmdstat_bzpopmin", {"calls": 0})
        return bool(told["calls"] >= 3)

    async with running(store_url) as (_, rung):
        await wait_until(listened, because="it listened but once")
        await ledger.intake.accept(paid("in_1", 1, A))
        await wait_until(lambda: rung, because="the bell was not heard")


async def test_no_more_jobs_run_than_the_setting_says(ledger: Ledger, store_url: str) -> None:
    gate, busy, most = asyncio.Event(), 0, 0

    async def work() -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await gate.wait()
        busy -= 1

    for number in range(5):
        await ledger.store.set(
            f"arq:job:{number}", encode({"t": None, "f": "drain", "a": [str(number)], "k": {}, "et": 0})
        )
        await ledger.store.zadd("arq:queue", {str(number): 1})
    async with running(store_url, work=work, max_jobs=2) as (_, rung):
        await wait_until(lambda: busy == 2, because="two did not start")
        began = time.monotonic()
        await wait_until(lambda: time.monotonic() > began + 0.05, because="time stands still")
        gate.set()
        await wait_until(lambda: len(rung) == 5, because="not all were run")
    assert most == 2


async def test_a_job_that_is_rung_for_again_while_it_runs_is_not_run_twice(
    ledger: Ledger, store_url: str
) -> None:
    gate = asyncio.Event()
    body = encode({"t": None, "f": "drain", "a": [WORKSPACE], "k": {}, "et": 0})

    async def ring() -> None:
        await ledger.store.set("arq:job:bell", body)
        await ledger.store.zadd("arq:queue", {"bell": 1})

    async def popped() -> bool:
        return bool(await ledger.store.zcard("arq:queue") == 0)

    async with running(store_url, work=gate.wait) as (worker, rung):
        await ring()
        await wait_until(lambda: rung, because="the bell was not heard")
        await ring()
        await wait_until(popped, because="the second ring was not taken")
        assert len(worker.tasks) == 1
        gate.set()
        await wait_until(lambda: worker.jobs_complete == 1, because="the job did not end")
        await ring()
        await wait_until(lambda: worker.jobs_complete == 2, because="the bell was not heard again")

    assert worker.jobs_failed == 0


async def test_a_lost_store_ends_the_worker_with_an_exception(tmp_path: Path) -> None:
    async with embedded(tmp_path / "store") as store, opened(store.url) as ledger:
        connection = connect(store.url)
        worker = InstantWorker([func(_nothing, name="drain")], redis_pool=connection, heard=note, **BELL)
        task = asyncio.create_task(worker.main())
        await ledger.intake.accept(paid("in_1", 1, A))
        await wait_until(lambda: worker.jobs_complete == 1, because="the job was not run")
        assert store.process is not None
        store.process.kill()
        with pytest.raises(STORE_ERRORS):
            await asyncio.wait_for(task, 10)
        await connection.aclose()


async def test_a_job_that_a_full_store_takes_no_note_of_does_not_end_the_worker(tmp_path: Path) -> None:
    """The sweep sees to what it rang for."""
    async with embedded(tmp_path / "store") as store, opened(store.url) as ledger:
        await ledger.intake.accept(paid("in_1", 1, A))
        connection = connect(store.url)
        worker = InstantWorker([func(_nothing, name="drain")], redis_pool=connection, heard=note, **BELL)
        await ledger.store.config_set("maxmemory", 1)
        working = asyncio.create_task(worker.main())

        async def rung() -> bool:
            return await ledger.store.zcard("arq:queue") == 0 and not worker.tasks

        await wait_until(rung, because="the job was not popped, or is not forgotten")
        assert not working.done()
        await end(working)
        await connection.aclose()


async def _nothing(ctx: dict[Any, Any], workspace: str) -> None:
    """A job that does nothing."""
