"""Lago: invoices whose payment has succeeded.

Pure. https://getlago.com/docs/api-reference/webhooks/messages. The form of the secret decides how a delivery is proven,
never a header of its own: a public key means RS256 tokens, anything else is an HMAC key. Neither covers a time, so an old
delivery can be replayed, which moves nothing. Lago gives up after about 25 s: what was not taken then has to be sent again
by hand, from its own screens.

- The public key is that of Lago's whole server, whose organisations are told apart by their id: it stands before the key.
  A token carries the body in a header, which many proxies find too long: HMAC is the better choice.
- Deliveries that show a final invoice tell its payment's status. `succeeded` says that it is paid, also of one that is
  new: nothing was to be paid, or it was paid in advance. One that credit notes have settled, and no money, is for a person;
  so is one that was paid after it was made void.
- Any other status of a new invoice says that it was issued; after a change it says that it is issued, and not paid.
- `invoice.voided` and `invoice.deleted` end it.
- A dispute that was lost, and a credit note, are for a person (`unresolved`).
- The vendor's id of an event comes in a header that nothing signs; the digest of the body, which is the same whenever it is
  sent again, stands for it.
- The invoice's own metadata are not in the delivery: the descriptions of fees, the purchase order number and the
  customer's metadata are.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from webhooks import signatures
from webhooks.delivery import Delivery, NotAuthenticError, Trust, UndecodableError
from webhooks.events import Event, InvoiceIssued, InvoicePaid
from webhooks.references import Named, from_metadata
from webhooks.sources.facts import CREDITED_BEFORE, GONE, MONEY_GONE, Rank, stated, told
from webhooks.sources.kind import About, Kind, Options, Parsed
from webhooks.sources.lago import payloads
from webhooks.sources.lago.samples import ALGORITHM, SIGNATURE, sample, sign
from webhooks.sources.payload import decode, milliseconds, type_shown
from webhooks.sources.tokens import claims, complaint, named_key

LOST = "a dispute was lost: decide by hand"
CREDITED = "a credit note does not tell whether it is in full: decide by hand"


AFTER_ITS_END = "paid after it was made void: decide by hand"
_NEW, _UPDATED = ("invoice.created", "invoice.one_off_created"), "invoice.payment_status_updated"
_ENDS = ("invoice.voided", "invoice.deleted")
_DIGITS = 40
_DISPUTED, _CREDITED = "invoice.payment_dispute_lost", "credit_note.created"


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by its token or its HMAC, whichever the header says and a secret is there for."""
    algorithm = signatures.single(delivery.headers, ALGORITHM)
    given = signatures.single(delivery.headers, SIGNATURE)
    if algorithm == "jwt":
        named = [found for secret in trust.secrets if (found := named_key(secret))[1]]
        signed = claims(given, [key for _, key in named]).get("data")
        if not isinstance(signed, str) or signatures.wire(signed) != delivery.body:
            raise NotAuthenticError("the token is not one of this body")
        if _owner(delivery.body) not in {name for name, _ in named}:
            raise NotAuthenticError("a token of another organisation")
    elif algorithm == "hmac":
        keys = tuple(secret for secret in trust.secrets if not named_key(secret)[1])
        symmetric = Trust(secrets=keys, now=trust.now, tolerance=trust.tolerance)
        signatures.check_hmac(delivery.body, [given], symmetric, signatures.hmac_base64)
    else:
        raise NotAuthenticError("neither a token nor an HMAC")


def _owner(body: bytes) -> str:
    try:
        return decode(payloads.OWNED, body, "body").organization_id
    except UndecodableError as error:
        raise NotAuthenticError("a token of no organisation") from error


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The facts of a delivery, or why there are none."""
    kind = decode(payloads.TYPED, delivery.body, "body").webhook_type
    event = sha256(delivery.body).hexdigest()[:_DIGITS]
    if kind in (*_NEW, _UPDATED, *_ENDS):
        return _of_invoice(kind, event, decode(payloads.OF_INVOICE, delivery.body, "body").invoice)
    if kind == _DISPUTED:
        invoice = decode(payloads.OF_DISPUTE, delivery.body, "body").payment_dispute_lost.invoice
        return Parsed((_back(event, invoice.lago_id, invoice.updated_at, LOST),))
    if kind == _CREDITED:
        note = decode(payloads.OF_CREDIT_NOTE, delivery.body, "body").credit_note
        return Parsed((_back(event, note.lago_invoice_id, note.updated_at, CREDITED),))
    return Parsed((), type_shown(kind))


def _of_invoice(kind: str, event: str, invoice: payloads.Invoice) -> Parsed:
    shown: dict[str, Any] = {
        "event": event,
        "invoice": invoice.lago_id,
        "at": milliseconds(invoice.updated_at, "updated_at"),
        "named": _named(invoice),
        "number": invoice.number,
    }
    if kind in _ENDS:
        return Parsed((told(GONE, rank=Rank.ENDED, **shown),))
    paid = invoice.payment_status == "succeeded"
    if invoice.status not in (None, "finalized") and not (paid and invoice.status == "voided"):
        return Parsed((), "the invoice is not final")
    if paid:
        return Parsed((told(InvoicePaid, rank=Rank.PAID, unresolved=_to_decide(invoice), **shown),))
    if kind in _NEW:
        return Parsed((told(InvoiceIssued, rank=Rank.ISSUED, **shown),))
    return Parsed(stated("open", **shown))


def _to_decide(invoice: payloads.Invoice) -> str:
    """What a person has to decide of an invoice that is paid, if anything."""
    if invoice.status == "voided":
        return AFTER_ITS_END
    credited = (invoice.total_offsetted_credit_note_amount_cents or 0) > 0
    return CREDITED_BEFORE if credited and not invoice.total_paid_amount_cents else ""


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
    """A public key must be one, and stand behind the organisation's id."""
    nameless = [secret for secret in secrets if named_key(secret)[1] and not named_key(secret)[0]]
    said = [
        "should begin with the organisation's id and a space: one public key is that of all organisations"
    ]
    return sorted({complaint(secret) for secret in secrets} - {""}) + said * bool(nameless)


ABOUT = About(
    title="Lago",
    page="https://getlago.com/docs/api-reference/webhooks/messages",
    needs="the organisation's HMAC key; or its id, a space, and Lago's public key",
    proves="body",
    references="key=value in the description of a fee or the purchase order number",
    room=None,
    issued=_NEW,
    paid=(
        "invoice.payment_status_updated (succeeded)",
        "invoice.created (succeeded)",
        "invoice.one_off_created (succeeded)",
    ),
    reversed=(*_ENDS, "invoice.payment_status_updated (failed, pending)"),
    by_hand=(_DISPUTED, _CREDITED),
)
KIND = Kind(
    name="lago", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign, complaints=complaints
)
