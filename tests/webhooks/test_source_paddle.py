"""Paddle, with its own library as oracle for signatures."""

import json
import time
from dataclasses import dataclass, field

import pytest
from paddle_billing.Notifications import Secret, Verifier
from paddle_billing.Notifications.PaddleSignature import PaddleSignature

from tests.webhooks.deliveries import DOCUMENTED, WORKSPACE, delivery, read, sample, trust
from webhooks.events import InvoicePaid, InvoiceReversed, References
from webhooks.sources.facts import CREDITED_BEFORE, IN_PART
from webhooks.sources.kind import Options
from webhooks.sources.paddle import CREDITED, HOW_MUCH, KIND, RETURNED_IN_PART, UNCREDITED, UNKNOWN

SECRET, ROTATED = "pdl_ntfset_made_up_1", "pdl_ntfset_made_up_2"
TRANSACTION = "txn_01made0up"


@dataclass
class Request:
    """What Paddle's library asks of a request."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def by_paddle(body: bytes, *secrets: str) -> str:
    stamp = int(time.time())
    made = [PaddleSignature.calculate_hmac(secret, f"{stamp}:".encode() + body) for secret in secrets]
    return ";".join([f"ts={stamp}", *(f"h1={one.hexdigest()}" for one in made)])


def test_what_paddles_library_signs_is_authentic() -> None:
    body = sample("paddle", "transaction.paid")
    headers = {"Paddle-Signature": by_paddle(body, SECRET)}

    KIND.verify(delivery(body, headers), trust(SECRET, now=time.time()), Options())


def test_one_of_several_signatures_is_enough_while_secrets_are_rotated() -> None:
    headers = {"Paddle-Signature": by_paddle(b"{}", ROTATED, SECRET)}

    KIND.verify(delivery(b"{}", headers), trust(SECRET, now=time.time()), Options())


def test_what_we_sign_is_authentic_to_paddles_library() -> None:
    body = sample("paddle", "transaction.paid")
    proof = KIND.sign(body, SECRET, "", time.time(), Options())

    assert Verifier().verify(Request(body, proof.headers), Secret(SECRET))


@pytest.mark.parametrize("name", ["transaction.paid", "transaction.completed"])
def test_a_transaction_is_paid_and_names_its_entries(name: str) -> None:
    event = read(KIND, sample("paddle", name))

    assert isinstance(event, InvoicePaid)
    assert (event.invoice, event.references) == (TRANSACTION, (References(WORKSPACE, DOCUMENTED),))


def test_the_two_events_that_say_paid_are_of_one_rank() -> None:
    first, second = (
        read(KIND, sample("paddle", name)) for name in ("transaction.paid", "transaction.completed")
    )

    assert isinstance(first, InvoicePaid)
    assert isinstance(second, InvoicePaid)
    assert first.rank == second.rank
    assert second.number == "325-10566"


def adjusted(name: str, **data: object) -> bytes:
    """A sample whose data says something else."""
    body = json.loads(sample("paddle", name))
    body["data"] |= data
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("totals", "adjusted_totals", "unresolved"),
    [
        ({"grand_total": "125000"}, {"grand_total": "0"}, CREDITED_BEFORE),
        ({"grand_total": "125000"}, {"grand_total": "25000"}, ""),
        ({"grand_total": "0"}, {"grand_total": "0"}, ""),
        ({"grand_total": "125000"}, None, ""),
        (None, {"grand_total": "0"}, ""),
        ({}, {"grand_total": "0"}, ""),
    ],
)
def test_a_transaction_that_credits_have_settled_is_for_a_person(
    totals: object, adjusted_totals: object, unresolved: str
) -> None:
    details = {"totals": totals, "adjusted_totals": adjusted_totals}
    event = read(KIND, adjusted("transaction.completed", details=details))

    assert isinstance(event, InvoicePaid)
    assert (event.references, event.unresolved) == ((References(WORKSPACE, DOCUMENTED),), unresolved)


def test_an_empty_list_is_no_metadata_and_spoils_nothing() -> None:
    items: object = [{"price": {"custom_data": []}}]
    event = read(KIND, adjusted("transaction.completed", items=items))
    bare = read(KIND, adjusted("transaction.completed", custom_data=[], items=items))

    assert isinstance(event, InvoicePaid)
    assert isinstance(bare, InvoicePaid)
    assert (event.references, bare.references) == ((References(WORKSPACE, DOCUMENTED),), ())


def test_prices_of_items_may_name_entries_as_well() -> None:
    event = read(KIND, sample("paddle", "transaction.paid.references-on-items"))

    assert isinstance(event, InvoicePaid)
    assert event.references == (References(WORKSPACE, DOCUMENTED),)


@pytest.mark.parametrize(
    ("name", "unresolved"),
    [
        ("adjustment.refund.full", ""),
        ("adjustment.chargeback", ""),
        ("adjustment.refund.partial", IN_PART),
        ("adjustment.credit", CREDITED),
    ],
)
def test_an_adjustment_takes_the_money_back_in_full_or_is_for_a_person(name: str, unresolved: str) -> None:
    event = read(KIND, sample("paddle", name))

    assert isinstance(event, InvoiceReversed)
    assert (event.invoice, event.references, event.unresolved, event.stands) == (
        TRANSACTION,
        None,
        unresolved,
        True,
    )


def test_a_chargeback_that_is_reversed_is_a_payment_again() -> None:
    event = read(KIND, sample("paddle", "adjustment.chargeback_reverse"))
    taken = read(KIND, sample("paddle", "adjustment.chargeback"))

    assert isinstance(event, InvoicePaid)
    assert isinstance(taken, InvoiceReversed)
    assert (event.references, event.rank > taken.rank) == (None, True)


@pytest.mark.parametrize(
    ("changes", "fact", "unresolved"),
    [
        ({"action": "credit_reverse"}, InvoicePaid, UNCREDITED),
        ({"action": "chargeback_reverse", "type": "partial"}, InvoicePaid, RETURNED_IN_PART),
        ({"action": "chargeback", "type": None}, InvoiceReversed, HOW_MUCH),
        ({"action": "goodwill"}, InvoiceReversed, UNKNOWN),
    ],
)
def test_what_an_adjustment_does_not_settle_is_for_a_person_in_words_of_its_own(
    changes: dict[str, object], fact: type[InvoicePaid | InvoiceReversed], unresolved: str
) -> None:
    event = read(KIND, adjusted("adjustment.credit", **changes))

    assert isinstance(event, fact)
    assert (event.references, event.unresolved) == (None, unresolved)


@pytest.mark.parametrize("name", ["adjustment.refund.pending", "adjustment.chargeback_warning"])
def test_what_is_not_approved_and_warnings_change_nothing(name: str) -> None:
    assert KIND.parse(delivery(sample("paddle", name)), Options()).events == ()
