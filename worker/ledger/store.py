"""Connections to the store, and whether what it acknowledges is safe on disk.

Role and durability are read whenever a connection is made: a store that was restarted with other settings, a replica, or
another server behind the same address, is found out before the first write. Must not know what the ledger keeps.
"""

import asyncio
from functools import cache
from typing import Any

from arq import ArqRedis
from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as StoreTimeoutError

from worker import sentinels
from worker.ledger import sentinel
from worker.ledger.replicas import Client, Confirmation, Pool

NEEDED = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
"""What makes an acknowledgement mean "on disk": https://valkey.io/topics/persistence/"""

_FOR_SENTINELS = 0.25
"""The part of the patience for finding the primary."""


class StoreInDoubtError(Exception):
    """The store did not say that it has the event on disk. The source must send it again."""


class NotDurableError(StoreConnectionError):
    """The store answers before it has written to disk, or may throw keys away. The message says what to set."""


class NotPrimaryError(StoreConnectionError):
    """The store is a replica: it takes no writes, and what it tells may be old."""


async def shortcomings(connection: AbstractConnection) -> list[str]:
    """What the store's configuration lacks, each as `name is 'x', must be 'y'`."""
    lacking = []
    for name, needed in NEEDED.items():
        await connection.send_command("CONFIG", "GET", name)
        try:
            answer = await connection.read_response()
        except ResponseError:
            return ["its configuration cannot be read (CONFIG GET is refused)"]
        found = _text(answer[1]) if answer else "unknown"
        if found != needed:
            lacking.append(f"{name} is {found!r}, must be {needed!r}")
    return lacking


async def _refuse_a_replica(connection: AbstractConnection) -> None:
    """A replica would refuse writes only; HELLO tells its role to everybody, whatever they may do otherwise."""
    await connection.on_connect()
    await connection.send_command("HELLO")
    try:
        answer = await connection.read_response()
    except ResponseError:
        return  # it does not tell; writes will
    told = answer.items() if isinstance(answer, dict) else zip(answer[::2], answer[1::2], strict=True)
    role = {_text(name): value for name, value in told}.get("role", "master")
    if _text(role) != "master":
        await connection.disconnect()
        raise NotPrimaryError("the store is a replica, and takes no writes")


async def _refuse_unless_durable(connection: AbstractConnection) -> None:
    await _refuse_a_replica(connection)
    lacking = await shortcomings(connection)
    if lacking:
        await connection.disconnect()
        raise NotDurableError(
            "the store is not durable: "
            + "; ".join(lacking)
            + ". Set it in its configuration and start it again"
            " (CONFIG SET appendonly, on a store that came up empty, replaces what it had on disk),"
            " or set PAIDMARK_STORE_DURABILITY=trusted if you know that it keeps what it acknowledges"
        )


def connect(
    url: str,
    *,
    connections: int = 50,
    patience: float = 5.0,
    durable: bool = False,
    retries: int = 3,
    replicas: int = 0,
) -> ArqRedis:
    """A client of the primary at `url` (redis://, rediss://, unix:// or redis+sentinel://); connects at first use.

    `patience` bounds every wait for the store, in seconds. With `durable`, a connection to a store that does not keep
    what it acknowledges raises NotDurableError. Commands are repeated `retries` times after a lost connection, which
    suits the ledger's scripts: each of them may be repeated. A pipeline raises UnconfirmedError unless so many `replicas`
    have what it has written: on disk, if the store is to be `durable`, or received.
    """
    options: dict[str, Any] = {
        "max_connections": connections,
        "timeout": patience,
        "socket_timeout": patience,
        "socket_connect_timeout": patience,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.02), retries),
        "retry_on_error": [StoreConnectionError, StoreTimeoutError, OSError, ReadOnlyError],
        "redis_connect_func": _refuse_unless_durable if durable else _refuse_a_replica,
    }
    if not url.startswith("unix"):
        options["socket_keepalive"] = True
    under = sentinels.parse(url)
    options |= sentinel.options(under, patience * _FOR_SENTINELS) if under else parse_url(url)
    options["connection_class"] = _direct(options.get("connection_class", Connection))
    confirmation = Confirmation(replicas, on_disk=durable, patience=patience)
    return Client(Pool(**options), confirmation)


class _Direct(AbstractConnection):
    """A connection that waits for nothing but the answer.

    redis-py writes in a task, and before a command it waits for what nobody asked for: each a turn of the event loop, in
    which a busy receiver answers a dozen deliveries.
    """

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Write. One that has just been closed is a RuntimeError in uvloop, which redis-py would not know for a loss."""
        if not self.is_connected:
            await self.connect()  # type: ignore[no-untyped-call]  # redis-py 5 says nothing of it
        patience, self.socket_timeout = self.socket_timeout, None  # redis-py would bound it by a task
        try:
            async with asyncio.timeout(patience):
                await super().send_packed_command(command, check_health)
        except RuntimeError as error:
            raise StoreConnectionError(f"the connection was closed: {error}") from error
        except TimeoutError as error:
            raise StoreTimeoutError("the store does not take what is sent to it") from error
        finally:
            self.socket_timeout = patience

    async def can_read_destructive(self) -> bool:
        """Whether anything has come that nobody asked for. Raises where the connection is closed."""
        if self._reader is None or self._reader.at_eof():
            raise StoreConnectionError("the store has closed the connection")
        unread = self._reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio tells it nowhere else
        return bool(unread) or self._parser._reader.has_data()  # type: ignore[attr-defined]  # noqa: SLF001 - nor does redis-py


@cache
def _direct(kind: type[AbstractConnection]) -> type[AbstractConnection]:
    return type(kind.__name__, (_Direct, kind), {})


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


STORE_ERRORS = (RedisError, OSError)
"""Everything that a store which is gone, hung, full or read-only makes redis-py raise."""
