"""Invoice Ninja: a secret in a header or in the address; payments with their invoices, and invoices."""

import pytest

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import Delivery, NotAuthenticError
from webhooks.events import InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.sources.invoiceninja import KIND
from webhooks.sources.kind import Options

SECRET = "Bearer made-up-secret"


def test_the_secret_may_follow_the_sources_name() -> None:
    one = delivery(b"{}")

    KIND.verify(Delivery(one.headers, b"{}", token="made-up"), trust("made-up"), Options())
    with pytest.raises(NotAuthenticError):
        KIND.verify(Delivery(one.headers, b"{}", token="another"), trust("made-up"), Options())


def test_the_header_may_have_another_name() -> None:
    KIND.verify(delivery(b"{}", {"X-Secret": SECRET}), trust(SECRET), Options(header="X-Secret"))


@pytest.mark.parametrize("name", ["payment", "invoice"])
def test_an_invoice_is_paid_and_names_its_entries(name: str) -> None:
    event = read(KIND, sample("invoiceninja", name))

    assert isinstance(event, InvoicePaid)
    assert (event.invoice, event.references) == ("VolejRejNm", (References(WORKSPACE, DOCUMENTED),))


def test_each_invoice_of_a_payment_is_an_event_of_its_own() -> None:
    events = KIND.parse(delivery(sample("invoiceninja", "payment.of-two")), Options()).events

    assert [event.invoice for event in events] == ["VolejRejNm", "Wpmbk5ezJn"]


def test_an_invoice_that_is_paid_in_part_is_issued_and_not_paid() -> None:
    events = KIND.parse(delivery(sample("invoiceninja", "payment.in-part")), Options()).events

    assert [type(event) for event in events] == [InvoiceIssued, InvoiceReversed]


def test_a_deleted_invoice_is_gone_whatever_its_status() -> None:
    event = read(KIND, sample("invoiceninja", "invoice.deleted"))

    assert isinstance(event, InvoiceReversed)
    assert not event.stands


@pytest.mark.parametrize("name", ["payment.of-no-invoice", "invoice.another-status", "client"])
def test_what_is_about_no_invoice_or_of_another_status_is_ignored(name: str) -> None:
    assert KIND.parse(delivery(sample("invoiceninja", name)), Options()).events == ()
