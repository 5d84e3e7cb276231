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
    """https://getlago.com/docs/api-reference/invoices/invoice-object. `updated_at` is RFC 3339."""

    lago_id: str
    number: str | None = None
    status: str | None = None
    payment_status: str | None = None
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


class OfInvoice(Struct):
    """A delivery about an invoice."""

    invoice: Invoice


class OfDispute(Struct):
    """A delivery about a dispute, in which the invoice is."""

    payment_dispute_lost: OfInvoice


class OfCreditNote(Struct):
    """A delivery about a credit note."""

    credit_note: CreditNote


TYPED = msgspec.json.Decoder(Typed)
OF_INVOICE = msgspec.json.Decoder(OfInvoice)
OF_DISPUTE = msgspec.json.Decoder(OfDispute)
OF_CREDIT_NOTE = msgspec.json.Decoder(OfCreditNote)
