"""What Stripe's events become: facts about invoices, ordered by `created`, which has no finer unit than a second. Pure.

Ranks: an uncollectible invoice can still be paid, a paid one cannot become uncollectible. See
https://docs.stripe.com/invoicing/overview#invoice-statuses.
"""

from webhooks.references import Named
from webhooks.sources import facts
from webhooks.sources.facts import Fact, Rank
from webhooks.sources.kind import Parsed
from webhooks.sources.payload import identifier, milliseconds
from webhooks.sources.stripe.payloads import Event


def told(
    fact: Fact,
    event: Event,
    rank: Rank,
    invoice: str,
    *,
    payment: str = "",
    named: Named | None = None,
    unresolved: str = "",
    number: str | None = None,
) -> Parsed:
    """One fact about an invoice, or (`invoice` is empty) about a payment; `named` is what the invoice shows, if it does.

    A draft has no `number`.
    """
    one = facts.told(
        fact,
        event=event.id,
        invoice=invoice,
        at=milliseconds(event.created, "created"),
        rank=rank,
        named=named,
        account=account(event),
        payment=payment,
        unresolved=unresolved,
        number=number,
    )
    return Parsed((one,))


def account(event: Event) -> str:
    """The connected account that the event is of; empty for one's own (https://docs.stripe.com/connect/webhooks)."""
    return identifier(event.account, "account") if event.account else ""
