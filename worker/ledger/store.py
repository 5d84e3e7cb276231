"""Connections to the store, and whether what it acknowledges is safe on disk.

Durability is read whenever a connection is made: a store that was restarted with other settings, or another server
behind the same address, is found out before the first write. Must not know what the ledger keeps.
"""

from typing import Any

from arq import ArqRedis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as StoreTimeoutError

NEEDED = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}
"""What makes an acknowledgement mean "on disk": https://valkey.io/topics/persistence/"""


class StoreInDoubtError(Exception):
    """The store did not say that it has the event on disk. The source must send it again."""


class NotDurableError(StoreConnectionError):
    """The store answers before it has written to disk, or may throw keys away. The message says what to set."""


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


async def _refuse_unless_durable(connection: AbstractConnection) -> None:
    await connection.on_connect()
    lacking = await shortcomings(connection)
    if lacking:
        await connection.disconnect()
        raise NotDurableError(
            "the store is not durable: " + "; ".join(lacking) + ". Set it so,"
            " or PAIDMARK_STORE_DURABILITY=trusted if you know that it keeps what it acknowledges"
        )


def connect(
    url: str, *, connections: int = 50, patience: float = 5.0, durable: bool = False, retries: int = 3
) -> ArqRedis:
    """A client of the store at `url` (redis://, rediss:// or unix://); connects at first use.

    `patience` bounds every wait for the store, in seconds. With `durable`, a connection to a store that does not keep
    what it acknowledges raises NotDurableError. Commands are repeated `retries` times after a lost connection, which
    suits the ledger's scripts: each of them may be repeated.
    """
    options: dict[str, Any] = {
        "max_connections": connections,
        "timeout": patience,
        "socket_timeout": patience,
        "socket_connect_timeout": patience,
        "retry": Retry(ExponentialBackoff(cap=0.5, base=0.02), retries),
        "retry_on_error": [StoreConnectionError, StoreTimeoutError, OSError],
    }
    if not url.startswith("unix"):
        options["socket_keepalive"] = True
    if durable:
        options["redis_connect_func"] = _refuse_unless_durable
    store = ArqRedis(pool_or_conn=BlockingConnectionPool.from_url(url, **options))
    store.auto_close_connection_pool = True
    return store


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


STORE_ERRORS = (RedisError, OSError)
"""Everything that a store which is gone, hung, full or read-only makes redis-py raise."""
