"""Chargebee: a user and a password, and what an invoice is after a change."""

import json
from typing import Any

import aiohttp
import pytest

from tests.webhooks.deliveries import DOCUMENTED, NOW, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import UndecodableError
from webhooks.events import InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.sources.chargebee import KIND, WRITTEN_OFF
from webhooks.sources.facts import IN_PART
from webhooks.sources.kind import Options

SECRET = "hook:made-up-password"


def test_a_user_and_a_password_are_shown_as_another_library_writes_them() -> None:
    header = aiohttp.encode_basic_auth("hook", "made-up-password")

    KIND.verify(delivery(b"{}", {"Authorization": header}), trust(SECRET), Options())


def test_a_secret_without_a_user_is_pointed_out() -> None:
    assert KIND.complaints(["password"], Options()) == [
        "should be the webhook's user and password, like user:password"
    ]


@pytest.mark.parametrize("name", ["payment_succeeded", "invoice_updated.custom-fields"])
def test_an_invoice_is_paid_and_names_its_entries(name: str) -> None:
    event = read(KIND, sample("chargebee", name))

    assert isinstance(event, InvoicePaid)
    assert (event.invoice, event.references) == ("1001", (References(WORKSPACE, DOCUMENTED),))


def test_without_the_invoices_own_version_the_time_of_the_event_orders() -> None:
    event = read(KIND, sample("chargebee", "payment_succeeded.without-version"))

    assert isinstance(event, InvoicePaid)
    assert event.order == NOW * 1000


def test_an_invoice_that_is_not_paid_in_full_is_issued_and_not_paid() -> None:
    events = KIND.parse(delivery(sample("chargebee", "payment_succeeded.in-part")), Options()).events

    assert [type(event) for event in events] == [InvoiceIssued, InvoiceReversed]


@pytest.mark.parametrize("kind", ["payment_refunded", "invoice_updated.credited"])
@pytest.mark.parametrize(("name", "reason"), [("full", ""), ("in-part", IN_PART)])
def test_what_is_given_back_of_a_paid_invoice_is_in_full_or_for_a_person(
    kind: str, name: str, reason: str
) -> None:
    event = read(KIND, sample("chargebee", f"{kind}.{name}"))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.references, event.unresolved, event.stands) == ("1001", None, reason, True)


def changed(name: str, **invoice: Any) -> bytes:
    """A sample with other fields of its invoice."""
    document = json.loads(sample("chargebee", name))
    document["content"]["invoice"] |= invoice
    return json.dumps(document).encode()


NOTE = {"cn_id": "CN-1", "cn_total": 5_000, "cn_status": "refunded"}


def test_a_part_that_was_given_back_is_a_question_with_what_the_invoice_names() -> None:
    event = read(KIND, changed("payment_succeeded", issued_credit_notes=[NOTE]))

    assert isinstance(event, InvoiceReversed)
    assert (event.unresolved, event.references) == (IN_PART, (References(WORKSPACE, DOCUMENTED),))


def test_a_credit_note_that_is_voided_gives_nothing_back() -> None:
    event = read(KIND, changed("payment_succeeded", issued_credit_notes=[{**NOTE, "cn_status": "voided"}]))

    assert isinstance(event, InvoicePaid)


def test_the_same_credit_notes_are_one_event_whatever_else_has_changed() -> None:
    other = {**NOTE, "cn_id": "CN-2"}
    ids = [
        read(KIND, changed(name, issued_credit_notes=notes, po_number=text)).id
        for name, notes, text in (
            ("payment_succeeded", [NOTE], "a"),
            ("invoice_updated.custom-fields", [NOTE], "b"),
            ("payment_succeeded", [NOTE, other], "a"),
            ("payment_succeeded", [other, NOTE], "c"),
        )
    ]

    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_a_refund_that_no_credit_note_accounts_for_is_an_event_of_its_own() -> None:
    event = read(KIND, changed("payment_refunded.full", issued_credit_notes=[NOTE]))

    assert isinstance(event, InvoiceReversed)
    assert (event.unresolved, event.id.startswith("evt_")) == ("", True)


@pytest.mark.parametrize(
    "written_off",
    [
        {"write_off_amount": 125_000},
        {"adjustment_credit_notes": [{**NOTE, "cn_total": 125_000}]},
    ],
    ids=["written off", "adjusted"],
)
def test_what_is_written_off_whole_is_not_paid_though_its_status_says_so(written_off: dict[str, Any]) -> None:
    body = changed("payment_succeeded", **written_off)
    issued, back = KIND.parse(delivery(body), Options()).events

    assert isinstance(issued, InvoiceIssued)
    assert isinstance(back, InvoiceReversed)
    assert back.stands


@pytest.mark.parametrize(
    ("written_off", "reason"),
    [
        ({"write_off_amount": 1}, WRITTEN_OFF),
        ({"adjustment_credit_notes": [NOTE]}, ""),
        ({"adjustment_credit_notes": [{**NOTE, "cn_total": 125_000, "cn_status": "voided"}]}, ""),
    ],
    ids=["written off", "adjusted", "voided"],
)
def test_a_part_that_is_written_off_is_for_a_person_and_one_that_is_adjusted_for_nobody(
    written_off: dict[str, Any], reason: str
) -> None:
    event = read(KIND, changed("payment_succeeded", **written_off))

    assert isinstance(event, InvoicePaid)
    assert event.unresolved == reason


def test_a_deleted_invoice_is_gone() -> None:
    event = read(KIND, sample("chargebee", "invoice_deleted"))

    assert isinstance(event, InvoiceReversed)
    assert not event.stands


@pytest.mark.parametrize("name", ["invoice_updated.pending", "payment_succeeded.without-invoice"])
def test_what_shows_no_invoice_that_is_made_out_is_ignored(name: str) -> None:
    assert KIND.parse(delivery(sample("chargebee", name)), Options()).events == ()


@pytest.mark.parametrize("notes", [b'"a note"', b'["a note"]', b"7"])
def test_a_list_of_another_shape_cannot_be_decoded(notes: bytes) -> None:
    body = sample("chargebee", "payment_succeeded.without-version").replace(
        b'"notes": [', b'"notes": ' + notes + b', "_": ['
    )

    with pytest.raises(UndecodableError, match="a list of another shape"):
        KIND.parse(delivery(body), Options())
