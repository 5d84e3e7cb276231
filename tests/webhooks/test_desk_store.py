import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.webhooks.desk_scene import scene
from webhooks.commands.desk import desk
from worker.embedded import embedded

COMMANDS = [
    ["markings"],
    ["retry", "--all"],
    ["drop", "in_1", "--reason", "why"],
    ["workspaces"],
    ["workspaces", "resume", "--all"],
]


def run(arguments: list[str], **settings: str) -> Result:
    return CliRunner(env=settings).invoke(desk, arguments)


@pytest.fixture(autouse=True)
def no_store_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PAIDMARK_REDIS_URL", raising=False)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_store_every_command_says_what_to_do(tmp_path: Path, command: list[str]) -> None:
    refused = run(command, PAIDMARK_DATA=str(tmp_path))

    assert (refused.exit_code, refused.stdout) == (3, "")
    assert f"no `paidmark up` is running on {tmp_path}" in refused.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_store_that_is_not_there_is_one_clear_line(command: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    refused = run(command, PAIDMARK_REDIS_URL=f"redis://:a-password@127.0.0.1:{port}")

    assert (refused.exit_code, refused.stdout) == (3, "")
    assert refused.stderr.count("\n") == 1
    assert str(port) in refused.stderr
    assert "a-password" not in refused.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_wrong_settings_are_said_by_their_names(command: list[str]) -> None:
    refused = run(command, PAIDMARK_WORKSPACE="not an id", PAIDMARK_KEEP_EVENTS="long")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "PAIDMARK_WORKSPACE" in refused.stderr
    assert "PAIDMARK_KEEP_EVENTS" in refused.stderr


async def test_the_store_of_a_running_up_is_found_by_its_folder(tmp_path: Path) -> None:
    async with embedded(tmp_path / "data") as store, scene(store.url) as at:
        await at.event("in_1", "evt_1")

        shown = await at.spawn(
            "markings", environ={"PAIDMARK_REDIS_URL": "", "PAIDMARK_DATA": str(store.folder)}
        )

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "stripe//in_1" in shown.stdout


async def test_what_is_dropped_with_short_retention_is_kept_as_the_settings_say(tmp_path: Path) -> None:
    async with embedded() as store, scene(store.url) as at:
        await at.event("in_1", "evt_1")

        await at.run("drop", "in_1", "--reason", "why", "--yes", PAIDMARK_KEEP_INVOICES="3d")

        assert 0 < await at.hands.store.ttl("paidmark:invoice:stripe//in_1") <= 3 * 86400


@pytest.mark.parametrize("command", [[*one[:2], "--help"] for one in COMMANDS], ids=" ".join)
def test_help_has_examples(command: list[str]) -> None:
    arguments = [one for one in command if one not in ("--all", "in_1")]

    shown = " ".join(run(arguments).stdout.split())

    assert shown.count(f"paidmark {' '.join(arguments[:-1])}") >= 2
    assert "Examples:" in shown


def test_the_desk_does_not_load_the_client_of_clockify() -> None:
    asked = "import sys, webhooks.commands.desk; print([one for one in ('aiohttp', 'worker.clockify') if one in sys.modules])"

    answered = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    assert answered.stdout == "[]\n"
