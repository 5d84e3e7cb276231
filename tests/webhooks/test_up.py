"""`paidmark up`: everything in one process, on a data folder of its own. Real processes, real signals."""

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import aiohttp
import pytest
import stripe

from tests.conditions import wait_until
from tests.service import STRIPE_SECRET, WORKSPACE, entry, stripe_event
from webhooks.settings import DoorSettings
from webhooks.up import settings
from worker.embedded import find
from worker.sandbox import Sandbox, World, running
from worker.settings import HandsSettings, SettingsError

UP = (sys.executable, "-m", "webhooks.cli", "up")
Start = Callable[..., Coroutine[None, None, Process]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start `paidmark up` with settings; whatever still runs at the end is ended."""
    started = []

    async def starting(**settings: str) -> Process:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PAIDMARK_")}
        settings = {
            "PAIDMARK_DATA": str(tmp_path / "data"),
            "PAIDMARK_PORT": "0",
            "PAIDMARK_OPS_PORT": "0",
            **settings,
        }
        process = await asyncio.create_subprocess_exec(
            *UP, env={**environ, **settings}, stdout=PIPE, stderr=STDOUT
        )
        started.append(process)
        return process

    yield starting
    for process in started:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.communicate()


async def address(process: Process) -> str:
    """The receiver's URL, from the log."""
    assert process.stdout is not None
    async with asyncio.timeout(20):
        async for line in process.stdout:
            if found := re.search(rb'"url": ?"(http://[^"]+)"', line):
                return found[1].decode()
    raise AssertionError("the receiver did not start")


async def paid(url: str, invoice: str, *entries: str) -> int:
    metadata = {"clockify_workspace_id": WORKSPACE, "clockify_time_entry_ids": ",".join(entries)}
    described = {"id": invoice, "status": "paid", "metadata": metadata}
    body = stripe_event("invoice.paid", described, event=f"evt_{invoice}", created=1_790_000_000)
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), STRIPE_SECRET)
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/webhooks/stripe", data=body, headers={"Stripe-Signature": header}) as response,
    ):
        return response.status


def test_every_mistake_in_the_settings_of_either_half_is_told_at_once() -> None:
    wrong = {"PAIDMARK_PORT": "foo", "PAIDMARK_SOURCES__STRIPE__SECRET": "a", "PAIDMARK_RATE_LIMIT": "x"}
    for named in (["PAIDMARK_PORT", "PAIDMARK_RATE_LIMIT"], ["PAIDMARK_RATE_LIMIT"], list(wrong)):
        with pytest.raises(SettingsError) as told:
            settings({name: wrong[name] for name in named})
        mistakes = told.value.mistakes
        assert len(mistakes) == len(named)
        assert all(any(one.startswith(name) for one in mistakes) for name in named)

    assert [type(half) for half in settings({})] == [DoorSettings, HandsSettings]


async def test_a_port_that_is_taken_is_said_with_the_setting_to_look_at(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = await start(PAIDMARK_PORT=str(taken.getsockname()[1]))
        said, _ = await process.communicate()

    assert process.returncode == 3
    assert b"See PAIDMARK_PORT" in said


async def test_ctrl_c_ends_everything_and_what_was_accepted_is_there_at_the_next_start(
    start: Start, tmp_path: Path
) -> None:
    secret = {"PAIDMARK_SOURCES__STRIPE__SECRETS": STRIPE_SECRET}
    sandbox = Sandbox(world=World(open_world=True))
    process = await start(**secret)
    assert await paid(await address(process), "in_1", entry(1)) == 200

    process.send_signal(signal.SIGINT)
    output, _ = await process.communicate()
    assert process.returncode == 0
    assert b"store.stopped" in output
    assert find(tmp_path / "data") is None

    async with running(sandbox) as clockify:
        again = await start(PAIDMARK_CLOCKIFY_URL=clockify, PAIDMARK_CLOCKIFY_API_KEY="a-key", **secret)
        await address(again)
        await wait_until(
            lambda: entry(1) in sandbox.world.entries, within=15, because="the entry was not marked"
        )
        again.send_signal(signal.SIGTERM)
        await again.communicate()
        assert again.returncode == 0


async def test_the_store_that_a_killed_up_has_left_is_adopted(start: Start, tmp_path: Path) -> None:
    process = await start(PAIDMARK_SOURCES__STRIPE__SECRETS=STRIPE_SECRET)
    assert await paid(await address(process), "in_1", entry(1)) == 200
    process.kill()
    await process.communicate()
    assert find(tmp_path / "data") is not None

    again = await start(PAIDMARK_SOURCES__STRIPE__SECRETS=STRIPE_SECRET)

    assert await paid(await address(again), "in_1", entry(1)) == 200
    again.send_signal(signal.SIGINT)
    await again.communicate()
    assert find(tmp_path / "data") is None


async def test_a_second_up_on_the_same_folder_is_refused_in_words(start: Start) -> None:
    await address(await start())

    second = await start()
    output, _ = await second.communicate()

    assert second.returncode == 3
    assert b"in use by process" in output


async def test_a_port_that_is_taken_ends_up_with_a_message_and_stops_the_store(
    start: Start, tmp_path: Path
) -> None:
    url = await address(await start(PAIDMARK_DATA=str(tmp_path / "other")))

    second = await start(PAIDMARK_PORT=url.rsplit(":", 1)[1])
    output, _ = await second.communicate()

    assert second.returncode == 3
    assert b"Traceback" not in output
    assert find(tmp_path / "data") is None


async def test_settings_that_are_wrong_are_told_all_at_once(start: Start) -> None:
    process = await start(PAIDMARK_RATE_LIMIT="fast", PAIDMARK_PROT="80")
    output, _ = await process.communicate()

    assert process.returncode == 2
    assert b"PAIDMARK_PROT" in output


async def test_with_the_url_of_a_store_that_store_is_used(
    start: Start, store_url: str, tmp_path: Path
) -> None:
    process = await start(PAIDMARK_REDIS_URL=store_url, PAIDMARK_SOURCES__STRIPE__SECRETS=STRIPE_SECRET)

    assert await paid(await address(process), "in_1", entry(1)) == 200
    assert not (tmp_path / "data").exists()


async def test_one_port_for_the_listeners_of_both_halves_becomes_two(start: Start) -> None:
    process = await start(PAIDMARK_OPS_PORT="18381", PAIDMARK_SOURCES__STRIPE__SECRETS=STRIPE_SECRET)
    await address(process)

    async with aiohttp.ClientSession() as session:
        for port in (18381, 18382):
            async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                assert response.status == 200


async def test_without_its_store_up_ends_for_a_supervisor_to_start_it_again(
    start: Start, tmp_path: Path
) -> None:
    process = await start()
    await address(process)
    os.kill(int((tmp_path / "data" / "store.lock").read_text()), signal.SIGKILL)

    output, _ = await process.communicate()

    assert process.returncode == 3
    assert b"the store has ended" in output
    assert b"Traceback" not in output
