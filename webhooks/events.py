"""Facts about invoices, in the past tense, normalised from any source.

Pure values: no I/O, no clock. What a delivery says is decided by its source; what follows from it, by the ledger. A source
whose deliveries tell an id only has to add a fact here, "this invoice must be fetched", and somebody who fetches: a source
never does.
"""

import msgspec


class References(msgspec.Struct, frozen=True):
    """The entries that an invoice names in one workspace.

    `workspace` is None where the invoice names none: the settings' default stands in.
    `entries` are distinct ids of 24 characters, in the order in which they were named.
    """

    workspace: str | None
    entries: tuple[str, ...]


class InvoiceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What every event about an invoice says.

    `invoice` may be empty where a reversal names only the `payment`: the source's id of it.
    `order` grows with time on one scale a source (milliseconds, where the source has a time); `rank` breaks ties.
    `at` is when it happened, in milliseconds since 1970 by the source's clock.
    `references` is None where the delivery cannot tell, and empty where it shows the invoice and there are none.
    `unresolved` says, where it is not empty, why a person has to look before anything is marked.
    `link` is the name under which its entries were told, or will be, where the invoice says so instead of naming them;
    `number` is what people call the invoice, where that is not its id: entries may have been told for either.
    """

    id: str
    account: str
    invoice: str
    order: int
    rank: int
    at: int
    references: tuple[References, ...] | None
    payment: str = ""
    unresolved: str = ""
    link: str = ""
    number: str = ""


class InvoiceIssued(InvoiceEvent, frozen=True, kw_only=True):
    """An invoice was issued: made final, or sent. Whether it is paid is not known."""


class InvoicePaid(InvoiceEvent, frozen=True, kw_only=True):
    """An invoice was paid in full."""


class InvoiceReversed(InvoiceEvent, frozen=True, kw_only=True):
    """An invoice that may have been paid is paid no longer: voided, refunded, written off.

    `stands`: only the money was taken back, or will not come; the invoice itself is still one that was issued.
    """

    stands: bool = False


class PaymentTied(msgspec.Struct, frozen=True, kw_only=True):
    """A payment was tied to an invoice, so that a later refund, which names only the payment, finds the invoice."""

    id: str
    account: str
    invoice: str
    payment: str
    at: int


Event = InvoiceIssued | InvoicePaid | InvoiceReversed | PaymentTied
