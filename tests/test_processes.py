"""Real processes, real signals: the receiver, a worker, the sandbox and a store, each on its own, killed and restarted."""

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import stripe

from tests.conditions import wait_until
from tests.service import STRIPE_SECRET, WORKSPACE, entry, stripe_event
from worker.embedded.valkey import binary

PAIDMARK = (sys.executable, "-m", "webhooks.cli")
Process = asyncio.subprocess.Process


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


@dataclass
class Machine:
    """A machine with everything on it; `folder` has the store's data and the logs."""

    folder: Path
    session: aiohttp.ClientSession
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("store", "door", "clockify")}
    )
    running: dict[str, Process] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("PAIDMARK_")},
            "PAIDMARK_REDIS_URL": f"redis://127.0.0.1:{self.ports['store']}/0",
            "PAIDMARK_PORT": str(self.ports["door"]),
            "PAIDMARK_OPS_PORT": "0",
            "PAIDMARK_SOURCES__STRIPE__SECRETS": STRIPE_SECRET,
            "PAIDMARK_CLOCKIFY_URL": f"http://127.0.0.1:{self.ports['clockify']}/api",
            "PAIDMARK_CLOCKIFY_API_KEY": "a-key-for-tests",
            "PAIDMARK_RETRY_CAP": "1",
        }

    async def start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = await asyncio.create_subprocess_exec(
                *command, env=self.environ, stdout=log, stderr=log
            )

    async def start_store(self) -> None:
        store = (binary(), "--port", str(self.ports["store"]), "--dir", str(self.folder), "--save", "")
        await self.start(
            "store",
            *store,
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--maxmemory-policy",
            "noeviction",
        )

    async def start_all(self) -> None:
        await self.start_store()
        await self.start(
            "clockify", *PAIDMARK, "sandbox", "--port", str(self.ports["clockify"]), "--limit", ""
        )
        await self.start("door", *PAIDMARK, "receive")
        await self.start("worker", *PAIDMARK, "work")
        await wait_until(self.accepting, within=20, because="the receiver did not come up")
        await wait_until(self.standing_in, within=20, because="the sandbox did not come up")

    async def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        self.running[name].send_signal(number)
        return await self.running.pop(name).wait()

    async def accepting(self) -> bool:
        try:
            async with self.session.get(f"http://127.0.0.1:{self.ports['door']}/healthz") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def standing_in(self) -> bool:
        try:
            return await self.sandbox("GET", "figures") is not None
        except aiohttp.ClientError:
            return False

    async def sandbox(self, method: str, what: str, **body: object) -> object:
        url = f"http://127.0.0.1:{self.ports['clockify']}/sandbox/{what}"
        async with self.session.request(method, url, json=body or None) as response:
            text = await response.text()
            return json.loads(text) if text else None

    async def paid(self, invoice: str, *entries: str) -> int:
        """Have Stripe's own library sign a paid invoice, and post it. Returns the status."""
        metadata = {"clockify_workspace_id": WORKSPACE, "clockify_time_entry_ids": " ".join(entries)}
        described = {"id": invoice, "status": "paid", "metadata": metadata}
        body = stripe_event("invoice.paid", described, event=f"evt_{invoice}", created=time.time())
        headers = {
            "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(
                body.decode(), STRIPE_SECRET
            )
        }
        url = f"http://127.0.0.1:{self.ports['door']}/webhooks/stripe"
        async with self.session.post(url, data=body, headers=headers) as response:
            return response.status

    async def invoiced(self, *entries: str) -> bool:
        """Whether all of the entries are marked at Clockify."""
        found = [await self.sandbox("GET", f"entries/{one}") for one in entries]
        return all(isinstance(one, dict) and one.get("invoiced") for one in found)


@asynccontextmanager
async def powered(folder: Path) -> AsyncIterator[Machine]:
    async with aiohttp.ClientSession() as session:
        machine = Machine(folder, session)
        try:
            await machine.start_all()
            yield machine
        finally:
            for name in list(machine.running):
                await machine.kill(name, signal.SIGTERM)


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with powered(tmp_path) as running:
        yield running


async def test_a_webhook_signed_by_stripes_own_library_marks_its_entries(machine: Machine) -> None:
    assert await machine.paid("in_1", entry(1), entry(2)) == 200

    await wait_until(lambda: machine.invoiced(entry(1), entry(2)), because="the entries were not marked")


async def test_a_worker_killed_in_the_middle_is_replaced_and_the_work_is_finished(machine: Machine) -> None:
    entries = [entry(number) for number in range(40)]
    await machine.sandbox("POST", "faults", kind="latency", seconds=30.0, times=1)
    for number, one in enumerate(entries):
        assert await machine.paid(f"in_{number}", one) == 200

    async def called() -> bool:
        figures = await machine.sandbox("GET", "figures")
        return isinstance(figures, dict) and figures["in_flight"] > 0

    await wait_until(called, because="no call was under way")
    await machine.kill("worker")
    await machine.start("worker", *PAIDMARK, "work")

    await wait_until(lambda: machine.invoiced(*entries), within=20, because="the work was not finished")


async def test_without_its_store_the_receiver_answers_503_and_with_it_everything_goes_on(
    machine: Machine,
) -> None:
    assert await machine.paid("in_1", entry(1)) == 200
    await machine.kill("store")

    assert await machine.paid("in_2", entry(2)) == 503

    await machine.start_store()

    async def accepted() -> bool:
        return await machine.paid("in_2", entry(2)) == 200

    await wait_until(accepted, within=15, because="the receiver did not find its store again")
    await wait_until(
        lambda: machine.invoiced(entry(1), entry(2)), within=20, because="the worker did not go on"
    )
    assert machine.running["worker"].returncode is None
    assert machine.running["door"].returncode is None


async def test_sigterm_lets_the_call_under_way_finish_and_the_process_ends_well(machine: Machine) -> None:
    await machine.sandbox("POST", "faults", kind="latency", seconds=0.5, times=1)
    assert await machine.paid("in_1", entry(1)) == 200

    async def called() -> bool:
        figures = await machine.sandbox("GET", "figures")
        return isinstance(figures, dict) and figures["in_flight"] > 0

    await wait_until(called, because="no call was under way")

    assert await machine.kill("worker", signal.SIGTERM) == 0
    assert await machine.invoiced(entry(1))
    assert await machine.kill("door", signal.SIGTERM) == 0
