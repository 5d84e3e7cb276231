"""Stripe in the contract test."""

from tests.webhooks.deliveries import Case

CASE = Case(
    uninteresting="customer.created",
    ignored="customer.created",
    partly_paid="invoice.paid.in-part",
    another_version="invoice.paid.2024-06-20",
    without={"batch": "one delivery is one event"},
)
