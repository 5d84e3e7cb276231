"""Events that take a payment back, in full or in part. Pure.

None of them shows the invoice's references, and most name only the payment. `charge.refunded` alone tells whether a refund
was in full, and comes for every refund of a charge, as soon as it is made.
"""

from webhooks.sources.facts import IN_PART, MONEY_GONE, Rank
from webhooks.sources.kind import Parsed
from webhooks.sources.payload import decode
from webhooks.sources.stripe import payloads
from webhooks.sources.stripe.facts import told

FAILED = "a refund has failed, so the invoice is paid after all: decide by hand"
NO_CHARGE = "a refund without a charge does not tell whether it is in full: decide by hand"
CREDITED = "a credit note after payment does not tell whether it is in full: decide by hand"
LOST = "a dispute was lost: decide by hand"
ELSEWHERE = "charge.refunded tells of it"


def refunded(event: payloads.Event, rank: Rank) -> Parsed:
    """A charge that was refunded; in full, if `refunded` says so."""
    charge = decode(payloads.CHARGE, event.data, "data").object
    if charge.invoice is None:
        return Parsed((), "a charge without an invoice")
    payment = charge.payment_intent or charge.id
    reason = "" if charge.refunded else IN_PART
    return told(MONEY_GONE, event, rank, charge.invoice or "", payment=payment, unresolved=reason)


def refund_made(event: payloads.Event, rank: Rank) -> Parsed:
    """A refund that has succeeded, where there is no charge to tell of it; or one that was cancelled."""
    refund = decode(payloads.REFUND, event.data, "data").object
    payment = refund.payment_intent or refund.charge
    if not payment:
        return Parsed((), "a refund of no payment")
    if refund.status == "canceled":
        return told(MONEY_GONE, event, rank, "", payment=payment, unresolved=FAILED)
    if refund.charge:
        return Parsed((), ELSEWHERE)
    if refund.status != "succeeded":
        return Parsed((), "the refund has not succeeded")
    return told(MONEY_GONE, event, rank, "", payment=payment, unresolved=NO_CHARGE)


def refund_failed(event: payloads.Event, rank: Rank) -> Parsed:
    """A refund that the bank sent back (https://docs.stripe.com/refunds#failed-refunds): the money stays."""
    refund = decode(payloads.REFUND, event.data, "data").object
    payment = refund.payment_intent or refund.charge
    if not payment:
        return Parsed((), "a refund of no payment")
    return told(MONEY_GONE, event, rank, "", payment=payment, unresolved=FAILED)


def credited(event: payloads.Event, rank: Rank) -> Parsed:
    """A credit note that gives back what was paid; before payment, a note only lowers what is due.

    It names its invoice, but not how much of it was paid. See https://docs.stripe.com/invoicing/integration/credit-notes.
    """
    note = decode(payloads.CREDIT_NOTE, event.data, "data").object
    if note.post_payment_amount <= 0:
        return Parsed((), "a credit note before payment")
    if sum(refund.amount_refunded for refund in note.refunds) >= note.post_payment_amount:
        return Parsed((), ELSEWHERE)
    return told(MONEY_GONE, event, rank, note.invoice, unresolved=CREDITED)


def disputed(event: payloads.Event, rank: Rank) -> Parsed:
    """A dispute that was lost: the money is gone, but whether the hours are billed again is nobody else's to know."""
    dispute = decode(payloads.DISPUTE, event.data, "data").object
    payment = dispute.payment_intent or dispute.charge
    if dispute.status != "lost" or not payment:
        return Parsed((), "a dispute that was not lost")
    return told(MONEY_GONE, event, rank, "", payment=payment, unresolved=LOST)
