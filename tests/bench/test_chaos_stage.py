"""The stage of the kill test: it must see a process that dies of itself, know whom a fault holds up, and count what struck."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from bench.chaos import report
from bench.chaos.acts.again import changed
from bench.chaos.conductor import MISSED, conduct
from bench.chaos.plan import TO_CLOCKIFY, Fault
from bench.chaos.stage import ARRIVES, Stage
from bench.link import Link
from bench.machine import Machine, Recipe
from tests.conditions import wait_until

WORKER = "worker-1"
LINK = TO_CLOCKIFY[0]


async def _listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):  # the link cuts it
        await reader.read()
    writer.close()


@asynccontextmanager
async def staged(folder: Path, *command: str) -> AsyncIterator[Stage]:
    """A stage with one worker, which is not one of Paidmark's, and one link."""
    async with aiohttp.ClientSession() as session:
        stage = Stage(Machine(folder), session, {}, ports={f"{WORKER} ops": 1})
        stage.locks[WORKER] = asyncio.Lock()
        server = await asyncio.start_server(_listen, "127.0.0.1", 0)
        stage.links[LINK] = Link(server.sockets[0].getsockname()[1])
        await stage.links[LINK].open()
        await stage.machine.start(WORKER, Recipe(command))
        try:
            yield stage
        finally:
            await stage.links[LINK].close()
            server.close()
            await stage.machine.end_all()


async def struck(stage: Stage, *plan: Fault) -> tuple[int, int]:
    """How many faults of a plan have struck, and how many found nothing."""
    await conduct(stage, list(plan), lambda _: None)
    return stage.counts["faults"], stage.counts[MISSED]


async def test_a_process_that_ends_of_itself_is_noted_and_started_again(tmp_path: Path) -> None:
    async with staged(tmp_path, "sh", "-c", "exit 3") as stage:
        await wait_until(lambda: stage.machine.gone() == [WORKER], because="the process did not end")
        first = stage.machine.running[WORKER]

        await stage.watch()

        assert stage.wrong == [f"{WORKER} has ended of itself, with 3: WRONG"]
        assert stage.machine.running[WORKER] is not first


async def test_who_has_ended_of_itself_can_be_neither_killed_nor_put_to_sleep(tmp_path: Path) -> None:
    async with staged(tmp_path, "sh", "-c", "exit 3") as stage:
        for strike in (stage.end(WORKER, signal.SIGKILL, 0), stage.freeze(WORKER, 0)):
            await wait_until(lambda: stage.machine.gone() == [WORKER], because="the process did not end")
            assert not await strike

        assert stage.wrong == [f"{WORKER} has ended of itself, with 3: WRONG"] * 2


async def test_a_process_that_is_killed_is_started_again_and_not_noted(tmp_path: Path) -> None:
    async with staged(tmp_path, "sleep", "60") as stage:
        assert await struck(stage, Fault(0, "kill", WORKER), Fault(0, "freeze", WORKER)) == (2, 0)

        assert (stage.wrong, stage.machine.gone()) == ([], [])
        assert [one.worker for one in stage.held_up] == [WORKER, WORKER]


async def test_a_cut_that_cuts_no_connection_has_not_struck(tmp_path: Path) -> None:
    cut = Fault(0, "cut", LINK, also=(("when", "now"),))
    async with staged(tmp_path, "sleep", "60") as stage:
        assert await struck(stage, cut) == (0, 1)
        _, writer = await asyncio.open_connection("127.0.0.1", stage.links[LINK].port)
        await wait_until(lambda: bool(stage.links[LINK]._talks), because="the link took no connection")

        assert await struck(stage, cut) == (1, 1)
        writer.close()


async def test_a_link_that_is_slow_for_nobody_has_not_struck(tmp_path: Path) -> None:
    async with staged(tmp_path, "sleep", "60") as stage:
        assert await struck(stage, Fault(0, "slow", LINK, 0.1, (("delay", 0.01),))) == (0, 1)


@pytest.mark.parametrize(
    ("target", "held_up"),
    [
        ("worker-2", ["worker-2"]),
        ("worker-2>clockify", ["worker-2"]),
        ("worker-1>store", ["worker-1"]),
        ("store", [""]),
        ("clockify", [""]),
        ("receiver-1", []),
        ("receiver-1>store", []),
        ("sender>receiver-1", []),
    ],
)
async def test_whoever_a_fault_holds_up_is_noted(tmp_path: Path, target: str, held_up: list[str]) -> None:
    async with staged(tmp_path, "sleep", "60") as stage:
        with stage.holding_up(target):
            pass

        assert [one.worker for one in stage.held_up] == held_up


async def test_what_a_link_keeps_back_arrives_a_little_later(tmp_path: Path) -> None:
    async with staged(tmp_path, "sleep", "60") as stage:
        with stage.holding_up(LINK):
            pass

        assert stage.held_up[0].until - stage.held_up[0].since >= ARRIVES


def test_an_entry_that_is_changed_by_what_is_told_again_is_found() -> None:
    before = {"a": {"changed": 1}, "b": {"changed": 1}}

    assert changed(before, before) == []
    assert changed(before, {"a": {"changed": 2}, "b": {"changed": 1}, "c": {"changed": 1}}) == [
        "a was changed by an event that was told again: WRONG",
        "c was changed by an event that was told again: WRONG",
    ]


def test_one_finding_is_enough_for_no_proof(capsys: pytest.CaptureFixture[str]) -> None:
    assert report.conclude([], 7) == 0
    assert report.conclude(["something"], 7) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == ["something", "NOT PROVEN  1 findings"]
