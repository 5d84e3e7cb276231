"""The store's bad days: full, read-only, slow, forgetful, out of disk, cut short, put back. Nothing acknowledged is lost.

Receiver and worker run on through all of it; nobody restarts them. What else a store can do to us stands elsewhere: a store
that is killed and started again in `tests/test_processes.py`, one that is full in `tests/worker/ledger/test_intake.py`,
`test_sweep.py` and `test_instant.py`, one that is not durable in `tests/webhooks/test_receive.py`.
"""

import asyncio
import re
import resource
import shutil
import time
from calendar import timegm
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bench.ports import free_port
from tests.conditions import wait_until
from tests.own_store import OwnStore, own_store
from tests.service import Service, entry, service
from worker.sandbox import Fault

REFUSED, ACCEPTED = 503, 200


@dataclass
class Scene:
    """A whole Paidmark on a store of its own."""

    store: OwnStore
    paidmark: Service
    ops: str
    paid: int = 0

    async def pay(self, number: int) -> int:
        """Tell that an invoice with one entry was paid. Returns the status. The same number is the same event."""
        return await self.paidmark.stripe(
            "invoice.paid", f"in_{number}", [entry(number)], event=f"evt_{number}", later=number
        )

    async def pay_until_accepted(self, number: int) -> None:
        """Tell it as a billing system does: again and again, until it is acknowledged."""

        async def accepted() -> bool:
            return await self.pay(number) == ACCEPTED

        await wait_until(accepted, within=20, because=f"{number} was not accepted; {await self.ready()}")

    async def marked(self, *numbers: int) -> None:
        """Wait until the entries of these invoices are marked."""
        entries = [entry(number) for number in numbers]
        await wait_until(
            lambda: all(self.paidmark.invoiced(*entries)), within=20, because="not all was marked"
        )

    def break_clockify(self) -> None:
        """Have Clockify answer with errors."""
        self.paidmark.sandbox.faults.order(Fault(kind="error"))

    def mend_clockify(self) -> None:
        """Have Clockify answer as ever."""
        self.paidmark.sandbox.faults.lift_all()

    async def called(self) -> None:
        """Wait until the worker has called in vain."""
        (fault,) = self.paidmark.sandbox.faults.standing.values()
        await wait_until(lambda: fault.struck, because="the worker has not called")

    async def ready(self) -> str:
        """What the receiver says of itself."""
        async with self.paidmark.session.get(f"{self.ops}/readyz") as response:
            return await response.text()

    async def tell_store(self, *command: str | int) -> object:
        """Have the store do something."""
        async with self.store.client() as client:
            return await client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it


@asynccontextmanager
async def scene(folder: Path, *options: str) -> AsyncIterator[Scene]:
    port = free_port()
    async with (
        own_store(folder, *options) as store,
        service(store.url, PAIDMARK_OPS_PORT=str(port)) as paidmark,
    ):
        yield Scene(store, paidmark, f"http://127.0.0.1:{port}")


@pytest.fixture
async def day(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path / "store") as ready:
        yield ready


async def test_a_full_store_accepts_nothing_while_what_it_has_flows_out_and_room_is_used_again(
    day: Scene,
) -> None:
    day.break_clockify()
    for number in range(3):
        assert await day.pay(number) == ACCEPTED
    await day.called()
    await day.tell_store("CONFIG", "SET", "maxmemory", 1)

    assert await day.pay(3) == REFUSED
    day.mend_clockify()
    await day.marked(0, 1, 2)
    await day.paidmark.settled()
    assert await day.pay(3) == REFUSED

    await day.tell_store("CONFIG", "SET", "maxmemory", 0)
    assert await day.pay(3) == ACCEPTED
    await day.marked(3)


async def test_a_store_that_becomes_a_replica_accepts_nothing_until_it_is_the_primary_again(
    day: Scene,
) -> None:
    day.break_clockify()
    assert await day.pay(1) == ACCEPTED
    await day.called()
    await day.tell_store("REPLICAOF", "127.0.0.1", free_port())

    assert await day.pay(2) == REFUSED
    day.mend_clockify()
    await day.tell_store("REPLICAOF", "NO", "ONE")

    await day.pay_until_accepted(2)
    await day.marked(1, 2)


async def test_a_store_that_forgets_its_scripts_again_and_again_is_told_them_again(day: Scene) -> None:
    async def forget() -> None:
        async with day.store.client() as client:
            while True:
                await client.script_flush()

    forgetting = asyncio.create_task(forget())
    try:
        answers = await asyncio.gather(*(day.pay(number) for number in range(40)))
    finally:
        forgetting.cancel()
    for number, answer in enumerate(answers):
        if answer != ACCEPTED:
            await day.pay_until_accepted(number)

    assert set(answers) <= {ACCEPTED, REFUSED}
    await day.marked(*range(40))


async def test_a_store_that_hangs_is_not_waited_for_longer_than_a_source_waits(day: Scene) -> None:
    await day.tell_store("CLIENT", "PAUSE", 3500, "ALL")
    began = time.monotonic()

    assert await day.pay(1) == REFUSED
    assert time.monotonic() - began < 3

    await day.pay_until_accepted(1)
    await day.marked(1)
    await day.paidmark.settled()
    assert day.paidmark.sandbox.world.entries[entry(1)].writes == 1


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux limits another process")
async def test_on_a_full_disk_the_store_ends_and_has_kept_all_that_was_acknowledged(day: Scene) -> None:
    day.break_clockify()
    assert await day.pay(0) == ACCEPTED
    room = max(path.stat().st_size for path in day.store.folder.rglob("*.aof")) + 20_000
    resource.prlimit(day.store.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))
    acknowledged = [0]
    number = 0
    while not day.store.ended:
        number += 1
        assert number < 1000
        if await day.pay(number) == ACCEPTED:
            acknowledged.append(number)

    assert await day.pay(number) == REFUSED
    await day.store.start()
    day.mend_clockify()

    await day.marked(*acknowledged)
    await day.pay_until_accepted(number)
    await day.marked(number)


async def test_what_is_cut_off_the_end_of_the_file_is_missed_and_right_once_it_is_sent_again(
    day: Scene,
) -> None:
    """An acknowledged event is on disk; a disk that loses its end all the same is noticed by the count of accepts."""
    for number in (1, 2):
        assert await day.pay(number) == ACCEPTED
    await day.marked(1, 2)
    await day.store.kill()
    (grown,) = day.store.folder.rglob("*.incr.aof")
    content = grown.read_bytes()
    grown.write_bytes(content[: content.index(b"paidmark:invoice:stripe//in_2") + 20])
    await day.store.start()

    await day.pay_until_accepted(3)

    assert "the store has lost 1 accepted events" in await day.ready()
    await day.pay_until_accepted(2)
    await day.marked(1, 2, 3)
    await day.paidmark.settled()
    assert "stripe//in_2" in [ref async for ref in day.paidmark.desk.matching("*")]


async def test_an_older_copy_is_noticed_and_said_with_the_time_since_when_to_send_again(
    day: Scene, tmp_path: Path
) -> None:
    assert await day.pay(1) == ACCEPTED
    await day.marked(1)
    await day.paidmark.settled()
    shutil.copytree(day.store.folder, tmp_path / "copy")
    copied = time.time()
    lost = (2, 3, 4)
    for number in lost:
        assert await day.pay(number) == ACCEPTED
    await day.store.kill()
    shutil.rmtree(day.store.folder)
    shutil.copytree(tmp_path / "copy", day.store.folder)
    await day.store.start()

    with capture_logs() as logged:
        await day.pay_until_accepted(5)

    said = re.fullmatch(
        r"the store has lost 3 accepted events .* what it sent since ([-0-9]+ [:0-9]+) UTC \(the earliest .*\), then restart this process\n",
        await day.ready(),
    )
    assert said is not None
    since = timegm(time.strptime(said[1], "%Y-%m-%d %H:%M:%S"))
    assert copied - 60 < since <= copied
    assert [one["log_level"] for one in logged if one["event"] == "store.went_back"] == ["error"]

    for number in lost:
        await day.pay_until_accepted(number)
    await day.marked(1, 5, *lost)
    await day.paidmark.settled()


async def test_a_store_that_was_restarted_without_its_file_is_refused_until_it_is_restarted_with_it(
    day: Scene,
) -> None:
    day.break_clockify()
    assert await day.pay(1) == ACCEPTED
    await day.store.end()
    await day.store.start("--appendonly", "no")

    async def complained() -> bool:
        return "appendonly is 'no', must be 'yes'" in await day.ready()

    assert await day.pay(2) == REFUSED
    await wait_until(complained, because="the receiver does not say what is wrong")

    await day.store.end()
    await day.store.start()
    day.mend_clockify()
    await day.pay_until_accepted(2)
    await day.marked(1, 2)
    assert await day.ready() == "ready\n"
