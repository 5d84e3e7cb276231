"""GoCardless, with its own library and its published vector as oracles for signatures."""

import hashlib
import hmac
import json

import pytest
from gocardless_pro import webhooks
from gocardless_pro.errors import InvalidSignatureError

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import NotAuthenticError, UndecodableError
from webhooks.events import InvoicePaid, InvoiceReversed, References
from webhooks.sources.gocardless import KIND, REFUND_BACK, REFUNDED
from webhooks.sources.kind import Options

SECRET = "made-up-secret-of-an-endpoint"
PAYMENT = "PM01MADEUP"
HEADER = "Webhook-Signature"

# https://github.com/gocardless/gocardless-pro-python: tests/webhooks_test.py, tests/fixtures/webhook_body.json
PUBLISHED_SECRET = "ED7D658C-D8EB-4941-948B-3973214F2D49"
PUBLISHED_SIGNATURE = "2693754819d3e32d7e8fcb13c729631f316c6de8dc1cf634d6527f1c07276e7e"
PUBLISHED_BODY = (
    b'{"events":[{"id":"EV00BD05S5VM2T","created_at":"2018-07-05T09:13:51.404Z","resource_type":"subscriptions",'
    b'"action":"created","links":{"subscription":"SB0003JJQ2MR06"},"details":{"origin":"api",'
    b'"cause":"subscription_created","description":"Subscription created via the API."},"metadata":{}},'
    b'{"id":"EV00BD05TB8K63","created_at":"2018-07-05T09:13:56.893Z","resource_type":"mandates",'
    b'"action":"created","links":{"mandate":"MD000AMA19XGEC"},"details":{"origin":"api","cause":"mandate_created",'
    b'"description":"Mandate created via the API."},"metadata":{}}]}'
)


def of_payment(*actions: str, **fields: object) -> bytes:
    """A delivery of events of one payment, all in one instant."""
    (shape,) = json.loads(sample("gocardless", "payments.confirmed"))["events"]
    events = [shape | {"id": f"EV{n}", "action": action} | fields for n, action in enumerate(actions)]
    return json.dumps({"events": events}).encode()


def test_what_we_sign_is_authentic_to_gocardless_library() -> None:
    body = sample("gocardless", "several")
    proof = KIND.sign(body, SECRET, "", 0, Options())

    events = webhooks.parse(body, SECRET, proof.headers["Webhook-Signature"])

    assert [event.id for event in events] == ["EV1", "EV2", "EV3", "EV4", "EV5"]


def test_the_published_vector_is_authentic() -> None:
    published = {HEADER: PUBLISHED_SIGNATURE}

    KIND.verify(delivery(PUBLISHED_BODY, published), trust(PUBLISHED_SECRET), Options())

    assert KIND.parse(delivery(PUBLISHED_BODY), Options()).ignored == "no payment among the events"


def test_what_the_library_accepts_we_accept_and_what_it_refuses_we_refuse() -> None:
    body = sample("gocardless", "several")
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()

    assert webhooks.parse(body, SECRET, signature)
    KIND.verify(delivery(body, {HEADER: signature}), trust(SECRET), Options())

    for refused in (signature.upper(), f"sha256={signature}", f" {signature}", ""):
        with pytest.raises(InvalidSignatureError):
            webhooks.parse(body, SECRET, refused)
        with pytest.raises(NotAuthenticError):
            KIND.verify(delivery(body, {HEADER: refused}), trust(SECRET), Options())


def test_a_bad_signature_and_a_delivery_without_payments_are_answered_as_gocardless_asks() -> None:
    assert (KIND.refusal, KIND.uninteresting) == (498, 204)


def test_each_payment_of_a_delivery_is_an_event_of_its_own() -> None:
    events = KIND.parse(delivery(sample("gocardless", "several")), Options()).events

    assert [(type(event), event.id) for event in events] == [
        (InvoicePaid, "EV1"),
        (InvoicePaid, "EV2"),
        (InvoiceReversed, "EV4"),
        (InvoicePaid, "EV5"),
    ]
    assert {event.invoice for event in events} == {PAYMENT}


def test_a_payment_names_its_entries_in_its_metadata() -> None:
    event = read(KIND, sample("gocardless", "payments.confirmed"))

    assert isinstance(event, InvoicePaid)
    assert event.references == (References(WORKSPACE, DOCUMENTED),)


def test_a_delivery_without_the_payments_metadata_cannot_tell() -> None:
    event = read(KIND, sample("gocardless", "payments.confirmed.without-metadata"))

    assert isinstance(event, InvoicePaid)
    assert event.references is None


def test_a_refund_is_for_a_person() -> None:
    event = read(KIND, sample("gocardless", "refunds.created"))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.unresolved) == (PAYMENT, REFUNDED)


def test_a_refund_that_does_not_name_its_payment_stands_under_its_own_id() -> None:
    event = read(KIND, sample("gocardless", "refunds.created.without-payment"))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.unresolved) == ("RF01MADEUP", REFUNDED)


@pytest.mark.parametrize("action", ["failed", "funds_returned"])
def test_a_refund_that_comes_back_is_for_a_person(action: str) -> None:
    event = read(KIND, of_payment(action, resource_type="refunds", links={"refund": "RF1"}))

    assert isinstance(event, InvoiceReversed)
    assert event.unresolved == REFUND_BACK


@pytest.mark.parametrize("action", ["paid", "refund_settled"])
def test_a_refund_is_told_of_once(action: str) -> None:
    body = of_payment(action, resource_type="refunds", links={"refund": "RF1"})

    assert KIND.parse(delivery(body), Options()).events == ()


@pytest.mark.parametrize(
    ("action", "stands"), [("failed", True), ("charged_back", True), ("cancelled", False)]
)
def test_a_payment_that_is_cancelled_is_gone_and_one_that_fails_is_not(action: str, stands: bool) -> None:
    body = sample("gocardless", "payments.confirmed").replace(b'"confirmed"', f'"{action}"'.encode())
    event = read(KIND, body)

    assert isinstance(event, InvoiceReversed)
    assert event.stands is stands


@pytest.mark.parametrize("action", ["failed", "charged_back"])
@pytest.mark.parametrize("paid", ["confirmed", "paid_out"])
def test_a_payment_that_fails_in_the_instant_of_its_confirmation_has_failed(paid: str, action: str) -> None:
    before, after = KIND.parse(delivery(of_payment(paid, action)), Options()).events

    assert isinstance(before, InvoicePaid)
    assert isinstance(after, InvoiceReversed)
    assert (before.order, before.rank) < (after.order, after.rank)


@pytest.mark.parametrize("action", ["late_failure_settled", "chargeback_settled"])
def test_that_a_failure_is_settled_says_nothing_new(action: str) -> None:
    assert KIND.parse(delivery(of_payment(action)), Options()).events == ()


def test_a_chargeback_that_is_cancelled_in_its_own_instant_brings_the_payment_back() -> None:
    before, after = KIND.parse(delivery(of_payment("charged_back", "chargeback_cancelled")), Options()).events

    assert isinstance(before, InvoiceReversed)
    assert isinstance(after, InvoicePaid)
    assert (before.order, before.rank) < (after.order, after.rank)
    assert after.references == (References(WORKSPACE, DOCUMENTED),)


def test_a_payment_with_empty_metadata_names_nothing() -> None:
    event = read(KIND, of_payment("chargeback_cancelled", resource_metadata={}))

    assert isinstance(event, InvoicePaid)
    assert event.references == ()


def test_a_delivery_has_up_to_250_events() -> None:
    events = KIND.parse(delivery(of_payment(*["confirmed"] * 250)), Options()).events

    assert len({event.id for event in events}) == 250


def test_an_event_that_does_not_concern_us_holds_up_none_that_does() -> None:
    (paid,) = json.loads(of_payment("confirmed"))["events"]
    strange = {"resource_type": "payouts", "action": "paid", "created_at": 7, "links": None}
    body = json.dumps({"events": [strange, paid]}).encode()

    assert isinstance(read(KIND, body), InvoicePaid)


@pytest.mark.parametrize(
    "odd", [None, {}, {"resource_type": "payments", "action": "confirmed", "id": "EV9", "links": {}}], ids=str
)
def test_an_event_that_cannot_be_read_holds_up_none_that_can(odd: object) -> None:
    (paid,) = json.loads(of_payment("confirmed"))["events"]
    parsed = KIND.parse(delivery(json.dumps({"events": [odd, paid]}).encode()), Options())

    assert [type(event) for event in parsed.events] == [InvoicePaid]
    assert parsed.undecodable
    with pytest.raises(UndecodableError):
        KIND.parse(delivery(json.dumps({"events": [odd]}).encode()), Options())


def test_that_a_payment_is_paid_out_counts_only_where_nothing_else_is_known() -> None:
    event = read(KIND, of_payment("paid_out"))

    assert isinstance(event, InvoicePaid)
    assert (event.order, event.at > 0) == (0, True)
