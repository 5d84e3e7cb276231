"""PayPal invoicing: invoices paid, refunded, cancelled.

Pure. Signature: https://developer.paypal.com/api/rest/webhooks/rest. Events:
https://developer.paypal.com/api/invoicing/webhooks.

- PayPal signs with RSA. The certificate comes from the settings, and nothing is fetched: PAYPAL-CERT-URL is not looked at,
  since whoever sends a delivery writes it. PayPal changes its certificate now and then. Deliveries are refused from then
  on, and sent again for three days, until the new one stands beside the old one.
- What is signed holds a CRC32 of the body, which is no protection from anybody who means it: whoever has got hold of one
  delivery with its headers can write another body of the same CRC32. The signature says that PayPal has sent this webhook
  something at that time; that the body is the same rests on TLS. So a signature does not count for ever.
- The time of sending may be three days old, and the tolerance: PayPal tries for so long, and does not say whether a further
  try is signed anew. It may be ahead of our clock by the tolerance.
- `PAID` comes for parts and for pending payments, too: the status decides. So it does for `REFUNDED`; a refund of a part is
  for a person. `CANCELLED` ends the invoice.
- `SENT` says that it is issued, and so do `CREATED` and `UPDATED` where the status is that of one that was sent.
- Deliveries have been seen with the whole invoice in them; PayPal documents hardly more than id, status and number. So
  entries are best linked by the number, or the number itself is the link: `clockify_link=march-7`. Reference, memo, note
  and the items' descriptions are read where they are there.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from webhooks import signatures
from webhooks.delivery import Delivery, NotAuthenticError, Trust, UndecodableError
from webhooks.events import InvoiceIssued, InvoicePaid
from webhooks.references import Named, from_metadata
from webhooks.sources.facts import GONE, IN_PART, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed
from webhooks.sources.payload import decode, milliseconds, type_shown
from webhooks.sources.paypal import payloads
from webhooks.sources.paypal.keys import complaint, signers
from webhooks.sources.paypal.samples import (
    ALGORITHM,
    ID,
    SHA256_WITH_RSA,
    SIGNATURE,
    TIME,
    message,
    sample,
    sign,
)

TRIED_FOR = 3 * 86_400.0
"""Seconds for which PayPal sends a delivery again."""
NO_STATUS = "the delivery does not tell whether the invoice is paid in full: decide by hand"
NO_REFUND = "the delivery does not tell whether the invoice is refunded in full: decide by hand"

_SENT = ("SENT", "UNPAID")
_PAID = ("PAID", "MARKED_AS_PAID")
_REFUNDED = ("REFUNDED", "MARKED_AS_REFUNDED")


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by a certificate of the settings that holds now, for the webhook that stands beside it."""
    name, stamp, signature, algorithm = (
        signatures.single(delivery.headers, one) for one in (ID, TIME, SIGNATURE, ALGORITHM)
    )
    if algorithm != SHA256_WITH_RSA:
        raise NotAuthenticError(f"{ALGORITHM} is not {SHA256_WITH_RSA}")
    _check_time(stamp, trust)
    known = signers(trust.secrets)
    holding = [one for one in known if one.since <= trust.now <= one.until]
    if known and not holding:
        raise NotAuthenticError("no certificate in the settings is valid now: PayPal has another one")
    raw = signatures.decode_base64(signature)
    exact = base64.b64encode(raw).decode() == signature
    parts = signatures.wire(name), signatures.wire(stamp)
    proven = exact and any(
        one.has_signed(message(*parts, one.webhook, delivery.body), raw) for one in holding
    )
    signatures.check_proven(proven, keys=[one.webhook.encode() for one in holding])


def _check_time(stamp: str, trust: Trust) -> None:
    try:
        age = trust.now - milliseconds(stamp, TIME) / 1000
    except UndecodableError as error:
        raise NotAuthenticError(str(error)) from error
    if age > TRIED_FOR + trust.tolerance:
        raise NotAuthenticError("sent too long ago")
    if -age > trust.tolerance:
        raise NotAuthenticError("sent in the future")


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The one fact of a delivery, or why it is none of ours."""
    event = decode(payloads.EVENT, delivery.body, "body")
    judge = JUDGES.get(event.event_type)
    if judge is None:
        return Parsed((), type_shown(event.event_type))
    resource = decode(payloads.RESOURCE, event.resource, "resource")
    invoice = resource.invoice or resource
    judged = judge(invoice.status)
    if isinstance(judged, str):
        return Parsed((), judged)
    fact, rank, reason = judged
    number = (invoice.detail and invoice.detail.invoice_number) or invoice.invoice_number or invoice.number
    one = told(
        fact,
        event=event.id,
        invoice=invoice.id,
        at=milliseconds(event.create_time, "create_time"),
        rank=rank,
        named=None if fact in (GONE, MONEY_GONE) else _named(invoice, number),
        number=number,
        unresolved=reason,
    )
    return Parsed((one,))


def _named(invoice: payloads.Invoice, number: str | None) -> Named:
    detail = invoice.detail or payloads.Detail()
    texts = (number, detail.reference, detail.memo, detail.note)
    older = (invoice.reference, invoice.merchant_memo, invoice.note)
    return from_metadata({}, texts=[*texts, *older, *(item.description for item in invoice.items or ())])


Judged = tuple[Fact, Rank, str] | str
"""A fact, its rank and why a person has to look; or why there is none."""


def _paid(status: str | None) -> Judged:
    if status not in (None, *_PAID):
        return "the invoice is not paid in full"
    return InvoicePaid, Rank.PAID, "" if status else NO_STATUS


def _refunded(status: str | None) -> Judged:
    if status in _REFUNDED:
        return MONEY_GONE, Rank.GIVEN_BACK, ""
    return MONEY_GONE, Rank.GIVEN_BACK, IN_PART if status == "PARTIALLY_REFUNDED" else NO_REFUND


def _cancelled(_: str | None) -> Judged:
    return GONE, Rank.ENDED, ""


def _issued(status: str | None) -> Judged:
    return (InvoiceIssued, Rank.ISSUED, "") if status in _SENT else "not an invoice that was just sent"


def _sent(_: str | None) -> Judged:
    return InvoiceIssued, Rank.ISSUED, ""


JUDGES: Mapping[str, Callable[[str | None], Judged]] = MappingProxyType({
    "INVOICING.INVOICE.SENT": _sent,
    "INVOICING.INVOICE.CREATED": _issued,
    "INVOICING.INVOICE.UPDATED": _issued,
    "INVOICING.INVOICE.PAID": _paid,
    "INVOICING.INVOICE.REFUNDED": _refunded,
    "INVOICING.INVOICE.CANCELLED": _cancelled,
})  # fmt: skip


def complaints(secrets: Sequence[str], _: Options) -> list[str]:
    """Secrets that cannot be used, in words."""
    return sorted({complaint(secret) for secret in secrets} - {""})


ABOUT = About(
    title="PayPal invoicing",
    page="https://developer.paypal.com/api/rest/webhooks/rest",
    needs="the webhook's id, a space, and the PEM of the certificate that PAYPAL-CERT-URL names",
    proves="checksum",
    references="the invoice's number, reference, memo or note, or an item's description",
    room=17,
    issued=("INVOICING.INVOICE.SENT", "INVOICING.INVOICE.CREATED", "INVOICING.INVOICE.UPDATED"),
    paid=("INVOICING.INVOICE.PAID",),
    reversed=("INVOICING.INVOICE.REFUNDED", "INVOICING.INVOICE.CANCELLED"),
    by_hand=("INVOICING.INVOICE.REFUNDED (PARTIALLY_REFUNDED)",),
)
KIND = Kind(
    name="paypal", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign, complaints=complaints
)
