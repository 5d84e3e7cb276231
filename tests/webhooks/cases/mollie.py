"""Mollie in the contract test."""

from tests.webhooks.deliveries import Case

CASE = Case(
    uninteresting="profile.created",
    ignored="profile.created",
    partly_paid="sales-invoice.paid.not-yet",
    another_version="sales-invoice.paid.simple",
    without={"batch": "one delivery is one event"},
    repeats=True,
)
