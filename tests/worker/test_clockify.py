"""The client: what it sends, and what it makes of whatever comes back."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.worker.worlds import KEY, WORKSPACE, fine, ids, peculiar
from worker.batches import Batch
from worker.clockify import MOST_READ, Clockify
from worker.outcome import NoReply, Postponed, Reply, known_entries
from worker.sandbox import Fault, Sandbox, World, running

A, B, C = ids(3)
BATCH = Batch(True, (A, B))


@asynccontextmanager
async def client(url: str, *, key: tuple[str, str] = KEY, patience: float = 5.0) -> AsyncIterator[Clockify]:
    async with Clockify(url, lambda _: key, timeout=patience) as clockify:
        yield clockify


async def test_a_batch_is_marked_and_marked_back() -> None:
    sandbox = Sandbox(world=World(open_world=True))
    async with running(sandbox) as url, client(url + "/") as clockify:
        assert await clockify.mark(WORKSPACE, BATCH) == Reply(200, "", b"")
        assert sandbox.world.entries[A].invoiced
        assert await clockify.mark(WORKSPACE, Batch(False, (A,))) == Reply(200, "", b"")
        assert [sandbox.world.entries[one].invoiced for one in (A, B)] == [False, True]


@pytest.mark.parametrize("header", ["X-Api-Key", "X-Addon-Token"])
async def test_the_credential_goes_in_its_own_header_and_the_body_is_json(header: str) -> None:
    seen: list[web.Request] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request)
        assert json.loads(await request.read()) == {"invoiced": True, "timeEntryIds": [A, B]}
        return web.Response()

    app = web.Application()
    app.router.add_patch(f"/api/v1/workspaces/{WORKSPACE}/time-entries/invoiced", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with client(f"http://127.0.0.1:{runner.addresses[0][1]}/api", key=(header, "it")) as clockify:
        assert await clockify.mark(WORKSPACE, BATCH) == Reply(200, "", b"")
    await runner.cleanup()

    assert seen[0].headers[header] == "it"
    assert seen[0].headers["Content-Type"] == "application/json"


async def test_a_fingerprint_tells_keys_apart_and_gives_none_away() -> None:
    keys = {
        "one": ("X-Api-Key", "secret-1"),
        "two": ("X-Api-Key", "secret-2"),
        "three": ("X-Addon-Token", "secret-1"),
    }
    clockify = Clockify("http://nowhere", keys.get, timeout=1)
    prints = [clockify.fingerprint(name) for name in keys]

    assert len(set(prints)) == 3
    assert not any("secret" in str(one) for one in prints)
    assert clockify.fingerprint("four") is None


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with peculiar(fine) as thief:
        moved = web.Response(status=307, headers={"Location": thief.url})
        async with peculiar(lambda _: moved) as clockify, client(clockify.url) as one:
            reply = await one.mark(WORKSPACE, BATCH)
    assert isinstance(reply, Reply)
    assert reply.status == 307
    assert thief.keys == []


async def test_a_retry_after_and_a_body_come_back_as_they_are() -> None:
    busy = web.Response(status=429, headers={"Retry-After": "7"}, body=b"<html>")
    async with peculiar(lambda _: busy) as server, client(server.url) as clockify:
        assert await clockify.mark(WORKSPACE, BATCH) == Reply(429, "7", b"<html>")


async def test_a_body_is_read_up_to_a_bound() -> None:
    large = web.Response(status=400, body=b"x" * (MOST_READ + 1_000_000))
    async with peculiar(lambda _: large) as server, client(server.url) as clockify:
        reply = await clockify.mark(WORKSPACE, BATCH)
    assert isinstance(reply, Reply)
    assert len(reply.body) == MOST_READ


async def test_a_body_in_pieces_is_read_whole() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"abc"
            await asyncio.sleep(0)

    async with (
        peculiar(lambda _: web.Response(status=400, body=pieces())) as server,
        client(server.url) as clockify,
    ):
        assert await clockify.mark(WORKSPACE, BATCH) == Reply(400, "", b"abcabcabc")


async def test_silence_is_no_reply_and_slow() -> None:
    sandbox = Sandbox(world=World(open_world=True))
    sandbox.faults.order(Fault(kind="silence"))
    async with running(sandbox) as url, client(url, patience=0.2) as clockify:
        assert await clockify.mark(WORKSPACE, BATCH) == NoReply(
            "Clockify did not answer within 0.2 s", slow=True
        )


@pytest.mark.parametrize("after", [False, True])
async def test_a_cut_connection_is_no_reply_before_and_after_the_effect(after: bool) -> None:
    sandbox = Sandbox(world=World(open_world=True))
    sandbox.faults.order(Fault(kind="cut", after=after))
    async with running(sandbox) as url, client(url) as clockify:
        reply = await clockify.mark(WORKSPACE, BATCH)
    assert isinstance(reply, NoReply)
    assert not reply.slow
    assert (A in sandbox.world.entries) is after


async def test_nobody_who_listens_is_no_reply() -> None:
    async with client("http://127.0.0.1:1") as clockify:
        assert isinstance(await clockify.mark(WORKSPACE, BATCH), NoReply)


@pytest.mark.parametrize("url", ["no url at all", "http://", "ftp://127.0.0.1"])
async def test_an_address_that_is_none_is_no_reply(url: str) -> None:
    async with client(url) as clockify:
        assert isinstance(await clockify.mark(WORKSPACE, BATCH), NoReply)
        assert isinstance(await clockify.ask(WORKSPACE, (A,)), NoReply)


@pytest.mark.parametrize(
    "answer", [b"\x00\x01\x02 no http\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", b""]
)
async def test_what_is_no_http_is_no_reply(answer: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server, client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api") as clockify:
        assert isinstance(await clockify.mark(WORKSPACE, BATCH), NoReply)


async def test_a_batch_read_tells_which_entries_are_known() -> None:
    sandbox = Sandbox(world=World(open_world=True, bad={B}))
    async with running(sandbox) as url, client(url) as clockify:
        assert known_entries(await clockify.ask(WORKSPACE, (A, B, C)), now=0) == frozenset((A, C))


@pytest.mark.parametrize(
    "answer",
    [
        web.Response(status=404),
        web.Response(status=400),
        web.Response(body=b"\xff"),
        web.json_response([{"no": "id"}]),
    ],
    ids=["404", "400", "garbage", "another shape"],
)
async def test_a_batch_read_that_cannot_say_says_nothing(answer: web.Response) -> None:
    async with peculiar(fine, lambda _: answer) as server, client(server.url) as clockify:
        assert known_entries(await clockify.ask(WORKSPACE, (A,)), now=0) is None


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_batch_read_that_fails_is_tried_again_later(status: int) -> None:
    async with (
        peculiar(fine, lambda _: web.Response(status=status, headers={"Retry-After": "7"})) as server,
        client(server.url) as clockify,
    ):
        known = known_entries(await clockify.ask(WORKSPACE, (A,)), now=0)

        assert known == Postponed(f"Clockify answered {status}", 7.0, may_land=status != 429)


async def test_a_batch_read_that_is_cut_is_tried_again_later() -> None:
    sandbox = Sandbox(world=World(open_world=True))
    sandbox.faults.order(Fault(kind="cut"))
    async with running(sandbox) as url, client(url) as clockify:
        assert isinstance(known_entries(await clockify.ask(WORKSPACE, (A,)), now=0), Postponed)


async def test_cookies_are_not_kept() -> None:
    seen: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Cookie", ""))
        return web.Response(headers={"Set-Cookie": "a=b"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with client(f"http://127.0.0.1:{runner.addresses[0][1]}/api") as clockify:
        for _ in range(2):
            await clockify.mark(WORKSPACE, BATCH)
    await runner.cleanup()

    assert seen == ["", ""]
