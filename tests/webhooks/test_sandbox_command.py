"""`paidmark sandbox`: the stand-in alone, as a process."""

import asyncio
import re
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process

import aiohttp
import pytest

SANDBOX = (sys.executable, "-m", "webhooks.cli", "sandbox")


async def started(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(*SANDBOX, *arguments, stdout=PIPE, stderr=STDOUT)


@pytest.mark.parametrize("arguments", [(), ("--closed", "--lenient", "--limit", "")])
async def test_it_says_what_is_assumed_and_which_settings_lead_to_it(arguments: tuple[str, ...]) -> None:
    process = await started("--port", "0", *arguments)
    assert process.stdout is not None
    said = b"".join([await process.stdout.readline() for _ in range(5)]).decode()
    url = re.search(r"PAIDMARK_CLOCKIFY_URL=(\S+)", said)
    workspace = re.search(r"PAIDMARK_WORKSPACE=(\w{24})", said)
    assert "Assumed, not proven" in said
    assert url
    assert workspace

    async with (
        aiohttp.ClientSession(headers={"X-Api-Key": "any"}) as session,
        session.get(f"{url[1]}/v1/user") as reply,
    ):
        assert reply.status == 200
    process.send_signal(signal.SIGINT)
    await process.communicate()
    assert process.returncode == 0


async def test_a_limit_that_is_none_is_told() -> None:
    process = await started("--limit", "often")
    output, _ = await process.communicate()

    assert process.returncode == 2
    assert b"50/s" in output


async def test_a_port_that_is_taken_is_told() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        process = await started("--port", str(port))
        output, _ = await process.communicate()

    assert process.returncode == 3
    assert b"Traceback" not in output
