"""Any other billing system, described in the settings alone.

Pure. The settings say how it signs, where its payloads keep what is asked for, and which types of events mean that an
invoice is issued, paid, refunded or reversed. What nobody has described is never guessed:

- The value at the path `type` may be a text, a whole number or a boolean: `paid = ["true"]` fits `"settled": true`. A type
  that is in none of the lists is ignored. Only what says that an invoice is paid in full belongs under `paid`, and only
  refunds in full under `refunded`: a delivery is not asked for amounts.
- With a path `events`, one delivery holds a list of events, and the other paths start from each of them.
- Without a path `id`, an event is known by its type, its invoice and its time. Without a path `timestamp`, the time is
  that of arrival, which a repetition does not share: then the event is known by its type, its invoice and what the
  delivery says. Such a system's deliveries count in the order in which they come.
- A reversal is of the invoice itself, as a cancellation is; a refund takes back only the money. References decide neither,
  what the ledger remembers does.
"""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import msgspec

from webhooks.delivery import Delivery, UndecodableError
from webhooks.events import Event, InvoiceIssued, InvoicePaid
from webhooks.references import from_fields
from webhooks.sources import paths
from webhooks.sources.custom.complaints import complaints
from webhooks.sources.custom.proofs import sign, verify
from webhooks.sources.custom.samples import sample
from webhooks.sources.facts import GONE, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Meaning, Options, Parsed
from webhooks.sources.payload import LATEST, decode, each, identifier, milliseconds, type_shown

FACTS: Mapping[Meaning, tuple[Fact, Rank]] = MappingProxyType({
    "issued": (InvoiceIssued, Rank.ISSUED),
    "paid": (InvoicePaid, Rank.PAID),
    "refunded": (MONEY_GONE, Rank.GIVEN_BACK),
    "reversed": (GONE, Rank.ENDED),
})  # fmt: skip

_ANYTHING: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_MOST_SHOWN = 3
ASKED = ("workspace", "entries", "link", "account", "number")


def parse(delivery: Delivery, options: Options) -> Parsed:
    """The events of a delivery, or why there are none of ours."""
    document = decode(_ANYTHING, delivery.body, "body")
    places = paths.places(options.paths)
    meanings = dict(options.types)

    def read(numbered: tuple[int, object]) -> Event | str:
        position, item = numbered
        kind = _text(paths.find(item, "type", places))
        if kind not in meanings:
            return type_shown(kind)
        return _event(meanings[kind], kind, item, places, delivery, position)

    found, undecodable = each(enumerate(_items(document, places), 1), read)
    events = tuple(one for one in found if not isinstance(one, str))
    ignored = list(dict.fromkeys(one for one in found if isinstance(one, str)))
    return Parsed(events, "" if events else ", ".join(ignored[:_MOST_SHOWN]) or "no events", undecodable)


def _items(document: object, places: paths.Places) -> list[object]:
    if "events" not in places.finders:
        return [document]
    items = paths.find(document, "events", places)
    if not isinstance(items, list):
        raise UndecodableError("events: missing, or not a list")
    return items


def _text(value: object) -> str:
    """A type as the settings write it."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and abs(value) <= LATEST:
        return msgspec.json.encode(value).decode()
    raise UndecodableError("type: missing, or neither a text, a whole number nor a boolean")


def _event(
    meaning: Meaning, kind: str, item: object, places: paths.Places, delivery: Delivery, position: int
) -> Event:
    """One fact about an invoice. A reversal that names no entries cannot tell whether there are none."""
    fact, rank = FACTS[meaning]
    workspace, entries, link, account, number = paths.find_each(item, ASKED, places)
    dated = "timestamp" in places.finders
    at = (
        milliseconds(paths.find(item, "timestamp", places), "timestamp")
        if dated
        else int(delivery.arrived * 1000)
    )
    invoice = identifier(paths.find(item, "invoice", places), "invoice")
    if "id" in places.finders:
        event = identifier(paths.find(item, "id", places), "id")
    else:
        event = f"{kind}:{invoice}:{at if dated else _said(delivery.body, position)}"
    shown = meaning in ("issued", "paid") or entries is not None
    return told(
        fact,
        event=event,
        invoice=invoice,
        at=at,
        rank=rank,
        named=from_fields(workspace, entries, link, names=places.names) if shown else None,
        account=identifier(account, "account") if account not in (None, "") else "",
        number=number,
    )


def _said(body: bytes, position: int) -> str:
    """What a delivery says at a position, as short as an id may be: the same when it is sent again as it was."""
    return f"{sha256(body).hexdigest()[:32]}:{position}"


ABOUT = About(
    title="Any other system, described in the settings",
    page="https://jmespath.org/specification.html",
    needs="signature.*, paths.* and the types of events that mean paid, issued and reversed",
    proves="as set",
    references="wherever paths.entries and paths.workspace, or paths.link, point",
    room=None,
    paid=(),
    reversed=(),
)
KIND = Kind(
    name="custom",
    about=ABOUT,
    verify=verify,
    parse=parse,
    sample=sample,
    sign=sign,
    complaints=complaints,
    secret_in_path=True,
    reads=frozenset({"header", "url", "paths", "signature", "issued", "paid", "refunded", "reversed"}),
)
