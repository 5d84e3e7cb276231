"""Finding the primary of a store under Sentinel: asked for at every connection, so that a failover needs no restart.

All sentinels are asked, and the newest configuration counts: one that is cut off together with an old primary does not
mislead as long as another can be reached. Whether a store takes writes it says itself (`worker.ledger.store`).
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from redis.asyncio.connection import Connection, SSLConnection, parse_url
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import RedisError

from worker.sentinels import UnderSentinel


class NoPrimaryError(StoreConnectionError):
    """No sentinel names a primary now. The message has what each of them said."""


@dataclass(frozen=True, slots=True)
class _Answer:
    epoch: int
    host: str
    port: int


class Sentinels:
    """The sentinels of one store. `patience` bounds the wait for each of them, in seconds."""

    def __init__(self, under: UnderSentinel, patience: float) -> None:
        """Keep where they are; nobody is asked yet."""
        options: dict[str, Any] = {**parse_url(under.store)}
        self._under = under
        self._kind = options.get("connection_class", Connection)
        self._options = {name: value for name, value in options.items() if name.startswith("ssl_")} | {
            "username": under.username,
            "password": under.password,
            "socket_timeout": patience,
            "socket_connect_timeout": patience,
            "lib_name": None,
            "lib_version": None,
        }

    async def primary(self) -> tuple[str, int]:
        """Where the primary is now. Raises NoPrimaryError."""
        answers = await asyncio.gather(*(self._ask(host, port) for host, port in self._under.sentinels))
        named = [answer for answer in answers if isinstance(answer, _Answer)]
        if not named:
            said = "; ".join(str(answer) for answer in answers)
            raise NoPrimaryError(f"no sentinel names a primary of {self._under.name!r}: {said}")
        newest = max(named, key=lambda answer: answer.epoch)
        return newest.host, newest.port

    async def _ask(self, host: str, port: int) -> _Answer | str:
        """What one sentinel says, or why it says nothing.

        While it fails over, only the first question is answered with the new primary: `MASTER` has its epoch.
        """
        connection = self._kind(host=host, port=port, **self._options)
        try:
            await connection.connect()
            await connection.send_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._under.name)
            address = await connection.read_response()
            if address is None:
                return f"{host}:{port} knows no such name"
            await connection.send_command("SENTINEL", "MASTER", self._under.name)
            state = await connection.read_response()
        except (RedisError, OSError) as error:
            return f"{host}:{port} does not tell ({error})"
        finally:
            await connection.disconnect(nowait=True)
        known = dict(zip(state[::2], state[1::2], strict=True))
        return _Answer(int(known[b"config-epoch"]), address[0].decode(), int(address[1]))


class ToPrimary(Connection):
    """A connection to whatever is the primary in the moment in which it is made."""

    def __init__(self, *, sentinels: Sentinels, **options: Any) -> None:
        """Keep whom to ask; host and port are theirs to say."""
        super().__init__(**options)
        self._sentinels = sentinels

    async def _connect(self) -> None:
        self.host, self.port = await self._sentinels.primary()
        await super()._connect()  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it


class ToPrimaryByTls(ToPrimary, SSLConnection):
    """The same, encrypted."""


def options(under: UnderSentinel, patience: float) -> dict[str, Any]:
    """What a pool of connections to the primary takes, in place of a URL."""
    said: dict[str, Any] = {**parse_url(under.store)}
    kind = ToPrimaryByTls if said.pop("connection_class", None) else ToPrimary
    return {**said, "connection_class": kind, "sentinels": Sentinels(under, patience)}
