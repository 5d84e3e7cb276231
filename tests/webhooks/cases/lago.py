"""Lago in the contract test: under an HMAC key."""

from tests.webhooks.deliveries import Case

CASE = Case(
    uninteresting="customer.created",
    ignored="customer.created",
    partly_paid="invoice.payment_status_updated.pending",
    without={"batch": "one delivery is one event", "another_version": "there is one version"},
    beside=("X-Lago-Unique-Key",),
)
