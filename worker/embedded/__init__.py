"""The embedded store: started or adopted, waited for, and stopped last.

It must not know what the ledger keeps. Who may use a folder is said in `worker.embedded.datafolder`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from worker.embedded import datafolder
from worker.embedded.datafolder import (
    EmbeddedStoreError,
    StoreBusyError,
    StoreFailedError,
    StoreMissingError,
    find,
)
from worker.embedded.valkey import Store, spawned, watched

__all__ = [
    "EmbeddedStoreError",
    "Store",
    "StoreBusyError",
    "StoreFailedError",
    "StoreMissingError",
    "embedded",
    "embedded_sync",
    "find",
]

PATIENCE = 10.0
"""Seconds until a silent store counts as failed. One that is loading its data says so, and is waited for."""

_PAUSE = 0.01
_LONGEST_LOG = 2000
_LONGEST_SILENCE = 1.0


@asynccontextmanager
async def embedded(folder: Path | None = None, *, patience: float = PATIENCE) -> AsyncIterator[Store]:
    """A store on `folder` for as long as the block runs, or on a temporary folder that goes with it.

    A store that a killed process left on the folder is adopted; a temporary one does not outlive a killed process.
    The end of the block stops the store and waits until it is gone. Raises EmbeddedStoreError.
    """
    if folder is not None:
        async with _kept(folder, patience) as store:
            yield store
        return
    with TemporaryDirectory(prefix="paidmark-", ignore_cleanup_errors=True) as name:
        async with _kept(Path(name), patience) as store:
            with watched(store):
                yield store


@contextmanager
def embedded_sync(folder: Path | None = None) -> Iterator[Store]:
    """`embedded`, for callers without an event loop."""
    context = embedded(folder)
    with asyncio.Runner() as runner:
        store = runner.run(context.__aenter__())
        try:
            yield store
        finally:
            runner.run(context.__aexit__(None, None, None))


@asynccontextmanager
async def _kept(folder: Path, patience: float) -> AsyncIterator[Store]:
    with datafolder.owned(folder) as path:
        lock = datafolder.locked(path / datafolder.LOCK)
        store = await _adopted(path, patience) if lock is None else spawned(path, lock)
        try:
            if why := await _unready(store, patience):
                raise StoreFailedError(f"{path}: the store did not start: {why}")
            yield store
        finally:
            await _stopped(store, patience)


async def _adopted(folder: Path, patience: float) -> Store:
    """The store that a killed process left on the folder."""
    pid = (folder / datafolder.LOCK).read_text()
    try:
        store = Store((folder / datafolder.URL).read_text(), folder, pid)
    except OSError as error:
        raise StoreBusyError(
            f"{folder}: process {pid} holds it and has not said where it listens: end it"
        ) from error
    if why := await _unready(store, patience):
        raise StoreBusyError(
            f"{folder}: a store from before still runs, process {pid}, and cannot be used: {why}"
        )
    return store


async def _unready(store: Store, patience: float) -> str:
    """Wait until the store answers. Returns why it does not; empty when it does."""
    heard = monotonic()
    while not (reply := await _said(store, "PING")).startswith("+PONG"):
        if store.process is not None and store.process.poll() is not None:
            log = (store.folder / datafolder.LOG).read_text(errors="replace")
            return log[-_LONGEST_LOG:].strip() or f"it ended with status {store.process.returncode}"
        if reply.startswith("-LOADING"):
            heard = monotonic()
        elif monotonic() - heard > patience:
            return reply.strip() or f"no answer within {patience:g} s"
        await asyncio.sleep(_PAUSE)
    return ""


async def _said(store: Store, command: str) -> str:
    """The first line of the store's answer; empty if there is none."""
    try:
        return await asyncio.wait_for(_asked(store, command), _LONGEST_SILENCE)
    except OSError:
        return ""


async def _asked(store: Store, command: str) -> str:
    reader, writer = await asyncio.open_unix_connection(datafolder.socket_of(store.url))
    with closing(writer):
        writer.write(f"{command}\r\n".encode())
        return (await reader.readline()).decode(errors="replace")


async def _stopped(store: Store, patience: float) -> None:
    """Shut the store down and wait until it is gone."""
    await _said(store, "SHUTDOWN")
    gone = await _gone(store, patience)
    if store.process is not None:
        if not gone:
            store.process.kill()
        store.process.wait()
    elif not gone:
        raise StoreFailedError(
            f"{store.folder}: the store, process {store.pid}, does not end; end it by hand"
        )
    datafolder.sweep(store.folder)


async def _gone(store: Store, patience: float) -> bool:
    """Wait until the store holds its lock no longer: the kernel lets go of it when the process has ended."""
    deadline = monotonic() + patience
    while (lock := datafolder.locked(store.folder / datafolder.LOCK)) is None:
        if monotonic() > deadline:
            return False
        await asyncio.sleep(_PAUSE)
    os.close(lock)
    return True
