"""Chargebee in the contract test."""

from tests.webhooks.deliveries import Case

CASE = Case(
    secret="hook:made-up-password",
    rotated="hook:another-password",
    uninteresting="customer_created",
    ignored="customer_created",
    partly_paid="payment_succeeded.in-part",
    another_version="payment_succeeded.without-version",
    without={"batch": "one delivery is one event"},
)
