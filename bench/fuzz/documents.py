"""Valid payloads of both kinds, of every type that means something, each about an invoice of its own.

Pure. Everything that a payload names has its `mark` in it, so that whatever the ledger holds tells where it came from.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from random import Random

from bench.fuzz.nodes import Fields, Node, fields

WORKSPACE = "64a687e29ae1f428e7ebe303"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a payload tells of: a number of its own, a mark, and when."""

    mark: str
    number: int
    now: float

    def name(self, prefix: str) -> str:
        """An id with the mark in it."""
        return f"{prefix}_{self.mark}_{self.number}"

    def entry(self, n: int) -> str:
        """The id of an entry."""
        return sha256(f"{self.mark} {self.number} {n}".encode()).hexdigest()[:24]


def standard(facts: Facts, random: Random) -> Fields:
    """A payload of `standard`."""
    kind = random.choice(
        ("invoice.paid", "invoice.paid", "invoice.voided", "invoice.refunded", "contact.created")
    )
    return standard_of(kind, facts, random.randrange(6))


def standard_of(kind: str, facts: Facts, entries: int) -> Fields:
    """A payload of `standard`, of a type."""
    return fields(
        type=kind,
        timestamp=datetime.fromtimestamp(facts.now, UTC).isoformat(),
        data=fields(
            invoice_id=facts.name("in"),
            workspace_id=WORKSPACE,
            time_entry_ids=[facts.entry(n) for n in range(entries)],
            account_id=facts.name("acct"),
        ),
    )


def stripe(facts: Facts, random: Random) -> Fields:
    """A payload of `stripe`."""
    kind, make = random.choice(_STRIPE)
    return stripe_of(kind, make(facts), facts)


def stripe_of(kind: str, described: Node, facts: Facts) -> Fields:
    """An event of Stripe, around the object that it is about."""
    return fields(
        id=facts.name("evt"),
        object="event",
        api_version="2026-10-28.endive",
        created=int(facts.now),
        data=fields(object=described),
        livemode=True,
        pending_webhooks=1,
        type=kind,
    )


def invoice(facts: Facts, status: str = "paid") -> Fields:
    """An invoice that names entries itself, on a line, and by its subscription."""
    return fields(
        id=facts.name("in"),
        object="invoice",
        status=status,
        total=125_000,
        pre_payment_credit_notes_amount=0,
        metadata=fields(clockify_workspace_id=WORKSPACE, clockify_time_entry_ids=facts.entry(0), clockify_time_entry_ids_2=facts.entry(1)),
        lines=fields(object="list", data=[fields(id="il_1", metadata=fields(clockify_time_entry_ids=facts.entry(2)))], has_more=False),
        parent=fields(subscription_details=fields(metadata=fields(clockify_workspace_id=WORKSPACE))),
        payment_intent=facts.name("pi"),
    )  # fmt: skip


def _payment(facts: Facts) -> Fields:
    return fields(
        object="invoice_payment",
        invoice=facts.name("in"),
        is_default=True,
        status="paid",
        payment=fields(type="payment_intent", payment_intent=facts.name("pi")),
    )


def _refund(facts: Facts) -> Fields:
    return fields(object="refund", status="succeeded", charge=None, payment_intent=facts.name("pi"))


def _charge(facts: Facts) -> Fields:
    return fields(object="charge", id=facts.name("ch"), refunded=True, payment_intent=facts.name("pi"))


def _note(facts: Facts) -> Fields:
    return fields(
        object="credit_note",
        invoice=facts.name("in"),
        post_payment_amount=100,
        refunds=[fields(amount_refunded=1)],
    )


def _dispute(facts: Facts) -> Fields:
    return fields(object="dispute", status="lost", charge=None, payment_intent=facts.name("pi"))


_STRIPE: tuple[tuple[str, Callable[[Facts], Fields]], ...] = (
    ("invoice.paid", invoice),
    ("invoice.paid", invoice),
    ("invoice.paid", invoice),
    ("invoice.voided", lambda facts: invoice(facts, "void")),
    ("invoice_payment.paid", _payment),
    ("charge.refunded", _charge),
    ("refund.updated", _refund),
    ("refund.failed", _refund),
    ("credit_note.created", _note),
    ("charge.dispute.closed", _dispute),
    ("customer.created", lambda facts: fields(object="customer", id=facts.name("cus"))),
)
