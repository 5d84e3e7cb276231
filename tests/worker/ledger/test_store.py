"""Connections to the store."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import uvloop
from arq import ArqRedis
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import ReadOnlyError
from redis.exceptions import TimeoutError as StoreTimeoutError

from tests.conditions import wait_until
from tests.own_store import own_store
from worker.ledger import connect
from worker.ledger.sentinel import ToPrimaryByTls
from worker.ledger.store import STORE_ERRORS, NotPrimaryError


async def test_a_connection_over_a_network_notices_a_peer_that_has_gone() -> None:
    store = connect("redis://127.0.0.1:1")

    assert store.connection_pool.connection_kwargs["socket_keepalive"] is True


async def test_a_client_that_is_closed_leaves_no_connection(store_url: str) -> None:
    store = connect(store_url)
    await store.ping()
    connection = next(iter(store.connection_pool._available_connections))
    await store.aclose()

    assert not connection.is_connected


async def test_a_replica_or_not_is_told_in_either_protocol(store_url: str) -> None:
    store = connect(f"{store_url}&protocol=3" if "?" in store_url else f"{store_url}?protocol=3")

    assert await store.ping()
    await store.aclose()


async def test_a_store_that_does_not_tell_its_role_is_used(tmp_path: Path) -> None:
    async with own_store(tmp_path, "--rename-command", "HELLO", "") as silent:
        store = connect(silent.url)

        assert await store.ping()
        await store.aclose()


async def test_a_transaction_is_what_it_was(store_url: str) -> None:
    store = connect(store_url, replicas=1)
    async with store.pipeline(transaction=True) as together:
        together.set("paidmark:test", "1", px=1000)

        assert await together.execute() == [True]
    await store.aclose()


async def test_the_primary_behind_sentinels_is_reached_by_tls_where_the_url_says_so() -> None:
    url = "rediss+sentinel://user:pass@127.0.0.1,[::1]:1/main/3?ssl_cert_reqs=none&sentinel_username=u"
    store = connect(url, retries=0)
    pool = store.connection_pool
    connection = pool.connection_class(**pool.connection_kwargs)

    assert isinstance(connection, ToPrimaryByTls)
    assert (connection.db, connection.username, connection.password) == (3, "user", "pass")
    assert "pass" not in repr(store)
    with pytest.raises(
        StoreConnectionError, match=r"no sentinel names a primary of 'main': 127\.0\.0\.1:26379 does not"
    ):
        await store.ping()
    await store.aclose()


def test_a_connection_that_was_closed_under_uvloop_is_a_lost_one_and_is_made_anew(store_url: str) -> None:
    async def asked_again() -> bytes:
        store = connect(store_url)
        await store.ping()
        (connection,) = store.connection_pool._available_connections
        assert connection._writer is not None
        connection._writer.transport.abort()
        await asyncio.sleep(0)
        with pytest.raises(StoreConnectionError, match="the connection was closed"):
            await connection.send_command("PING")
        answer: bytes = await store.echo("still there")
        await store.aclose()
        return answer

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(asked_again()) == b"still there"


async def test_a_store_that_becomes_a_replica_is_left_without_breaking_the_calls_of_others(
    tmp_path: Path,
) -> None:
    """Found by a run of chaos: who closes idle connections can close one that somebody else has just taken."""
    refusals: list[Exception] = []
    done = asyncio.Event()

    async def call(store: ArqRedis) -> None:
        while not done.is_set():
            pipeline = store.pipeline(transaction=False)
            pipeline.set("a", "1")
            try:
                answers = await pipeline.execute(raise_on_error=False)
            except STORE_ERRORS as error:
                answers = [error]
            refusals.extend(one for one in answers if one is not True)

    async with own_store(tmp_path) as host, host.client() as admin:
        store = connect(host.url, retries=0)
        async with asyncio.TaskGroup() as callers:
            for _ in range(12):
                callers.create_task(call(store))
            try:
                for _ in range(30):
                    before = len(refusals)
                    await admin.replicaof("127.0.0.1", "1")
                    await wait_until(lambda n=before: len(refusals) > n + 24, because="nothing was refused")  # type: ignore[misc]
                    await admin.replicaof("NO", "ONE")
            finally:
                done.set()
        await store.aclose()

    assert {type(one) for one in refusals} <= {ReadOnlyError, NotPrimaryError}


async def test_a_command_needs_no_task_of_its_own(store_url: str) -> None:
    """A task is a turn of the event loop more, before anything is written."""
    tasks: list[object] = []
    store = connect(store_url)
    await store.ping()
    loop = asyncio.get_running_loop()

    def counted(loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any) -> "asyncio.Task[Any]":
        tasks.append(coroutine)
        return asyncio.Task(coroutine, loop=loop, **options)

    loop.set_task_factory(counted)
    try:
        await store.echo("without")
        pipeline = store.pipeline(transaction=False)
        pipeline.echo("any")
        await pipeline.execute()
    finally:
        loop.set_task_factory(None)

    assert tasks == []
    await store.aclose()


async def test_a_connection_that_the_store_has_closed_meanwhile_is_made_anew(tmp_path: Path) -> None:
    async with own_store(tmp_path) as host, host.client() as admin:
        store = connect(host.url, retries=0)
        await store.ping()
        (connection,) = store.connection_pool._available_connections
        assert connection._reader is not None
        await admin.client_kill_filter(_type="normal", skipme=True)
        await wait_until(connection._reader.at_eof, because="the end was not noticed")

        assert await store.echo("still there") == b"still there"
        await store.aclose()


async def test_an_answer_that_nobody_waits_for_is_not_given_to_the_next_one(store_url: str) -> None:
    store = connect(store_url, retries=0)
    await store.ping()
    (connection,) = store.connection_pool._available_connections
    await connection.send_command("ECHO", "another's")
    reader: Any = connection._reader
    await wait_until(lambda: bool(reader._buffer), because="nothing was answered")

    assert await store.echo("mine") == b"mine"
    await store.aclose()


async def test_what_the_store_does_not_take_is_given_up_when_patience_ends(tmp_path: Path) -> None:
    async with own_store(tmp_path) as host:
        store = connect(host.url, patience=0.3, retries=0)
        await store.ping()
        os.kill(host.pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreTimeoutError, match="does not take what is sent to it"):
                await store.set("paidmark:test", bytes(64 * 1024 * 1024))
        finally:
            os.kill(host.pid, signal.SIGCONT)

        assert await store.get("paidmark:test") is None
        await store.aclose()
