"""Standard Webhooks, for a billing system of one's own and for everything that sends through Svix.

Pure. The scheme: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
The payload is `{type, timestamp, data}`; `timestamp` is when it happened, and is what orders events: the header's time is
that of the attempt, and changes with each retry. The id of the event is the header's, which does not change.

Paid is `invoice.paid`, in full. Paid no longer is any of `invoice.voided`, `invoice.reversed`, `invoice.refunded` (in
full), `invoice.uncollectible` and `invoice.deleted`; a refund of a part is the sender's to decide, and not to send.
`invoice.issued` says that it was sent. Of `data`, `invoice_id` must be there; `time_entry_ids` and `workspace_id` should
(an invoice without hours says `[]`, or neither), or `clockify_link` instead; `account_id` and `invoice_number` may. Other
shapes are described by paths in the settings, which take the place of DEFAULTS.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from multidict import CIMultiDictProxy

from webhooks import signatures
from webhooks.delivery import Delivery, NotAuthenticError, Trust, UndecodableError
from webhooks.events import Event, InvoiceIssued, InvoicePaid
from webhooks.references import from_fields
from webhooks.sources import paths
from webhooks.sources.facts import GONE, MONEY_GONE, Fact, Rank, told
from webhooks.sources.kind import About, Kind, Options, Parsed
from webhooks.sources.payload import decode, identifier, milliseconds, type_shown
from webhooks.sources.standard.keys import complaint, hmac_keys, public_keys
from webhooks.sources.standard.samples import sample, sign

FACTS: MappingProxyType[str, tuple[Fact, Rank]] = MappingProxyType({
    "invoice.issued": (InvoiceIssued, Rank.ISSUED),
    "invoice.uncollectible": (MONEY_GONE, Rank.GIVEN_BACK),
    "invoice.paid": (InvoicePaid, Rank.PAID),
    "invoice.refunded": (MONEY_GONE, Rank.GIVEN_BACK),
    "invoice.voided": (GONE, Rank.ENDED),
    "invoice.reversed": (GONE, Rank.ENDED),
    "invoice.deleted": (GONE, Rank.ENDED),
})  # fmt: skip
"""A sender who writes off what is paid knows what he does: for ties, that is like a refund."""

DEFAULTS = (
    ("type", "type"),
    ("timestamp", "timestamp"),
    ("invoice", "data.invoice_id"),
    ("workspace", "data.workspace_id"),
    ("entries", "data.time_entry_ids"),
    ("account", "data.account_id"),
    ("link", "data.clockify_link"),
    ("number", "data.invoice_number"),
)
"""Where a payload keeps what is asked for."""
ASKED = ("invoice", "timestamp", "workspace", "entries", "link", "account", "number")

_FAMILIES = (
    ("webhook-id", "webhook-timestamp", "webhook-signature"),
    ("svix-id", "svix-timestamp", "svix-signature"),
)
_ANYTHING: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by any of its signatures under any secret, HMAC (`v1`) or ed25519 (`v1a`)."""
    name, stamp, signature = [signatures.single(delivery.headers, one) for one in _family(delivery.headers)]
    signatures.check_time(stamp, trust)
    given = signatures.pairs(signatures.bounded(signature.split()), ",")
    message = b".".join((signatures.wire(name), signatures.wire(stamp), delivery.body))
    symmetric, public = hmac_keys(trust.secrets), public_keys(trust.secrets)
    proven = signatures.matches(
        [signatures.hmac_base64(key, message) for key in symmetric],
        [value for scheme, value in given if scheme == "v1"],
    ) or signatures.ed25519_matches(public, message, [value for scheme, value in given if scheme == "v1a"])
    signatures.check_proven(proven, keys=[*symmetric, *public])


def parse(delivery: Delivery, options: Options) -> Parsed:
    """The one event of a delivery, or why it is none of ours."""
    document = decode(_ANYTHING, delivery.body, "body")
    places = paths.places(options.paths, DEFAULTS)
    kind = paths.find(document, "type", places)
    if not isinstance(kind, str):
        raise UndecodableError("type: missing, or not a text")
    if kind not in FACTS:
        return Parsed((), type_shown(kind))
    return Parsed((_fact(*FACTS[kind], delivery, document, places),))


def _fact(fact: Fact, rank: Rank, delivery: Delivery, document: object, places: paths.Places) -> Event:
    """A reversal that names no entries cannot tell whether there are none."""
    invoice, at, workspace, entries, link, account, number = paths.find_each(document, ASKED, places)
    shown = entries is not None or rank <= Rank.PAID
    return told(
        fact,
        event=_id(delivery.headers),
        invoice=invoice,
        at=milliseconds(at, "timestamp"),
        rank=rank,
        named=from_fields(workspace, entries, link, names=places.names) if shown else None,
        account="" if account is None or account == "" else identifier(account, "account"),
        number=number,
    )


def _id(headers: CIMultiDictProxy[str]) -> str:
    """The id of the event, from the same set of headers as `verify` believed."""
    try:
        return identifier(signatures.single(headers, _family(headers)[0]), "webhook-id")
    except NotAuthenticError as error:
        raise UndecodableError(str(error)) from error


def _family(headers: CIMultiDictProxy[str]) -> tuple[str, str, str]:
    """The names of id, time and signature: `webhook-` if any of these is there, else `svix-`. Never a mixture."""
    for family in _FAMILIES:
        name, stamp, signature = family
        if name in headers or stamp in headers or signature in headers:
            return family
    raise NotAuthenticError("webhook-id, webhook-timestamp and webhook-signature are missing")


def complaints(secrets: Sequence[str], options: Options) -> list[str]:
    """The secrets say themselves what they are: those that cannot be used are named. So are paths that nothing asks for."""
    unasked = {name for name, _ in options.paths} - {name for name, _ in DEFAULTS}
    said = [f"paths.{name}: a kind `custom` has this path, `standard` has not" for name in sorted(unasked)]
    return sorted({complaint(secret) for secret in secrets} - {""}) + said


ABOUT = About(
    title="Standard Webhooks, Svix, a billing system of one's own",
    page="https://www.standardwebhooks.com",
    needs="whsec_ and base64, or whpk_ and base64 for a public key",
    proves="body and time",
    references="data.workspace_id and data.time_entry_ids, or data.clockify_link",
    room=None,
    issued=tuple(name for name, (_, rank) in FACTS.items() if rank == Rank.ISSUED),
    paid=tuple(name for name, (_, rank) in FACTS.items() if rank == Rank.PAID),
    reversed=tuple(name for name, (_, rank) in FACTS.items() if rank > Rank.PAID),
)
KIND = Kind(
    name="standard",
    about=ABOUT,
    verify=verify,
    parse=parse,
    sample=sample,
    sign=sign,
    complaints=complaints,
    reads=frozenset({"paths"}),
)
