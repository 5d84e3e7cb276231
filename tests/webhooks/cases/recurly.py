"""Recurly in the contract test."""

from tests.webhooks.deliveries import Case

CASE = Case(
    uninteresting="account.updated",
    ignored="account.updated",
    another_version="charge_invoice.paid.with-number",
    without={"partly_paid": "paid is told of the whole invoice only", "batch": "one delivery is one event"},
)
