"""GoCardless in the contract test."""

from tests.webhooks.deliveries import Case

CASE = Case(
    uninteresting="mandates.created",
    ignored="no payment among the events",
    batch="several",
    without={"partly_paid": "a payment is collected whole", "another_version": "there is one version"},
)
