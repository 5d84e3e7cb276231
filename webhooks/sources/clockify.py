"""Clockify's own invoices: which entries an invoice bills, its items say themselves.

Pure. https://docs.clockify.me, "Webhooks". Neither way of sending signs the body: a webhook of a user shows a token in a
header (`Clockify-Signature` or `Clockify-Signature-Token`; another name can be set), an add-on a token (JWT, RS256) that
names the add-on and the workspace. One key signs for all add-ons, and those of users, too: so the secret is the add-on's key
(its name in its manifest) and the public key in PEM, and a token of a user, or of another workspace than the invoice's, is
refused. The form of the secret decides which of the two is meant.

- `NEW_INVOICE` and `INVOICE_UPDATED` show the invoice as it is. `PAID` says that it is paid; `SENT` and `OVERDUE` that it is
  issued, and not paid; `VOID` and `UNSENT` that it is not even that. With `PARTIALLY_PAID`, marks stay as they are.
- There is no id of the event, and no time: the time of arrival stands for both, and so two changes that arrive in the wrong
  order are taken in that order. One that arrives twice says what is known.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Struct

from webhooks import signatures
from webhooks.delivery import Delivery, NotAuthenticError, Trust, UndecodableError
from webhooks.references import Named, from_fields
from webhooks.sources.facts import NO_LONGER_PAID, State, stated
from webhooks.sources.kind import About, Kind, Options, Parsed, Proof, Sample, Told
from webhooks.sources.payload import decode, identifier, type_shown
from webhooks.sources.tokens import claims, complaint, named_key

HEADERS = ("Clockify-Signature", "Clockify-Signature-Token")
TYPE = "clockify-webhook-event-type"
STATES: Mapping[str, State] = MappingProxyType({
    "PAID": "paid", "SENT": "open", "OVERDUE": "open", "PARTIALLY_PAID": "part", "UNSENT": "draft", "VOID": "gone",
})  # fmt: skip
_EVENTS = ("NEW_INVOICE", "INVOICE_UPDATED")
_DIGITS = 40
_STATUSES: Mapping[Told, str] = MappingProxyType({"issued": "SENT", "paid": "PAID", "reversed": "VOID"})


class Item(Struct):
    """A line of an invoice."""

    timeEntryIds: list[str] | None = None  # noqa: N815 - the vendor's name


class Invoice(Struct):
    """What is read of an invoice."""

    id: str
    workspaceId: str | None = None  # noqa: N815 - the vendor's name
    number: str | None = None
    status: str | None = None
    items: list[Item] | None = None


_INVOICE = msgspec.json.Decoder(Invoice)


def verify(delivery: Delivery, trust: Trust, options: Options) -> None:
    """Believe who shows a secret, or an add-on's token that a public key proves."""
    names = [options.header] if options.header else [name for name in HEADERS if name in delivery.headers]
    if not names:
        raise NotAuthenticError(f"{HEADERS[0]} is missing")
    given = signatures.single(delivery.headers, names[0])
    addons = [found for secret in trust.secrets if (found := named_key(secret))[1]]
    if addons and given.count(".") == 2:  # noqa: PLR2004 - the three parts of a token
        claimed = claims(given, [key for _, key in addons])
        return _check_claims(claimed, [name for name, _ in addons], delivery.body, trust)
    static = tuple(secret for secret in trust.secrets if not named_key(secret)[1])
    return signatures.check_token(given, Trust(secrets=static, now=trust.now, tolerance=trust.tolerance))


def _check_claims(claimed: Mapping[str, Any], names: Sequence[str], body: bytes, trust: Trust) -> None:
    """Refuse what was not made for this add-on, in the workspace whose invoice the body shows."""
    if (claimed.get("iss"), claimed.get("type")) != ("clockify", "addon") or "user" in claimed:
        raise NotAuthenticError("a token of somebody else")
    if not claimed.get("sub") or claimed["sub"] not in names:
        raise NotAuthenticError("a token of another add-on")
    ends = claimed.get("exp", trust.now)
    if not isinstance(ends, int | float) or ends < trust.now - trust.tolerance:
        raise NotAuthenticError("a token that has ended")
    workspace = _workspace(body)
    if not workspace or claimed.get("workspaceId") != workspace:
        raise NotAuthenticError("a token of another workspace than the invoice's")


def _workspace(body: bytes) -> str | None:
    try:
        return decode(_INVOICE, body, "body").workspaceId
    except UndecodableError:
        return None


def parse(delivery: Delivery, _: Options) -> Parsed:
    """The facts of a delivery, or why there are none."""
    kind = delivery.headers.get(TYPE, _EVENTS[0])
    if kind not in _EVENTS:
        return Parsed((), type_shown(kind))
    invoice = decode(_INVOICE, delivery.body, "body")
    state = STATES.get(invoice.status or "")
    if state is None:
        return Parsed((), "an invoice of another status")
    at = int(delivery.arrived * 1000)
    event = f"{sha256(delivery.body).hexdigest()[:_DIGITS]}:{at}"
    named, name = _named(invoice), identifier(invoice.id, "id")
    return Parsed(stated(state, event=event, invoice=name, at=at, named=named, number=invoice.number))


def _named(invoice: Invoice) -> Named:
    entries = [entry for item in invoice.items or () for entry in item.timeEntryIds or ()]
    return from_fields(invoice.workspaceId, entries, names=("workspaceId", "items[].timeEntryIds", ""))


def sample(facts: Sample, _: Options) -> bytes:
    """An invoice as it is: sent, paid or void."""
    return msgspec.json.encode({
        "id": facts.invoice,
        "workspaceId": facts.workspace or None,
        "number": "MADE-UP-0001",
        "status": _STATUSES[facts.told],
        "currency": "EUR",
        "amount": 125_000,
        "items": [{"description": "Work by the hour", "timeEntryIds": facts.entries}],
    })  # fmt: skip


def sign(_body: bytes, secret: str, _event: str, _now: float, options: Options) -> Proof:
    """The token that is shown. Raises ValueError for a public key, which cannot sign."""
    if named_key(secret)[1]:
        raise ValueError("a public key cannot sign: set a webhook's token to play it")
    header = options.header or HEADERS[0]
    return Proof({"Content-Type": "application/json", header: secret, TYPE: "INVOICE_UPDATED"})


def complaints(secrets: Sequence[str], _: Options) -> list[str]:
    """A public key must be one, and stand behind the key of an add-on."""
    nameless = [secret for secret in secrets if named_key(secret)[1] and not named_key(secret)[0]]
    said = ["should begin with the add-on's key and a space: one public key is that of all add-ons"]
    return sorted({complaint(secret) for secret in secrets} - {""}) + said * bool(nameless)


ABOUT = About(
    title="Clockify's own invoices",
    page="https://docs.clockify.me/#tag/Webhooks",
    needs="the webhook's token; or the add-on's key, a space, and the public key (PEM) of add-ons",
    proves="secret",
    references="the invoice's items, by themselves",
    room=None,
    linkable=False,
    issued=("SENT", "OVERDUE", "PARTIALLY_PAID"),
    paid=("PAID",),
    reversed=("VOID", "UNSENT", NO_LONGER_PAID),
)
KIND = Kind(
    name="clockify",
    about=ABOUT,
    verify=verify,
    parse=parse,
    sample=sample,
    sign=sign,
    complaints=complaints,
    reads=frozenset({"header"}),
)
