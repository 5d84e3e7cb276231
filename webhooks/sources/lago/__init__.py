"""Lago: invoices whose payment has succeeded.

Pure. https://getlago.com/docs/api-reference/webhooks/messages. The form of the secret decides how a delivery is proven,
never a header of its own: the organisation's public key (PEM) means RS256 tokens, anything else is an HMAC key. Neither
covers a time, so an old delivery can be replayed, which moves nothing. Lago gives up after about 25 s: what was not taken
then has to be sent again by hand, from its own screens.

- `invoice.payment_status_updated` with the status `succeeded` says that it is paid. `invoice.created` and
  `invoice.one_off_created` of a final invoice say that it was issued.
- `invoice.voided` and `invoice.deleted` end it.
- A dispute that was lost, and a credit note, are for a person (`unresolved`).
- The vendor's id of an event comes in a header that nothing signs; the digest of the body, which is the same whenever it is
  sent again, stands for it.
- The invoice's own metadata are not in the delivery: the descriptions of fees, the purchase order number and the
  customer's metadata are.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

from webhooks import signatures
from webhooks.delivery import Delivery, NotAuthenticError, Trust
from webhooks.events import Event, InvoiceIssued, InvoicePaid
from webhooks.references import Named, from_metadata
from webhooks.sources.facts import GONE, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed
from webhooks.sources.lago import payloads
from webhooks.sources.lago.samples import ALGORITHM, SIGNATURE, sample, sign
from webhooks.sources.payload import decode, milliseconds, type_shown
from webhooks.sources.tokens import claims, complaint, is_public_key

LOST = "a dispute was lost: decide by hand"
CREDITED = "a credit note does not tell whether it is in full: decide by hand"


_CHANGES: Mapping[str, tuple[Fact, Rank]] = MappingProxyType({
    "invoice.created": (InvoiceIssued, Rank.ISSUED),
    "invoice.one_off_created": (InvoiceIssued, Rank.ISSUED),
    "invoice.payment_status_updated": (InvoicePaid, Rank.PAID),
    "invoice.voided": (GONE, Rank.ENDED),
    "invoice.deleted": (GONE, Rank.ENDED),
})  # fmt: skip
_DIGITS = 40
_DISPUTED, _CREDITED = "invoice.payment_dispute_lost", "credit_note.created"


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by its token or its HMAC, whichever the header says and a secret is there for."""
    algorithm = signatures.single(delivery.headers, ALGORITHM)
    given = signatures.single(delivery.headers, SIGNATURE)
    if algorithm == "jwt":
        signed = claims(given, trust.secrets).get("data")
        if not isinstance(signed, str) or signatures.wire(signed) != delivery.body:
            raise NotAuthenticError("the token is not one of this body")
    elif algorithm == "hmac":
        keys = tuple(secret for secret in trust.secrets if not is_public_key(secret))
        symmetric = Trust(secrets=keys, now=trust.now, tolerance=trust.tolerance)
        signatures.check_hmac(delivery.body, [given], symmetric, signatures.hmac_base64)
    else:
        raise NotAuthenticError("neither a token nor an HMAC")


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The one fact of a delivery, or why it is none of ours."""
    kind = decode(payloads.TYPED, delivery.body, "body").webhook_type
    event = sha256(delivery.body).hexdigest()[:_DIGITS]
    if kind in _CHANGES:
        return _of_invoice(kind, event, decode(payloads.OF_INVOICE, delivery.body, "body").invoice)
    if kind == _DISPUTED:
        invoice = decode(payloads.OF_DISPUTE, delivery.body, "body").payment_dispute_lost.invoice
        return Parsed((_back(event, invoice.lago_id, invoice.updated_at, LOST),))
    if kind == _CREDITED:
        note = decode(payloads.OF_CREDIT_NOTE, delivery.body, "body").credit_note
        return Parsed((_back(event, note.lago_invoice_id, note.updated_at, CREDITED),))
    return Parsed((), type_shown(kind))


def _of_invoice(kind: str, event: str, invoice: payloads.Invoice) -> Parsed:
    fact, rank = _CHANGES[kind]
    if fact is InvoicePaid and invoice.payment_status != "succeeded":
        return Parsed((), "the payment has not succeeded")
    if fact is InvoiceIssued and invoice.status not in (None, "finalized"):
        return Parsed((), "the invoice is not final")
    at = milliseconds(invoice.updated_at, "updated_at")
    named, number = _named(invoice), invoice.number
    return Parsed(
        (told(fact, event=event, invoice=invoice.lago_id, at=at, rank=rank, named=named, number=number),)
    )


def _back(event: str, invoice: str, at: object, reason: str) -> Event:
    when = milliseconds(at, "updated_at")
    return told(MONEY_GONE, event=event, invoice=invoice, at=when, rank=Rank.GIVEN_BACK, unresolved=reason)


def _named(invoice: payloads.Invoice) -> Named:
    """Descriptions of fees are texts; the customer's metadata are inherited."""
    customer = invoice.customer.metadata if invoice.customer else None
    inherited = {pair.key: pair.value for pair in customer or () if pair.key and pair.value}
    texts = [invoice.purchase_order_number]
    for fee in invoice.fees or ():
        item = fee.item or payloads.Described()
        own = [fee.description, fee.invoice_display_name, item.description, item.invoice_display_name]
        texts += list(dict.fromkeys(own))  # Lago shows a fee's words under several names
    return from_metadata({}, inherited=inherited, texts=texts)


def complaints(secrets: Sequence[str], _: Options) -> list[str]:
    """A public key must be one."""
    return sorted({complaint(secret) for secret in secrets} - {""})


ABOUT = About(
    title="Lago",
    page="https://getlago.com/docs/api-reference/webhooks/messages",
    needs="the organisation's HMAC key, or its public key (PEM)",
    proves="body",
    references="key=value in the description of a fee or the purchase order number",
    room=None,
    issued=("invoice.created", "invoice.one_off_created"),
    paid=("invoice.payment_status_updated",),
    reversed=("invoice.voided", "invoice.deleted"),
    by_hand=(_DISPUTED, _CREDITED),
)
KIND = Kind(
    name="lago", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign, complaints=complaints
)
