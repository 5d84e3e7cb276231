"""How the stage comes up: a store, the sandbox, receivers and workers, and the links between them; and how it comes down."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp

from bench import machine
from bench.chaos.load import WORKSPACES, Load, workspace
from bench.chaos.plan import CLOCKIFY, RECEIVERS, STORE, WORKERS
from bench.chaos.stage import CALL_TIMEOUT, COME_UP, Stage, until
from bench.link import Link
from bench.machine import Machine
from bench.ports import free_port
from worker.sandbox.credential import Credential

RATE, WINDOW = 40, 4
"""Calls a workspace, and a worker's key, may make in so many seconds: seldom met by chance, felt after every outage."""


@asynccontextmanager
async def built(folder: Path, load: Load) -> AsyncIterator[Stage]:
    """Everything up and ready; ended again at the end."""
    signing = {
        name: "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
        for name in ("stripe", "standard", "forged")
    }
    async with aiohttp.ClientSession() as session:
        stage = Stage(Machine(folder), session, signing)
        try:
            await _start(stage)
            for number in range(WORKSPACES):
                await stage.witness.ask("POST", "seed", {"workspaces": [{"id": workspace(number)}]})
            await stage.witness.seed(load)
            yield stage
        finally:
            for link in stage.links.values():
                await link.close()
            await stage.machine.end_all()


async def _start(stage: Stage) -> None:
    names = (STORE, CLOCKIFY, *RECEIVERS, *WORKERS)
    stage.ports = {name: free_port() for name in names} | {f"{name} ops": free_port() for name in names[2:]}
    stage.locks = {name: asyncio.Lock() for name in names}
    await stage.machine.start(STORE, machine.store(stage.ports[STORE], stage.store))
    recipe = machine.sandbox(stage.ports[CLOCKIFY], "--closed", "--limit", "")
    await stage.machine.start(CLOCKIFY, recipe)
    for name in RECEIVERS:
        environ = await _environ(stage, name) | {
            f"PAIDMARK_SOURCES__{source.upper()}__SECRETS": stage.secrets[source]
            for source in ("stripe", "standard")
        }
        await stage.machine.start(
            name, machine.receiver(stage.ports[name], stage.ports[f"{name} ops"], environ)
        )
        await _link(stage, f"sender>{name}", stage.ports[name])
    for name in WORKERS:
        await _start_worker(stage, name)
    await until(stage.witness.stands_in, within=COME_UP, because="the sandbox did not come up")
    for name in (*RECEIVERS, *WORKERS):
        await _up(stage, name)


async def _up(stage: Stage, name: str) -> None:
    try:
        await until(partial(stage.ready, name), within=COME_UP, because=f"{name} did not come up")
    except TimeoutError as error:
        raise TimeoutError(f"{error}; it said last: {stage.machine.last_words(name)}") from error


async def _start_worker(stage: Stage, name: str) -> None:
    key = secrets.token_urlsafe(24)
    stage.callers[Credential(key, addon=False).fingerprint] = name
    clockify = await _link(stage, f"{name}>clockify", stage.ports[CLOCKIFY])
    environ = await _environ(stage, name) | {
        "PAIDMARK_CLOCKIFY_URL": f"http://127.0.0.1:{clockify}/api",
        "PAIDMARK_CLOCKIFY_API_KEY": key,
        "PAIDMARK_CLOCKIFY_TIMEOUT": str(CALL_TIMEOUT),
        "PAIDMARK_RATE_LIMIT": f"{RATE}/{WINDOW}s",
        "PAIDMARK_RETRY_CAP": "1",
        "PAIDMARK_PROBE_INTERVAL": "3",
    }
    await stage.machine.start(name, machine.worker(stage.ports[f"{name} ops"], environ))


async def _environ(stage: Stage, name: str) -> dict[str, str]:
    port = await _link(stage, f"{name}>store", stage.ports[STORE])
    return {"PAIDMARK_REDIS_URL": f"redis://127.0.0.1:{port}/0", "PAIDMARK_LOG_FORMAT": "json"}


async def _link(stage: Stage, name: str, target: int) -> int:
    link = stage.links[name] = Link(target)
    return await link.open()
