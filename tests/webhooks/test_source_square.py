"""Square, with its own library as oracle for signatures."""

import json

import pytest
from square.utils.webhooks_helper import verify_signature

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import NotAuthenticError
from webhooks.events import InvoiceEvent, InvoicePaid, InvoiceReversed, References
from webhooks.sources.facts import IN_PART
from webhooks.sources.kind import Options
from webhooks.sources.square import KIND

KEY = "a-signature-key-made-up"
HERE = Options(url="https://example.com/webhooks/square")
INVOICE = "inv:0-made-up"


def test_what_we_sign_is_authentic_to_squares_library() -> None:
    body = sample("square", "invoice.payment_made")
    proof = KIND.sign(body, KEY, "", 0, HERE)

    assert verify_signature(
        request_body=body.decode(),
        signature_header=proof.headers["x-square-hmacsha256-signature"],
        signature_key=KEY,
        notification_url=HERE.url,
    )


def test_a_published_signature_is_authentic() -> None:
    """From the tests of Square's library (square/square-python-sdk, test_webhooks_helper.py)."""
    body = b'{"data":{"type":"webhooks","id":">id<"}}'
    header = {"x-square-hmacsha256-signature": "Cxt7+aTi4rKgcA0bC4g9EHdVtLSDWdqccmL5MvihU4U="}

    KIND.verify(delivery(body, header), trust("signature-key"), Options(url="https://webhook.site/webhooks"))


def test_a_signature_for_another_address_is_refused() -> None:
    proof = KIND.sign(b"{}", KEY, "", 0, HERE)

    with pytest.raises(NotAuthenticError):
        KIND.verify(delivery(b"{}", proof.headers), trust(KEY), Options(url=HERE.url + "/"))


@pytest.mark.parametrize(
    ("url", "wrong"),
    [
        ("", "missing"),
        ("example.com/webhooks/square", "not an address"),
        (" https://example.com/webhooks/square", "not an address"),
        ("https://example.com/webhooks/square ", "not an address"),
        ("https://", "not an address"),
        ("https://[example.com/webhooks/square", "not an address"),
    ],
)
def test_the_address_must_be_set_and_be_one(url: str, wrong: str) -> None:
    (complaint,) = KIND.complaints([KEY], Options(url=url))

    assert complaint.startswith(f"url: {wrong}")
    assert "the address that Square was given" in complaint


def test_an_address_may_be_written_in_any_case() -> None:
    assert KIND.complaints([KEY], Options(url="HTTPS://Example.com/webhooks/square")) == []


def changed(name: str, **invoice: object) -> bytes:
    """A sample whose invoice is another one."""
    body = json.loads(sample("square", name))
    body["data"]["object"]["invoice"] |= invoice
    return json.dumps(body).encode()


def event(name: str, **invoice: object) -> InvoiceEvent:
    (one,) = KIND.parse(delivery(changed(name, **invoice)), Options()).events
    assert isinstance(one, InvoiceEvent)
    return one


@pytest.mark.parametrize(
    ("status", "fact", "stands"),
    [
        ("REFUNDED", InvoiceReversed, True),
        ("CANCELED", InvoiceReversed, False),
        ("FAILED", InvoiceReversed, False),
    ],
)
def test_an_update_tells_of_the_end_of_an_invoice(
    status: str, fact: type[InvoiceReversed], stands: bool
) -> None:
    one = event("invoice.updated", status=status)

    assert isinstance(one, fact)
    assert one.stands is stands


@pytest.mark.parametrize("status", ["UNPAID", "PARTIALLY_PAID", "PARTIALLY_REFUNDED", "DRAFT"])
def test_an_update_of_another_status_is_ignored_by_its_name(status: str) -> None:
    parsed = KIND.parse(delivery(changed("invoice.updated", status=status)), Options())

    assert (parsed.events, parsed.ignored) == ((), status)


def test_within_one_instant_the_version_of_the_invoice_decides_and_a_deletion_is_the_last() -> None:
    first, second, far = (event("invoice.updated", version=version).order for version in (4, 5, 5_000))
    (deleted,) = KIND.parse(delivery(sample("square", "invoice.deleted")), Options()).events
    assert isinstance(deleted, InvoiceReversed)
    gone = deleted.order % 1_000

    assert first < second < far
    assert (far % 1_000, gone) == (999, 999)
    assert deleted.order // 1_000 == deleted.at


def test_a_number_is_known_with_its_location() -> None:
    told = event("invoice.updated", location_id="LMADEUP", invoice_number="000042")

    assert told.number == "LMADEUP/000042"
    assert event("invoice.updated", location_id=None).number == ""


def test_two_fields_of_one_label_are_one_and_its_case_does_not_matter() -> None:
    fields = [
        {"label": "Clockify_workspace_id", "value": WORKSPACE},
        {"label": "clockify_time_entry_ids", "value": DOCUMENTED[0]},
        {"label": "Clockify_Time_Entry_Ids ", "value": DOCUMENTED[1]},
    ]

    assert event("invoice.updated", custom_fields=fields).references == (References(WORKSPACE, DOCUMENTED),)


@pytest.mark.parametrize("name", ["invoice.payment_made", "invoice.updated"])
def test_an_invoice_is_paid_and_names_its_entries(name: str) -> None:
    event = read(KIND, sample("square", name))

    assert isinstance(event, InvoicePaid)
    assert (event.invoice, event.references) == (INVOICE, (References(WORKSPACE, DOCUMENTED),))


@pytest.mark.parametrize(("name", "unresolved"), [("full", ""), ("in-part", IN_PART)])
def test_a_refund_takes_the_money_back_in_full_or_is_for_a_person(name: str, unresolved: str) -> None:
    event = read(KIND, sample("square", f"invoice.refunded.{name}"))

    assert isinstance(event, InvoiceReversed)
    assert (event.unresolved, event.stands) == (unresolved, True)


def test_a_deleted_invoice_shows_only_its_id() -> None:
    event = read(KIND, sample("square", "invoice.deleted"))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.references, event.stands) == (INVOICE, None, False)
