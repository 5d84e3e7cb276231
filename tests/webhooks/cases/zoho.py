"""Zoho in the contract test."""

from tests.webhooks.deliveries import Case

CASE = Case(
    secret="madeup1secret",
    rotated="madeup2secret",
    uninteresting="subscription_created",
    ignored="subscription_created",
    partly_paid="invoice.partly-paid",
    batch="invoice.sent",
    another_version="invoice.books",
)
