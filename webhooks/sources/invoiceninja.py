"""Invoice Ninja (v5): payments and invoices, as they are after a change.

Pure. https://invoiceninja.github.io/en/webhooks/. Deliveries are not signed: the secret is what a header of your own holds
(`Authorization`, or the one that is set), or it follows the source's name in the address. What is answered 404, 405 or 410
is deleted there, and what is answered 400 or 5xx is not sent again: so look at what was missed after an outage of your own.
Fields and rules as in https://github.com/invoiceninja/invoiceninja, `app/Transformers` and `app/Jobs/Util/WebhookSingle.php`.

- The kind of event is not in the body. A payment shows its `invoices`, an invoice itself (`entity_type` says that it is one:
  quotes, credits and orders have the same fields, and another meaning of `4`): what their status is, counts.
  `4` is paid, `2` is issued, and not paid; `1` is a draft, `5` cancelled, `6` reversed. With `3` a part is paid, or was given
  back: marks stay as they are.
- A refund changes no more than that status, and only the payment is sent. In full it is `2`; with `3`, of a payment that
  was refunded, a part was given back, and that is for a person.
- A payment that is deleted shows its invoices no longer. One that was of a single invoice finds it, and takes it back; of
  any other nobody knows what it paid, and a person has to look.
- Custom values, the purchase order number and the notes of an invoice and of its lines may name entries.
- There is no id of the event: the invoice, its status, the time of its change (in seconds) and the payment that shows it
  stand for it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct

from webhooks import signatures
from webhooks.delivery import Delivery, Trust, UndecodableError
from webhooks.events import Event
from webhooks.references import Named, from_metadata
from webhooks.sources import shown
from webhooks.sources.facts import IN_PART, MONEY_GONE, NO_LONGER_PAID, Rank, State, stated, told
from webhooks.sources.kind import About, Kind, Options, Parsed, Proof, Sample, Told
from webhooks.sources.payload import decode, identifier, milliseconds

HEADER = "Authorization"
STATES: Mapping[str, State] = MappingProxyType({
    "1": "draft", "2": "open", "3": "part", "4": "paid", "5": "gone", "6": "gone",
})  # fmt: skip
_STATUSES: Mapping[Told, str] = MappingProxyType({"issued": "2", "paid": "4", "reversed": "5"})


class Line(Struct):
    """A line of an invoice."""

    notes: str | None = None
    custom_value1: str | None = None
    custom_value2: str | None = None
    custom_value3: str | None = None
    custom_value4: str | None = None


class Invoice(Line):
    """What is read of an invoice. `updated_at` is in seconds."""

    id: str | None = None
    entity_type: str | None = None
    number: str | None = None
    status_id: str | int | None = None
    updated_at: object = None
    is_deleted: bool = False
    po_number: str | None = None
    public_notes: str | None = None
    private_notes: str | None = None
    line_items: list[Line] | None = None


class Body(Invoice):
    """An invoice, or a payment with its invoices."""

    invoices: list[Invoice] | None = None
    refunded: object = None


_BODY = msgspec.json.Decoder(Body)


def verify(delivery: Delivery, trust: Trust, options: Options) -> None:
    """Believe who shows the secret, in the address or in the header; nothing proves the body."""
    given = delivery.token or signatures.single(delivery.headers, options.header or HEADER)
    signatures.check_token(given, trust)


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The facts of a delivery, or why there are none."""
    body = decode(_BODY, delivery.body, "body")
    if body.invoices is not None:
        facts = _paid_by(body, body.invoices)
        return Parsed(facts, "" if facts else "a payment of no invoice")
    if body.entity_type == "invoice":
        facts = _facts(body)
        return Parsed(facts, "" if facts else "another status")
    if body.id is None:
        raise UndecodableError("body: neither a payment nor an invoice")
    return Parsed((), "neither a payment nor an invoice")


def _paid_by(payment: Body, invoices: list[Invoice]) -> tuple[Event, ...]:
    """What a payment says of its invoices. It is tied to its invoice where there is one: a deleted one shows none."""
    if payment.is_deleted and not invoices:
        return (_deleted(payment),)
    tied = payment.id if len(invoices) == 1 else None
    refunded = isinstance(payment.refunded, int | float) and payment.refunded > 0
    return tuple(fact for invoice in invoices for fact in _facts(invoice, payment=tied, refunded=refunded))


def _deleted(payment: Body) -> Event:
    name = identifier(payment.id, "the payment's id")
    at = milliseconds(payment.updated_at, "updated_at")
    return told(
        MONEY_GONE, event=f"{name}:deleted:{at}", invoice=None, payment=name, at=at, rank=Rank.GIVEN_BACK
    )


def _facts(invoice: Invoice, *, payment: str | None = None, refunded: bool = False) -> tuple[Event, ...]:
    status = str(invoice.status_id)
    state: State | None = "gone" if invoice.is_deleted else STATES.get(status)
    if state is None:
        return ()
    name = identifier(invoice.id, "the invoice's id")
    at = milliseconds(invoice.updated_at, "updated_at")
    told_by = ":".join(filter(None, (str(at), payment)))
    named = _named(invoice)
    said: dict[str, Any] = {"invoice": name, "at": at, "number": invoice.number, "payment": payment}
    facts = stated(state, event=f"{name}:{state}:{told_by}", named=named, **said)
    if refunded and state == "part":
        shown = named if named.references or named.link else None
        event = f"{name}:refunded:{told_by}"
        facts += (
            told(MONEY_GONE, event=event, rank=Rank.GIVEN_BACK, unresolved=IN_PART, named=shown, **said),
        )
    return facts


def _named(invoice: Invoice) -> Named:
    texts = [invoice.po_number, invoice.public_notes, invoice.private_notes]
    for line in (invoice, *(invoice.line_items or ())):
        texts += [line.notes, line.custom_value1, line.custom_value2, line.custom_value3, line.custom_value4]
    return from_metadata({}, texts=list(dict.fromkeys(texts)))


def sample(facts: Sample, _: Options) -> bytes:
    """A payment and its invoice, which was sent, paid or cancelled; the invoice's private notes name the entries."""
    at = int(facts.at)
    invoice = {
        "id": facts.invoice,
        "entity_type": "invoice",
        "number": "MADE-UP-0001",
        "status_id": _STATUSES[facts.told],
        "private_notes": shown.text(facts),
        "updated_at": at,
        "is_deleted": False,
        "line_items": [{"notes": "Work by the hour"}],
    }
    return msgspec.json.encode(
        {"id": facts.event, "amount": 1250, "refunded": 0, "updated_at": at, "invoices": [invoice]}
    )


def sign(_body: bytes, secret: str, _event: str, _now: float, options: Options) -> Proof:
    """The header that holds the secret."""
    return Proof({"Content-Type": "application/json", options.header or HEADER: secret})


ABOUT = About(
    title="Invoice Ninja (v5)",
    page="https://invoiceninja.github.io/en/webhooks/",
    needs="the whole value of the Authorization header that you add there",
    proves="secret",
    references="key=value in notes, custom values or the purchase order number",
    room=None,
    issued=("invoice status 2, 3",),
    paid=("invoice status 4",),
    reversed=("invoice status 1, 5, 6, deleted", "payment deleted", NO_LONGER_PAID),
    by_hand=("payment refunded in part",),
)
KIND = Kind(
    name="invoiceninja",
    about=ABOUT,
    verify=verify,
    parse=parse,
    sample=sample,
    sign=sign,
    secret_in_path=True,
    reads=frozenset({"header"}),
)
