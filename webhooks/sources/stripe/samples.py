"""Made-up deliveries of Stripe, for the demo, `paidmark send` and the tests. Pure.

Shaped like an event of API version 2026-10-28.endive, less what a receiver would not look at.
"""

import msgspec

from webhooks import signatures
from webhooks.references import to_metadata
from webhooks.sources.kind import Sample

HEADER = "Stripe-Signature"
API_VERSION = "2026-10-28.endive"
AMOUNT = 125_000


def sample(facts: Sample) -> bytes:
    """An `invoice.paid`, or the `invoice.voided` of the same invoice."""
    at = int(facts.at)
    return msgspec.json.encode({
        "id": facts.event,
        "object": "event",
        "api_version": API_VERSION,
        "created": at,
        "data": {"object": _invoice(facts, at)},
        "livemode": facts.livemode,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "invoice.paid" if facts.paid else "invoice.voided",
    })  # fmt: skip


def _invoice(facts: Sample, at: int) -> dict[str, object]:
    paid = AMOUNT if facts.paid else 0
    lines = [_line(facts, at, to_metadata(*named)) for named in facts.lines] or [_line(facts, at, {})]
    return {
        "id": facts.invoice,
        "object": "invoice",
        "amount_due": AMOUNT,
        "amount_overpaid": 0,
        "amount_paid": paid,
        "amount_remaining": AMOUNT - paid,
        "attempted": True,
        "billing_reason": "manual",
        "collection_method": "send_invoice",
        "created": at,
        "currency": "eur",
        "customer": "cus_made_up",
        "lines": {
            "object": "list",
            "data": lines,
            "has_more": False,
            "total_count": len(lines),
            "url": f"/v1/invoices/{facts.invoice}/lines",
        },
        "livemode": facts.livemode,
        "metadata": to_metadata(facts.workspace, facts.entries) if facts.workspace else {},
        "number": "MADE-UP-0001",
        "parent": None,
        "period_end": at,
        "period_start": at,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "status": "paid" if facts.paid else "void",
        "status_transitions": {
            "finalized_at": at,
            "marked_uncollectible_at": None,
            "paid_at": at if facts.paid else None,
            "voided_at": None if facts.paid else at,
        },
        "subtotal": AMOUNT,
        "total": AMOUNT,
    }


def _line(facts: Sample, at: int, metadata: dict[str, str]) -> dict[str, object]:
    return {
        "id": "il_made_up",
        "object": "line_item",
        "amount": AMOUNT,
        "currency": "eur",
        "description": "Work by the hour",
        "invoice": facts.invoice,
        "livemode": facts.livemode,
        "metadata": metadata,
        "period": {"end": at, "start": at},
        "quantity": 1,
    }


def sign(body: bytes, secret: str, event: str, now: float) -> dict[str, str]:  # noqa: ARG001 - the body has the id
    """The headers that prove `body`."""
    stamp = str(int(now))
    message = b".".join((stamp.encode(), body))
    signature = signatures.hmac_hex(signatures.wire(secret), message).decode()
    return {"Content-Type": "application/json; charset=utf-8", HEADER: f"t={stamp},v1={signature}"}
