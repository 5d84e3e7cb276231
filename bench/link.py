"""A link between two processes: a small TCP proxy through which they talk, and which can be cut, refused, slowed or held.

It carries bytes and knows no protocol; `hold` looks for some of them.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

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
class Hold:
    """A request that is held: `caught` when it has come, and goes on when `released`."""

    needle: bytes
    caught: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Link:
    """Forwards connections to `target`, a port of loopback. `cuts` counts the connections that it has cut."""

    target: int
    port: int = 0
    cuts: int = 0
    _server: asyncio.Server | None = None
    _talks: set[_Talk] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _refusing: int = 0
    _delay: float = 0.0
    _cut_next: str = ""
    _hold: Hold | None = None

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
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cut every connection, now."""
        for talk in list(self._talks):
            self._cut(talk)

    def cut_next(self, *, after: bool) -> None:
        """Cut the connection that speaks next: before its request has gone on, or `after`, before the reply comes back."""
        self._cut_next = "after" if after else "before"

    async def refuse(self, seconds: float) -> None:
        """Let nobody through for a while."""
        self._refusing += 1
        self.cut()
        await asyncio.sleep(seconds)
        self._refusing -= 1

    async def slow(self, delay: float, seconds: float) -> None:
        """Let everything take longer by `delay` each way, for a while."""
        self._delay = delay
        await asyncio.sleep(seconds)
        self._delay = 0.0

    def hold(self, needle: bytes) -> Hold:
        """Hold the next request that has `needle` in it. It is delivered when released, even if its sender has gone."""
        self._hold = Hold(needle)
        return self._hold

    def let_be(self, hold: Hold) -> None:
        """Hold nothing, if nothing has been caught yet."""
        if self._hold is hold:
            self._hold = None

    async def _accept(self, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        if self._refusing:
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
                if await self._held(data):
                    held = True
                if self._cut_next == "before":
                    self._cut_next = ""
                    self._cut(talk)
                    return
                if self._cut_next == "after":
                    self._cut_next, talk.deaf = "", True
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
                if self._delay:
                    await asyncio.sleep(self._delay)
                if not talk.near.is_closing():
                    talk.near.write(data)
                    await talk.near.drain()
        talk.answered.set()
        with suppress(OSError):
            talk.near.close()

    async def _held(self, data: bytes) -> bool:
        """Wait as long as the data must. Returns whether it was held."""
        if self._delay:
            await asyncio.sleep(self._delay)
        hold = self._hold
        if hold is None or hold.needle not in data:
            return False
        self._hold = None
        hold.caught.set()
        await hold.released.wait()
        return True

    def _cut(self, talk: _Talk) -> None:
        self.cuts += 1
        talk.abort()
