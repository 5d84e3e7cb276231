"""The parts of Lago's payloads that are read, as types. Pure data; what follows from them is decided in `lago`."""

import msgspec
from msgspec import Struct


class Described(Struct):
    """What a fee is for."""

    description: str | None = None
    invoice_display_name: str | None = None


class Fee(Struct):
    """A line of the invoice."""

    description: str | None = None
    invoice_display_name: str | None = None
    item: Described | None = None


class Pair(Struct):
    """One of the customer's metadata."""

    key: str | None = None
    value: str | None = None


class Customer(Struct):
    """Whom it bills."""

    metadata: list[Pair] | None = None


class Invoice(Struct):
    """https://getlago.com/docs/api-reference/invoices/invoice-object. `updated_at` is RFC 3339, to the second.

    `total_offsetted_credit_note_amount_cents`: so much of it credit notes have settled.
    """

    lago_id: str
    number: str | None = None
    status: str | None = None
    payment_status: str | None = None
    total_paid_amount_cents: int | None = None
    total_offsetted_credit_note_amount_cents: int | None = None
    updated_at: object = None
    purchase_order_number: str | None = None
    fees: list[Fee] | None = None
    customer: Customer | None = None


class CreditNote(Struct):
    """https://getlago.com/docs/api-reference/credit-notes/credit-note-object. `updated_at` is RFC 3339."""

    lago_invoice_id: str
    updated_at: object = None


class Typed(Struct):
    """What every delivery has."""

    webhook_type: str


class Owned(Struct):
    """Whose delivery it is."""

    organization_id: str


class OfInvoice(Struct):
    """A delivery about an invoice."""

    invoice: Invoice


class OfDispute(Struct):
    """A delivery about a dispute, in which the invoice is."""

    payment_dispute_lost: OfInvoice


class OfCreditNote(Struct):
    """A delivery about a credit note."""

    credit_note: CreditNote


OWNED = msgspec.json.Decoder(Owned)
TYPED = msgspec.json.Decoder(Typed)
OF_INVOICE = msgspec.json.Decoder(OfInvoice)
OF_DISPUTE = msgspec.json.Decoder(OfDispute)
OF_CREDIT_NOTE = msgspec.json.Decoder(OfCreditNote)
