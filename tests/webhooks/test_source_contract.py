"""What every kind of source must do, whichever it is. A new kind is in here as soon as it is in KINDS.

What differs from kind to kind is said in `tests/webhooks/cases`, and by the kind itself (`about`).
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from tests.webhooks.deliveries import DOCUMENTED, NOW, SAMPLES, WORKSPACE, case, delivery, sample, trust
from webhooks.delivery import Delivery, NotAuthenticError, UndecodableError
from webhooks.events import InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.resolve import Place, resolve
from webhooks.sources import KINDS
from webhooks.sources.kind import Kind, Sample
from webhooks.sources.payload import LATEST

OTHER_WORKSPACE = "64a687e29ae1f428e7ebe304"
FACTS = Sample(event="evt_1", invoice="in_1", workspace=WORKSPACE, entries=DOCUMENTED, at=NOW)
MOST_NAMED = 1000


def kinds(*, naming: bool = False, linkable: bool = False, proves: str = "") -> pytest.MarkDecorator:
    """All kinds; or only those that show entries, or links, or whose signature proves as much."""
    chosen = [
        kind
        for kind in KINDS.values()
        if (kind.about.room != 0 or not naming)
        and (kind.about.linkable or not linkable)
        and kind.about.proves.startswith(proves)
    ]
    return pytest.mark.parametrize("kind", chosen, ids=[kind.name for kind in chosen])


every_kind = kinds()


def made(kind: Kind, facts: Sample) -> bytes:
    """A body that tells these facts."""
    return kind.sample(facts, case(kind).options)


def signed(kind: Kind, body: bytes, *, secret: str = "", now: float = NOW) -> Delivery:
    one = case(kind)
    proof = kind.sign(body, secret or one.signing or one.secret, FACTS.event, now, one.options)
    headers = CIMultiDictProxy(CIMultiDict(proof.headers))
    return Delivery(headers, body, token=proof.token, arrived=NOW)


def with_header(one: Delivery, name: str, *values: str) -> Delivery:
    """The same delivery with these values of a header, or without it."""
    headers = CIMultiDict(one.headers)
    headers.popall(name)
    headers.extend((name, value) for value in values)
    return Delivery(CIMultiDictProxy(headers), one.body, one.token, one.query, one.arrived)


def proof(kind: Kind, one: Delivery) -> dict[str, str]:
    """The headers that prove a delivery: all but those that describe it."""
    return {
        name: value
        for name, value in one.headers.items()
        if not name.lower().startswith("content-") and name not in case(kind).beside
    }


def of_file(kind: Kind, name: str) -> Delivery:
    """The delivery whose body is a sample file."""
    return signed(kind, sample(kind.name, name))


def test_a_kind_is_found_by_its_own_name() -> None:
    assert {name: kind.name for name, kind in KINDS.items()} == {name: name for name in KINDS}


@every_kind
def test_a_kind_says_where_its_rules_come_from_and_what_it_reacts_to(kind: Kind) -> None:
    about = kind.about

    assert about.page.startswith("https://")
    assert about.title
    assert about.needs
    assert about.references
    assert about.paid or kind.name == "custom"
    assert not {*about.paid} & {*about.reversed, *about.issued, *about.by_hand}


@every_kind
def test_an_authentic_delivery_is_believed(kind: Kind) -> None:
    kind.verify(signed(kind, made(kind, FACTS)), trust(case(kind).secret), case(kind).options)


@every_kind
def test_settings_that_can_be_used_are_not_complained_about(kind: Kind) -> None:
    one = case(kind)

    assert kind.complaints([one.secret, one.rotated], one.options) == []


@every_kind
def test_a_paid_invoice_comes_out_as_it_was_told(kind: Kind) -> None:
    (event,) = kind.parse(signed(kind, made(kind, FACTS)), case(kind).options).events

    assert isinstance(event, InvoicePaid)
    assert (event.account, event.invoice, event.unresolved) == ("", "in_1", "")
    assert event.id
    assert event.at == NOW * 1000
    assert event.references == ((References(WORKSPACE, DOCUMENTED),) if kind.about.room != 0 else ())


@every_kind
def test_a_reversal_is_another_event_of_the_same_invoice_and_wins_within_one_instant(kind: Kind) -> None:
    (paid,) = kind.parse(signed(kind, made(kind, FACTS)), case(kind).options).events
    gone = made(kind, replace(FACTS, event="evt_2", told="reversed"))
    (undone,) = kind.parse(signed(kind, gone), case(kind).options).events

    assert isinstance(paid, InvoicePaid)
    assert isinstance(undone, InvoiceReversed)
    assert undone.unresolved == ""
    assert undone.account == paid.account
    assert undone.invoice == paid.invoice or (not undone.invoice and undone.payment == paid.payment)
    assert (undone.order, undone.rank) > (paid.order, paid.rank)


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.about.issued], ids=lambda k: k.name)
def test_an_invoice_that_is_issued_comes_before_its_payment(kind: Kind) -> None:
    (paid,) = kind.parse(signed(kind, made(kind, FACTS)), case(kind).options).events
    told = made(kind, replace(FACTS, event="evt_0", told="issued"))
    events = kind.parse(signed(kind, told), case(kind).options).events
    (issued,) = [event for event in events if isinstance(event, InvoiceIssued)]

    assert isinstance(paid, InvoicePaid)
    assert (issued.account, issued.invoice, issued.unresolved) == (paid.account, paid.invoice, "")
    assert issued.references == paid.references
    assert (issued.order, issued.rank) < (paid.order, paid.rank)


@kinds(naming=True)
def test_an_invoice_may_name_as_many_entries_as_there_is_room_for(kind: Kind) -> None:
    room = MOST_NAMED if kind.about.room is None else min(MOST_NAMED, kind.about.room)
    entries = tuple(f"{n:024x}" for n in range(room))

    body = made(kind, replace(FACTS, entries=entries))
    (event,) = kind.parse(signed(kind, body), case(kind).options).events

    assert isinstance(event, InvoicePaid)
    assert event.references == (References(WORKSPACE, entries),)
    assert event.unresolved == ""


@kinds(linkable=True)
def test_an_invoice_may_show_a_link_instead_of_entries(kind: Kind) -> None:
    body = made(kind, replace(FACTS, link="march-7", workspace="", entries=()))
    (event,) = kind.parse(signed(kind, body), case(kind).options).events

    assert isinstance(event, InvoicePaid)
    assert (event.link, event.references, event.unresolved) == ("march-7", (), "")


@every_kind
def test_a_repeated_delivery_says_the_same_even_if_it_is_signed_anew(kind: Kind) -> None:
    body = made(kind, FACTS)
    first, again = signed(kind, body), signed(kind, body, now=NOW + 60)

    kind.verify(again, trust(case(kind).secret), case(kind).options)

    assert kind.parse(first, case(kind).options) == kind.parse(again, case(kind).options)


@kinds(proves="body and time")
@pytest.mark.parametrize("now", [NOW - 301, NOW + 301], ids=["stale", "future"])
def test_a_delivery_from_another_time_is_refused(kind: Kind, now: float) -> None:
    with pytest.raises(NotAuthenticError):
        kind.verify(signed(kind, made(kind, FACTS), now=now), trust(case(kind).secret), case(kind).options)


@every_kind
@pytest.mark.parametrize("which", ["none", "empty", "another"])
def test_a_delivery_under_no_secret_of_ours_is_refused(kind: Kind, which: str) -> None:
    secrets = {"none": (), "empty": ("",), "another": (case(kind).rotated,)}[which]

    with pytest.raises(NotAuthenticError):
        kind.verify(signed(kind, made(kind, FACTS)), trust(*secrets), case(kind).options)


@every_kind
def test_while_secrets_are_rotated_any_of_them_will_do(kind: Kind) -> None:
    one, body = case(kind), made(kind, FACTS)
    for secrets in ((one.secret, one.rotated), (one.rotated, one.secret), ("", one.secret)):
        kind.verify(signed(kind, body), trust(*secrets), one.options)


@every_kind
def test_a_delivery_without_its_proof_is_refused(kind: Kind) -> None:
    whole = signed(kind, made(kind, FACTS))

    for name in proof(kind, whole):
        with pytest.raises(NotAuthenticError):
            kind.verify(with_header(whole, name), trust(case(kind).secret), case(kind).options)
    with pytest.raises(NotAuthenticError):
        kind.verify(delivery(whole.body), trust(case(kind).secret), case(kind).options)


@every_kind
def test_a_repeated_header_is_refused_unless_the_vendor_repeats_it(kind: Kind) -> None:
    whole = signed(kind, made(kind, FACTS))

    for name, value in proof(kind, whole).items():
        twice = with_header(whole, name, value, value)
        if case(kind).repeats:
            kind.verify(twice, trust(case(kind).secret), case(kind).options)
        else:
            with pytest.raises(NotAuthenticError, match="repeated"):
                kind.verify(twice, trust(case(kind).secret), case(kind).options)


@kinds(proves="body")
@given(data=st.data())
@settings(max_examples=150)
def test_one_bit_of_the_body_changed_is_refused(kind: Kind, data: st.DataObject) -> None:
    whole = signed(kind, made(kind, FACTS))
    bit = data.draw(st.integers(0, len(whole.body) * 8 - 1))
    changed = bytearray(whole.body)
    changed[bit // 8] ^= 1 << bit % 8

    with pytest.raises(NotAuthenticError):
        kind.verify(
            Delivery(whole.headers, bytes(changed), whole.token), trust(case(kind).secret), case(kind).options
        )


@every_kind
def test_one_bit_of_the_proof_changed_is_refused(kind: Kind) -> None:
    whole = signed(kind, made(kind, FACTS))

    for forged in one_bit_changed(kind, whole):
        with pytest.raises(NotAuthenticError):
            kind.verify(forged, trust(case(kind).secret), case(kind).options)


def one_bit_changed(kind: Kind, whole: Delivery) -> Iterator[Delivery]:
    for name, value in proof(kind, whole).items():
        for text in texts_beside(value):
            yield with_header(whole, name, text)
    for text in texts_beside(whole.token):
        yield Delivery(whole.headers, whole.body, text)


def texts_beside(value: str) -> Iterator[str]:
    raw = value.encode()
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        yield changed.decode("utf-8", "surrogateescape")


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
    kind.verify(signed(kind, body), trust(case(kind).secret), case(kind).options)

    with pytest.raises(UndecodableError):
        kind.parse(signed(kind, body), case(kind).options)


def names_in(document: object) -> Iterator[str]:
    """Every name of a field, anywhere."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield name
            yield from names_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from names_in(value)


STRANGE = (
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
)


@every_kind
@given(data=st.data(), value=st.sampled_from(STRANGE))
@settings(max_examples=300)
def test_any_field_may_hold_anything(kind: Kind, data: st.DataObject, value: bytes) -> None:
    body = made(kind, FACTS)
    name = data.draw(st.sampled_from(sorted({*names_in(json.loads(body))})))
    quoted = b'"' + name.encode() + b'":'
    for one in (
        body.replace(quoted, quoted + value + b',"_":'),
        body.replace(quoted, quoted + value + b"," + quoted),
    ):
        with suppress(UndecodableError):
            for event in kind.parse(signed(kind, one), case(kind).options).events:
                assert event.id.isprintable()
                assert event.invoice.isprintable()
                assert 0 <= event.at <= LATEST


@every_kind
@given(data=st.data(), body=st.binary(max_size=300), token=st.text(st.characters(), max_size=20))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
def test_no_bytes_and_no_headers_raise_anything_but_the_two_declared_errors(
    kind: Kind, data: st.DataObject, body: bytes, token: str
) -> None:
    proving = proof(kind, signed(kind, made(kind, FACTS)))
    values = st.text(st.characters(), max_size=60) | st.sampled_from(["", *proving.values()])
    headers = data.draw(
        st.lists(st.tuples(st.sampled_from(["X-Other", *proving]), values), max_size=8)
        if "body" in kind.about.proves
        else st.just([])
    )
    one = Delivery(CIMultiDictProxy(CIMultiDict(headers)), body, token)

    with pytest.raises(NotAuthenticError):
        kind.verify(one, trust(case(kind).secret, case(kind).rotated), case(kind).options)
    with suppress(UndecodableError):
        assert kind.parse(one, case(kind).options).ignored


@every_kind
def test_an_uninteresting_delivery_is_ignored_by_name(kind: Kind) -> None:
    parsed = kind.parse(of_file(kind, case(kind).uninteresting), case(kind).options)

    assert (parsed.events, parsed.ignored) == ((), case(kind).ignored)


@every_kind
def test_a_payment_of_a_part_marks_nothing(kind: Kind) -> None:
    one = case(kind)
    if not one.partly_paid:
        assert one.without["partly_paid"]
        return
    parsed = kind.parse(of_file(kind, one.partly_paid), one.options)

    assert not [event for event in parsed.events if isinstance(event, InvoicePaid) and not event.unresolved]


@every_kind
def test_a_delivery_of_several_events_tells_each_of_them(kind: Kind) -> None:
    one = case(kind)
    if not one.batch:
        assert one.without["batch"]
        return
    events = kind.parse(of_file(kind, one.batch), one.options).events

    assert len({event.id for event in events}) == len(events) > 1


@every_kind
def test_another_version_of_the_payload_is_understood_or_said_not_to_be(kind: Kind) -> None:
    one = case(kind)
    if not one.another_version:
        assert one.without["another_version"]
        return
    with suppress(UndecodableError):
        parsed = kind.parse(of_file(kind, one.another_version), one.options)
        assert parsed.events or parsed.ignored


@every_kind
def test_every_sample_file_can_be_read(kind: Kind) -> None:
    files = sorted((SAMPLES / kind.name).glob("*.json"))

    assert files
    for file in files:
        with suppress(UndecodableError):
            kind.parse(of_file(kind, file.stem), case(kind).options)


@every_kind
def test_no_reason_of_a_refusal_shows_a_secret_or_a_signature(kind: Kind) -> None:
    one = case(kind)
    whole = signed(kind, made(kind, FACTS), secret="" if one.signing else one.rotated)

    with pytest.raises(NotAuthenticError) as refusal:
        kind.verify(Delivery(whole.headers, b"other", whole.token), trust(one.secret), one.options)

    shown = [one.secret, one.rotated, *proof(kind, whole).values()]
    assert not [text for text in shown if text in str(refusal.value)]


@every_kind
def test_a_made_up_reversal_may_show_no_references(kind: Kind) -> None:
    facts = replace(FACTS, workspace="", entries=(), told="reversed")
    (event,) = kind.parse(signed(kind, made(kind, facts)), case(kind).options).events

    assert isinstance(event, InvoiceReversed)
    assert not event.references


@every_kind
@pytest.mark.parametrize("mark_on", ["paid", "issued"])
def test_a_payment_marks_whatever_marks_an_hour(kind: Kind, mark_on: str) -> None:
    (event,) = kind.parse(signed(kind, made(kind, FACTS)), case(kind).options).events
    place = Place("shop", WORKSPACE, "issued" if mark_on == "issued" else "paid")

    assert resolve(event, place) is not None


def test_lines_of_a_made_up_invoice_name_entries_of_their_own_workspaces() -> None:
    facts = replace(FACTS, lines=((OTHER_WORKSPACE, DOCUMENTED[:1]),))
    kind = KINDS["stripe"]
    (event,) = kind.parse(signed(kind, made(kind, facts)), case(kind).options).events

    assert isinstance(event, InvoicePaid)
    assert event.references == (
        References(WORKSPACE, DOCUMENTED),
        References(OTHER_WORKSPACE, DOCUMENTED[:1]),
    )
