"""Clockify's own invoices: by the token of a webhook, and by that of an add-on, with PyJWT as the one who signs."""

from typing import Any

import jwt
import pytest

from tests.webhooks.deliveries import DOCUMENTED, NOW, WORKSPACE, delivery, sample, trust
from tests.webhooks.keys import key_pair
from webhooks.delivery import Delivery, NotAuthenticError
from webhooks.events import Event, InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.resolve import MarkOn, Place, resolve
from webhooks.sources.clockify import KIND
from webhooks.sources.kind import Options
from worker.marking import Cause

PRIVATE, PUBLIC = key_pair("clockify")
TOKEN = "made-up-token-of-a-webhook"
ADDON = f"paidmark {PUBLIC}"
BODY = sample("clockify", "paid")


def events(name: str, arrived: float = NOW) -> tuple[Event, ...]:
    one = delivery(sample("clockify", name))
    return KIND.parse(Delivery(one.headers, one.body, arrived=arrived), Options()).events


def addon(**claimed: Any) -> str:
    usual = {"iss": "clockify", "type": "addon", "sub": "paidmark", "workspaceId": WORKSPACE}
    return jwt.encode({name: value for name, value in (usual | claimed).items() if value}, PRIVATE, "RS256")


def verify(token: str, *secrets: str, body: bytes = BODY) -> None:
    KIND.verify(delivery(body, {"Clockify-Signature": token}), trust(*secrets), Options())


@pytest.mark.parametrize("header", ["Clockify-Signature", "clockify-signature-token"])
def test_a_token_may_come_in_either_header(header: str) -> None:
    KIND.verify(delivery(b"{}", {header: TOKEN}), trust(TOKEN), Options())


def test_a_header_of_another_name_may_be_set() -> None:
    KIND.verify(delivery(b"{}", {"X-Token": TOKEN}), trust(TOKEN), Options(header="X-Token"))

    with pytest.raises(NotAuthenticError, match="X-Token is missing"):
        KIND.verify(delivery(b"{}", {"Clockify-Signature": TOKEN}), trust(TOKEN), Options(header="X-Token"))


@pytest.mark.parametrize("also", [{}, {"exp": int(NOW) + 60}, {"exp": int(NOW) - 60}])
def test_an_add_ons_token_is_believed_while_it_lasts(also: dict[str, int]) -> None:
    verify(addon(**also), TOKEN, ADDON)


@pytest.mark.parametrize(
    "token",
    [
        addon(iss="somebody"), addon(type="user"), addon(user="64a687e29ae1f428e7ebe999"), addon(sub="another"),
        addon(sub=None), addon(workspaceId="64a687e29ae1f428e7ebe999"), addon(workspaceId=None),
        addon(exp=int(NOW) - 3600), addon(exp="never"), "a.b.c", "another",
    ],
    ids=[
        "another issuer", "another type", "a user's", "another add-on's", "nobody's", "another workspace's",
        "no workspace's", "ended", "an end that is none", "nonsense", "no token",
    ],
)  # fmt: skip
def test_any_other_token_is_refused(token: str) -> None:
    with pytest.raises(NotAuthenticError):
        verify(token, TOKEN, ADDON)


def test_a_public_key_without_the_key_of_an_add_on_proves_nothing() -> None:
    with pytest.raises(NotAuthenticError):
        verify(addon(), PUBLIC)

    assert KIND.complaints([PUBLIC], Options()) == [
        "should begin with the add-on's key and a space: one public key is that of all add-ons"
    ]
    assert KIND.complaints([ADDON, TOKEN], Options()) == []
    assert KIND.complaints(["paidmark -----BEGIN PUBLIC KEY-----"], Options()) == [
        "the public key cannot be read: it should be PEM, whole"
    ]


def test_a_token_does_not_prove_a_body_that_is_no_invoice() -> None:
    with pytest.raises(NotAuthenticError):
        verify(addon(), ADDON, body=b"[]")


def test_a_public_key_cannot_sign_and_is_no_token() -> None:
    with pytest.raises(ValueError, match="token"):
        KIND.sign(b"{}", ADDON, "", 0, Options())
    with pytest.raises(NotAuthenticError):
        verify(ADDON[:30], ADDON)


def test_items_name_their_entries_themselves() -> None:
    (event,) = events("paid")

    assert isinstance(event, InvoicePaid)
    assert event.references == (References(WORKSPACE, DOCUMENTED),)


@pytest.mark.parametrize(
    ("name", "mark_on", "invoiced"),
    [
        ("paid", "paid", [True]),
        ("sent", "paid", [False]),
        ("partly-paid", "paid", []),
        ("void", "paid", [False]),
        ("unsent", "paid", [False]),
        ("paid", "issued", [True]),
        ("sent", "issued", [True]),
        ("partly-paid", "issued", [True]),
        ("void", "issued", [False]),
        ("unsent", "issued", [False]),
    ],
)
def test_what_a_status_means_for_an_hour(name: str, mark_on: MarkOn, invoiced: list[bool]) -> None:
    causes = [resolve(event, Place("clockify", None, mark_on)) for event in events(name)]

    assert [cause.invoiced for cause in causes if isinstance(cause, Cause)] == invoiced


def test_a_status_that_comes_back_is_another_event() -> None:
    (first,), (again,) = events("paid"), events("paid", NOW + 60)

    assert first.id != again.id


def test_being_issued_and_not_paid_are_two_events() -> None:
    issued, back = events("sent")

    assert (type(issued), type(back)) == (InvoiceIssued, InvoiceReversed)
    assert issued.id != back.id
    assert isinstance(back, InvoiceReversed)
    assert (back.references, back.stands) == ((), True)


def test_another_type_of_event_is_ignored_by_name() -> None:
    parsed = KIND.parse(delivery(b"{}", {"clockify-webhook-event-type": "NEW_TIME_ENTRY"}), Options())

    assert (parsed.events, parsed.ignored) == ((), "NEW_TIME_ENTRY")
