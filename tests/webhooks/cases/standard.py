"""Standard Webhooks in the contract test."""

from tests.webhooks.deliveries import Case

CASE = Case(
    uninteresting="contact.created",
    ignored="contact.created",
    another_version="own-shape",
    without={"partly_paid": "the sender decides what is paid", "batch": "one delivery is one event"},
)
