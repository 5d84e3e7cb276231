"""Zoho Billing, Books and Invoice: invoices as they are after a change.

Pure. https://www.zoho.com/billing/kb/webhooks/securing-webhooks.html. A workflow rule or an event of yours sends the default
payload, with the secret set. The signature covers the query's parameters, sorted by their names, and then the body as it is;
no time, so an old delivery can be replayed, which moves nothing. Let it send JSON: a form is signed otherwise, and refused.

- `invoice.status` counts: `paid` says that it is paid; `sent`, `viewed`, `unpaid` and `overdue` that it is issued, and not
  paid; `void` and `draft` that it is not even that. One that is deleted is gone, whatever its status was.
- Why an invoice is partly paid is not told: a part that was given back looks like a part that was paid. So marks stay as
  they are; a person who wants its hours back has to say so.
- Custom fields (by label or by name, with or without `cf_`), the reference number, the notes and the descriptions of lines
  may name entries.
- Without an `event_id`, the invoice, its status and the time of its change stand for the event.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from webhooks import signatures
from webhooks.delivery import Delivery, Trust, UndecodableError
from webhooks.references import Named, from_metadata
from webhooks.sources import shown
from webhooks.sources.facts import NO_LONGER_PAID, State, stated
from webhooks.sources.kind import About, Kind, Options, Parsed, Proof, Sample, Told
from webhooks.sources.payload import decode, identifier, milliseconds, type_shown

HEADER = "X-Zoho-Webhook-Signature"
STATES: Mapping[str, State] = MappingProxyType({
    "paid": "paid",
    "sent": "open", "viewed": "open", "unpaid": "open", "overdue": "open",
    "partially_paid": "part",
    "draft": "draft", "void": "gone",
})  # fmt: skip
_CUSTOM = "cf_"
_DELETED = "invoice_deleted"
_OFFSET = re.compile(r"([+-][0-9]{2})([0-9]{2})")
"""Zoho writes +0530 where RFC 3339 has +05:30."""
_STATUSES: Mapping[Told, str] = MappingProxyType({"issued": "sent", "paid": "paid", "reversed": "void"})


class CustomField(Struct):
    """A field of the user's own."""

    label: str | None = None
    api_name: str | None = None
    placeholder: str | None = None
    value: Any = None


class Line(Struct):
    """A line of an invoice."""

    description: str | None = None


class Invoice(Struct):
    """What is read of an invoice."""

    invoice_id: str | int
    invoice_number: str | None = None
    status: str | None = None
    last_modified_time: str | None = None
    updated_time: str | None = None
    reference_number: str | None = None
    notes: str | None = None
    custom_fields: list[CustomField] | None = None
    line_items: list[Line] | None = None
    invoice_items: list[Line] | None = None


class Shown(Struct):
    """What an event shows."""

    invoice: Invoice | None = None


class Body(Shown):
    """An invoice, or an event that shows one in its `data`."""

    event_id: str | int | None = None
    event_type: str | None = None
    event_time: str | None = None
    created_time: str | None = None
    data: Shown | None = None


_BODY = msgspec.json.Decoder(Body)


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by its one signature, over the query and the body."""
    given = [signatures.single(delivery.headers, HEADER)]
    signatures.check_hmac(_message(delivery.query, delivery.body), given, trust, signatures.hmac_hex)


def _message(query: str, body: bytes) -> bytes:
    pairs = sorted(parse_qsl(query, keep_blank_values=True, errors="surrogateescape"))
    return b"".join(signatures.wire(name + value) for name, value in pairs) + body


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The facts of a delivery, or why there are none."""
    body = decode(_BODY, delivery.body, "body")
    invoice = body.invoice or (body.data.invoice if body.data else None)
    if invoice is None:
        if body.event_type is None:
            raise UndecodableError("body: no invoice, and no event")
        return Parsed((), type_shown(body.event_type))
    state: State | None = "gone" if body.event_type == _DELETED else STATES.get(invoice.status or "")
    if state is None:
        return Parsed((), "an invoice of another status")
    name = identifier(invoice.invoice_id, "invoice_id")
    at = _time(body, invoice)
    event = identifier(body.event_id, "event_id") if body.event_id else f"{name}:{state}:{at}"
    return Parsed(
        stated(state, event=event, invoice=name, at=at, named=_named(invoice), number=invoice.invoice_number)
    )


def _time(body: Body, invoice: Invoice) -> int:
    when = invoice.last_modified_time or invoice.updated_time or body.event_time or body.created_time
    return milliseconds(_OFFSET.sub(r"\1:\2", when) if when else when, "last_modified_time")


def _named(invoice: Invoice) -> Named:
    fields: dict[str, object] = {}
    for field in invoice.custom_fields or ():
        for name in (field.label, field.api_name, field.placeholder):
            if name and field.value not in (None, ""):
                fields[name.removeprefix(_CUSTOM)] = field.value
    lines = [*(invoice.line_items or ()), *(invoice.invoice_items or ())]
    texts = [invoice.reference_number, invoice.notes, *(line.description for line in lines)]
    return from_metadata(fields, texts=list(dict.fromkeys(texts)))


def sample(facts: Sample, _: Options) -> bytes:
    """An invoice as it is: sent, paid or void; its notes name the entries."""
    return msgspec.json.encode({
        "event_id": facts.event,
        "event_type": "invoice_updated",
        "data": {
            "invoice": {
                "invoice_id": facts.invoice,
                "invoice_number": "MADE-UP-0001",
                "status": _STATUSES[facts.told],
                "last_modified_time": datetime.fromtimestamp(facts.at, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000"),
                "notes": shown.text(facts),
                "custom_fields": [],
            }
        },
    })  # fmt: skip


def sign(body: bytes, secret: str, _event: str, _now: float, _: Options) -> Proof:
    """What proves `body`, sent without a query."""
    signature = signatures.hmac_hex(signatures.wire(secret), _message("", body)).decode()
    return Proof({"Content-Type": "application/json", HEADER: signature})


ABOUT = About(
    title="Zoho Billing, Books and Invoice",
    page="https://www.zoho.com/billing/kb/webhooks/securing-webhooks.html",
    needs="the webhook's secret; its payload JSON, not a form",
    proves="body",
    references="custom fields; key=value in the notes, the reference number or line descriptions",
    room=None,
    issued=("invoice sent, viewed, unpaid, overdue, partially_paid",),
    paid=("invoice paid",),
    reversed=("invoice void, draft, deleted", NO_LONGER_PAID),
)
KIND = Kind(name="zoho", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign)
