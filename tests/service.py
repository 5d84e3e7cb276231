"""A whole Paidmark in one event loop, for tests: receiver, worker, sandbox, and a sender that signs as Stripe's SDK does."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import aiohttp
import stripe
from standardwebhooks.webhooks import Webhook

from tests.conditions import wait_until
from webhooks.app import served
from webhooks.settings import DoorSettings
from worker.app import work
from worker.ledger import Desk, Keeping, connect
from worker.sandbox import Sandbox, World, running
from worker.settings import HandsSettings, load

WORKSPACE = "64a687e29ae1f428e7ebe303"
STRIPE_SECRET = "whsec_made_up_for_tests_only"
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def entry(number: int | str) -> str:
    """An entry's id, of its own for each number."""
    return sha256(f"entry {number}".encode()).hexdigest()[:24]


def stripe_event(kind: str, invoice: dict[str, Any], *, event: str, created: float) -> bytes:
    """The body of a Stripe delivery about an invoice."""
    return json.dumps(
        {
            "id": event,
            "object": "event",
            "type": kind,
            "created": int(created),
            "livemode": True,
            "data": {"object": {"object": "invoice", "lines": {"data": [], "has_more": False}, **invoice}},
        }
    ).encode()


@dataclass(slots=True)
class Service:
    """Paidmark, running. Tells of invoices as a billing system does, and looks at entries as Clockify's user does."""

    url: str
    sandbox: Sandbox
    desk: Desk
    session: aiohttp.ClientSession
    began: float = field(default_factory=lambda: time.time() - 3600)
    told: int = 0

    async def stripe(
        self,
        kind: str,
        invoice: str,
        entries: list[str] | None = None,
        *,
        later: float = 0,
        event: str = "",
        **also: Any,
    ) -> int:
        """Post what Stripe would, `later` seconds after the beginning by its clock. Returns the status."""
        self.told += 1
        metadata = {"clockify_workspace_id": WORKSPACE, "clockify_time_entry_ids": ",".join(entries or ())}
        status = {"invoice.paid": "paid", "invoice.payment_succeeded": "paid", "invoice.voided": "void"}.get(
            kind, "open"
        )
        described = {"id": invoice, "status": status, "metadata": metadata if entries else {}, **also}
        name = event or f"evt_{self.told}"
        body = stripe_event(kind, described, event=name, created=self.began + later)
        header = stripe.WebhookSignature.generate_signature_header(body.decode(), STRIPE_SECRET)
        return await self.post("stripe", body, {"Stripe-Signature": header})

    async def standard(self, kind: str, invoice: str, entries: list[str], *, later: float = 0) -> int:
        """Post what a billing system of one's own would, signed as Standard Webhooks says."""
        self.told += 1
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.began + later))
        data = {"invoice_id": invoice, "workspace_id": WORKSPACE, "time_entry_ids": entries}
        body = json.dumps({"type": kind, "timestamp": when, "data": data})
        return await self.post("standard", body.encode(), standard_headers(body, f"msg_{self.told}"))

    async def post(self, source: str, body: bytes, headers: dict[str, str]) -> int:
        """Post a body as it is. Returns the status."""
        async with self.session.post(f"{self.url}/webhooks/{source}", data=body, headers=headers) as response:
            assert await response.read() == b""
            return response.status

    def invoiced(self, *entries: str) -> list[bool]:
        """Whether each entry is marked as invoiced at Clockify."""
        found = (self.sandbox.world.entries.get(one) for one in entries)
        return [one is not None and one.invoiced for one in found]

    async def settled(self) -> None:
        """Wait until nothing is waiting."""

        async def idle() -> bool:
            return not await self.desk.workspaces()

        await wait_until(idle, within=20, because="the backlog was not worked off")


def standard_headers(body: str, message: str) -> dict[str, str]:
    """What the sender's library puts beside the body."""
    now = datetime.now(UTC)
    return {
        "webhook-id": message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(STANDARD_SECRET).sign(message, now, body),
    }


@asynccontextmanager
async def service(store_url: str, **settings: str) -> AsyncIterator[Service]:
    """A running Paidmark on a store, with settings beside the usual ones."""
    sandbox = Sandbox(world=World(open_world=True))
    async with running(sandbox) as clockify:
        environ = {
            "PAIDMARK_REDIS_URL": store_url,
            "PAIDMARK_OPS_PORT": "0",
            "PAIDMARK_PORT": "0",
            "PAIDMARK_SOURCES__STRIPE__SECRETS": STRIPE_SECRET,
            "PAIDMARK_SOURCES__STANDARD__SECRETS": STANDARD_SECRET,
            "PAIDMARK_CLOCKIFY_URL": clockify,
            "PAIDMARK_CLOCKIFY_API_KEY": "a-key-for-tests",
            "PAIDMARK_RETRY_CAP": "1",
            **settings,
        }
        closing = asyncio.Event()
        hands = load(HandsSettings, environ).model_copy(update={"ops_port": 0})
        working = asyncio.create_task(work(hands, closing))
        client = connect(store_url)
        try:
            async with served(load(DoorSettings, environ)) as url, aiohttp.ClientSession() as session:
                yield Service(url, sandbox, Desk(client, Keeping()), session)
        finally:
            closing.set()
            await working
            await client.aclose()
