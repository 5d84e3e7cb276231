"""Events that show an invoice: paid, ended, or tied to its payment. Pure."""

from webhooks.events import InvoiceIssued, InvoicePaid, PaymentTied
from webhooks.references import Named, from_metadata
from webhooks.sources.facts import CREDITED_BEFORE, GONE, MONEY_GONE, Rank
from webhooks.sources.kind import Parsed
from webhooks.sources.payload import decode, identifier, milliseconds
from webhooks.sources.stripe import payloads
from webhooks.sources.stripe.facts import account, told


def paid(event: payloads.Event, rank: Rank) -> Parsed:
    """An invoice that is paid in full. An invoice that a credit note has settled, not money, is for a person."""
    invoice = decode(payloads.INVOICE, event.data, "data").object
    if invoice.status not in (None, "paid"):
        return Parsed((), "the invoice is not paid in full")
    named = _named(invoice)
    credited = bool(named.references) and 0 < invoice.total <= invoice.pre_payment_credit_notes_amount
    return told(
        InvoicePaid,
        event,
        rank,
        invoice.id,
        payment=invoice.payment_intent or invoice.charge or "",
        named=named,
        unresolved=named.unresolved or (CREDITED_BEFORE if credited else ""),
        number=invoice.number,
    )


def issued(event: payloads.Event, rank: Rank) -> Parsed:
    """An invoice that was made final, or sent."""
    invoice = decode(payloads.INVOICE, event.data, "data").object
    return told(InvoiceIssued, event, rank, invoice.id, named=_named(invoice), number=invoice.number)


def ended(event: payloads.Event, rank: Rank) -> Parsed:
    """An invoice that is void, deleted or written off: that one still is an invoice, which has not been paid.

    References do not decide a reversal, what the ledger remembers does: broken ones only mean that this event cannot tell.
    """
    invoice = decode(payloads.INVOICE, event.data, "data").object
    fact = MONEY_GONE if rank is Rank.WRITTEN_OFF else GONE
    return told(fact, event, rank, invoice.id, named=_named(invoice), number=invoice.number)


def tied(event: payloads.Event, _: Rank) -> Parsed:
    """A payment and its invoice. Only the invoice's own is tied: refunding one added beside it gives back a part."""
    payment = decode(payloads.INVOICE_PAYMENT, event.data, "data").object
    name = payment.payment.payment_intent or payment.payment.charge or payment.payment.payment_record
    if payment.status != "paid" or not payment.is_default or not name:
        return Parsed((), "not the invoice's own payment")
    return Parsed((
        PaymentTied(
            id=identifier(event.id, "id"),
            account=account(event),
            invoice=identifier(payment.invoice, "the invoice's id"),
            payment=identifier(name, "the payment's id"),
            at=milliseconds(event.created, "created"),
        ),
    ))  # fmt: skip


def _named(invoice: payloads.Invoice) -> Named:
    lines = invoice.lines or payloads.Lines()
    parent = invoice.parent.subscription_details if invoice.parent else None
    subscription = parent or invoice.subscription_details or payloads.Subscription()
    return from_metadata(
        invoice.metadata or {},
        inherited=subscription.metadata or {},
        lines=[line.metadata or {} for line in lines.data],
        more_lines=lines.has_more,
    )
