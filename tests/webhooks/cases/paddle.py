"""Paddle in the contract test."""

from tests.webhooks.deliveries import Case

CASE = Case(
    secret="pdl_ntfset_made_up_1",
    rotated="pdl_ntfset_made_up_2",
    uninteresting="customer.created",
    ignored="customer.created",
    without={
        "partly_paid": "a transaction is paid in full, or not at all",
        "batch": "one delivery is one event",
        "another_version": "there is one version",
    },
)
