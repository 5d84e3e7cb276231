"""From an event to what the ledger takes: default workspaces filled in, one set of entries a workspace. Pure."""

from dataclasses import dataclass

from webhooks.events import Event, InvoicePaid, PaymentTied, References
from worker.marking import Cause, Tie, Wanted

NO_WORKSPACE = "the invoice names entries but no workspace, and there is no default: set PAIDMARK_WORKSPACE"


@dataclass(frozen=True, slots=True)
class Place:
    """Where events come from: the name of the source, and the workspace of invoices that name none."""

    source: str
    workspace: str | None


def resolve(event: Event, place: Place) -> Cause | Tie:
    """What the ledger is told of an event."""
    if isinstance(event, PaymentTied):
        return Tie(source=place.source, account=event.account, invoice=event.invoice, payment=event.payment)
    wanted = None if event.references is None else _wanted(event.references, place.workspace)
    homeless = any(one.workspace == "" for one in wanted or ())
    return Cause(
        source=place.source,
        account=event.account,
        event=event.id,
        invoice=event.invoice,
        payment=event.payment,
        invoiced=isinstance(event, InvoicePaid),
        order=event.order,
        rank=event.rank,
        at=event.at,
        wanted=wanted,
        unresolved=event.unresolved or (NO_WORKSPACE if homeless and isinstance(event, InvoicePaid) else ""),
    )


def _wanted(references: tuple[References, ...], default: str | None) -> tuple[Wanted, ...]:
    if len(references) == 1:
        (one,) = references
        return (Wanted(one.workspace or default or "", one.entries),)
    merged: dict[str, dict[str, None]] = {}
    for one in references:
        merged.setdefault(one.workspace or default or "", {}).update(dict.fromkeys(one.entries))
    return tuple(Wanted(workspace, tuple(entries)) for workspace, entries in merged.items())
