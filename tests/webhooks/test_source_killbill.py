"""Kill Bill: a secret in the path, payments that may be of a part, and events without an id."""

import json
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from tests.webhooks.deliveries import NOW, sample, trust
from webhooks.delivery import Delivery, NotAuthenticError, UndecodableError
from webhooks.events import InvoiceEvent, InvoiceIssued, InvoicePaid, InvoiceReversed
from webhooks.sources import killbill
from webhooks.sources.facts import Rank
from webhooks.sources.killbill import KIND
from webhooks.sources.kind import Options, Parsed

INVOICE = "5f1c6a2e-8c1d-4b52-9d0e-2f3b7a9c1e40"
PAYMENT = "b0a1c2d3-1111-4222-8333-944455566677"
AT = int(NOW) * 1000
DAY = 86_400_000
IN_FULL = Options(in_full=True)


def posted(body: bytes, token: str = "", arrived: float = NOW) -> Delivery:
    return Delivery(CIMultiDictProxy(CIMultiDict()), body, token, arrived=arrived)


def parse(body: bytes, options: Options = IN_FULL, arrived: float = NOW) -> Parsed:
    return KIND.parse(posted(body, arrived=arrived), options)


def event(body: bytes, options: Options = IN_FULL, arrived: float = NOW) -> InvoiceEvent:
    (one,) = parse(body, options, arrived).events
    assert isinstance(one, InvoiceEvent)
    return one


def changed(name: str, **metadata: Any) -> bytes:
    """A sample, with fields of its `metaData` changed."""
    whole = json.loads(sample("killbill", name))
    whole["metaData"] = json.dumps({**json.loads(whole["metaData"]), **metadata})
    return json.dumps(whole).encode()


def test_the_secret_in_the_path_is_the_proof() -> None:
    KIND.verify(posted(b"{}", "new"), trust("old", "new"), Options())

    assert KIND.sign(b"{}", "new", "evt_1", NOW, Options()).token == "new"
    for token in ("", "other", "NEW", "new/"):
        with pytest.raises(NotAuthenticError):
            KIND.verify(posted(b"{}", token), trust("old", "new"), Options())


def test_a_payment_pays_the_invoice_where_every_payment_is_in_full() -> None:
    one = event(sample("killbill", "INVOICE_PAYMENT_SUCCESS"))

    assert isinstance(one, InvoicePaid)
    assert (one.invoice, one.payment, one.at, one.order, one.unresolved) == (
        INVOICE,
        PAYMENT,
        AT + 250,
        AT + 250,
        "",
    )
    assert (one.account, one.references, one.link, one.number) == ("", (), "", "")


def test_a_payment_that_may_be_of_a_part_is_for_a_person() -> None:
    one = event(sample("killbill", "INVOICE_PAYMENT_SUCCESS"), Options())

    assert isinstance(one, InvoicePaid)
    assert one.unresolved == killbill.PERHAPS_IN_PART
    assert one.unresolved.endswith("decide by hand")


def test_a_payment_that_does_not_say_whether_it_is_one_is_for_a_person() -> None:
    one = event(sample("killbill", "INVOICE_PAYMENT_SUCCESS.without-metadata"))

    assert isinstance(one, InvoicePaid)
    assert (one.unresolved, one.at, one.payment) == (killbill.UNKNOWN, AT, "")


def test_a_chargeback_takes_the_payment_back() -> None:
    one = event(sample("killbill", "INVOICE_PAYMENT_SUCCESS.chargeback"))

    assert isinstance(one, InvoiceReversed)
    assert (one.invoice, one.at, one.references, one.unresolved, one.stands) == (
        INVOICE,
        AT + DAY,
        None,
        "",
        True,
    )


@pytest.mark.parametrize(
    ("name", "options", "fact", "reason"),
    [
        ("INVOICE_PAYMENT_SUCCESS.chargeback", Options(), InvoiceReversed, killbill.CHARGED_BACK),
        ("INVOICE_PAYMENT_SUCCESS.refund", IN_FULL, InvoiceReversed, killbill.REFUNDED),
        ("INVOICE_PAYMENT_SUCCESS.refund", Options(), InvoiceReversed, killbill.REFUNDED),
        ("INVOICE_PAYMENT_FAILED.chargeback-undone", IN_FULL, InvoicePaid, killbill.CHARGEBACK_UNDONE),
        ("INVOICE_ADJUSTMENT", IN_FULL, InvoiceReversed, killbill.ADJUSTED),
    ],
)
def test_what_only_a_person_can_judge_is_unresolved(
    name: str, options: Options, fact: type[InvoiceEvent], reason: str
) -> None:
    one = event(sample("killbill", name), options)

    assert isinstance(one, fact)
    assert (one.invoice, one.unresolved) == (INVOICE, reason)
    assert reason.endswith("decide by hand")


def test_a_chargeback_that_is_undone_is_later_than_the_chargeback() -> None:
    names = ("INVOICE_PAYMENT_SUCCESS.chargeback", "INVOICE_PAYMENT_FAILED.chargeback-undone")
    made, undone = (event(sample("killbill", name)) for name in names)

    assert (made.order, made.rank) < (undone.order, undone.rank)


def test_an_invoice_is_issued_when_it_arrives() -> None:
    one = event(sample("killbill", "INVOICE_CREATION"), arrived=NOW + 0.5)

    assert isinstance(one, InvoiceIssued)
    assert (one.id, one.at, one.rank, one.references) == (
        f"INVOICE_CREATION:{INVOICE}",
        AT + 500,
        Rank.ISSUED,
        (),
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (sample("killbill", "INVOICE_PAYMENT_FAILED"), "a payment that failed"),
        (changed("INVOICE_PAYMENT_SUCCESS", invoicePaymentType="BARTER"), "another sort of payment"),
        (sample("killbill", "TAG_CREATION"), "TAG_CREATION"),
    ],
)
def test_what_says_nothing_about_an_invoice_is_ignored(body: bytes, reason: str) -> None:
    assert parse(body) == Parsed((), reason)


@pytest.mark.parametrize(
    "name", ["INVOICE_CREATION", "INVOICE_PAYMENT_SUCCESS", "INVOICE_PAYMENT_SUCCESS.without-metadata"]
)
def test_an_event_that_is_sent_again_is_the_same(name: str) -> None:
    body = sample("killbill", name)

    assert event(body).id == event(body, arrived=NOW + 900).id


def test_payments_and_refunds_are_told_apart_by_what_they_are_of_and_when_they_were_made() -> None:
    bodies = [
        sample("killbill", "INVOICE_PAYMENT_SUCCESS"),
        changed("INVOICE_PAYMENT_SUCCESS", paymentId="another"),
        sample("killbill", "INVOICE_PAYMENT_SUCCESS.refund"),
        changed("INVOICE_PAYMENT_SUCCESS.refund", paymentDate="2026-01-03T00:00:00.000Z"),
        sample("killbill", "INVOICE_PAYMENT_SUCCESS.chargeback"),
        sample("killbill", "INVOICE_PAYMENT_FAILED.chargeback-undone"),
    ]

    assert len({event(body).id for body in bodies}) == len(bodies)


@pytest.mark.parametrize(
    "body",
    [
        sample("killbill", "INVOICE_CREATION").replace(b'"objectId"', b'"_"'),
        sample("killbill", "INVOICE_PAYMENT_SUCCESS").replace(b'"objectId"', b'"_"'),
        sample("killbill", "INVOICE_PAYMENT_SUCCESS.without-metadata").replace(b"null", b'"not JSON"'),
        sample("killbill", "INVOICE_PAYMENT_SUCCESS.without-metadata").replace(b"null", b"{}"),
        changed("INVOICE_PAYMENT_SUCCESS", paymentDate="yesterday"),
        changed("INVOICE_PAYMENT_SUCCESS", paymentId="a\x00b"),
        changed("INVOICE_PAYMENT_SUCCESS", paymentId=7),
    ],
)
def test_a_payload_that_lacks_what_it_must_have_is_undecodable(body: bytes) -> None:
    with pytest.raises(UndecodableError):
        parse(body)
