"""Square in the contract test."""

from tests.webhooks.deliveries import Case
from webhooks.sources.kind import Options

CASE = Case(
    secret="a-signature-key-made-up",
    rotated="another-signature-key",
    options=Options(url="https://example.com/webhooks/square"),
    uninteresting="customer.created",
    ignored="customer.created",
    partly_paid="invoice.payment_made.in-part",
    without={
        "batch": "one delivery is one event",
        "another_version": "versions of the payload only add to it",
    },
)
