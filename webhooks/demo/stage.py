"""The stage: an embedded store, the sandbox, the receiver and a worker, all real, on free ports, in one process."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from webhooks.app import served
from webhooks.demo.script import Script, entries_by_workspace
from webhooks.demo.sender import Sender
from webhooks.settings import DoorSettings
from worker.app import work
from worker.embedded import embedded
from worker.ledger import Desk, Keeping, connect
from worker.sandbox import Limit, Limiter, Sandbox, Seed, Seeded, Workspace, running
from worker.settings import HandsSettings, load

RATE = "50/s"


@dataclass(frozen=True, slots=True)
class Stage:
    """What the play is played on."""

    sandbox: Sandbox
    sender: Sender
    desk: Desk


@asynccontextmanager
async def built(script: Script) -> AsyncIterator[Stage]:
    """Everything up and running, the script's entries in the sandbox; taken down again at the end."""
    key = secrets.token_urlsafe(24)
    signing = {"stripe": _secret(), "standard": _secret()}
    sandbox = _sandbox(script, key)
    async with embedded() as store, running(sandbox) as clockify:
        common = {"PAIDMARK_REDIS_URL": store.url, "PAIDMARK_OPS_PORT": "0", "PAIDMARK_LOG_LEVEL": "critical"}
        door = load(DoorSettings, common | {"PAIDMARK_PORT": "0"} | _sources(signing))
        hands = load(HandsSettings, common | _clockify(clockify, key))
        closing = asyncio.Event()
        working = asyncio.create_task(work(hands, closing))
        client = connect(store.url)
        try:
            async with served(door) as url, aiohttp.ClientSession() as session:
                yield Stage(sandbox, Sender(url, signing, session), Desk(client, Keeping()))
        finally:
            closing.set()
            await working
            await client.aclose()


def _sandbox(script: Script, key: str) -> Sandbox:
    """Clockify, knowing every entry of the script but one, and keeping its documented limit."""
    sandbox = Sandbox(limiter=Limiter(Limit.parse(RATE)))
    homes = entries_by_workspace(script.invoices)
    sandbox.seed(
        Seed(
            workspaces=[Workspace(id=workspace, keys=frozenset({key})) for workspace in homes],
            entries=[
                Seeded(id=entry, workspace=workspace)
                for workspace, entries in homes.items()
                for entry in entries
                if entry != script.missing
            ],
        )
    )
    return sandbox


def _sources(signing: dict[str, str]) -> dict[str, str]:
    return {f"PAIDMARK_SOURCES__{name.upper()}__SECRETS": secret for name, secret in signing.items()}


def _clockify(url: str, key: str) -> dict[str, str]:
    return {
        "PAIDMARK_CLOCKIFY_URL": url,
        "PAIDMARK_CLOCKIFY_API_KEY": key,
        "PAIDMARK_RATE_LIMIT": RATE,
        "PAIDMARK_RETRY_CAP": "1",
    }


def _secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
