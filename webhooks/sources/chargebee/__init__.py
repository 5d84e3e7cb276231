"""Chargebee: invoices paid, by whatever settled them.

Pure. https://www.chargebee.com/docs/2.0/events_and_webhooks.html. Deliveries are not signed: they show a user and a password
(`Authorization: Basic`), so the secret is `user:password`. Chargebee sends again for 3 days and
7 hours.

- There is no event "invoice paid": `payment_succeeded`, `invoice_updated` and `invoice_generated` show the invoice, and its
  status `paid` says it. Credits can settle an invoice without a payment, so leave `invoice_updated` in.
- `posted`, `payment_due` and `not_paid` say that it is issued, and not paid; `voided` and `invoice_deleted` end it.
- One that is written off is `paid`, too: whole, by `write_off_amount` or by adjustments, it is not paid here; a part that
  was written off is for a person. One that was adjusted in part, and paid for the rest, is paid.
- Credit notes issued on a paid invoice, whose status stays `paid`, and `payment_refunded` take the money back if they are
  of the whole invoice; if of a part, that is for a person (`unresolved`). The notes stand for the event: who has decided of
  them is not asked again. Notes that are voided do not count.
- Order is the invoice's own `resource_version`, which is in milliseconds; without it, the time of the event.
- An invoice has no metadata: its notes, its purchase order number, the descriptions of its lines and custom fields (`cf_`)
  may name entries; so may the subscription's and the customer's metadata.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from webhooks import signatures
from webhooks.delivery import Delivery, Trust, UndecodableError
from webhooks.events import Event
from webhooks.references import Named, from_metadata
from webhooks.sources.chargebee.payloads import HAPPENED, Content, Happened
from webhooks.sources.chargebee.samples import HEADER, basic, sample, sign
from webhooks.sources.facts import IN_PART, MONEY_GONE, NO_LONGER_PAID, Rank, State, stated, told
from webhooks.sources.kind import About, Kind, Options, Parsed
from webhooks.sources.payload import decode, milliseconds, type_shown

STATES: Mapping[str, State] = MappingProxyType({
    "paid": "paid", "posted": "open", "payment_due": "open", "not_paid": "open", "voided": "gone",
})  # fmt: skip
_SHOWING = ("payment_succeeded", "invoice_updated", "invoice_generated")
_REFUNDED, _DELETED = "payment_refunded", "invoice_deleted"
_CUSTOM = "cf_"
_VOIDED = "voided"
_DIGITS = 40
WRITTEN_OFF = "a part of the invoice was written off: decide by hand"


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Believe who shows the user and the password of any secret; nothing proves the body."""
    given = signatures.single(delivery.headers, HEADER)
    keys = [basic(secret) for secret in trust.secrets if secret]
    signatures.check_proven(signatures.matches(keys, [given]), keys=keys)


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The facts of a delivery, or why there are none."""
    one = decode(HAPPENED, delivery.body, "body")
    kind = one.event_type
    if kind not in (*_SHOWING, _REFUNDED, _DELETED):
        return Parsed((), type_shown(kind))
    if one.content.invoice is None:
        return Parsed((), "an event without an invoice")
    facts = _facts(one, one.content, one.content.invoice)
    return Parsed(facts, "" if facts else "an invoice that is pending")


def _facts(one: Happened, content: Content, invoice: Mapping[str, Any]) -> tuple[Event, ...]:
    """What an event says of the invoice that it shows; nothing of one that is pending."""
    at = milliseconds(one.occurred_at, "occurred_at")
    said: dict[str, Any] = {
        "event": one.id,
        "invoice": invoice.get("id"),
        "at": at,
        "order": _order(invoice, at),
    }
    state = "gone" if one.event_type == _DELETED else STATES.get(str(invoice.get("status")))
    total, named = _amount(invoice.get("total")), _named(content, invoice)
    off, adjusted = _written_off(invoice)
    notes = _in_force(invoice, "issued_credit_notes") if state == "paid" else []
    if state != "gone" and (notes or one.event_type == _REFUNDED):
        return (_given_back(one, notes, total, named, said),)
    if state == "paid" and adjusted >= total > 0:
        state = "open"
    if state == "paid" and off > 0:
        said["unresolved"] = WRITTEN_OFF
    return stated(state, named=named, **said) if state else ()


def _order(invoice: Mapping[str, Any], at: int) -> int:
    version = invoice.get("resource_version")
    return at if version is None else milliseconds(version, "resource_version")


def _amount(value: object) -> int:
    """An amount in the smallest unit of its currency; 0 for what is none."""
    return value if isinstance(value, int) else 0


def _in_force(invoice: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """Credit notes that are not voided."""
    return [note for note in _listed(invoice.get(key)) if note.get("cn_status") != _VOIDED]


def _sum(notes: Sequence[Mapping[str, Any]]) -> int:
    return sum(_amount(note.get("cn_total")) for note in notes)


def _written_off(invoice: Mapping[str, Any]) -> tuple[int, int]:
    """How much was written off, and how much was adjusted, which that is a part of."""
    off = _amount(invoice.get("write_off_amount"))
    return off, max(off, _sum(_in_force(invoice, "adjustment_credit_notes")))


def _given_back(
    one: Happened, notes: Sequence[Mapping[str, Any]], total: int, named: Named, said: Mapping[str, Any]
) -> Event:
    """That money was given back. A part is a question, which stands with what the invoice names: else it is nobody's."""
    refund = _amount((one.content.transaction or {}).get("amount")) if one.event_type == _REFUNDED else 0
    back = max(refund, _sum(notes))
    if notes and back == _sum(notes):
        listed = sorted(f"{note.get('cn_id')}={note.get('cn_total')}" for note in notes)
        digest = sha256(",".join(listed).encode("utf-8", "replace")).hexdigest()[:_DIGITS]
        said = {**said, "event": f"credited:{digest}"}
    if back >= total > 0:
        return told(MONEY_GONE, rank=Rank.GIVEN_BACK, **said)
    shown = named if named.references or named.link else None
    return told(MONEY_GONE, rank=Rank.GIVEN_BACK, unresolved=IN_PART, named=shown, **said)


def _named(content: Content, invoice: Mapping[str, Any]) -> Named:
    """All places that may name entries: custom fields and texts of the invoice and its lines, metadata that it inherits."""
    own = {key.removeprefix(_CUSTOM): value for key, value in invoice.items() if key.startswith(_CUSTOM)}
    inherited: dict[str, Any] = {}
    for giver in (content.customer, content.subscription):
        metadata = (giver or {}).get("meta_data")
        inherited |= metadata if isinstance(metadata, dict) else {}
    texts = [invoice.get("po_number")]
    for key, field in (
        ("notes", "note"),
        ("line_items", "description"),
        ("line_items", "entity_description"),
    ):
        texts += [line.get(field) for line in _listed(invoice.get(key))]
    written = dict.fromkeys(text for text in texts if isinstance(text, str))
    return from_metadata(own, inherited=inherited, texts=list(written))


def _listed(value: object) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise UndecodableError("content.invoice: a list of another shape")
    return value


def complaints(secrets: Sequence[str], _: Options) -> list[str]:
    """A user and a password."""
    wrong = any(":" not in secret for secret in secrets)
    return ["should be the webhook's user and password, like user:password"] if wrong else []


ABOUT = About(
    title="Chargebee",
    page="https://www.chargebee.com/docs/2.0/events_and_webhooks.html",
    needs="the webhook's user:password (Basic authentication)",
    proves="secret",
    references="key=value in a note, line description or purchase order number; cf_clockify_... fields",
    room=None,
    issued=("invoice_generated", "invoice_updated: posted, payment_due, not_paid"),
    paid=("payment_succeeded, invoice_updated, invoice_generated: paid",),
    reversed=(
        "invoice_updated: voided, written off",
        _DELETED,
        f"{_REFUNDED}, credit notes: of the whole invoice",
        NO_LONGER_PAID,
    ),
    by_hand=(f"{_REFUNDED}, credit notes: of a part", "written off in part"),
)
KIND = Kind(
    name="chargebee", about=ABOUT, verify=verify, parse=parse, sample=sample, sign=sign, complaints=complaints
)
