"""The listener for operators, asked over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from redis.asyncio import Redis

from bench.ports import free_port
from worker import ops
from worker.ops import listening


async def nothing_wrong() -> list[str]:
    return []


async def no_figures() -> bytes:
    return b"paidmark_x 1\n"


@asynccontextmanager
async def asked(
    path: str,
    wrong: Callable[[], Awaitable[list[str]]] = nothing_wrong,
    figures: Callable[[], Awaitable[bytes]] = no_figures,
) -> AsyncIterator[tuple[int, str, str]]:
    """The status, the content type and the text of an answer."""
    port = free_port()
    async with (
        listening("127.0.0.1", port, wrong=wrong, figures=figures),
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}{path}") as answer,
    ):
        yield answer.status, answer.headers["Content-Type"], await answer.text()


async def test_a_process_with_nothing_wrong_is_ready() -> None:
    async with asked("/readyz") as (status, _, text):
        assert (status, text) == (200, "ready\n")


async def test_a_process_that_is_not_ready_says_what_is_wrong_line_by_line() -> None:
    async def wrong() -> list[str]:
        return ["the store is full", "the clock is off"]

    async with asked("/readyz", wrong=wrong) as (status, kind, text):
        assert (status, text) == (503, "the store is full\nthe clock is off\n")
        assert kind.startswith("text/plain")


async def test_figures_are_given_as_prometheus_expects_them() -> None:
    async with asked("/metrics") as (status, kind, text):
        assert (status, text) == (200, "paidmark_x 1\n")
        assert kind == "text/plain; version=0.0.4; charset=utf-8"


async def test_a_store_that_is_gone_is_named() -> None:
    async def ask_the_store() -> list[str]:
        async with Redis.from_url("unix:///nowhere/at/all.sock") as client:
            await client.ping()
        return []

    async with asked("/readyz", wrong=ask_the_store) as (status, _, text):
        assert status == 503
        assert text.startswith("the store: Error")


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
async def test_a_store_that_hangs_does_not_hang_the_answer(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ops, "PATIENCE", 0.1)

    async def hang() -> list[str]:
        await asyncio.Event().wait()
        return []

    async def hang_too() -> bytes:
        await asyncio.Event().wait()
        return b""

    async with asked(path, wrong=hang, figures=hang_too) as (status, _, text):
        assert (status, text) == (503, "the store: no answer within 0.1 s\n")


async def test_nothing_else_is_served() -> None:
    async with asked("/healthz") as (status, _, _):
        assert status == 404


async def test_port_0_is_off() -> None:
    before = asyncio.all_tasks()
    async with listening("no.such.host.invalid", 0, wrong=nothing_wrong, figures=no_figures):
        assert asyncio.all_tasks() == before


async def test_the_port_is_free_again_afterwards() -> None:
    port = free_port()
    for _ in range(2):
        async with listening("127.0.0.1", port, wrong=nothing_wrong, figures=no_figures):
            pass


async def test_a_taken_port_is_reported_by_the_name_of_its_setting() -> None:
    port = free_port()
    async with listening("127.0.0.1", port, wrong=nothing_wrong, figures=no_figures):
        with pytest.raises(OSError, match=rf"cannot listen on 127.0.0.1:{port}.* PAIDMARK_OPS_PORT"):
            async with listening("127.0.0.1", port, wrong=nothing_wrong, figures=no_figures):
                pass
