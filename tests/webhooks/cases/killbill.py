"""Kill Bill in the contract test: every payment is of a whole invoice."""

from tests.webhooks.deliveries import Case
from webhooks.sources.kind import Options

CASE = Case(
    options=Options(in_full=True),
    uninteresting="TAG_CREATION",
    ignored="TAG_CREATION",
    another_version="INVOICE_PAYMENT_SUCCESS.without-metadata",
    without={
        "partly_paid": "in_full says that there is none; without it, each is for a person: test_source_killbill",
        "batch": "one delivery is one event",
    },
    dated=False,
)
