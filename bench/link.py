"""A link between two processes: a small TCP proxy through which they talk, and which can be cut, refused, slowed or held.

It carries bytes and knows no protocol; `hold` looks for some of them. Several faults may be on it at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from bench.faults import Cut, Hold, Spell

CHUNK = 65_536


@dataclass(slots=True, eq=False)
class _Talk:
    """One connection, in its two halves."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    deaf: bool = False
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    def abort(self) -> None:
        self.near.transport.abort()
        self.far.transport.abort()


@dataclass(slots=True)
class Link:
    """Forwards connections to `target`, a port of loopback. `cuts` counts the connections that it has cut."""

    target: int
    port: int = 0
    cuts: int = 0
    _server: asyncio.Server | None = None
    _talks: set[_Talk] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _refusals: list[Spell] = field(default_factory=list)
    _delays: list[Spell] = field(default_factory=list)
    _cuts: list[Cut] = field(default_factory=list)
    _holds: list[Hold] = field(default_factory=list)
    _caught: list[Hold] = field(default_factory=list)

    async def open(self) -> int:
        """Listen. Returns the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def close(self) -> None:
        """Stop listening, and cut what is open."""
        if self._server is not None:
            self._server.close()
        for talk in list(self._talks):
            talk.abort()
        for hold in self._caught:  # nobody may be left to release it
            hold.released.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> int:
        """Cut every connection, now. Returns how many there were."""
        before = self.cuts
        for talk in list(self._talks):
            self._cut(talk)
        return self.cuts - before

    def cut_next(self, *, after: bool) -> Cut:
        """Cut the connection that speaks next; if that is done already by another cut, the one after it."""
        self._cuts.append(cut := Cut(after))
        return cut

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[Spell]:
        """Cut every connection, and let nobody through for a while."""
        self._refusals.append(spell := Spell())
        spell.struck += self.cut()
        try:
            yield spell
        finally:
            self._refusals.remove(spell)

    @asynccontextmanager
    async def slowed(self, delay: float) -> AsyncIterator[Spell]:
        """Let everything take longer by `delay` seconds each way for a while; delays add up."""
        self._delays.append(spell := Spell(delay))
        try:
            yield spell
        finally:
            self._delays.remove(spell)

    def hold(self, needle: bytes) -> Hold:
        """Hold the next request that has `needle` in it. It is delivered when released, even if its sender has gone."""
        self._holds.append(hold := Hold(needle))
        return hold

    def let_be(self, fault: Hold | Cut) -> None:
        """Hold or cut nothing, if nothing has been caught yet."""
        with suppress(ValueError):
            if isinstance(fault, Hold):
                self._holds.remove(fault)
            else:
                self._cuts.remove(fault)

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self._refusals:
            for spell in self._refusals:
                spell.struck += 1
            near.transport.abort()
            return
        try:
            far_reader, far = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            near.transport.abort()
            return
        talk = _Talk(near, far)
        self._talks.add(talk)
        forth = asyncio.create_task(self._forth(talk, reader))
        back = asyncio.create_task(self._back(talk, far_reader))
        for task in (forth, back):
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await asyncio.gather(forth, back)
        talk.abort()
        self._talks.discard(talk)

    async def _forth(self, talk: _Talk, reader: asyncio.StreamReader) -> None:
        held = False
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                await self._delay()
                held |= await self._held(data)
                if self._cuts and not talk.deaf:
                    cut = self._cuts.pop(0)
                    cut.struck.set()
                    if not cut.after:
                        self._cut(talk)
                        return
                    talk.deaf = True
                talk.far.write(data)
                await talk.far.drain()
        if held:
            await talk.answered.wait()  # a server that sees its caller go may drop what it has not begun with
        with suppress(OSError):
            talk.far.write_eof()

    async def _back(self, talk: _Talk, reader: asyncio.StreamReader) -> None:
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                talk.answered.set()
                if talk.deaf:
                    self._cut(talk)
                    return
                await self._delay()
                if not talk.near.is_closing():
                    talk.near.write(data)
                    await talk.near.drain()
        talk.answered.set()
        with suppress(OSError):
            talk.near.close()

    async def _delay(self) -> None:
        """Let data wait as long as it must."""
        if delay := sum(spell.delay for spell in self._delays):
            for spell in self._delays:
                spell.struck += 1
            await asyncio.sleep(delay)

    async def _held(self, data: bytes) -> bool:
        """Hold the data if it is to be held, and wait until it is released. Returns whether it was held."""
        for hold in self._holds:
            if hold.needle in data:
                self._holds.remove(hold)
                self._caught.append(hold)
                hold.caught.set()
                await hold.released.wait()
                self._caught.remove(hold)
                return True
        return False

    def _cut(self, talk: _Talk) -> None:
        if not (talk.near.transport.is_closing() and talk.far.transport.is_closing()):
            self.cuts += 1
            talk.abort()
