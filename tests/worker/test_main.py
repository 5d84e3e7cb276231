"""`python -m worker` and `python -m webhooks`: what they end with when they cannot begin."""

import os
import re
import socket
import subprocess
import sys

import pytest

HALVES = ("worker", "webhooks")


def run(half: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PAIDMARK_")}
    command = (sys.executable, "-m", half)
    return subprocess.run(
        command, env={**environ, **settings}, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("half", HALVES)
def test_without_a_store_the_setting_is_named(half: str) -> None:
    done = run(half)

    assert done.returncode == 2
    assert "PAIDMARK_REDIS_URL is not set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("half", HALVES)
def test_wrong_settings_are_told(half: str) -> None:
    done = run(half, PAIDMARK_REDIS_ULR="redis://127.0.0.1")

    assert done.returncode == 2
    assert "PAIDMARK_REDIS_URL" in done.stderr


@pytest.mark.parametrize("half", HALVES)
def test_a_port_that_is_taken_is_told(half: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        done = run(half, PAIDMARK_REDIS_URL="redis://127.0.0.1:9", PAIDMARK_OPS_PORT=port, PAIDMARK_PORT="0")

    assert done.returncode == 3
    assert "PAIDMARK_OPS_PORT" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_line_tells_its_version() -> None:
    command = (sys.executable, "-m", "webhooks.cli", "--version")

    said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout

    assert re.fullmatch(r"paidmark \d+\.\d+\.\d+\n", said)
