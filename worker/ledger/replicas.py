"""Writes that replicas have confirmed, before anybody is told that they are safe.

WAIT and WAITAOF count for the last write of their own connection. So they travel at the end of the pipeline whose writes
they are to confirm, on its connection, once for all of it: every script of the door writes something, a duplicate's too.
WAITAOF is about disks, that of the primary and those of the replicas. Alone it takes up to a second: a replica says how
far its disk is when it is asked, before it has written what has just come, and then once a second. Behind a WAIT, which
ends when the replicas have it and (with `appendfsync always`) have written it, it is asked again, and at once answered.
https://valkey.io/commands/waitaof/

Must not know what is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from arq import ArqRedis
from hiredis import pack_command
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.client import Pipeline
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

Command = tuple[str | int, ...]

_OF_RECEIVING, _OF_WRITING = 0.3, 0.55
"""Parts of the patience for the store's answer: together they leave time to hear it."""


class UnconfirmedError(RedisError):
    """Too few replicas have what was written. It may be lost in a failover: it must be sent again."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """So many `replicas` must have every write: on disk, or (where the store's word is trusted) received.

    `patience` in seconds is what the store has for its whole answer.
    """

    replicas: int
    on_disk: bool
    patience: float

    @property
    def commands(self) -> tuple[Command, ...]:
        """What asks for it, behind the writes."""
        if not self.replicas:
            return ()
        received: Command = ("WAIT", self.replicas, int(self.patience * _OF_RECEIVING * 1000))
        written: Command = ("WAITAOF", 1, self.replicas, int(self.patience * _OF_WRITING * 1000))
        return (received, written) if self.on_disk else (received,)

    def complaint(self, answers: Sequence[Any]) -> str:
        """What is lacking, by the answers to `commands`; empty where nothing is."""
        if not answers:
            return ""
        last = answers[-1]
        if isinstance(last, Exception):
            if "unknown command" in str(last):
                return "the store has no WAITAOF: PAIDMARK_STORE_REPLICAS needs Redis 7.2 or newer, or Valkey"
            return f"the replicas cannot be asked: {last}"
        if not self.on_disk:
            return "" if last >= self.replicas else f"{last} of {self.replicas} replicas have received it"
        local, replicas = last
        if replicas < self.replicas:
            return f"{replicas} of {self.replicas} replicas have it on disk"
        return "" if local else "the primary does not have it on disk"


class Pool(BlockingConnectionPool):
    """Connections that can be left behind, all at once.

    Who takes one next makes it anew: somebody else might close it in the moment in which it is taken, and break his call.
    """

    def __init__(self, **options: Any) -> None:
        """Keep the options of the connections."""
        super().__init__(**options)
        self._age = 0
        self._made: WeakKeyDictionary[AbstractConnection, int] = WeakKeyDictionary()

    def leave(self) -> None:
        """Trust no connection that is there now: the store behind it may be another one than it was."""
        self._age += 1

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        """Hand over a connection that is open, and not from before."""
        if self._made.get(connection) != self._age:
            await connection.disconnect()
            self._made[connection] = self._age
        await super().ensure_connection(connection)


class Client(ArqRedis):
    """A client whose pipelines are confirmed, and that leaves a store which takes no writes any more."""

    def __init__(self, pool: Pool, confirmation: Confirmation) -> None:
        """Keep the pool; connects at first use."""
        super().__init__(pool_or_conn=pool)
        self.auto_close_connection_pool = True
        self._pool, self._confirmation = pool, confirmation

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        """Commands that go out together. A transaction cannot wait, and is not confirmed."""
        if transaction:
            return super().pipeline(transaction, shard_hint)
        return _Confirmed(self._pool, self.response_callbacks, self._confirmation)


class _Confirmed(Pipeline):
    """A pipeline that ends with the question whether replicas have it. Packed in C: redis-py packs argument by argument."""

    def __init__(self, pool: Pool, callbacks: Any, confirmation: Confirmation) -> None:
        super().__init__(pool, callbacks, transaction=False, shard_hint=None)
        self._pool, self._confirmation = pool, confirmation

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """The commands' answers. Raises UnconfirmedError; what was written then stays written, and may get lost.

        A lost connection repeats the whole pipeline, on one connection: the question stays behind the writes.
        """
        commands = len(self.command_stack)
        for command in self._confirmation.commands:
            self.execute_command(*command)
        answers: list[Any] = await super().execute(raise_on_error=raise_on_error)
        complaint = self._confirmation.complaint(answers[commands:])
        if complaint or any(isinstance(answer, ReadOnlyError) for answer in answers):
            # It may be a primary that is cut off from its replicas, or one no longer: the next connection asks anew.
            self._pool.leave()
        if complaint:
            raise UnconfirmedError(complaint)
        return answers[:commands]

    async def _execute_pipeline(self, connection: Any, commands: Any, raise_on_error: bool) -> list[Any]:
        await connection.send_packed_command(b"".join([pack_command(args) for args, _ in commands]))
        answers: list[Any] = []
        for args, options in commands:
            try:
                answers.append(await self.parse_response(connection, args[0], **options))
            except ResponseError as error:
                answers.append(error)
        if raise_on_error:
            self.raise_first_error(commands, answers)
        return answers
