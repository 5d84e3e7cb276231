"""Stripe, with its own library as oracle: signatures both ways, and the fields of today's API version."""

import json
import typing
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from msgspec import structs

from tests.webhooks.deliveries import DOCUMENTED, NOW, WORKSPACE, delivery, sample, trust
from webhooks.delivery import NotAuthenticError, UndecodableError
from webhooks.events import InvoicePaid, InvoiceReversed, PaymentTied, References
from webhooks.sources.facts import CREDITED_BEFORE, IN_PART, Rank
from webhooks.sources.kind import Options, Parsed, Sample
from webhooks.sources.stripe import KIND, TELLERS, payloads, refunds

SECRET = "whsec_made_up"
DAY = 86_400_000
AT = int(NOW) * 1000
FACTS = Sample(event="evt_1", invoice="in_1", workspace=WORKSPACE, entries=DOCUMENTED, at=NOW)
REFERENCES = (References(WORKSPACE, DOCUMENTED),)


def parse(body: bytes, options: Options | None = None) -> Parsed:
    return KIND.parse(delivery(body), options or Options())


def changed(name: str, **changes: Any) -> bytes:
    """A sample, with fields of its object changed (`...`: removed)."""
    event = json.loads(sample("stripe", name))
    whole = {**event["data"]["object"], **changes}
    event["data"]["object"] = {field: value for field, value in whole.items() if value is not ...}
    return json.dumps(event).encode()


def paid(body: bytes) -> InvoicePaid:
    (event,) = parse(body).events
    assert isinstance(event, InvoicePaid)
    return event


def undone(body: bytes) -> InvoiceReversed:
    (event,) = parse(body).events
    assert isinstance(event, InvoiceReversed)
    return event


def ignored(body: bytes, options: Options | None = None) -> str:
    parsed = parse(body, options)
    assert parsed.events == ()
    return parsed.ignored


def by_stripe(body: bytes, secret: str = SECRET, now: float = NOW) -> str:
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, int(now))
    assert isinstance(header, str)
    return header


def test_what_stripes_library_signs_is_authentic() -> None:
    body = sample("stripe", "invoice.paid")

    KIND.verify(delivery(body, {"Stripe-Signature": by_stripe(body)}), trust(SECRET), Options())


@pytest.mark.parametrize(
    "name", ["invoice.paid", "invoice.voided", "invoice.marked_uncollectible", "invoice.deleted"]
)
def test_the_number_that_people_see_is_told_beside_the_id(name: str) -> None:
    (event,) = KIND.parse(delivery(sample("stripe", name), {}), Options()).events

    assert (event.invoice, getattr(event, "number", "")) == ("in_1", "EX-0001")


def test_what_we_sign_is_authentic_to_stripes_library() -> None:
    body = sample("stripe", "invoice.paid")
    headers = KIND.sign(body, SECRET, "evt_1", datetime.now(UTC).timestamp(), Options()).headers

    event = stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)

    assert (event.id, event.type) == ("evt_invoice_paid", "invoice.paid")


def test_a_time_in_the_future_is_refused_though_stripes_library_takes_it() -> None:
    with pytest.raises(NotAuthenticError, match="in the future"):
        KIND.verify(
            delivery(b"{}", {"Stripe-Signature": by_stripe(b"{}", now=NOW + 301)}), trust(SECRET), Options()
        )


def test_while_a_secret_is_rolled_any_signature_will_do() -> None:
    old, new = by_stripe(b"{}", "whsec_old"), by_stripe(b"{}", "whsec_new").partition(",")[2]

    for secret in ("whsec_old", "whsec_new"):
        KIND.verify(delivery(b"{}", {"Stripe-Signature": f"{old},{new},v0=x"}), trust(secret), Options())


@pytest.mark.parametrize(
    "header",
    ["", ",", "t=", "v1=x", "t=1767225600", "t=1767225600,v1", "t=1767225600,v0=x", "t=1767225600.5,v1=x", "t=1767225600,v1=é",
     "t=1767225600,v1=\ud800", "t=1767225600,t=1767225600,v1=x", "t=1767225600" + ",v1=x" * 11, "t=" + "9" * 5000 + ",v1=x"],
)  # fmt: skip
def test_a_broken_header_is_refused(header: str) -> None:
    with pytest.raises(NotAuthenticError):
        KIND.verify(delivery(b"{}", {"Stripe-Signature": header}), trust(SECRET), Options())


def test_a_signature_in_capitals_is_not_the_one_that_stripe_sends() -> None:
    header = by_stripe(b"{}")

    with pytest.raises(NotAuthenticError, match="no signature fits"):
        KIND.verify(
            delivery(b"{}", {"Stripe-Signature": header[:-64] + header[-64:].upper()}),
            trust(SECRET),
            Options(),
        )


@pytest.mark.parametrize("name", ["invoice.paid", "invoice.payment_succeeded"])
def test_a_paid_invoice_is_read(name: str) -> None:
    event = paid(sample("stripe", name))

    assert (event.invoice, event.order, event.at, event.rank) == ("in_1", AT, AT, Rank.PAID)
    assert (event.account, event.payment, event.references, event.unresolved) == ("", "", REFERENCES, "")


def test_references_on_lines_are_read_with_the_workspace_of_the_subscription() -> None:
    event = paid(sample("stripe", "invoice.paid.references-on-lines"))

    assert event.references == (
        References(WORKSPACE, DOCUMENTED[:1]),
        References("64a687e29ae1f428e7ebe304", DOCUMENTED[1:]),
    )


def test_an_older_version_of_the_api_ties_the_payment_and_shows_the_subscription_on_the_invoice() -> None:
    event = paid(sample("stripe", "invoice.paid.2024-06-20"))

    assert (event.payment, event.references) == ("pi_1", (References(WORKSPACE, DOCUMENTED[:1]),))


def test_an_invoice_without_lines_is_read() -> None:
    assert paid(changed("invoice.paid", lines=...)).references == REFERENCES


@pytest.mark.parametrize("status", ["open", "draft", "uncollectible"])
def test_an_invoice_that_is_not_paid_in_full_is_ignored(status: str) -> None:
    assert ignored(changed("invoice.paid", status=status)) == "the invoice is not paid in full"


def test_an_invoice_without_any_reference_shows_that_there_is_none() -> None:
    event = paid(changed("invoice.paid", metadata={}))

    assert (event.references, event.unresolved) == ((), "")


def test_a_broken_reference_is_for_a_person() -> None:
    event = paid(changed("invoice.paid", metadata={"clockify_time_entry_ids": "nonsense"}))

    assert event.unresolved == "clockify_time_entry_ids: item 1 is not an id of 24 letters and digits"


def test_references_on_lines_of_which_more_exist_are_for_a_person() -> None:
    lines = {"data": [{"metadata": {"clockify_time_entry_ids": DOCUMENTED[0]}}], "has_more": True}

    assert paid(changed("invoice.paid", metadata={}, lines=lines)).unresolved.startswith(
        "lines: there are more"
    )


def test_an_invoice_that_was_credited_in_full_before_payment_is_for_a_person() -> None:
    event = paid(changed("invoice.paid", pre_payment_credit_notes_amount=125_000))

    assert (event.references, event.unresolved) == (REFERENCES, CREDITED_BEFORE)


def test_an_invoice_that_was_credited_in_part_is_paid() -> None:
    assert paid(changed("invoice.paid", pre_payment_credit_notes_amount=25_000)).unresolved == ""


def test_a_credited_invoice_that_names_nothing_is_nobodys_business() -> None:
    assert (
        paid(changed("invoice.paid", pre_payment_credit_notes_amount=125_000, metadata={})).unresolved == ""
    )


@pytest.mark.parametrize(
    ("name", "rank"),
    [
        ("invoice.voided", Rank.ENDED),
        ("invoice.deleted", Rank.ENDED),
        ("invoice.marked_uncollectible", Rank.WRITTEN_OFF),
    ],
)
def test_an_invoice_that_has_ended_is_a_reversal(name: str, rank: Rank) -> None:
    event = undone(sample("stripe", name))

    assert (event.invoice, event.order, event.rank) == ("in_1", AT + DAY, rank)
    assert (event.references, event.unresolved) == (REFERENCES, "")


def test_broken_references_do_not_hold_up_a_reversal() -> None:
    event = undone(changed("invoice.voided", metadata={"clockify_time_entry_ids": "nonsense"}))

    assert (event.references, event.unresolved) == (None, "")


def test_a_payment_is_tied_to_its_invoice() -> None:
    assert parse(sample("stripe", "invoice_payment.paid")).events == (
        PaymentTied(id="evt_invoice_payment_paid", account="", invoice="in_1", payment="pi_1", at=AT),
    )


@pytest.mark.parametrize(
    ("payment", "name"), [({"charge": "ch_1"}, "ch_1"), ({"payment_record": "pr_1"}, "pr_1")]
)
def test_a_payment_without_an_intent_is_tied_by_what_it_has(payment: dict[str, str], name: str) -> None:
    (event,) = parse(changed("invoice_payment.paid", payment=payment)).events

    assert isinstance(event, PaymentTied)
    assert event.payment == name


@pytest.mark.parametrize(
    "changes",
    [{"status": "open"}, {"is_default": False}, {"payment": {}}],
    ids=["open", "beside", "nameless"],
)
def test_a_payment_that_does_not_stand_for_the_whole_invoice_is_not_tied(changes: dict[str, Any]) -> None:
    assert ignored(changed("invoice_payment.paid", **changes)) == "not the invoice's own payment"


def test_a_full_refund_names_the_payment() -> None:
    event = undone(sample("stripe", "charge.refunded"))

    assert (event.invoice, event.payment, event.unresolved, event.references) == ("", "pi_1", "", None)
    assert (event.order, event.rank) == (AT + DAY, Rank.GIVEN_BACK)


def test_a_full_refund_of_a_charge_without_an_intent_names_the_charge() -> None:
    assert undone(changed("charge.refunded", payment_intent=None)).payment == "ch_1"


def test_a_full_refund_in_an_older_version_of_the_api_names_the_invoice() -> None:
    event = undone(sample("stripe", "charge.refunded.2024-06-20"))

    assert (event.invoice, event.payment, event.unresolved) == ("in_1", "pi_1", "")


def test_a_refund_of_a_charge_that_no_invoice_made_is_ignored() -> None:
    assert ignored(changed("charge.refunded.2024-06-20", invoice=None)) == "a charge without an invoice"


@pytest.mark.parametrize(
    ("name", "payment", "invoice", "reason"),
    [
        ("charge.refunded.in-part", "pi_1", "", IN_PART),
        ("refund.failed", "pi_1", "", refunds.FAILED),
        ("refund.updated.without-charge", "pi_1", "", refunds.NO_CHARGE),
        ("credit_note.created", "", "in_1", refunds.CREDITED),
        ("charge.dispute.closed", "pi_1", "", refunds.LOST),
    ],
)
def test_what_only_a_person_can_judge_is_unresolved(
    name: str, payment: str, invoice: str, reason: str
) -> None:
    event = undone(sample("stripe", name))

    assert (event.payment, event.invoice, event.unresolved, event.rank) == (
        payment,
        invoice,
        reason,
        Rank.GIVEN_BACK,
    )


def test_a_refund_that_is_cancelled_is_for_a_person() -> None:
    assert undone(changed("refund.created", status="canceled")).unresolved == refunds.FAILED


@pytest.mark.parametrize(
    ("name", "changes", "reason"),
    [
        ("refund.created", {}, refunds.ELSEWHERE),
        ("refund.created", {"charge": None, "payment_intent": None}, "a refund of no payment"),
        ("refund.failed", {"charge": None, "payment_intent": None}, "a refund of no payment"),
        ("refund.updated.without-charge", {"status": "pending"}, "the refund has not succeeded"),
        (
            "credit_note.created",
            {"post_payment_amount": 0, "pre_payment_amount": 9},
            "a credit note before payment",
        ),
        (
            "credit_note.created",
            {"refunds": [{"refund": "re_1", "amount_refunded": 125_000}]},
            refunds.ELSEWHERE,
        ),
        ("charge.dispute.closed", {"status": "won"}, "a dispute that was not lost"),
        ("charge.dispute.closed", {"payment_intent": None, "charge": None}, "a dispute that was not lost"),
    ],
)
def test_what_says_nothing_about_an_invoice_is_ignored(
    name: str, changes: dict[str, Any], reason: str
) -> None:
    assert ignored(changed(name, **changes)) == reason


def test_a_credit_note_that_a_refund_covers_only_in_part_is_for_a_person() -> None:
    note = changed("credit_note.created", refunds=[{"refund": "re_1", "amount_refunded": 5}])

    assert undone(note).unresolved == refunds.CREDITED


def test_a_refund_in_the_second_of_the_payment_is_the_later_of_the_two() -> None:
    refund = sample("stripe", "charge.refunded").replace(
        str(int(NOW) + 86_400).encode(), str(int(NOW)).encode()
    )
    first, second = paid(sample("stripe", "invoice.paid")), undone(refund)

    assert first.order == second.order
    assert first.rank < second.rank


@pytest.mark.parametrize(("livemode", "reason"), [(True, "test mode"), (False, "live mode")])
def test_events_of_the_other_mode_are_ignored(livemode: bool, reason: str) -> None:
    body = sample("stripe", "invoice.paid").replace(
        b'"livemode": true', f'"livemode": {str(not livemode).lower()}'.encode()
    )

    assert ignored(body, Options(livemode=livemode)) == reason


def test_an_uninteresting_type_is_ignored_by_name() -> None:
    assert ignored(sample("stripe", "customer.created")) == "customer.created"


def test_a_thin_event_is_ignored() -> None:
    assert ignored(sample("stripe", "thin")).startswith("not a snapshot")


def test_an_event_of_a_connected_account_keeps_it() -> None:
    body = sample("stripe", "invoice.paid").replace(
        b'"object": "event"', b'"object": "event", "account": "acct_1"'
    )

    assert paid(body).account == "acct_1"


@pytest.mark.parametrize(
    "body",
    [
        changed("invoice.paid", id=...),
        changed("invoice.paid", id=""),
        changed("invoice.paid", id="in\x00"),
        changed("invoice.paid", metadata={"n": 1}),
        changed("charge.refunded", refunded=...),
        changed("credit_note.created", invoice=""),
        changed("invoice_payment.paid", invoice=""),
        sample("stripe", "invoice.paid").replace(b'"data"', b'"date"'),
        sample("stripe", "invoice.paid").replace(b'"created": 1767225600', b'"created": "yesterday"'),
        sample("stripe", "invoice.paid").replace(b'"created": 1767225600', b'"created": 1' + b"0" * 30),
    ],
)
def test_a_payload_that_lacks_what_it_must_have_is_undecodable(body: bytes) -> None:
    with pytest.raises(UndecodableError):
        parse(body)


def test_every_type_that_is_read_is_one_that_stripe_sends() -> None:
    assert set(TELLERS) <= set(typing.get_args(stripe.Event.__annotations__["type"]))


@pytest.mark.parametrize(
    ("ours", "theirs", "older"),
    [
        (payloads.Invoice, stripe.Invoice, {"subscription_details", "payment_intent", "charge"}),
        (payloads.Line, stripe.InvoiceLineItem, set()),
        (payloads.Parent, stripe.Invoice.Parent, set()),
        (payloads.Subscription, stripe.Invoice.Parent.SubscriptionDetails, set()),
        (payloads.InvoicePayment, stripe.InvoicePayment, set()),
        (payloads.Payment, stripe.InvoicePayment.Payment, set()),
        (payloads.Charge, stripe.Charge, {"invoice"}),
        (payloads.Refund, stripe.Refund, set()),
        (payloads.CreditNote, stripe.CreditNote, set()),
        (payloads.NotedRefund, stripe.CreditNote.Refund, set()),
        (payloads.Dispute, stripe.Dispute, set()),
        (payloads.Event, stripe.Event, set()),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)  # fmt: skip
def test_every_field_that_is_read_is_in_the_version_of_the_api_that_we_name(
    ours: Any, theirs: Any, older: set[str]
) -> None:
    names = {field.name for field in structs.fields(ours)}

    assert names - theirs.__annotations__.keys() == older


def test_made_up_deliveries_are_of_the_version_of_the_api_that_stripes_library_speaks() -> None:
    assert json.loads(KIND.sample(FACTS, Options()))["api_version"] == stripe.api_version
