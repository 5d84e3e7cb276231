"""Stripe: invoices paid, and what takes the payment back.

Pure. Signature: https://docs.stripe.com/webhooks#verify-manually. Types of event: https://docs.stripe.com/api/events/types.

- `invoice.paid` and `invoice.payment_succeeded` say the same thing and rank the same: whichever is second moves nothing.
- `invoice_payment.paid` is the only event that ties a payment to its invoice; a refund names the payment alone.
- `charge.refunded` decides refunds. `refund.created` and `refund.updated` count only where there is no charge. A refund
  is believed when it is made; if it fails later, that is for a person (`unresolved`).
- For a person, too: a refund of a part, a lost dispute, a credit note after payment that is not a refund.
- A dispute that is open or won changes nothing.
"""

from collections.abc import Callable
from types import MappingProxyType

from webhooks import signatures
from webhooks.delivery import Delivery, Trust
from webhooks.sources.facts import Rank
from webhooks.sources.kind import About, Kind, Options, Parsed
from webhooks.sources.payload import decode, type_shown
from webhooks.sources.stripe import invoices, payloads, refunds
from webhooks.sources.stripe.samples import HEADER, sample, sign

TELLERS: MappingProxyType[str, tuple[Callable[[payloads.Event, Rank], Parsed], Rank]] = MappingProxyType({
    "invoice.finalized": (invoices.issued, Rank.ISSUED),
    "invoice.sent": (invoices.issued, Rank.ISSUED),
    "invoice.paid": (invoices.paid, Rank.PAID),
    "invoice.payment_succeeded": (invoices.paid, Rank.PAID),
    "invoice.marked_uncollectible": (invoices.ended, Rank.WRITTEN_OFF),
    "invoice.voided": (invoices.ended, Rank.ENDED),
    "invoice.deleted": (invoices.ended, Rank.ENDED),
    "invoice_payment.paid": (invoices.tied, Rank.PAID),
    "charge.refunded": (refunds.refunded, Rank.GIVEN_BACK),
    "refund.created": (refunds.refund_made, Rank.GIVEN_BACK),
    "refund.updated": (refunds.refund_made, Rank.GIVEN_BACK),
    "refund.failed": (refunds.refund_failed, Rank.GIVEN_BACK),
    "credit_note.created": (refunds.credited, Rank.GIVEN_BACK),
    "charge.dispute.closed": (refunds.disputed, Rank.GIVEN_BACK),
})  # fmt: skip


def verify(delivery: Delivery, trust: Trust, _: Options) -> None:
    """Prove the delivery by any of its `v1` signatures; while a secret is rolled, Stripe sends one for each.

    The key is the whole secret, `whsec_` and all. A repeated header has two times, so it is refused.
    """
    pairs = signatures.fields(signatures.single(delivery.headers, HEADER), ",", "=")
    signatures.check_stamped(pairs, delivery.body, trust, stamp="t", scheme="v1", joint=b".")


def parse(delivery: Delivery, options: Options) -> Parsed:
    """The one fact of a delivery, or why it is none of ours."""
    event = decode(payloads.EVENT, delivery.body, "body")
    if event.object != "event":
        return Parsed((), "not a snapshot: a thin event does not hold the invoice")
    if event.type not in TELLERS:
        return Parsed((), type_shown(event.type))
    if event.livemode != options.livemode:
        return Parsed((), "live mode" if event.livemode else "test mode")
    tell, rank = TELLERS[event.type]
    return tell(event, rank)


ABOUT = About(
    title="Stripe",
    page="https://docs.stripe.com/webhooks",
    needs="the endpoint's signing secret, whsec_...",
    proves="body and time",
    references="metadata of the invoice, of its lines or of its subscription",
    room=1000,
    issued=("invoice.finalized", "invoice.sent"),
    paid=("invoice.paid", "invoice.payment_succeeded", "invoice_payment.paid"),
    reversed=("invoice.voided", "invoice.deleted", "invoice.marked_uncollectible", "charge.refunded"),
    by_hand=(
        "refund.created",
        "refund.updated",
        "refund.failed",
        "credit_note.created",
        "charge.dispute.closed",
    ),
)
KIND = Kind(
    name="stripe",
    about=ABOUT,
    verify=verify,
    parse=parse,
    sample=sample,
    sign=sign,
    reads=frozenset({"livemode"}),
)
