"""A link between two processes: what it carries, and what it keeps back."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
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


async def took(link: Link) -> float:
    """Seconds until an answer was there."""
    began = time.monotonic()
    assert await ask(link, b"hello") == b"hello"
    return time.monotonic() - began


@asynccontextmanager
async def talking(link: Link) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through the link that has been answered once."""
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    writer.write(b"hello")
    await reader.read(1000)
    try:
        yield reader, writer
    finally:
        writer.close()


async def test_a_link_carries_both_ways() -> None:
    async with linked() as (_, link):
        assert await ask(link, b"hello") == b"hello"


async def test_a_request_that_is_cut_before_does_not_arrive() -> None:
    async with linked() as (echo, link):
        cut = link.cut_next(after=False)
        assert not cut.struck.is_set()

        assert await ask(link, b"hello") == b""
        assert echo.heard == []
        assert (link.cuts, cut.struck.is_set()) == (1, True)


async def test_a_request_that_is_cut_after_arrives_and_is_not_answered() -> None:
    async with linked() as (echo, link):
        link.cut_next(after=True)

        assert await ask(link, b"hello") == b""
        assert echo.heard == [b"hello"]
        assert await ask(link, b"again") == b"again"


async def test_nobody_gets_through_while_it_refuses() -> None:
    async with linked() as (echo, link):
        async with link.refusing() as spell:
            assert await ask(link, b"hello") == b""

        assert spell.struck == 1
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
        link.let_be(link.cut_next(after=False))

        assert await ask(link, b"PATCH") == b"PATCH"


async def test_what_has_struck_already_is_let_be_without_a_word() -> None:
    async with linked() as (_, link):
        cut = link.cut_next(after=False)
        assert await ask(link, b"hello") == b""

        link.let_be(cut)

        assert await ask(link, b"again") == b"again"


async def test_it_says_how_many_connections_it_has_cut() -> None:
    async with linked() as (_, link):
        assert link.cut() == 0
        async with talking(link) as (reader, _):
            assert link.cut() == 1
            with suppress(OSError):  # a connection that is aborted may say so
                assert await reader.read() == b""

        assert link.cuts == 1


async def test_two_cuts_strike_two_requests() -> None:
    async with linked() as (echo, link):
        link.cut_next(after=False)
        link.cut_next(after=True)

        assert [await ask(link, words) for words in (b"one", b"two", b"three")] == [b"", b"", b"three"]
        assert echo.heard == [b"two", b"three"]


async def test_nobody_gets_through_before_the_last_refusal_is_over() -> None:
    async with linked() as (_, link):
        async with link.refusing():
            async with link.refusing() as shorter:
                assert await ask(link, b"hello") == b""
            assert await ask(link, b"hello") == b""

        assert shorter.struck == 1
        assert await ask(link, b"again") == b"again"


async def test_delays_add_up_and_end_each_by_itself() -> None:
    async with linked() as (_, link):
        async with link.slowed(0.2) as longer:
            async with link.slowed(0.1) as shorter:
                assert await took(link) >= 2 * (0.2 + 0.1)
            assert await took(link) >= 2 * 0.2

        assert (longer.struck, shorter.struck) == (4, 2)
        assert await ask(link, b"again") == b"again"
        assert longer.struck == 4


async def test_each_hold_catches_a_request_of_its_own() -> None:
    async with linked() as (echo, link):
        first, second = link.hold(b"PATCH"), link.hold(b"PATCH")
        async with talking(link) as (_, one), talking(link) as (_, other):
            one.write(b"PATCH 1")
            await asyncio.wait_for(first.caught.wait(), 5)
            other.write(b"PATCH 2")
            await asyncio.wait_for(second.caught.wait(), 5)

            second.released.set()
            await wait_until(lambda: echo.heard[2:] == [b"PATCH 2"], because="the second was not let go")
            first.released.set()
            await wait_until(lambda: b"PATCH 1" in echo.heard, because="the first was not let go")


async def test_a_link_can_be_closed_while_it_holds_a_request() -> None:
    async with linked() as (echo, link), talking(link) as (_, writer):
        hold = link.hold(b"PATCH")
        writer.write(b"PATCH")
        await asyncio.wait_for(hold.caught.wait(), 5)

        await asyncio.wait_for(link.close(), 5)

        assert echo.heard == [b"hello"]
