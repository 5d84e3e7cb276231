"""Recurly's JSON webhooks: charge invoices paid, reopened and failed.

Pure. https://docs.recurly.com/recurly-subscriptions/docs/webhooks. Signature: a time in milliseconds and HMACs, one for
each secret while secrets are rotated. XML payloads are not signed, and so are refused.

- A delivery is thin: it names the invoice and what happened to it. It never shows references, so entries are linked to
  the invoice by its id, or by its number (`invoice_number`), which is what people see. What takes an invoice back shows
  none either, and says so: then it is remembered of an invoice that is not linked yet, and a late link marks nothing.
- `paid` says that it is paid in full. `reopened` takes that back; `failed` says that the money will not come: it is
  written off, by hand or at the end of dunning. The invoice stands in both. There is no type for one that is void.
- Refunds are told of as credit invoices and payments, which do not name the charge invoice, and never reopen it: nothing
  follows from them.
- There is no id of the event: its type, its invoice and its time (in seconds) stand for it.

Types and fields: https://docs.recurly.com/recurly-subscriptions/docs/charge-invoice-notifications.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from zlib import crc32

import msgspec
from msgspec import Struct

from webhooks import signatures
from webhooks.delivery import Delivery, Trust
from webhooks.events import InvoiceIssued, InvoicePaid
from webhooks.references import Named
from webhooks.sources.facts import MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed, Proof, Sample, Told
from webhooks.sources.payload import decode, milliseconds, type_shown

HEADER = "recurly-signature"
_MILLISECONDS = 1000
_NOTHING_SHOWN = Named(())


class Notification(Struct):
    """What is read of a delivery. `event_time` is RFC 3339."""

    object_type: str
    event_type: str
    id: str | int | None = None
    event_time: object = None
    invoice_number: str | int | None = None


_NOTIFICATION = msgspec.json.Decoder(Notification)
_CHANGES: Mapping[str, tuple[Fact, Rank]] = MappingProxyType({
    "created": (InvoiceIssued, Rank.ISSUED),
    "paid": (InvoicePaid, Rank.PAID),
    "failed": (MONEY_GONE, Rank.WRITTEN_OFF),
    "reopened": (MONEY_GONE, Rank.GIVEN_BACK),
})  # fmt: skip
_TYPES: Mapping[Told, str] = MappingProxyType({"issued": "created", "paid": "paid", "reversed": "reopened"})


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by any of the signatures behind its time."""
    stamp, *given = signatures.single(delivery.headers, HEADER).split(",")
    signatures.check_time(stamp, trust, per_second=_MILLISECONDS)
    message = b".".join((stamp.encode(), delivery.body))
    signatures.check_hmac(message, given, trust, signatures.hmac_hex)


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The one fact of a delivery, or why it is none of ours."""
    one = decode(_NOTIFICATION, delivery.body, "body")
    if one.object_type != "charge_invoice" or one.event_type not in _CHANGES:
        return Parsed((), type_shown(f"{one.object_type}.{one.event_type}"))
    fact, rank = _CHANGES[one.event_type]
    at = milliseconds(one.event_time, "event_time")
    event = told(
        fact,
        event=f"{one.event_type}:{one.id}:{at}",
        invoice=one.id,
        at=at,
        rank=rank,
        named=_NOTHING_SHOWN,
        number=one.invoice_number,
    )
    return Parsed((event,))


def sample(facts: Sample, _: Options) -> bytes:
    """A charge invoice that was created, paid or reopened. Another invoice has another number."""
    return msgspec.json.encode({
        "id": facts.invoice,
        "object_type": "charge_invoice",
        "site_id": "made-up",
        "event_type": _TYPES[facts.told],
        "event_time": datetime.fromtimestamp(facts.at, UTC),
        "invoice_number": crc32(facts.invoice.encode()),
    })  # fmt: skip


def sign(body: bytes, secret: str, _event: str, now: float, _: Options) -> Proof:
    """What proves `body`."""
    stamp = str(int(now * _MILLISECONDS))
    message = b".".join((stamp.encode(), body))
    signature = signatures.hmac_hex(signatures.wire(secret), message).decode()
    return Proof({"Content-Type": "application/json", HEADER: f"{stamp},{signature}"})


ABOUT = About(
    title="Recurly",
    page="https://docs.recurly.com/recurly-subscriptions/docs/webhooks",
    needs="the JSON endpoint's secret",
    proves="body and time",
    references="none: link the invoice by its id or number",
    room=0,
    linkable=False,
    issued=("charge_invoice created",),
    paid=("charge_invoice paid",),
    reversed=("charge_invoice reopened", "charge_invoice failed"),
)
KIND = Kind(name="recurly", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign)
