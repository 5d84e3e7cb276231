"""From an event to what the ledger takes: default workspaces filled in, one set of entries a workspace. Pure."""

from dataclasses import dataclass
from typing import Literal

from webhooks.events import Event, InvoiceIssued, InvoiceReversed, PaymentTied, References
from worker.marking import Cause, Tie, Wanted

NO_WORKSPACE = "the invoice names entries but no workspace, and there is no default: set PAIDMARK_WORKSPACE"


MarkOn = Literal["paid", "issued"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where events come from: the name of the source, and the workspace of invoices that name none.

    `mark_on` says what marks an hour: that its invoice is paid, or that it is issued.
    """

    source: str
    workspace: str | None
    mark_on: MarkOn = "paid"


def resolve(event: Event, place: Place) -> Cause | Tie | None:
    """What the ledger is told of an event; None where it changes nothing, by what marks an hour.

    Where being issued marks it, money that is given back, or never comes, does not unmark it: it stands on an invoice.
    """
    if isinstance(event, PaymentTied):
        return Tie(source=place.source, account=event.account, invoice=event.invoice, payment=event.payment)
    if isinstance(event, InvoiceIssued) and place.mark_on == "paid":
        return None
    if isinstance(event, InvoiceReversed) and event.stands and place.mark_on == "issued":
        return None
    claims = not isinstance(event, InvoiceReversed)
    wanted = None if event.references is None else _wanted(event.references, place.workspace)
    homeless = any(one.workspace == "" for one in wanted or ())
    return Cause(
        source=place.source,
        account=event.account,
        event=event.id,
        invoice=event.invoice,
        payment=event.payment,
        invoiced=claims,
        order=event.order,
        rank=event.rank,
        at=event.at,
        wanted=wanted,
        unresolved=event.unresolved or (NO_WORKSPACE if homeless and claims else ""),
        link=event.link,
        number=event.number,
    )


def _wanted(references: tuple[References, ...], default: str | None) -> tuple[Wanted, ...]:
    if len(references) == 1:
        (one,) = references
        return (Wanted(one.workspace or default or "", one.entries),)
    merged: dict[str, dict[str, None]] = {}
    for one in references:
        merged.setdefault(one.workspace or default or "", {}).update(dict.fromkeys(one.entries))
    return tuple(Wanted(workspace, tuple(entries)) for workspace, entries in merged.items())
