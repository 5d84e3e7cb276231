"""Any other system: how it is described in the settings, how it proves its deliveries, what they are taken to say."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.webhooks.deliveries import DOCUMENTED, NOW, SAMPLES, WORKSPACE, delivery, sample, trust
from webhooks.delivery import Delivery, NotAuthenticError, UndecodableError
from webhooks.events import InvoiceEvent, InvoiceIssued, InvoicePaid, InvoiceReversed, References
from webhooks.settings import DoorSettings
from webhooks.sources.custom import KIND
from webhooks.sources.custom.samples import SHAPE
from webhooks.sources.custom.samples import sample as made_up
from webhooks.sources.kind import Options, Parsed, Sample, Told
from webhooks.sources.scheme import Scheme
from worker.settings import SettingsError, load

README = Path(__file__).parents[2] / "README.md"
SECRET = "made up"
AT = int(NOW) * 1000
FACTS = Sample(event="evt_1", invoice="in_1", workspace=WORKSPACE, entries=DOCUMENTED, at=NOW)
REFERENCES = (References(WORKSPACE, DOCUMENTED),)
BY_HMAC = Scheme(header="X-Signature")
OWN_SHAPE = Options(
    scheme=BY_HMAC,
    paths=(
        ("type", "settled"),
        ("timestamp", "when"),
        ("invoice", "doc.no"),
        ("entries", "doc.hours[?billable].entry"),
    ),
    types=(("true", "paid"), ("false", "reversed")),
)
USABLE = replace(SHAPE, scheme=BY_HMAC)


def parse(body: bytes | dict[str, Any], options: Options = SHAPE, arrived: float = NOW) -> Parsed:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return KIND.parse(replace_arrival(delivery(raw), arrived), options)


def replace_arrival(one: Delivery, arrived: float) -> Delivery:
    return Delivery(one.headers, one.body, arrived=arrived)


def event(body: bytes | dict[str, Any], options: Options = SHAPE, arrived: float = NOW) -> InvoiceEvent:
    (one,) = parse(body, options, arrived).events
    assert isinstance(one, InvoiceEvent)
    return one


def changed(name: str, **changes: Any) -> dict[str, Any]:
    """A sample, with its fields changed (`...`: removed)."""
    whole = {**json.loads(sample("custom", name)), **changes}
    return {field: value for field, value in whole.items() if value is not ...}


def without(options: Options, *names: str) -> Options:
    return replace(options, paths=tuple(path for path in options.paths if path[0] not in names))


def proven(scheme: Scheme, body: bytes = b"{}", secret: str = SECRET, url: str = "") -> Delivery:
    """A delivery as the scheme's own system would send it."""
    proof = KIND.sign(body, secret, "evt_1", NOW, Options(scheme=scheme, url=url))
    return Delivery(delivery(body, proof.headers).headers, body, proof.token, arrived=NOW)


def verify(one: Delivery, scheme: Scheme | None, *secrets: str, now: float = NOW, url: str = "") -> None:
    KIND.verify(one, trust(*(secrets or (SECRET,)), now=now), Options(scheme=scheme, url=url))


# --- settings ---------------------------------------------------------------------------------------------------------


def door(**environ: str) -> Options:
    """The options of a source `shop`."""
    variables = {f"PAIDMARK_SOURCES__SHOP__{name}": value for name, value in environ.items()}
    return load(DoorSettings, {"PAIDMARK_SOURCES__SHOP__KIND": "custom", **variables}).sources["shop"].options


def mistakes(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        door(**environ)
    return sorted(caught.value.mistakes)


def test_a_system_is_described_in_the_environment() -> None:
    options = door(
        SECRETS=SECRET,
        SIGNATURE__HEADER="X-Signature",
        SIGNATURE__PREFIX="v1=",
        SIGNATURE__PROOF="hmac-sha512",
        SIGNATURE__ENCODING="base64",
        SIGNATURE__SIGNED="{timestamp}.{body}",
        SIGNATURE__TIMESTAMP_HEADER="X-Signature",
        SIGNATURE__TIMESTAMP_PREFIX="t=",
        SIGNATURE__TIMESTAMP_FORMAT="ms",
        PATHS__TYPE="event",
        PATHS__INVOICE="invoice.id",
        PATHS__ID="event_id",
        PAID="invoice.paid, invoice.settled",
        REVERSED='["credit note sent"]',
    )

    assert options == Options(
        scheme=Scheme(
            proof="hmac-sha512",
            header="X-Signature",
            prefix="v1=",
            encoding="base64",
            signed="{timestamp}.{body}",
            timestamp_header="X-Signature",
            timestamp_prefix="t=",
            timestamp_format="ms",
        ),
        paths=(("type", "event"), ("invoice", "invoice.id"), ("id", "event_id")),
        types=(("invoice.paid", "paid"), ("invoice.settled", "paid"), ("credit note sent", "reversed")),
    )


def test_a_system_is_described_in_a_file_and_the_environment_adds_to_it(tmp_path: Path) -> None:
    path = tmp_path / "paidmark.toml"
    path.write_text("""
[sources.shop]
kind = "custom"
paid = ["1"]
issued = ["0"]

[sources.shop.signature]
proof = "header"
header = "Authorization"
prefix = "Token"

[sources.shop.paths]
type = "state"
invoice = "no"
""")
    environ = {"PAIDMARK_CONFIG": str(path), "PAIDMARK_SOURCES__SHOP__SIGNATURE__PREFIX": "Bearer"}

    options = (
        load(DoorSettings, {**environ, "PAIDMARK_SOURCES__SHOP__SECRETS": SECRET}).sources["shop"].options
    )

    assert options.scheme == Scheme(proof="header", header="Authorization", prefix="Bearer")
    assert options.paths == (("type", "state"), ("invoice", "no"))
    assert options.types == (("0", "issued"), ("1", "paid"))


def test_a_scheme_may_be_one_value() -> None:
    assert door(SIGNATURE='{"header": "X-Signature"}').scheme == BY_HMAC


def test_wrong_values_of_a_scheme_are_all_reported_by_name() -> None:
    assert mistakes(
        SIGNATURE__PROOF="md5", SIGNATURE__ENCODING="hax", SIGNATURE__TIMESTAMP_FORMAT="1000"
    ) == [
        "PAIDMARK_SOURCES__SHOP__SIGNATURE__ENCODING: should be 'hex', 'HEX' or 'base64'",
        "PAIDMARK_SOURCES__SHOP__SIGNATURE__PROOF: should be 'hmac-sha256', 'hmac-sha512', 'hmac-sha1', 'header', 'basic' or 'path'",
        "PAIDMARK_SOURCES__SHOP__SIGNATURE__TIMESTAMP_FORMAT: should be 's', 'ms' or 'rfc3339'",
    ]


def test_unknown_names_of_a_scheme_are_all_reported_with_the_nearest_right_one() -> None:
    assert mistakes(SIGNATURE__HEADR="X-Signature", SIGNATURE__COLOUR="red") == [
        "PAIDMARK_SOURCES__SHOP__SIGNATURE: headr: no such setting; did you mean header?; colour: no such setting; there"  # noqa: ISC004 - one sentence
        " are proof, header, prefix, encoding, key_encoding, signed, timestamp_header, timestamp_prefix, timestamp_format, id_header"
    ]


@pytest.mark.parametrize("value", ["X-Signature", "[1]"])
def test_a_scheme_that_is_no_table_is_a_mistake(value: str) -> None:
    assert mistakes(SIGNATURE=value) == [
        "PAIDMARK_SOURCES__SHOP__SIGNATURE: should be a table: PAIDMARK_SOURCES__<NAME>__SIGNATURE__HEADER and so on"
    ]


def test_all_that_is_missing_from_a_description_is_said_at_once() -> None:
    (mistake,) = mistakes(SECRETS=SECRET)

    for missing in ("signature: not set", "paths.type: not set", "paths.invoice: not set", "paid: not set"):
        assert missing in mistake
    assert SECRET not in mistake


def test_a_description_without_secrets_is_not_in_use_yet() -> None:
    assert door(SIGNATURE__HEADER="X-Signature").scheme == BY_HMAC


# --- complaints -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scheme", "secret"),
    [
        (BY_HMAC, SECRET),
        (Scheme(header="X", encoding="base64", key_encoding="base64"), "bWFkZSB1cA=="),
        (Scheme(header="X", key_encoding="hex"), "00ff"),
        (Scheme(header="X", signed="{{{url}}}{body}"), SECRET),
        (Scheme(header="X", signed="{id}:{timestamp}:{body}", id_header="I", timestamp_header="T"), SECRET),
        (Scheme(proof="header", header="X-Token", prefix="Bearer "), SECRET),
        (Scheme(proof="basic"), "user:password"),
        (Scheme(proof="path"), SECRET),
    ],
)
def test_a_complete_description_gives_no_complaint(scheme: Scheme, secret: str) -> None:
    assert KIND.complaints([secret], replace(USABLE, scheme=scheme, url="https://example.com")) == []


@pytest.mark.parametrize(
    ("scheme", "reason"),
    [
        (None, "signature: not set: say how deliveries are signed, signature.header at least"),
        (Scheme(), "signature.header: not set: which header holds the signature?"),
        (Scheme(proof="header"), "signature.header: not set: which header holds the secret?"),
        (Scheme(header="X Signature:"), "signature.header: not the name of a header"),
        (
            Scheme(header="X", signed="{body}{time}"),
            "signature.signed: {time} is no placeholder; there are {body}, {timestamp}, {id}, {url}",
        ),
        (Scheme(header="X", signed="{body!r}"), "signature.signed: {body} is no placeholder; there are"),
        (Scheme(header="X", signed="{body:>9}"), "signature.signed: {body} is no placeholder; there are"),
        (Scheme(header="X", signed="{body"), "signature.signed: expected '}' before end of string"),
        (
            Scheme(header="X", signed="body"),
            "signature.signed: {body} is not in it, so that anybody could change the body",
        ),
        (
            Scheme(header="X", signed="{timestamp}.{body}"),
            "signature.timestamp_header: not set, but {timestamp} is in signature.signed",
        ),
        (
            Scheme(header="X", timestamp_header="T"),
            "signature.timestamp_header: {timestamp} is not in signature.signed, so that nothing proves it",
        ),
        (
            Scheme(header="X", id_header="I"),
            "signature.id_header: {id} is not in signature.signed, so that nothing proves it",
        ),
        (Scheme(header="X", signed="{url}{body}"), "url: not set, but {url} is in signature.signed"),
        (
            Scheme(header="X", timestamp_format="ms"),
            "signature.timestamp_header: not set, but it is said how the time in it is written",
        ),
        (
            Scheme(header="X", timestamp_prefix="t="),
            "signature.timestamp_header: not set, but it is said how the time in it is written",
        ),
        (
            Scheme(proof="path", header="X"),
            "signature.header: means nothing where signature.proof is path",
        ),
        (
            Scheme(proof="header", header="X", encoding="base64"),
            "signature.encoding: means nothing where signature.proof is header",
        ),
        (
            Scheme(header="X", key_encoding="hex"),
            "secrets: one of them is not hex, as signature.key_encoding says",
        ),
        (
            Scheme(header="X", key_encoding="base64"),
            "secrets: one of them is not base64, as signature.key_encoding says",
        ),
        (
            Scheme(proof="basic"),
            "secrets: should be a user and a password with a colon between them",
        ),
    ],
)
def test_a_scheme_that_cannot_be_used_is_complained_about(scheme: Scheme | None, reason: str) -> None:
    (said,) = KIND.complaints([SECRET], replace(USABLE, scheme=scheme))

    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (without(USABLE, "type"), "paths.type: not set: where is what an event tells?"),
        (without(USABLE, "invoice"), "paths.invoice: not set: where is the invoice's id?"),
        (
            replace(USABLE, paths=(*without(USABLE, "id").paths, ("id", "invoice.id"))),
            "paths.id: is another path as well",
        ),
        (without(USABLE, "entries", "link"), "paths.entries: not set, but paths.workspace is"),
        (
            replace(USABLE, types=SHAPE.types[:1]),
            "paid: not set: which types of events say that an invoice is paid?",
        ),
        (
            replace(USABLE, types=(*SHAPE.types, ("invoice.paid", "reversed"))),
            "paid and reversed: invoice.paid cannot be both",
        ),
        *(
            (
                replace(USABLE, paths=(*without(USABLE, "id", name).paths, ("id", "x"), (name, "x"))),
                "paths.id: is another path as well",
            )
            for name in ("number", "account", "workspace", "entries", "link", "type")
        ),
        (replace(USABLE, types=(*SHAPE.types, ("True", "paid"))), "paid: True is written true, as in JSON"),
        (replace(USABLE, types=(*SHAPE.types, ("4.0", "paid"))), "paid: 4.0 is written 4"),
        (replace(USABLE, header="X-Signature"), "header: means nothing here: signature.header is"),
    ],
)
def test_a_description_that_lacks_or_contradicts_something_is_complained_about(
    options: Options, reason: str
) -> None:
    (said,) = KIND.complaints([SECRET], options)

    assert said.startswith(reason)


def test_an_empty_secret_is_complained_about() -> None:
    assert KIND.complaints([SECRET, ""], USABLE) == ["secrets: one of them is empty"]


# --- proofs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("proof", ["hmac-sha256", "hmac-sha512", "hmac-sha1"])
@pytest.mark.parametrize("encoding", ["hex", "HEX", "base64"])
def test_what_a_system_signs_with_the_standard_library_is_authentic(proof: Any, encoding: Any) -> None:
    digest = hmac.new(SECRET.encode(), b"{}", proof.removeprefix("hmac-")).digest()
    text = {
        "hex": digest.hex(),
        "HEX": digest.hex().upper(),
        "base64": base64.b64encode(digest).decode(),
    }[encoding]
    scheme = Scheme(proof=proof, header="X-Signature", prefix="sig=", encoding=encoding)

    verify(delivery(b"{}", {"X-Signature": f"sig={text}"}), scheme)
    assert proven(scheme).headers["X-Signature"] == f"sig={text}"


@pytest.mark.parametrize("secret", ["00ff10", "AP8Q"])
def test_a_key_may_be_written_as_hexadecimal_digits_or_base64(secret: str) -> None:
    scheme = Scheme(header="X-Signature", key_encoding="hex" if secret == "00ff10" else "base64")
    signature = hmac.new(b"\x00\xff\x10", b"{}", hashlib.sha256).hexdigest()

    verify(delivery(b"{}", {"X-Signature": signature}), scheme, secret)


def test_a_scheme_like_that_of_stripe_can_be_described() -> None:
    signature = hmac.new(SECRET.encode(), b"1767225600.{}", hashlib.sha256).hexdigest()
    scheme = Scheme(
        header="X-Signature",
        prefix="v1=",
        signed="{timestamp}.{body}",
        timestamp_header="x-signature",
        timestamp_prefix="t=",
    )

    verify(delivery(b"{}", {"X-Signature": f"t=1767225600, v1=x, v1={signature}"}), scheme)
    assert proven(scheme).headers["X-Signature"] == f"t=1767225600,v1={signature}"


@pytest.mark.parametrize("header", ["v1=x", "t=1767225600,t=1767225600,v1=x", ""])
def test_a_time_beside_the_signature_must_be_there_once(header: str) -> None:
    scheme = Scheme(
        header="X-Signature", prefix="v1=", signed="{timestamp}{body}", timestamp_header="X-Signature",
        timestamp_prefix="t=",
    )  # fmt: skip

    with pytest.raises(NotAuthenticError, match=r"the time of sending is missing|no signature"):
        verify(delivery(b"{}", {"X-Signature": header}), scheme)


def test_a_prefix_may_hold_what_separates_signatures() -> None:
    scheme = Scheme(header="Signature", prefix="v1,", encoding="base64")
    ours, other = proven(scheme).headers["Signature"], proven(scheme, secret="other").headers["Signature"]

    verify(delivery(b"{}", {"Signature": f"{other} {ours}"}), scheme)


def test_a_signature_without_its_prefix_does_not_count() -> None:
    signature = proven(BY_HMAC).headers["X-Signature"]

    with pytest.raises(NotAuthenticError, match="no signature"):
        verify(delivery(b"{}", {"X-Signature": signature}), replace(BY_HMAC, prefix="sha256="))


def test_the_address_may_be_signed_along() -> None:
    scheme = Scheme(header="X-Signature", signed="{url}{body}")
    signature = hmac.new(SECRET.encode(), b"https://example.com/x{}", hashlib.sha256).hexdigest()

    verify(delivery(b"{}", {"X-Signature": signature}), scheme, url="https://example.com/x")
    with pytest.raises(NotAuthenticError, match="no signature fits"):
        verify(delivery(b"{}", {"X-Signature": signature}), scheme, url="https://example.com/y")


@pytest.mark.parametrize("how", ["s", "ms", "rfc3339"])
def test_a_delivery_from_another_time_is_refused_however_the_time_is_written(how: Any) -> None:
    scheme = Scheme(
        header="X-Signature", signed="{timestamp}.{body}", timestamp_header="X-Time", timestamp_format=how
    )
    one = proven(scheme)

    verify(one, scheme, now=NOW + 299)
    for now, reason in ((NOW + 301, "too long ago"), (NOW - 301, "in the future")):
        with pytest.raises(NotAuthenticError, match=reason):
            verify(one, scheme, now=now)


@pytest.mark.parametrize("stamp", ["", "yesterday", "1767225600", "2026-01-01T00:00:00", "\ud800"])
def test_a_time_that_cannot_be_read_is_refused(stamp: str) -> None:
    scheme = Scheme(
        header="X-Signature",
        signed="{timestamp}{body}",
        timestamp_header="X-Time",
        timestamp_format="rfc3339",
    )

    with pytest.raises(NotAuthenticError, match="the time of sending"):
        verify(delivery(b"{}", {"X-Signature": "x", "X-Time": stamp}), scheme)


def test_a_secret_in_a_header_may_stand_behind_a_word() -> None:
    scheme = Scheme(proof="header", header="Authorization", prefix="Bearer")

    for value in (f"Bearer {SECRET}", f"Bearer{SECRET}", f"bearer {SECRET}"):
        verify(delivery(b"{}", {"Authorization": value}), scheme)
    for value in (SECRET, "Bearer", f"Token {SECRET}", f"Bearer {SECRET} "):
        with pytest.raises(NotAuthenticError):
            verify(delivery(b"{}", {"Authorization": value}), scheme)
    assert proven(replace(scheme, prefix="Bearer ")).headers["Authorization"] == f"Bearer {SECRET}"


def test_a_secret_that_brings_its_prefix_itself_is_complained_about() -> None:
    scheme = Scheme(proof="header", header="Authorization", prefix="Bearer ")

    assert KIND.complaints([f"Bearer {SECRET}"], replace(USABLE, scheme=scheme)) == [
        "secrets: one of them begins with signature.prefix, which stands before it already"
    ]


def test_a_user_and_a_password_are_a_proof() -> None:
    scheme = Scheme(proof="basic")
    header = "Basic " + base64.b64encode("user:pass wörd".encode()).decode()

    verify(delivery(b"{}", {"Authorization": header}), scheme, "other:x", "user:pass wörd")
    assert proven(scheme, secret="user:pass wörd").headers["Authorization"] == header
    verify(delivery(b"{}", {"Authorization": header.replace("Basic", "basic")}), scheme, "user:pass wörd")
    for value in (header[:-4], "Bearer x", ""):
        with pytest.raises(NotAuthenticError):
            verify(delivery(b"{}", {"Authorization": value}), scheme, "user:pass wörd")


def test_a_secret_in_the_path_is_a_proof_where_it_is_said_to_be_one() -> None:
    one = proven(Scheme(proof="path"))

    assert one.token == SECRET
    verify(one, Scheme(proof="path"))
    with pytest.raises(NotAuthenticError, match="another secret"):
        verify(one, Scheme(proof="path"), "another")


def test_something_in_the_path_of_another_proof_is_refused() -> None:
    one = proven(BY_HMAC)

    with pytest.raises(NotAuthenticError, match="follows the name"):
        verify(Delivery(one.headers, one.body, "token"), BY_HMAC)


@pytest.mark.parametrize(
    "scheme",
    [
        None,
        Scheme(),
        Scheme(header="X-Signature", signed="{timestamp}{body}"),
        Scheme(header="X-Signature", signed="{body"),
    ],
)
def test_what_is_not_described_well_enough_is_refused(scheme: Scheme | None) -> None:
    with pytest.raises(NotAuthenticError, match=r"the settings do not say|is missing"):
        verify(delivery(b"{}", {"X-Signature": "x"}), scheme)


@pytest.mark.parametrize(
    ("scheme", "reason"), [(None, "do not say"), (Scheme(header="X", key_encoding="hex"), "is no hex")]
)
def test_what_cannot_be_signed_says_so(scheme: Scheme | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        KIND.sign(b"{}", SECRET, "evt_1", NOW, Options(scheme=scheme))


# --- events -----------------------------------------------------------------------------------------------------------


def test_a_paid_invoice_is_read_from_where_the_settings_say() -> None:
    one = event(sample("custom", "invoice.paid"))

    assert isinstance(one, InvoicePaid)
    assert (one.id, one.account, one.invoice, one.number) == ("e-2", "north", "2026-0117", "RE 2026/117")
    assert (one.at, one.order, one.references) == (AT + 250, AT + 250, REFERENCES)


@pytest.mark.parametrize(
    ("name", "fact"), [("invoice.sent", InvoiceIssued), ("invoice.cancelled", InvoiceReversed)]
)
def test_types_mean_what_the_settings_say(name: str, fact: type[InvoiceEvent]) -> None:
    assert isinstance(event(sample("custom", name)), fact)


def test_a_reversal_goes_by_what_the_ledger_remembers_unless_it_shows_entries() -> None:
    assert event(sample("custom", "invoice.cancelled")).references is None
    shown = {"id": "1", "clockify": {"time_entry_ids": [*DOCUMENTED]}}
    assert event(changed("invoice.cancelled", invoice=shown)).references == (References(None, DOCUMENTED),)
    broken = event(changed("invoice.cancelled", invoice={"id": "1", "clockify": {"time_entry_ids": "x"}}))
    assert (broken.references, broken.unresolved) == (None, "")


def test_a_broken_reference_is_for_a_person_and_named_as_in_the_settings() -> None:
    one = event(changed("invoice.paid", invoice={"id": 1, "clockify": {"time_entry_ids": "nonsense"}}))

    assert one.unresolved == ("invoice.clockify.time_entry_ids: item 1 is not an id of 24 letters and digits")


@pytest.mark.parametrize(
    ("value", "said"),
    [("paid", "paid"), (7, "7"), (-1, "-1"), (True, "true"), (False, "false")],
)
def test_a_type_may_be_a_text_a_number_or_a_boolean(value: object, said: str) -> None:
    options = replace(SHAPE, types=((said, "paid"),))

    assert isinstance(event(changed("invoice.paid", event=value), options), InvoicePaid)


@pytest.mark.parametrize("value", [..., None, [], {}, 1.5, 10**30])
def test_a_type_of_another_sort_is_undecodable(value: object) -> None:
    with pytest.raises(UndecodableError, match=r"^type: "):
        parse(changed("invoice.paid", event=value))


def test_a_payload_of_any_shape_can_be_described() -> None:
    one = event(sample("custom", "invoice.paid.named-otherwise"), OWN_SHAPE)

    assert isinstance(one, InvoicePaid)
    assert (one.id, one.invoice, one.at) == (f"true:118:{AT}", "118", AT)
    assert one.references == (References(None, DOCUMENTED),)


def test_without_an_id_the_same_event_is_known_again_and_another_is_told_apart() -> None:
    body = sample("custom", "invoice.paid.named-otherwise")
    later = body.replace(b"1767225600", b"1767225601")
    undone = body.replace(b'"settled": true', b'"settled": false')

    assert event(body, OWN_SHAPE, NOW + 60).id == event(body, OWN_SHAPE).id
    assert len({event(one, OWN_SHAPE).id for one in (body, later, undone)}) == 3


def test_without_a_time_deliveries_count_in_the_order_in_which_they_come() -> None:
    options = without(SHAPE, "timestamp")

    one = event(sample("custom", "invoice.paid"), options, arrived=NOW + 0.5)

    assert (one.id, one.at, one.order) == ("e-2", AT + 500, AT + 500)


def test_without_id_and_time_a_delivery_that_comes_again_is_the_same_event() -> None:
    options = without(SHAPE, "timestamp", "id")
    body = sample("custom", "invoice.paid")

    first, again = event(body, options), event(body, options, arrived=NOW + 60)
    other = event(body.replace(b"1250.00", b"1250.01"), options)

    assert first.id == again.id != other.id
    assert first.id.startswith("invoice.paid:2026-0117:")


def test_several_events_in_one_delivery_are_told_apart_even_without_id_and_time() -> None:
    options = replace(
        without(SHAPE, "timestamp", "id"), paths=(("type", "t"), ("invoice", "n"), ("events", "@"))
    )
    parsed = parse(b'[{"t": "invoice.paid", "n": 1}, {"t": "invoice.paid", "n": 1}]', options)

    assert len({one.id for one in parsed.events}) == 2


def test_an_event_of_a_batch_that_cannot_be_read_holds_up_no_other() -> None:
    options = replace(SHAPE, paths=(*SHAPE.paths, ("events", "events")))
    body = json.loads(sample("custom", "batch"))
    body["events"].insert(0, {"event": "invoice.paid"})

    parsed = parse(json.dumps(body).encode(), options)

    assert (len(parsed.events), parsed.undecodable) == (2, "timestamp: missing, or not a time")


def test_a_batch_tells_each_event_that_concerns_us() -> None:
    options = replace(SHAPE, paths=(*SHAPE.paths, ("events", "events")))

    first, second = parse(sample("custom", "batch"), options).events

    assert isinstance(first, InvoicePaid)
    assert isinstance(second, InvoicePaid)
    assert (first.invoice, first.references, second.invoice, second.link) == (
        "2026-0117",
        REFERENCES,
        "2026-0118",
        "march-7",
    )


@pytest.mark.parametrize(
    ("types", "said"),
    [
        ([], "no events"),
        (["a", "b", "a"], "a, b"),
        (["a", "b", "c", "d"], "a, b, c"),
        (["Dear Sir,"], "another type"),
    ],
)
def test_a_delivery_of_which_nothing_concerns_us_says_what_it_is(types: list[str], said: str) -> None:
    options = replace(SHAPE, paths=(*SHAPE.paths, ("events", "events")))

    assert parse({"events": [{"event": one} for one in types]}, options) == Parsed((), said)


@pytest.mark.parametrize("events", [..., None, {}, "x", 7])
def test_events_that_are_no_list_are_undecodable(events: object) -> None:
    options = replace(SHAPE, paths=(*SHAPE.paths, ("events", "events")))

    with pytest.raises(UndecodableError, match="events: missing, or not a list"):
        parse({"x": 1} | ({} if events is ... else {"events": events}), options)


@pytest.mark.parametrize(
    "changes",
    [
        {"event_id": ...},
        {"event_id": [1]},
        {"occurred_at": ...},
        {"occurred_at": "2026-01-01"},
        {"invoice": {}},
        {"invoice": 7},
        {"account": [1]},
        {"account": {}},
    ],
)
def test_a_payload_that_lacks_what_the_settings_promise_is_undecodable(changes: dict[str, Any]) -> None:
    with pytest.raises(UndecodableError):
        parse(changed("invoice.paid", **changes))


@pytest.mark.parametrize("account", [..., None, ""])
def test_an_account_may_be_left_out(account: object) -> None:
    assert event(changed("invoice.paid", account=account)).account == ""


def test_an_invoice_without_any_path_to_references_has_none() -> None:
    options = without(SHAPE, "entries", "workspace", "link")

    assert event(sample("custom", "invoice.paid"), options).references == ()


# --- made-up deliveries -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["issued", "paid", "reversed"])
def test_a_made_up_body_has_the_shape_that_the_settings_describe(told: Told) -> None:
    options = Options(
        paths=(
            ("type", "kind"),
            ("timestamp", "meta.at"),
            ("invoice", "bill.no"),
            ("workspace", "bill.where"),
            ("entries", "bill.hours"),
            ("events", "deliveries.all"),
            ("account", ""),
        ),
        types=(("true", "paid"), ("sent", "issued"), ("gone", "reversed")),
    )
    (one,) = parse(made_up(replace(FACTS, told=told), options), options).events

    assert isinstance(one, {"issued": InvoiceIssued, "paid": InvoicePaid, "reversed": InvoiceReversed}[told])
    assert (one.invoice, one.at, one.references) == ("in_1", AT, REFERENCES)


@pytest.mark.parametrize("entries", ["bill.hours[].id", "bill.hours[*].of.id", "bill.hours[]", "hours[].id"])
def test_a_made_up_body_has_lists_where_the_settings_look_for_them(entries: str) -> None:
    paths = {**dict(SHAPE.paths), "entries": entries, "events": "all[]"}
    options = replace(SHAPE, paths=tuple(paths.items()))

    (one,) = parse(made_up(FACTS, options), options).events

    assert isinstance(one, InvoicePaid)
    assert one.references == REFERENCES


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (OWN_SHAPE, r"paths\.entries is not a plain dotted path"),
        (replace(SHAPE, types=()), "no type of event says that an invoice is paid"),
        (
            replace(SHAPE, paths=(("type", "event"), ("invoice", "event.id"))),
            r"paths\.invoice leads through the value of another path",
        ),
    ],
)
def test_a_body_that_cannot_be_made_up_says_why(options: Options, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        made_up(FACTS, options)


def test_the_example_in_the_readme_can_be_used_and_played(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(\[sources\.billing\].+?)```", README.read_text(), re.DOTALL)
    (tmp_path / "paidmark.toml").write_text(example)
    options = (
        load(DoorSettings, {"PAIDMARK_CONFIG": str(tmp_path / "paidmark.toml")}).sources["billing"].options
    )

    body = made_up(FACTS, options)
    proof = KIND.sign(body, SECRET, FACTS.event, NOW, options)

    KIND.verify(delivery(body, proof.headers), trust(SECRET), options)
    (one,) = parse(body, options).events
    assert isinstance(one, InvoicePaid)
    assert (one.id, one.invoice, one.references) == (FACTS.event, FACTS.invoice, REFERENCES)


def test_every_sample_is_one_that_a_test_reads() -> None:
    assert {file.stem for file in (SAMPLES / "custom").iterdir()} == {
        "batch", "contact.created", "invoice.cancelled", "invoice.paid", "invoice.paid.named-otherwise", "invoice.sent",
    }  # fmt: skip
