"""From what a payload says to a fact about an invoice: ids checked, references taken over, ranks for ties. Pure."""

from enum import IntEnum
from functools import partial
from typing import Any, Literal

from webhooks.events import Event, InvoiceIssued, InvoicePaid, InvoiceReversed
from webhooks.references import Named
from webhooks.sources.payload import identifier

Fact = type[InvoiceIssued] | type[InvoicePaid] | partial[InvoiceReversed]
GONE, MONEY_GONE = partial(InvoiceReversed), partial(InvoiceReversed, stands=True)
"""The invoice itself is gone: void, deleted; or only its money is: given back, written off."""

IN_PART = "refund of part of the invoice: decide by hand"
CREDITED_BEFORE = "credited in full before it was paid: decide by hand"
NO_LONGER_PAID = "unpaid again"
"""What takes back where deliveries tell of states: see `stated`."""

State = Literal["draft", "open", "part", "paid", "gone"]
"""What an invoice is at an instant, where a vendor tells of states instead of changes."""
_NOTHING_SHOWN = Named(())


class Rank(IntEnum):
    """Which of two events of one instant is the later: the one that can follow the other.

    An invoice is issued first; one that is written off can still be paid; only what was paid is given back; nothing
    follows its end.
    """

    ISSUED = 0
    WRITTEN_OFF = 1
    PAID = 2
    GIVEN_BACK = 3
    ENDED = 4


def told(
    fact: Fact,
    *,
    event: object,
    invoice: object,
    at: int,
    rank: int,
    order: int | None = None,
    named: Named | None = None,
    account: str = "",
    payment: object = None,
    number: object = None,
    unresolved: str = "",
) -> InvoiceIssued | InvoicePaid | InvoiceReversed:
    """One fact about an invoice, or (without an `invoice`) about a payment. Raises UndecodableError.

    `named` is what the delivery shows of references, if it does. Broken ones are for a person, but for a reversal: there
    they do not decide anything, what the ledger remembers does. `order` is the time (ms), if left out.
    """
    reversal = isinstance(fact, partial)
    shown = None if named is None or (reversal and named.unresolved) else named
    return fact(
        id=identifier(event, "the event's id"),
        account=account,
        invoice="" if payment and not invoice else identifier(invoice, "the invoice's id"),
        payment=identifier(payment, "the payment's id") if payment else "",
        order=at if order is None else order,
        rank=int(rank),
        at=at,
        references=shown.references if shown else None,
        unresolved=unresolved or (shown.unresolved if shown else ""),
        link=shown.link if shown and not reversal else "",
        number=identifier(number, "the invoice's number") if number else "",
    )


def stated(state: State, *, event: str, named: Named, **said: Any) -> tuple[Event, ...]:
    """The facts that a state stands for, whatever it was before; arguments as for `told`.

    One that is open is issued, and not paid; whether it ever was is not known. So its reversal shows no references: of an
    invoice that is not known, it is counted, and waits for nobody. One that is paid in part is issued: whether a part was
    paid or given back is not known, so that marks stay as they are.
    """
    if state == "paid":
        return (told(InvoicePaid, event=event, named=named, rank=Rank.PAID, **said),)
    if state == "part":
        return (told(InvoiceIssued, event=event, named=named, rank=Rank.ISSUED, **said),)
    if state == "open":
        back = told(MONEY_GONE, event=f"{event}:unpaid", named=_NOTHING_SHOWN, rank=Rank.WRITTEN_OFF, **said)
        return told(InvoiceIssued, event=event, named=named, rank=Rank.ISSUED, **said), back
    return (told(GONE, event=event, named=_NOTHING_SHOWN, rank=Rank.ENDED, **said),)
