"""GoCardless: payments collected, failed and charged back. It has no invoices: the payment is the invoice.

Pure. Webhooks: https://developer.gocardless.com/api-reference/#appendix-webhooks. A delivery has up to 250 events; a bad
signature is answered 498, a delivery without an event that concerns us 204. Nothing that is signed tells the time of
sending, so an old delivery can be replayed, which moves nothing.

- `confirmed` says that the money is there. `paid_out` follows it, days later, and says nothing new: it counts only for a
  payment of which nothing else is known. `failed` and `charged_back` say that it is not;
  `chargeback_cancelled` brings it back. That either was settled only books what they have said, perhaps after the payment
  was tried again: nothing follows from it.
- `cancelled` and `customer_approval_denied` end the payment.
- A refund does not tell whether it is of the whole payment: for a person (`unresolved`). So is one that has failed. As a
  rule its events name the refund only, so it stands under its own id, not under its payment's.
- Events hold up none of the others: each is read by itself, and those that cannot be read are for a person.
- A delivery need not show the payment's metadata: then it cannot tell what the payment names.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw, Struct

from webhooks import signatures
from webhooks.delivery import Delivery, Trust
from webhooks.events import Event, InvoicePaid
from webhooks.references import from_metadata
from webhooks.sources import shown
from webhooks.sources.facts import GONE, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed, Proof, Sample, Told
from webhooks.sources.payload import decode, each, milliseconds

HEADER = "Webhook-Signature"
REFUNDED = "a refund does not tell whether it is in full: decide by hand"
REFUND_BACK = "a refund has failed, so its payment is paid after all: decide by hand"
ROOM = 40
"""Ids in two of the three values of 500 characters that a payment's metadata have; the third names the workspace."""


class Happened(Struct):
    """One event: https://developer.gocardless.com/api-reference/#core-endpoints-events. `created_at` is RFC 3339."""

    resource_type: str
    action: str
    id: object = None
    created_at: object = None
    links: Any = None
    resource_metadata: Any = None


class Body(Struct):
    """A delivery."""

    events: list[Raw]


_BODY, _HAPPENED = msgspec.json.Decoder(Body), msgspec.json.Decoder(Happened)
_PAYMENTS: Mapping[str, tuple[Fact, Rank]] = MappingProxyType({
    "confirmed": (InvoicePaid, Rank.PAID),
    "paid_out": (InvoicePaid, Rank.PAID),
    "failed": (MONEY_GONE, Rank.GIVEN_BACK),
    "charged_back": (MONEY_GONE, Rank.GIVEN_BACK),
    "chargeback_cancelled": (InvoicePaid, Rank.ENDED),
    "cancelled": (GONE, Rank.ENDED),
    "customer_approval_denied": (GONE, Rank.ENDED),
})  # fmt: skip
_REFUNDS: Mapping[str, str] = MappingProxyType({
    "created": REFUNDED,
    "failed": REFUND_BACK,
    "funds_returned": REFUND_BACK,
})  # fmt: skip
_BEFORE_ALL = 0
_ACTIONS: Mapping[Told, str] = MappingProxyType(
    {"issued": "confirmed", "paid": "confirmed", "reversed": "failed"}
)


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by its one signature."""
    given = [signatures.single(delivery.headers, HEADER)]
    signatures.check_hmac(delivery.body, given, trust, signatures.hmac_hex)


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The facts of a delivery, or why there are none."""
    found, undecodable = each(decode(_BODY, delivery.body, "body").events, _fact)
    facts = tuple(fact for fact in found if fact)
    return Parsed(facts, "" if facts else "no payment among the events", undecodable)


def _fact(event: Raw) -> Event | None:
    """What one event says, if it concerns us; references are those of its payment, where it shows the metadata."""
    one = decode(_HAPPENED, event, "events")
    links = one.links if isinstance(one.links, dict) else {}
    if one.resource_type == "payments" and one.action in _PAYMENTS:
        fact, rank = _PAYMENTS[one.action]
        return told(
            fact,
            event=one.id,
            invoice=links.get("payment"),
            at=milliseconds(one.created_at, "created_at"),
            rank=rank,
            order=_BEFORE_ALL if one.action == "paid_out" else None,
            named=from_metadata(one.resource_metadata) if isinstance(one.resource_metadata, dict) else None,
        )
    if one.resource_type == "refunds" and one.action in _REFUNDS:
        return told(
            MONEY_GONE,
            event=one.id,
            invoice=links.get("payment") or links.get("refund"),
            at=milliseconds(one.created_at, "created_at"),
            rank=Rank.GIVEN_BACK,
            unresolved=_REFUNDS[one.action],
        )
    return None


def sample(facts: Sample, _: Options) -> bytes:
    """A payment that was confirmed, or has failed."""
    return msgspec.json.encode({
        "events": [
            {
                "id": facts.event,
                "created_at": datetime.fromtimestamp(facts.at, UTC),
                "resource_type": "payments",
                "action": _ACTIONS[facts.told],
                "links": {"payment": facts.invoice},
                "details": {"origin": "gocardless", "cause": "made_up", "description": "Made up."},
                "metadata": {},
                "resource_metadata": shown.metadata(facts),
            }
        ],
        "meta": {"webhook_id": f"WB_{facts.event}"},
    })  # fmt: skip


def sign(body: bytes, secret: str, _event: str, _now: float, _: Options) -> Proof:
    """What proves `body`; the events' ids are in it."""
    signature = signatures.hmac_hex(signatures.wire(secret), body).decode()
    return Proof({"Content-Type": "application/json", HEADER: signature})


ABOUT = About(
    title="GoCardless",
    page="https://developer.gocardless.com/api-reference/#appendix-webhooks",
    needs="the webhook endpoint's secret",
    proves="body",
    references="metadata of the payment",
    room=ROOM,
    paid=("payments confirmed", "payments paid_out", "payments chargeback_cancelled"),
    reversed=tuple(f"payments {name}" for name, (fact, _) in _PAYMENTS.items() if fact is not InvoicePaid),
    by_hand=tuple(f"refunds {name}" for name in _REFUNDS),
)
KIND = Kind(
    name="gocardless", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign,
    refusal=498, uninteresting=204,
)  # fmt: skip
