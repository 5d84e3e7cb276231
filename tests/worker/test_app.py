"""The worker as a whole: it outlives its store, and says what is wrong meanwhile."""

import asyncio
from pathlib import Path

import aiohttp
import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from bench.ports import free_port
from tests.conditions import wait_until
from tests.service import STANDARD_SECRET, STRIPE_SECRET, standard_headers
from webhooks.app import served
from webhooks.settings import DoorSettings
from worker.app import work
from worker.embedded import embedded
from worker.settings import HandsSettings, load


async def told(port: int) -> tuple[int, str]:
    """What /readyz says; 0 where nobody listens yet."""
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/readyz") as response,
        ):
            return response.status, await response.text()
    except aiohttp.ClientConnectionError:
        return 0, ""


async def test_a_worker_waits_for_its_store_and_says_that_it_is_not_ready(tmp_path: Path) -> None:
    port = free_port()
    closing = asyncio.Event()
    async with embedded(tmp_path / "store") as store:
        settings = load(HandsSettings, {"PAIDMARK_REDIS_URL": store.url, "PAIDMARK_OPS_PORT": str(port)})
        working = asyncio.create_task(work(settings, closing))

        async def ready() -> bool:
            return not working.done() and await told(port) == (200, "ready\n")

        await wait_until(ready, because="the worker did not become ready")

    async def not_ready() -> bool:
        return (await told(port))[0] == 503

    await wait_until(not_ready, because="the worker did not say that its store is gone")
    assert not working.done()
    async with embedded(tmp_path / "store"):
        await wait_until(ready, within=15, because="the worker did not find its store again")
    closing.set()
    await asyncio.wait_for(working, 15)


async def test_a_receiver_without_its_store_says_so() -> None:
    port = free_port()
    settings = {"PAIDMARK_REDIS_URL": "redis://127.0.0.1:9", "PAIDMARK_OPS_PORT": str(port), "PAIDMARK_PORT": "0",
                "PAIDMARK_SOURCES__STRIPE__SECRETS": STRIPE_SECRET}  # fmt: skip
    with capture_logs() as lines:
        async with served(load(DoorSettings, settings)):
            status, text = await told(port)
            await wait_until(lambda: bool(lines), because="nothing was said at the start")

    assert status == 503
    assert "the store" in text
    assert (lines[0]["event"], lines[0]["store"]) == ("receiver.not_ready", "redis://127.0.0.1:9")


async def test_a_store_that_does_not_talk_is_named_once_and_not_at_every_look(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("worker.app.RETRY_STORE_AFTER", 0.01)
    looks: list[str] = []
    closing = asyncio.Event()

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        looks.append("looked")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        place = "{}:{}".format(*server.sockets[0].getsockname())
        settings = {"PAIDMARK_REDIS_URL": f"redis://:secret@{place}", "PAIDMARK_OPS_PORT": "0"}
        with capture_logs() as lines:
            working = asyncio.create_task(work(load(HandsSettings, settings), closing))
            await wait_until(lambda: len(looks) > 10, because="the worker did not look again")
            closing.set()
            await working

    assert [(one["event"], one.get("store")) for one in lines] == [
        ("worker.without_key", None),
        ("store.lost", f"redis://***@{place}"),
    ]


async def test_a_worker_tells_its_figures_and_passes_over_a_job_that_cannot_be_read(
    store: Redis, store_url: str
) -> None:
    port = free_port()
    await store.set("arq:job:odd", b"\x80 no job")
    await store.zadd("arq:queue", {"odd": 0})
    settings = load(HandsSettings, {"PAIDMARK_REDIS_URL": store_url, "PAIDMARK_OPS_PORT": str(port)})
    closing = asyncio.Event()
    working = asyncio.create_task(work(settings, closing))

    async def passed_over() -> bool:
        return not await store.exists("arq:job:odd")

    await wait_until(passed_over, because="the odd job was not taken from the queue")
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        assert "paidmark_call_seconds" in await response.text()
    closing.set()
    await asyncio.wait_for(working, 15)


async def test_a_receiver_whose_accepting_breaks_down_ends_instead_of_answering_503_for_ever(
    store: Redis, store_url: str
) -> None:
    loaded = load(
        DoorSettings,
        {
            "PAIDMARK_REDIS_URL": store_url,
            "PAIDMARK_STORE_DURABILITY": "trusted",
            "PAIDMARK_OPS_PORT": "0",
            "PAIDMARK_PORT": "0",
            "PAIDMARK_SOURCES__STANDARD__SECRETS": STANDARD_SECRET,
        },
    )
    # No setting may do this: the store's replies are then not what the ledger expects.
    settings = loaded.model_copy(update={"redis_url": f"{store_url}&decode_responses=true"})
    closing = asyncio.Event()
    body = (
        '{"type": "invoice.paid", "timestamp": 1790000000, "data": {"invoice_id": "1", "workspace_id": "'
        + "6" * 24
    )
    body += '", "time_entry_ids": ["' + "5" * 24 + '"]}}'

    async def serve_in_vain() -> None:
        async with served(settings, closing) as address, aiohttp.ClientSession() as session:
            headers = standard_headers(body, "msg_1")
            async with session.post(f"{address}/webhooks/standard", data=body, headers=headers) as response:
                assert response.status == 503
            await asyncio.wait_for(closing.wait(), 5)

    with pytest.raises(KeyError):
        await serve_in_vain()
