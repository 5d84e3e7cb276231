"""What every kind of source must do, whichever it is. A new kind is in here as soon as it is in KINDS."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tests.webhooks.deliveries import DOCUMENTED, NOW, WORKSPACE, delivery, trust
from webhooks.delivery import Delivery, NotAuthenticError, UndecodableError
from webhooks.events import InvoicePaid, InvoiceReversed, References
from webhooks.sources import KINDS
from webhooks.sources.kind import Kind, Options, Sample
from webhooks.sources.payload import LATEST

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROTATED = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
OTHER_WORKSPACE = "64a687e29ae1f428e7ebe304"
FACTS = Sample(event="evt_1", invoice="in_1", workspace=WORKSPACE, entries=DOCUMENTED, at=NOW)

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())


def signed(kind: Kind, body: bytes, *, secret: str = SECRET, now: float = NOW) -> Delivery:
    return delivery(body, kind.sign(body, secret, FACTS.event, now))


def proof(kind: Kind, headers: dict[str, str]) -> dict[str, str]:
    """The headers that prove a delivery: all but those that describe its body."""
    return {name: value for name, value in headers.items() if not name.lower().startswith("content-")}


def without(headers: dict[str, str], name: str) -> dict[str, str]:
    return {other: value for other, value in headers.items() if other != name}


def test_a_kind_is_found_by_its_own_name() -> None:
    assert {name: kind.name for name, kind in KINDS.items()} == {name: name for name in KINDS}


@every_kind
def test_an_authentic_delivery_is_believed(kind: Kind) -> None:
    kind.verify(signed(kind, kind.sample(FACTS)), trust(SECRET))


@every_kind
def test_a_paid_invoice_comes_out_as_it_was_told(kind: Kind) -> None:
    (event,) = kind.parse(signed(kind, kind.sample(FACTS)), Options()).events

    assert isinstance(event, InvoicePaid)
    assert (event.id, event.account, event.invoice, event.at, event.unresolved) == (
        "evt_1",
        "",
        "in_1",
        NOW * 1000,
        "",
    )
    assert event.references == (References(WORKSPACE, DOCUMENTED),)


@every_kind
def test_a_reversal_is_of_the_same_invoice_and_wins_within_one_instant(kind: Kind) -> None:
    (paid,) = kind.parse(signed(kind, kind.sample(FACTS)), Options()).events
    (undone,) = kind.parse(signed(kind, kind.sample(replace(FACTS, paid=False))), Options()).events

    assert isinstance(paid, InvoicePaid)
    assert isinstance(undone, InvoiceReversed)
    assert (undone.account, undone.invoice, undone.unresolved) == (paid.account, paid.invoice, "")
    assert (undone.order, undone.rank) > (paid.order, paid.rank)


@every_kind
def test_an_invoice_may_name_more_entries_than_one_value_of_metadata_holds(kind: Kind) -> None:
    entries = tuple(f"{n:024x}" for n in range(1000))

    (event,) = kind.parse(signed(kind, kind.sample(replace(FACTS, entries=entries))), Options()).events

    assert isinstance(event, InvoicePaid)
    assert event.references == (References(WORKSPACE, entries),)


@every_kind
def test_a_repeated_delivery_says_the_same_even_if_it_is_signed_anew(kind: Kind) -> None:
    body = kind.sample(FACTS)
    first, again = signed(kind, body), signed(kind, body, now=NOW + 60)

    kind.verify(again, trust(SECRET))

    assert kind.parse(first, Options()) == kind.parse(again, Options())


@every_kind
@pytest.mark.parametrize("now", [NOW - 301, NOW + 301], ids=["stale", "future"])
def test_a_delivery_from_another_time_is_refused(kind: Kind, now: float) -> None:
    with pytest.raises(NotAuthenticError):
        kind.verify(signed(kind, kind.sample(FACTS), now=now), trust(SECRET))


@every_kind
@pytest.mark.parametrize("secrets", [(), ("",), (ROTATED,)], ids=["none", "empty", "another"])
def test_a_delivery_under_no_secret_of_ours_is_refused(kind: Kind, secrets: tuple[str, ...]) -> None:
    with pytest.raises(NotAuthenticError):
        kind.verify(signed(kind, kind.sample(FACTS)), trust(*secrets))


@every_kind
@pytest.mark.parametrize("secrets", [(SECRET, ROTATED), (ROTATED, SECRET), ("", SECRET)])
def test_while_secrets_are_rotated_any_of_them_will_do(kind: Kind, secrets: tuple[str, ...]) -> None:
    kind.verify(signed(kind, kind.sample(FACTS)), trust(*secrets))


@every_kind
def test_a_missing_header_is_refused(kind: Kind) -> None:
    body = kind.sample(FACTS)
    headers = kind.sign(body, SECRET, FACTS.event, NOW)

    for name in proof(kind, headers):
        with pytest.raises(NotAuthenticError):
            kind.verify(delivery(body, without(headers, name)), trust(SECRET))


@every_kind
def test_a_repeated_header_is_refused(kind: Kind) -> None:
    body = kind.sample(FACTS)
    headers = kind.sign(body, SECRET, FACTS.event, NOW)

    for name, value in proof(kind, headers).items():
        with pytest.raises(NotAuthenticError, match="repeated"):
            kind.verify(delivery(body, [*headers.items(), (name, value)]), trust(SECRET))


@every_kind
@given(data=st.data())
@settings(max_examples=150)
def test_one_bit_of_the_body_changed_is_refused(kind: Kind, data: st.DataObject) -> None:
    body = kind.sample(FACTS)
    headers = kind.sign(body, SECRET, FACTS.event, NOW)
    bit = data.draw(st.integers(0, len(body) * 8 - 1))
    changed = bytearray(body)
    changed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(NotAuthenticError):
        kind.verify(delivery(bytes(changed), headers), trust(SECRET))


@every_kind
def test_one_bit_of_a_proving_header_changed_is_refused(kind: Kind) -> None:
    body = kind.sample(FACTS)
    headers = kind.sign(body, SECRET, FACTS.event, NOW)

    for name, value in proof(kind, headers).items():
        raw = value.encode()
        for bit in range(len(raw) * 8):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            with pytest.raises(NotAuthenticError):
                kind.verify(
                    delivery(body, headers | {name: changed.decode("utf-8", "surrogateescape")}),
                    trust(SECRET),
                )


@every_kind
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"7",
        b'"x"',
        b"{}",
        b"\xff",
        b'{"type": "\xff"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"<xml/>",
        b"a=b",
    ],
    ids=lambda body: repr(body[:12]),
)
def test_an_authentic_body_that_cannot_be_decoded_is_undecodable(kind: Kind, body: bytes) -> None:
    kind.verify(signed(kind, body), trust(SECRET))

    with pytest.raises(UndecodableError):
        kind.parse(signed(kind, body), Options())


@every_kind
@given(
    name=st.sampled_from(
        [
            "id",
            "type",
            "created",
            "timestamp",
            "account",
            "livemode",
            "status",
            "metadata",
            "data",
            "object",
            "lines",
            "invoice_id",
            "workspace_id",
            "time_entry_ids",
            "account_id",
        ]
    ),
    value=st.sampled_from(
        [
            b"null",
            b"true",
            b"-1",
            b"1e308",
            b"9" * 40,
            b"1" + b"0" * 5000,
            b'""',
            b'"\\u0000"',
            b'"\\ud800"',
            b'"\xed\xa0\x80"',
            b"[]",
            b"[[]]",
            b"{}",
            b'{"": ""}',
            b'"' + b"x" * 10_000 + b'"',
        ]
    ),
)
@settings(max_examples=400)
def test_any_field_may_hold_anything(kind: Kind, name: str, value: bytes) -> None:
    body = kind.sample(FACTS)
    quoted = b'"' + name.encode() + b'":'
    for one in (
        body.replace(quoted, quoted + value + b',"_":'),
        body.replace(quoted, quoted + value + b"," + quoted),
    ):
        with suppress(UndecodableError):
            for event in kind.parse(signed(kind, one), Options()).events:
                assert event.id.isprintable()
                assert event.invoice.isprintable()
                assert 0 <= event.at <= LATEST


@every_kind
@given(
    body=st.binary(max_size=300),
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "webhook-id",
                    "webhook-timestamp",
                    "webhook-signature",
                    "svix-id",
                    "svix-timestamp",
                    "svix-signature",
                    "Stripe-Signature",
                ]
            ),
            st.text(st.characters(), max_size=60)
            | st.from_regex(r"\A(t=)?17672256[0-9]{2},?v1[=,][A-Za-z0-9+/=, ]{0,60}\Z"),
        ),
        max_size=8,
    ),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_and_no_headers_raise_anything_but_the_two_declared_errors(
    kind: Kind, body: bytes, headers: list[tuple[str, str]]
) -> None:
    one = Delivery(CIMultiDictProxy(CIMultiDict(headers)), body)

    with pytest.raises(NotAuthenticError):
        kind.verify(one, trust(SECRET, ROTATED))
    with suppress(UndecodableError):
        assert kind.parse(one, Options()).ignored


@every_kind
def test_an_uninteresting_type_is_ignored_by_name(kind: Kind) -> None:
    body = kind.sample(FACTS).replace(b'"invoice.paid"', b'"customer.created"')

    parsed = kind.parse(signed(kind, body), Options())

    assert (parsed.events, parsed.ignored) == ((), "customer.created")


@every_kind
def test_no_reason_of_a_refusal_shows_a_secret_or_a_signature(kind: Kind) -> None:
    body = kind.sample(FACTS)
    headers = kind.sign(body, SECRET, FACTS.event, NOW)

    with pytest.raises(NotAuthenticError) as refusal:
        kind.verify(delivery(body + b" ", headers), trust(SECRET, ROTATED))

    assert not [text for text in (SECRET, ROTATED, *headers.values()) if text in str(refusal.value)]


@every_kind
def test_a_made_up_reversal_may_show_no_references(kind: Kind) -> None:
    facts = replace(FACTS, workspace="", entries=(), paid=False)
    (event,) = kind.parse(signed(kind, kind.sample(facts)), Options()).events

    assert isinstance(event, InvoiceReversed)
    assert not event.references


def test_lines_of_a_made_up_invoice_name_entries_of_their_own_workspaces() -> None:
    facts = replace(FACTS, lines=((OTHER_WORKSPACE, DOCUMENTED[:1]),))
    kind = KINDS["stripe"]
    (event,) = kind.parse(signed(kind, kind.sample(facts)), Options()).events

    assert isinstance(event, InvoicePaid)
    assert event.references == (
        References(WORKSPACE, DOCUMENTED),
        References(OTHER_WORKSPACE, DOCUMENTED[:1]),
    )
