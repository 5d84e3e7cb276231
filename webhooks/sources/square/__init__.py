"""Square Invoices: paid in full, refunded, cancelled.

Pure. Signature: https://developer.squareup.com/docs/webhooks/step3validate: it covers the address that Square was given,
byte for byte, so that has to be set; it covers no time, so an old delivery can be replayed, which moves nothing.

- `invoice.payment_made` comes for every payment: the invoice is paid when its status is PAID. `invoice.updated` says the
  same thing, and is the only one to tell of FAILED: Square has cancelled the invoice. `invoice.published` says that it
  was issued.
- `invoice.refunded`: REFUNDED gives all of the money back, PARTIALLY_REFUNDED is for a person (`unresolved`).
- `invoice.canceled` and `invoice.deleted` end it; the latter shows only the id.
- Events of one invoice are ordered by `created_at`, and within its last unit by the version of the invoice; one that is
  deleted has none, and is the last.
- A number is given once in each location: an invoice is linked by its id, or by LOCATION_ID/NUMBER.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from urllib.parse import urlsplit

from webhooks import signatures
from webhooks.delivery import Delivery, Trust
from webhooks.events import InvoiceIssued, InvoicePaid
from webhooks.references import Named, from_metadata
from webhooks.sources.facts import GONE, IN_PART, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed
from webhooks.sources.payload import decode, milliseconds, type_shown
from webhooks.sources.square import payloads
from webhooks.sources.square.samples import HEADER, sample, sign

UPDATED = "invoice.updated"
_VERSIONS = 1_000


_CHANGES: Mapping[str, tuple[Fact, Rank]] = MappingProxyType({
    "invoice.published": (InvoiceIssued, Rank.ISSUED),
    "invoice.payment_made": (InvoicePaid, Rank.PAID),
    "invoice.refunded": (MONEY_GONE, Rank.GIVEN_BACK),
    "invoice.canceled": (GONE, Rank.ENDED),
    "invoice.deleted": (GONE, Rank.ENDED),
})  # fmt: skip
_UPDATES: Mapping[str, tuple[Fact, Rank]] = MappingProxyType({
    "PAID": (InvoicePaid, Rank.PAID),
    "REFUNDED": (MONEY_GONE, Rank.GIVEN_BACK),
    "CANCELED": (GONE, Rank.ENDED),
    "FAILED": (GONE, Rank.ENDED),
})  # fmt: skip
"""What `invoice.updated` says, by the status that the invoice has."""


def verify(delivery: Delivery, trust: Trust, options: Options) -> None:
    """Prove the delivery by its one signature."""
    given = [signatures.single(delivery.headers, HEADER)]
    message = signatures.wire(options.url) + delivery.body
    signatures.check_hmac(message, given, trust, signatures.hmac_base64)


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The one fact of a delivery, or why it is none of ours."""
    kind = decode(payloads.TYPED, delivery.body, "body").type
    if kind not in _CHANGES and kind != UPDATED:
        return Parsed((), type_shown(kind))
    one = decode(payloads.NOTIFICATION, delivery.body, "body")
    invoice = (one.data.object.invoice if one.data.object else None) or payloads.Invoice()
    status = invoice.status or "of no status"
    if kind == UPDATED and status not in _UPDATES:
        return Parsed((), type_shown(status))
    if kind == "invoice.payment_made" and status != "PAID":
        return Parsed((), "the invoice is not paid in full")
    fact, rank = _UPDATES[status] if kind == UPDATED else _CHANGES[kind]
    at = milliseconds(one.created_at, "created_at")
    event = told(
        fact,
        event=one.event_id,
        invoice=one.data.id,
        at=at,
        rank=rank,
        order=at * _VERSIONS + _version(invoice),
        named=_named(invoice) if one.data.object else None,
        number=_number(invoice),
        unresolved=IN_PART if kind == "invoice.refunded" and status != "REFUNDED" else "",
    )
    return Parsed((event,))


def _version(invoice: payloads.Invoice) -> int:
    return _VERSIONS - 1 if invoice.version is None else min(max(invoice.version, 0), _VERSIONS - 1)


def _number(invoice: payloads.Invoice) -> str:
    known = invoice.location_id and invoice.invoice_number
    return f"{invoice.location_id}/{invoice.invoice_number}" if known else ""


def _named(invoice: payloads.Invoice) -> Named:
    """Custom fields are metadata by their labels; title and description may name entries among other words.

    Two fields of one label are one: there are two of them, and each holds 80 ids. People type labels in any case.
    """
    fields: dict[str, str] = {}
    for field in invoice.custom_fields or ():
        if field.label and field.value:
            label = field.label.strip().lower()
            fields[label] = f"{fields[label]},{field.value}" if label in fields else field.value
    return from_metadata(fields, texts=[invoice.title, invoice.description])


def complaints(_: Sequence[str], options: Options) -> list[str]:
    """Without the address no signature fits."""
    try:
        parts = urlsplit(options.url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme in ("https", "http") and parts.hostname and not re.search(r"\s", options.url):
        return []
    wrong = "not an address that begins with https://" if options.url else "missing"
    return [f"url: {wrong}; set the address that Square was given, byte for byte: its signatures cover it"]


ABOUT = About(
    title="Square Invoices",
    page="https://developer.squareup.com/docs/webhooks/overview",
    needs="the subscription's signature key, and URL, the address that Square was given",
    proves="body",
    references="custom fields by these labels; or key=value in the description or title",
    room=2_000,
    issued=("invoice.published",),
    paid=("invoice.payment_made", "invoice.updated (PAID)"),
    reversed=(
        "invoice.canceled",
        "invoice.deleted",
        "invoice.refunded",
        "invoice.updated (REFUNDED, CANCELED, FAILED)",
    ),
)
KIND = Kind(
    name="square",
    about=ABOUT,
    verify=verify,
    parse=parse,
    sample=sample,
    sign=sign,
    complaints=complaints,
    reads=frozenset({"url"}),
)
