"""Real processes, real signals: the receiver, a worker, the sandbox and a store, each on its own, killed and restarted."""

import json
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import stripe

from bench import machine
from bench.machine import Machine
from bench.ports import free_port
from tests.conditions import wait_until
from tests.service import STRIPE_SECRET, WORKSPACE, entry, stripe_event


@dataclass
class Service:
    """Everything on one machine, each on its own."""

    machine: Machine
    session: aiohttp.ClientSession
    ports: dict[str, int] = field(
        default_factory=lambda: {name: free_port() for name in ("store", "door", "clockify")}
    )

    async def start(self) -> None:
        ports, store = self.ports, f"redis://127.0.0.1:{self.ports['store']}/0"
        await self.machine.start("store", machine.store(ports["store"], self.machine.folder / "store"))
        await self.machine.start("clockify", machine.sandbox(ports["clockify"], "--limit", ""))
        door = {"PAIDMARK_REDIS_URL": store, "PAIDMARK_SOURCES__STRIPE__SECRETS": STRIPE_SECRET}
        await self.machine.start("door", machine.receiver(ports["door"], 0, door))
        hands = {
            "PAIDMARK_REDIS_URL": store,
            "PAIDMARK_CLOCKIFY_URL": f"http://127.0.0.1:{ports['clockify']}/api",
            "PAIDMARK_CLOCKIFY_API_KEY": "a-key-for-tests",
            "PAIDMARK_RETRY_CAP": "1",
        }
        await self.machine.start("worker", machine.worker(0, hands))
        await wait_until(self.accepting, within=20, because="the receiver did not come up")
        await wait_until(self.standing_in, within=20, because="the sandbox did not come up")

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


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with aiohttp.ClientSession() as session:
        running = Service(Machine(tmp_path), session)
        try:
            await running.start()
            yield running
        finally:
            await running.machine.end_all()


async def test_a_webhook_signed_by_stripes_own_library_marks_its_entries(service: Service) -> None:
    assert await service.paid("in_1", entry(1), entry(2)) == 200

    await wait_until(lambda: service.invoiced(entry(1), entry(2)), because="the entries were not marked")


async def test_a_worker_killed_in_the_middle_is_replaced_and_the_work_is_finished(service: Service) -> None:
    entries = [entry(number) for number in range(40)]
    await service.sandbox("POST", "faults", kind="latency", seconds=30.0, times=1)
    for number, one in enumerate(entries):
        assert await service.paid(f"in_{number}", one) == 200

    async def called() -> bool:
        figures = await service.sandbox("GET", "figures")
        return isinstance(figures, dict) and figures["in_flight"] > 0

    await wait_until(called, because="no call was under way")
    await service.machine.end("worker", signal.SIGKILL)
    await service.machine.start("worker")

    await wait_until(lambda: service.invoiced(*entries), within=20, because="the work was not finished")


async def test_without_its_store_the_receiver_answers_503_and_with_it_everything_goes_on(
    service: Service,
) -> None:
    assert await service.paid("in_1", entry(1)) == 200
    await service.machine.end("store", signal.SIGKILL)

    assert await service.paid("in_2", entry(2)) == 503

    await service.machine.start("store")

    async def accepted() -> bool:
        return await service.paid("in_2", entry(2)) == 200

    await wait_until(accepted, within=15, because="the receiver did not find its store again")
    await wait_until(
        lambda: service.invoiced(entry(1), entry(2)), within=20, because="the worker did not go on"
    )
    assert service.machine.running["worker"].returncode is None
    assert service.machine.running["door"].returncode is None


async def test_sigterm_lets_the_call_under_way_finish_and_the_process_ends_well(service: Service) -> None:
    await service.sandbox("POST", "faults", kind="latency", seconds=0.5, times=1)
    assert await service.paid("in_1", entry(1)) == 200

    async def called() -> bool:
        figures = await service.sandbox("GET", "figures")
        return isinstance(figures, dict) and figures["in_flight"] > 0

    await wait_until(called, because="no call was under way")

    assert await service.machine.end("worker") == 0
    assert await service.invoiced(entry(1))
    assert await service.machine.end("door") == 0
