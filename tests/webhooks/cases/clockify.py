"""Clockify's own invoices in the contract test: under the token of a webhook."""

from tests.webhooks.deliveries import Case

CASE = Case(
    uninteresting="another-status",
    ignored="an invoice of another status",
    partly_paid="partly-paid",
    batch="sent",
    without={"another_version": "there is one version"},
    beside=("clockify-webhook-event-type",),
)
