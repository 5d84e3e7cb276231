"""The folder of an embedded store: who holds it, and where its store listens.

Two locks make two servers on one folder impossible. `owner.lock` is held by the process that keeps the store, and goes
with it, however it ends. `store.lock` is held by the store, which inherits the descriptor, so it outlives a killed
keeper. Both free: start. Only the store's held: the keeper was killed, adopt its store. The owner's held: refuse.

It must not start, ask or stop anything.
"""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

LONGEST_SOCKET = 100
"""Bytes of a socket's path; the kernels allow 107 (Linux) and 103 (macOS)."""

URL, LOG, LOCK, _OWNER = "store.url", "store.log", "store.lock", "owner.lock"


class EmbeddedStoreError(Exception):
    """The embedded store cannot be had. The message says why, and what to do."""


class StoreMissingError(EmbeddedStoreError):
    """No store for this platform is installed."""


class StoreBusyError(EmbeddedStoreError):
    """The folder belongs to another process. The message names the folder and the process."""


class StoreFailedError(EmbeddedStoreError):
    """The store did not start, or did not end."""


def find(folder: Path) -> str | None:
    """The URL of the store that runs on `folder`, or None if none does."""
    try:
        url = (folder / URL).read_text()
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            connection.connect(socket_of(url))
    except OSError:
        return None
    return url


@contextmanager
def owned(folder: Path) -> Iterator[Path]:
    """Hold the folder for this process; it is made if need be, for our eyes only. Yields its full path."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder.resolve()
        lock = locked(path / _OWNER)
    except OSError as error:
        raise StoreFailedError(f"{folder}: cannot hold a store's data: {error.strerror}") from error
    if lock is None:
        raise StoreBusyError(
            f"{path}: in use by process {(path / _OWNER).read_text()}; one store serves one folder"
        )
    try:
        sign(lock, os.getpid())
        yield path
    finally:
        os.close(lock)


def locked(path: Path) -> int | None:
    """A descriptor that holds the lock `path` until it is closed, or None if another process holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def sign(lock: int, pid: int) -> None:
    """Write into a lock whose it is."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, str(pid).encode(), 0)


def announce(folder: Path) -> str:
    """Choose where a new store shall listen, and write it down. Returns the URL, as redis-py takes it."""
    path = folder / "store.sock"
    if len(os.fsencode(path)) > LONGEST_SOCKET:
        path = Path(tempfile.mkdtemp(prefix="paidmark-")) / path.name
    url = f"unix://{quote(str(path))}?db=0"
    (folder / URL).write_text(url)
    return url


def socket_of(url: str) -> str:
    """The path of the Unix socket behind a URL."""
    return unquote(urlsplit(url).path)


def sweep(folder: Path) -> None:
    """Remove the signs of a store that is gone."""
    with suppress(OSError):
        path = Path(socket_of((folder / URL).read_text()))
        path.unlink(missing_ok=True)
        if path.parent != folder:
            path.parent.rmdir()
    (folder / URL).unlink(missing_ok=True)
