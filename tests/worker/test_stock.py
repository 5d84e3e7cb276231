"""`arq worker.settings.WorkerSettings` runs the same drains, as arq's users expect."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.conditions import wait_until
from tests.service import WORKSPACE, entry
from worker.ending import end
from worker.ledger import Intake, Keeping, connect
from worker.ledger.intake import Rules
from worker.marking import Cause, Wanted
from worker.sandbox import Sandbox, World, running
from worker.stock import build

ARQ = (sys.executable, "-m", "arq", "worker.settings.WorkerSettings")


async def accept(store_url: str, *entries: str) -> None:
    store = connect(store_url)
    intake = Intake(store, Keeping(), Rules())
    running = asyncio.create_task(intake.run())
    cause = Cause(
        source="stripe", account="", event="evt_1", invoice="in_1", payment="", invoiced=True, order=1, rank=0,
        at=1_790_000_000_000, wanted=(Wanted(WORKSPACE, entries),),
    )  # fmt: skip
    await intake.accept(cause)
    await end(running)
    await store.aclose()


async def test_the_stock_worker_marks_entries_and_ends_well(store: Redis, store_url: str) -> None:
    sandbox = Sandbox(world=World(open_world=True))
    async with running(sandbox) as clockify:
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PAIDMARK_")},
            "PAIDMARK_REDIS_URL": store_url,
            "PAIDMARK_CLOCKIFY_URL": clockify,
            "PAIDMARK_CLOCKIFY_API_KEY": "a-key-for-tests",
            "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        }
        process = await asyncio.create_subprocess_exec(*ARQ, env=environ, stdout=PIPE, stderr=STDOUT)
        try:
            await accept(store_url, entry(1))
            await wait_until(
                lambda: entry(1) in sandbox.world.entries and sandbox.world.entries[entry(1)].invoiced,
                within=20,
                because="the stock worker did not mark the entry",
            )
        finally:
            process.send_signal(signal.SIGTERM)
            output, _ = await process.communicate()

    assert b"Traceback" not in output
    assert await store.keys("arq:*") == []


def test_arqs_own_check_is_led_by_sentinel_as_well(
    monkeypatch: pytest.MonkeyPatch, log_as_before: None
) -> None:
    url = "rediss+sentinel://user:pass@one:1,two/main/3"
    monkeypatch.setenv("PAIDMARK_REDIS_URL", url)
    settings = vars(build())["redis_settings"]

    assert (settings.host, settings.sentinel, settings.sentinel_master) == (
        [("one", 1), ("two", 26379)],
        True,
        "main",
    )
    assert (settings.database, settings.username, settings.password, settings.ssl) == (
        3,
        "user",
        "pass",
        True,
    )
