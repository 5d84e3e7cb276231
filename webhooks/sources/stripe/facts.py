"""What Stripe's events become: facts about invoices, ordered. Pure."""

from enum import IntEnum
from functools import partial

from webhooks.events import InvoiceIssued, InvoicePaid, InvoiceReversed
from webhooks.references import Named
from webhooks.sources.kind import Parsed
from webhooks.sources.payload import identifier, milliseconds
from webhooks.sources.stripe.payloads import Event


class Rank(IntEnum):
    """Which of two events of one second (`created` has no finer unit) is the later: the one that can follow the other.

    It is issued first. An uncollectible invoice can still be paid, a paid one cannot become uncollectible; only what was paid is refunded;
    nothing follows voiding and deleting. See https://docs.stripe.com/invoicing/overview#invoice-statuses.
    """

    ISSUED = 0
    WRITTEN_OFF = 1
    PAID = 2
    GIVEN_BACK = 3
    ENDED = 4


Fact = type[InvoiceIssued] | type[InvoicePaid] | partial[InvoiceReversed]
GONE, MONEY_GONE = partial(InvoiceReversed), partial(InvoiceReversed, stands=True)


def told(
    fact: Fact,
    event: Event,
    rank: Rank,
    invoice: str,
    *,
    payment: str = "",
    named: Named | None = None,
    unresolved: str = "",
) -> Parsed:
    """One fact about an invoice, or (`invoice` is empty) about a payment; `named` is what the invoice shows, if it does."""
    at = milliseconds(event.created, "created")
    return Parsed((
        fact(
            id=identifier(event.id, "id"),
            account=account(event),
            invoice="" if payment and not invoice else identifier(invoice, "the invoice's id"),
            order=at,
            rank=rank.value,
            at=at,
            references=named.references if named else None,
            payment=identifier(payment, "the payment's id") if payment else "",
            unresolved=unresolved or (named.unresolved if named else ""),
            link=named.link if named else "",
        ),
    ))  # fmt: skip


def account(event: Event) -> str:
    """The connected account that the event is of; empty for one's own (https://docs.stripe.com/connect/webhooks)."""
    return identifier(event.account, "account") if event.account else ""
