"""Standard Webhooks, with the reference library as oracle, and payloads of one's own shape."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import jmespath
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from tests.webhooks.deliveries import DOCUMENTED, NOW, WORKSPACE, delivery, read, sample, trust
from webhooks.delivery import NotAuthenticError, UndecodableError
from webhooks.events import InvoicePaid, InvoiceReversed, References
from webhooks.sources.facts import Rank
from webhooks.sources.kind import Options
from webhooks.sources.paths import check, find, places
from webhooks.sources.standard import DEFAULTS, FACTS, KIND
from webhooks.sources.standard.keys import complaint

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
SEED = bytes(range(32))
PRIVATE = "whsk_" + base64.b64encode(SEED).decode()
PUBLIC_BYTES = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
PUBLIC = "whpk_" + base64.b64encode(PUBLIC_BYTES).decode()
OWN_SHAPE = (
    ("type", "event == 'payment.done' && 'invoice.paid' || event"),
    ("timestamp", "when"),
    ("invoice", "bill.no"),
    ("workspace", "bill.clockify"),
    ("entries", "bill.hours[?billable].id"),
    ("account", "tenant"),
)


def document(**changes: Any) -> bytes:
    """The sample of a paid invoice, with fields of its `data` changed (`...`: removed)."""
    body = json.loads(sample("standard", "invoice.paid"))
    body["data"] = {name: value for name, value in {**body["data"], **changes}.items() if value is not ...}
    return json.dumps(body).encode()


def told(body: bytes) -> InvoicePaid | InvoiceReversed:
    event = read(KIND, body, headers(body))
    assert isinstance(event, InvoicePaid | InvoiceReversed)
    return event


def headers(body: bytes, secret: str = SECRET, now: float = NOW) -> dict[str, str]:
    return KIND.sign(body, secret, "msg_1", now, Options()).headers


def test_what_the_reference_library_signs_is_authentic() -> None:
    body = sample("standard", "invoice.paid")
    signature = Webhook(SECRET).sign("msg_1", datetime.fromtimestamp(NOW, UTC), body.decode())

    KIND.verify(
        delivery(
            body, {"webhook-id": "msg_1", "webhook-timestamp": str(int(NOW)), "webhook-signature": signature}
        ),
        trust(SECRET),
        Options(),
    )


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_what_we_sign_is_authentic_to_the_reference_library(secret: str) -> None:
    body = sample("standard", "invoice.paid")

    assert Webhook(secret).verify(body, headers(body, secret, datetime.now(UTC).timestamp())) == json.loads(
        body
    )


def test_the_names_that_svix_uses_are_authentic() -> None:
    body = b"{}"
    renamed = {name.replace("webhook-", "svix-"): value for name, value in headers(body).items()}

    KIND.verify(delivery(body, renamed), trust(SECRET), Options())


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_the_two_sets_of_names_are_never_mixed(name: str) -> None:
    mixed = {
        name.replace("webhook-", "svix-") if other == name else other: value
        for other, value in headers(b"{}").items()
    }

    with pytest.raises(NotAuthenticError, match=f"{name} is missing"):
        KIND.verify(delivery(b"{}", mixed), trust(SECRET), Options())


def test_the_id_is_read_from_the_set_of_names_that_was_believed() -> None:
    body = sample("standard", "invoice.paid")
    both = {"svix-id": "forged", "svix-timestamp": "1", "svix-signature": "v1,x", **headers(body)}

    KIND.verify(delivery(body, both), trust(SECRET), Options())

    assert read(KIND, body, both).id == "msg_1"


def test_a_secret_that_is_no_base64_is_taken_as_it_is() -> None:
    KIND.verify(delivery(b"{}", headers(b"{}", "not base64: #1")), trust("not base64: #1"), Options())


def test_a_secret_without_prefix_that_looks_like_base64_may_be_meant_as_it_is() -> None:
    signature = Webhook(b"abcd1234abcd1234").sign("msg_1", datetime.fromtimestamp(NOW, UTC), "{}")

    KIND.verify(
        delivery(b"{}", headers(b"{}") | {"webhook-signature": signature}),
        trust("abcd1234abcd1234"),
        Options(),
    )


def test_a_prefixed_secret_that_is_no_base64_cannot_be_used() -> None:
    with pytest.raises(NotAuthenticError, match="no secret"):
        KIND.verify(delivery(b"{}", headers(b"{}")), trust("whsec_#"), Options())


@pytest.mark.parametrize(
    "private",
    [PRIVATE, "whsk_" + base64.b64encode(SEED + PUBLIC_BYTES).decode()],
    ids=["seed", "seed and public key"],
)
def test_a_signature_of_a_key_pair_is_authentic_to_its_public_key(private: str) -> None:
    KIND.verify(delivery(b"{}", headers(b"{}", private)), trust(SECRET, PUBLIC), Options())


def test_a_signature_of_another_key_pair_is_refused() -> None:
    other = "whsk_" + base64.b64encode(bytes(32)).decode()

    with pytest.raises(NotAuthenticError, match="no signature fits"):
        KIND.verify(delivery(b"{}", headers(b"{}", other)), trust(PUBLIC), Options())


@pytest.mark.parametrize("secrets", [(SECRET,), (OTHER,), (PUBLIC,), (PUBLIC, OTHER)])
def test_several_signatures_are_tried_under_secrets_of_either_sort(secrets: tuple[str, ...]) -> None:
    several = " ".join(headers(b"{}", secret)["webhook-signature"] for secret in (PRIVATE, OTHER, SECRET))

    KIND.verify(delivery(b"{}", headers(b"{}") | {"webhook-signature": several}), trust(*secrets), Options())


@pytest.mark.parametrize("scheme", ["v0", "v2", "v1a", "V1", ""])
def test_a_signature_under_another_scheme_does_not_count(scheme: str) -> None:
    signature = headers(b"{}")["webhook-signature"].replace("v1", scheme)

    with pytest.raises(NotAuthenticError):
        KIND.verify(
            delivery(b"{}", headers(b"{}") | {"webhook-signature": signature}),
            trust(SECRET, PUBLIC),
            Options(),
        )


@pytest.mark.parametrize("signature", ["", " ", "v1", "v1,", ",", "v1,é", "v1,\ud800", "v1a,!", "v1,x " * 11])
def test_broken_signatures_are_refused(signature: str) -> None:
    with pytest.raises(NotAuthenticError):
        KIND.verify(
            delivery(b"{}", headers(b"{}") | {"webhook-signature": signature}),
            trust(SECRET, PUBLIC),
            Options(),
        )


@pytest.mark.parametrize("secret", [PUBLIC, "whsec_#", "", "whsk_#", "whsk_aGk="])
def test_what_cannot_sign_says_so(secret: str) -> None:
    with pytest.raises(ValueError, match="whsk_"):
        headers(b"{}", secret)


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        (SECRET, ""),
        (PUBLIC, ""),
        ("plain text", ""),
        (PRIVATE, "private key"),
        ("whpk_aGk=", "32 bytes"),
        ("whsec_#", "base64"),
        ("", "empty"),
    ],
)
def test_a_secret_that_cannot_be_used_is_complained_about_without_showing_it(
    secret: str, reason: str
) -> None:
    assert reason in complaint(secret)
    assert bool(reason) == bool(complaint(secret))
    assert "aGk" not in complaint(secret)


def test_a_paid_invoice_is_read() -> None:
    assert told(sample("standard", "invoice.paid")) == InvoicePaid(
        id="msg_1",
        account="tenant-1",
        invoice="INV-1",
        order=1_767_225_600_344,
        rank=Rank.PAID,
        at=1_767_225_600_344,
        references=(References(WORKSPACE, DOCUMENTED),),
    )


@pytest.mark.parametrize("kind", [kind for kind, (_, rank) in FACTS.items() if rank > Rank.PAID])
def test_what_takes_payment_back_is_a_reversal_that_need_not_name_entries(kind: str) -> None:
    event = told(sample("standard", "invoice.voided").replace(b"invoice.voided", kind.encode()))

    assert isinstance(event, InvoiceReversed)
    assert (event.account, event.invoice, event.references, event.unresolved) == (
        "tenant-1",
        "INV-1",
        None,
        "",
    )


def test_a_reversal_with_broken_references_goes_by_what_the_ledger_remembers() -> None:
    event = told(document(time_entry_ids=["x"]).replace(b"invoice.paid", b"invoice.refunded"))

    assert (event.references, event.unresolved) == (None, "")


def test_a_reversal_may_show_that_there_are_no_entries() -> None:
    assert told(document(time_entry_ids=[]).replace(b"invoice.paid", b"invoice.refunded")).references == ()


def test_an_invoice_without_hours_has_no_references() -> None:
    for body in (document(time_entry_ids=[]), document(time_entry_ids=..., workspace_id=...)):
        assert (told(body).references, told(body).unresolved) == ((), "")


def test_a_workspace_without_entries_is_for_a_person() -> None:
    assert told(document(time_entry_ids=...)).unresolved == "time_entry_ids: missing beside workspace_id"


def test_entries_without_a_workspace_leave_it_to_the_default() -> None:
    assert told(document(workspace_id=...)).references == (References(None, DOCUMENTED),)


def test_a_broken_entry_is_for_a_person_and_the_good_ones_are_kept() -> None:
    event = told(document(time_entry_ids=[DOCUMENTED[0], "nonsense"]))

    assert event.references == (References(WORKSPACE, DOCUMENTED[:1]),)
    assert event.unresolved == "time_entry_ids: item 2 is not an id of 24 letters and digits"


def test_entries_may_be_one_text() -> None:
    assert told(document(time_entry_ids=", ".join(DOCUMENTED))).references == (
        References(WORKSPACE, DOCUMENTED),
    )


@pytest.mark.parametrize("account", [..., None, ""])
def test_an_account_may_be_left_out(account: object) -> None:
    assert told(document(account_id=account)).account == ""


@pytest.mark.parametrize(
    "body",
    [
        document(invoice_id=...),
        document(invoice_id={"x": 1}),
        document(account_id=[1]),
        document().replace(b"timestamp", b"time"),
        document().replace(b'"type"', b'"kind"'),
        document().replace(b'"invoice.paid"', b"7"),
    ],
)
def test_a_payload_that_lacks_what_it_must_have_is_undecodable(body: bytes) -> None:
    with pytest.raises(UndecodableError):
        told(body)


@pytest.mark.parametrize("name", ["a\x00b", "x" * 300, "\udcff"])
def test_an_id_of_an_event_that_no_sender_makes_is_undecodable(name: str) -> None:
    body = document()

    with pytest.raises(UndecodableError, match="webhook-id"):
        read(KIND, body, headers(body) | {"webhook-id": name})


def test_a_delivery_without_an_id_is_undecodable() -> None:
    with pytest.raises(UndecodableError, match="webhook-id"):
        read(KIND, document())


def test_of_duplicate_names_the_last_one_counts() -> None:
    body = document().replace(b'"invoice_id":', b'"invoice_id": "first", "invoice_id":')

    assert told(body).invoice == "INV-1"


def test_a_payload_of_ones_own_shape_is_read_by_paths() -> None:
    body = sample("standard", "own-shape")

    event = read(KIND, body, headers(body), Options(paths=OWN_SHAPE))

    assert event == InvoicePaid(
        id="msg_1",
        account="7",
        invoice="42",
        order=1_767_225_600_000,
        rank=Rank.PAID,
        at=1_767_225_600_000,
        references=(References(WORKSPACE, DOCUMENTED),),
    )


def test_complaints_name_the_paths_of_ones_own_shape() -> None:
    body = sample("standard", "own-shape").replace(b"54m", b"5")

    event = read(KIND, body, headers(body), Options(paths=OWN_SHAPE))

    assert isinstance(event, InvoicePaid)
    assert event.unresolved == "bill.hours[?billable].id: item 1 is not an id of 24 letters and digits"


@pytest.mark.parametrize(
    "expression", ["contains('a', `1`)", "abs('x')", "unknown(@)", "floor(`1e400`)", "x["]
)
def test_a_path_that_cannot_be_applied_makes_the_delivery_undecodable(expression: str) -> None:
    body = document()

    with pytest.raises(UndecodableError, match="the path of invoice cannot be applied"):
        read(KIND, body, headers(body), Options(paths=(("invoice", expression),)))


def test_good_paths_give_no_complaint() -> None:
    assert check(dict(OWN_SHAPE)) == []
    assert check(dict(DEFAULTS)) == []


def test_bad_paths_are_all_reported_by_name() -> None:
    unknown, bad, empty = check({"invoices": "data.id", "invoice": "data.[", "entries": ""})

    assert unknown.startswith("invoices: no such path; there are type, timestamp, invoice")
    assert bad.startswith("invoice: not a JMESPath expression: ")
    assert empty.startswith("entries: not a JMESPath expression")


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("invoice-id", 'a name with a dash is quoted, as in "invoice-id"'),
        ("$.invoice.id", "this is JSONPath: JMESPath begins with a name, as in data.id"),
        ("mapp(&id, lines)", "JMESPath has no function mapp()"),
        ("lines[?size(id) > `1`].id", "JMESPath has no function size()"),
        ("join(lines)", "join() takes 2 arguments, not 1"),
        ("merge()", "merge() takes at least 1 arguments, not 0"),
        ("length(a, b)", "length() takes 1 arguments, not 2"),
    ],
)
def test_a_path_that_could_never_be_applied_is_reported_beforehand(expression: str, reason: str) -> None:
    (said,) = check({"invoice": expression})

    assert said.endswith(reason)


@pytest.mark.parametrize("expression", ["merge(a, b, c)", "map(&id, lines)", "lines[?x == `{}`].id"])
def test_a_path_may_be_any_expression(expression: str) -> None:
    assert check({"invoice": expression}) == []


def test_a_path_that_only_a_system_of_another_kind_has_is_complained_about() -> None:
    (reason,) = KIND.complaints([SECRET], Options(paths=(("id", "data.id"), ("invoice", "data.no"))))

    assert reason == "paths.id: a kind `custom` has this path, `standard` has not"


@pytest.mark.parametrize("expression", ["(" * 50_000, "a." * 50_000 + "a["])
def test_an_expression_too_deep_to_compile_is_reported(expression: str) -> None:
    (complaint_about_it,) = check({"invoice": expression})

    assert complaint_about_it.startswith("invoice: not a JMESPath expression")


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "data"]), inner, max_size=3)
    ),
)


@given(
    where=st.lists(st.sampled_from(["a", "b", "data"]), min_size=1, max_size=4).map(".".join),
    payload=documents,
)
def test_a_dotted_path_finds_what_jmespath_finds(where: str, payload: object) -> None:
    assert find(payload, "invoice", places((("invoice", where),))) == jmespath.search(where, payload)
