"""Senders that take their time, in hundreds, cost good ones nothing; see `webhooks.room` for the bounds."""

import asyncio
import gc
import resource
import socket
import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from statistics import median

import pytest
from aiohttp import web
from redis.asyncio import Redis

from tests.conditions import wait_until
from tests.webhooks.attacked import Attacked, Wire, attacked, request, standard_signed
from webhooks import connections, reading, room
from webhooks.connections import MOST_CONNECTIONS, Connections, most_connections

MOST = 60
HEAD = b"POST /webhooks/standard HTTP/1.1\r\nHost: here\r\n"
BODY = b'{"type": "invoice.paid", "timestamp": "2026-11-02T09:30:00Z", "data": {"invoice_id": "%d", "time_entry_ids": ["%024d"]}}'


@pytest.fixture
async def door(
    store: Redis, store_url: str, log_as_before: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Attacked]:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", MOST)
    monkeypatch.setattr(connections, "LOOK_EVERY", 0.05)
    async with attacked(store_url, PAIDMARK_WORKSPACE="6" * 24) as running:
        yield running


def good(number: int) -> bytes:
    body = BODY % (number, number)
    return request(body, standard_signed(body, b"msg_%d" % number), path=b"/webhooks/standard")


async def seconds(door: Attacked, numbers: range) -> float:
    """How long a good delivery takes, on a connection of its own."""
    taken = []
    for number in numbers:
        began = time.perf_counter()
        assert await door.ask(good(number)) == 200
        taken.append(time.perf_counter() - began)
    return median(taken)


def dropped(door: Attacked, why: str) -> int:
    return sum(line.get(why, 0) for line in door.said() if line["event"] == "connections.dropped")


SLOW = {
    "say nothing": b"",
    "stop in the first line": b"POST /webh",
    "stop in the head": HEAD + b"X: ",
    "stop in the body": HEAD + b"Content-Length: 100000\r\n\r\n{",
    "stop in a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\nffff\r\n{",
    "stay after an answer": request(),
}


@pytest.mark.parametrize("manner", SLOW)
async def test_hundreds_that_keep_us_waiting_do_not_delay_good_ones(door: Attacked, manner: str) -> None:
    alone = await seconds(door, range(20))
    async with AsyncExitStack() as stack:
        slow = [await stack.enter_async_context(door.wire(SLOW[manner])) for _ in range(5 * MOST)]
        beset = await seconds(door, range(20, 40))
        for wire in slow:
            wire.writer.write(b"x")
        again = await seconds(door, range(40, 60))
        await wait_until(lambda: dropped(door, "crowded") >= 4 * MOST, because="all were kept")

    assert max(beset, again) < 5 * alone + 0.05
    assert door.complaints() == []


async def test_good_connections_come_and_go_while_others_are_crowded_out(door: Attacked) -> None:
    async with door.wire(good(1)) as kept, AsyncExitStack() as stack:
        for number in range(3 * MOST):
            await stack.enter_async_context(door.wire(b"POST"))
            assert await kept.status() == 200
            kept.writer.write(good(number))
        assert await kept.status() == 200


@pytest.mark.parametrize("start", [b"", b"P", HEAD])
async def test_a_head_that_does_not_come_is_not_waited_for(
    door: Attacked, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setattr(room, "ASK_WITHIN", 0.2)
    async with door.wire(start) as wire:
        assert await wire.rest() == b""

    await wait_until(lambda: dropped(door, "late") == 1, because="nothing was said of it")


async def test_a_head_that_drips_is_not_waited_for(door: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ASK_WITHIN", 0.3)

    async def drip(wire: Wire) -> None:
        while not wire.writer.is_closing():
            wire.writer.write(b"x")
            await asyncio.sleep(0.01)

    async with door.wire(HEAD) as wire:
        dripping = asyncio.create_task(drip(wire))
        assert await wire.rest() == b""
        dripping.cancel()


async def test_a_next_request_that_drips_is_not_waited_for(
    door: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ASK_WITHIN", 0.3)
    async with door.wire(good(1)) as wire:
        assert await wire.status() == 200
        wire.writer.write(b"P")
        assert await wire.rest() == b""


async def test_an_idle_connection_may_wait(door: Attacked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ASK_WITHIN", 0.1)
    async with door.wire(good(1)) as idle, door.wire() as silent:
        assert await idle.status() == 200
        assert await silent.rest() == b""
        idle.writer.write(good(2))
        assert await idle.status() == 200


async def test_a_body_that_drips_is_answered_and_not_waited_for(
    door: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READ_WITHIN", 0.2)
    monkeypatch.setattr(connections, "LINGER", 0.1)
    async with door.wire(HEAD + b"Content-Length: 100\r\n\r\n{") as wire:
        assert await wire.status() == 408
        assert await wire.rest() == b""


async def test_who_never_reads_an_answer_is_dropped(door: Attacked) -> None:
    host, port = door.url.removeprefix("http://").split(":")
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.setblocking(False)
    with deaf:
        await asyncio.get_running_loop().sock_connect(deaf, (host, int(port)))
        with pytest.raises(ConnectionError):
            await asking_for_ever(deaf)

    await wait_until(lambda: dropped(door, "unread") == 1, because="nothing was said of it")
    assert await door.ask(good(1)) == 200


async def asking_for_ever(wire: socket.socket) -> None:
    while True:
        await asyncio.get_running_loop().sock_sendall(wire, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n" * 500)


async def test_more_than_any_request_may_be_is_answered_and_thrown_away(
    door: Attacked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LINGER", 0.2)
    async with door.wire(HEAD + b"Content-Length: 9000000\r\n\r\n") as wire:
        for _ in range(90):
            wire.writer.write(b"x" * 100_000)
        assert await wire.status() == 413
        assert await wire.rest() == b""


async def test_a_small_body_in_huge_chunks_is_not_waited_for(
    store_url: str, log_as_before: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "READ_WITHIN", 0.5)
    monkeypatch.setattr(connections, "FRAMING", 10_000)
    monkeypatch.setattr(connections, "LINGER", 0.1)
    chunks = (
        b"Transfer-Encoding: chunked\r\n\r\n" + (b"1;" + b"a" * 1_000 + b"\r\nx\r\n") * 3_000 + b"0\r\n\r\n"
    )
    async with attacked(store_url) as door, door.wire(HEAD + chunks) as wire:
        assert await wire.status() == 408
        assert await wire.rest() == b""


@pytest.fixture
def nobody_tidies_up() -> Iterator[None]:
    """What is not let go of at once stays: memory that only the collector of cycles frees can be run out of."""
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


async def test_of_those_that_go_in_the_middle_of_a_body_nothing_stays(
    door: Attacked, nobody_tidies_up: None
) -> None:
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(20):
        async with door.wire(HEAD + b"Content-Length: 1000000\r\n\r\n" + b"x" * 900_000) as wire:
            await wire.writer.drain()
            wire.writer.write_eof()
            await wire.rest()
    await wait_until(lambda: len(door.said()) >= 20, because="not all were noticed")

    after, _ = tracemalloc.get_traced_memory()
    assert after - before < 5_000_000


async def test_while_all_wait_for_the_store_others_are_told_to_come_again(
    door: Attacked, store: Redis
) -> None:
    await store.client_pause(1_000)
    async with AsyncExitStack() as stack:
        waiting = [await stack.enter_async_context(door.wire(good(number))) for number in range(MOST)]

        async def refused() -> bool:
            async with door.wire(good(1)) as wire:
                return await asyncio.wait_for(wire.status(), 3) == 503

        await wait_until(refused, because="there was room")
        statuses = [await wire.status() for wire in waiting]

    assert statuses.count(200) >= MOST - 5
    await wait_until(lambda: dropped(door, "refused"), because="nothing was said of it")


async def test_what_was_dropped_is_counted_for_operators(
    store: Redis, store_url: str, log_as_before: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(room, "ASK_WITHIN", 0.1)
    async with attacked(store_url, PAIDMARK_OPS_PORT="18089") as door:
        async with door.wire(b"P") as wire:
            await wire.rest()
        ops = Attacked("http://127.0.0.1:18089")

        async def counted() -> bool:
            async with ops.wire(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") as wire:
                return b'paidmark_connections_dropped_total{why="late"} 1.0' in await wire.rest()

        await wait_until(counted, because="nothing was counted")


def test_half_of_what_can_be_opened_is_for_connections() -> None:
    assert most_connections(256) == 128
    assert most_connections(1_000_000) == MOST_CONNECTIONS
    assert most_connections(resource.RLIM_INFINITY) == MOST_CONNECTIONS


async def test_a_fault_of_ours_is_told_in_full_in_the_log_and_not_to_the_sender(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(_: web.BaseRequest) -> web.Response:
        raise ZeroDivisionError("<ours>")

    runner = web.ServerRunner(Connections(broken, 1_000))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    door = Attacked("http://{}:{}".format(*runner.addresses[0][:2]))
    async with door.wire(good(1)) as wire:
        said = await wire.rest()
    await runner.cleanup()

    assert said.startswith(b"HTTP/1.1 500 ")
    assert b"<ours>" not in said
    assert "ZeroDivisionError" in caplog.text
