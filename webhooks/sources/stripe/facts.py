"""What Stripe's events become: facts about invoices, ordered. Pure."""

from enum import IntEnum

from webhooks.events import InvoicePaid, InvoiceReversed, References
from webhooks.sources.kind import Parsed
from webhooks.sources.payload import identifier, milliseconds
from webhooks.sources.stripe.payloads import Event


class Rank(IntEnum):
    """Which of two events of one second (`created` has no finer unit) is the later: the one that can follow the other.

    An uncollectible invoice can still be paid, a paid one cannot become uncollectible; only what was paid is refunded;
    nothing follows voiding and deleting. See https://docs.stripe.com/invoicing/overview#invoice-statuses.
    """

    WRITTEN_OFF = 0
    PAID = 1
    GIVEN_BACK = 2
    ENDED = 3


def told(
    fact: type[InvoicePaid | InvoiceReversed],
    event: Event,
    rank: Rank,
    invoice: str,
    *,
    payment: str = "",
    references: tuple[References, ...] | None = None,
    unresolved: str = "",
) -> Parsed:
    """One fact about an invoice, or (`invoice` is empty) about a payment."""
    at = milliseconds(event.created, "created")
    return Parsed((
        fact(
            id=identifier(event.id, "id"),
            account=account(event),
            invoice="" if payment and not invoice else identifier(invoice, "the invoice's id"),
            order=at,
            rank=rank.value,
            at=at,
            references=references,
            payment=identifier(payment, "the payment's id") if payment else "",
            unresolved=unresolved,
        ),
    ))  # fmt: skip


def account(event: Event) -> str:
    """The connected account that the event is of; empty for one's own (https://docs.stripe.com/connect/webhooks)."""
    return identifier(event.account, "account") if event.account else ""
