"""Made-up deliveries of Stripe, for the demo, `paidmark send` and the tests. Pure.

Shaped like an event of API version 2026-10-28.endive, less what a receiver would not look at.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from webhooks import signatures
from webhooks.references import to_metadata
from webhooks.sources import shown
from webhooks.sources.kind import Options, Proof, Sample, Told

HEADER = "Stripe-Signature"
API_VERSION = "2026-10-28.endive"
AMOUNT = 125_000

_TYPES: Mapping[Told, str] = MappingProxyType(
    {"issued": "invoice.finalized", "paid": "invoice.paid", "reversed": "invoice.voided"}
)
_STATUSES: Mapping[Told, str] = MappingProxyType({"issued": "open", "paid": "paid", "reversed": "void"})


def sample(facts: Sample, _: Options) -> bytes:
    """An `invoice.paid`, or the `invoice.finalized` or `invoice.voided` of the same invoice."""
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
        "type": _TYPES[facts.told],
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
        "metadata": shown.metadata(facts),
        "number": f"NO-{facts.invoice}",
        "parent": None,
        "period_end": at,
        "period_start": at,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "status": _STATUSES[facts.told],
        "status_transitions": {
            "finalized_at": at,
            "marked_uncollectible_at": None,
            "paid_at": at if facts.paid else None,
            "voided_at": at if facts.told == "reversed" else None,
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


def sign(body: bytes, secret: str, _event: str, now: float, _: Options) -> Proof:
    """What proves `body`; the event's id is in it."""
    stamp = str(int(now))
    message = b".".join((stamp.encode(), body))
    signature = signatures.hmac_hex(signatures.wire(secret), message).decode()
    return Proof({"Content-Type": "application/json; charset=utf-8", HEADER: f"t={stamp},v1={signature}"})
