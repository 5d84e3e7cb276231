"""Invoice Ninja in the contract test."""

from tests.webhooks.deliveries import Case

CASE = Case(
    uninteresting="client",
    ignored="neither a payment nor an invoice",
    partly_paid="payment.in-part",
    batch="payment.of-two",
    another_version="invoice",
)
