"""A link between two processes: what it carries, and what it keeps back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from bench.link import Link
from tests.conditions import wait_until


@dataclass
class Echo:
    """Answers what it hears, and remembers it."""

    heard: list[bytes] = field(default_factory=list)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            self.heard.append(data)
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def linked() -> AsyncIterator[tuple[Echo, Link]]:
    echo = Echo()
    server = await asyncio.start_server(echo.talk, "127.0.0.1", 0)
    link = Link(server.sockets[0].getsockname()[1])
    await link.open()
    try:
        yield echo, link
    finally:
        await link.close()
        server.close()


async def ask(link: Link, words: bytes) -> bytes:
    """What comes back; nothing, where the connection was cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    try:
        writer.write(words)
        return await asyncio.wait_for(reader.read(1000), 5)
    except OSError:
        return b""
    finally:
        writer.close()


async def test_a_link_carries_both_ways() -> None:
    async with linked() as (_, link):
        assert await ask(link, b"hello") == b"hello"


async def test_a_request_that_is_cut_before_does_not_arrive() -> None:
    async with linked() as (echo, link):
        link.cut_next(after=False)

        assert await ask(link, b"hello") == b""
        assert echo.heard == []
        assert link.cuts == 1


async def test_a_request_that_is_cut_after_arrives_and_is_not_answered() -> None:
    async with linked() as (echo, link):
        link.cut_next(after=True)

        assert await ask(link, b"hello") == b""
        assert echo.heard == [b"hello"]
        assert await ask(link, b"again") == b"again"


async def test_nobody_gets_through_while_it_refuses() -> None:
    async with linked() as (echo, link):
        refusing = asyncio.create_task(link.refuse(0.2))
        await asyncio.sleep(0)

        assert await ask(link, b"hello") == b""
        await refusing
        assert await ask(link, b"again") == b"again"
        assert echo.heard == [b"again"]


async def test_a_held_request_arrives_when_it_is_released_even_if_its_sender_has_gone() -> None:
    async with linked() as (echo, link):
        hold = link.hold(b"PATCH")
        assert await ask(link, b"GET") == b"GET"
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ask(link, b"PATCH"), 0.2)
        assert hold.caught.is_set()
        assert echo.heard == [b"GET"]

        hold.released.set()

        await wait_until(lambda: echo.heard == [b"GET", b"PATCH"], because="what was held did not arrive")


async def test_what_is_not_caught_yet_can_be_let_be() -> None:
    async with linked() as (_, link):
        link.let_be(link.hold(b"PATCH"))

        assert await ask(link, b"PATCH") == b"PATCH"
