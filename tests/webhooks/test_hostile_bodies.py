"""Strange bodies at the door. Not authentic: 401, or 413. Authentic: kept for a person, bounded, whatever they are."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.service import WORKSPACE, entry
from tests.webhooks.attacked import (
    Attacked,
    attacked,
    now,
    request,
    standard_mac,
    standard_signed,
    stripe_mac,
    stripe_signed,
)
from worker.ledger import intake

SAMPLES = Path(__file__).parent.parent / "samples"
KINDS = ["standard", "stripe"]

STRANGE: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \r\n\t",
    "NUL": b"\x00",
    "half a text": b'{"type": "invoice.pa',
    "no JSON": b"type=invoice.paid&data=1",
    "XML": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "a mark of byte order": b'\xef\xbb\xbf{"type": "invoice.paid"}',
    "UTF-16": '{"type": "invoice.paid"}'.encode("utf-16"),
    "bytes that are no UTF-8": b'{"type": "\xff\xfe", "object": "event"}',
    "a surrogate, written": b'{"type": "invoice.paid", "object": "event", "id": "\\ud800"}',
    "a surrogate, encoded": b'{"type": "\xed\xa0\x80"}',
    "a pickle": b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
    "lists in lists": b"[" * 500_000,
    "closed lists in lists": b"[" * 300_000 + b"]" * 300_000,
    "objects in objects": b'{"a":' * 150_000 + b"1" + b"}" * 150_000,
    "a number beyond all numbers": b"1e400",
    "ten thousand digits": b"9" * 10_000,
    "a million digits": b"9" * 1_000_000,
    "a long text": b'"' + b"a" * 1_000_000 + b'"',
    "a hundred thousand names": b"{" + b",".join(b'"%d":%d' % (n, n) for n in range(60_000)) + b"}",
    "one name, many times": b"{" + b",".join([b'"type":"invoice.paid"'] * 40_000) + b"}",
}  # fmt: skip
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 2**53 + 1, 2**63, 10**400, float("inf"), float("nan"), "", "a\x00b", "\ud800", "a" * 100_000, "a\r\nb/*:{}",
    "9999-12-31T23:59:59Z", [], [[]], ["a"], {}, {"a": {}},
]  # fmt: skip


@pytest.fixture
async def door(store: Redis, store_url: str, log_as_before: None) -> AsyncIterator[Attacked]:
    async with attacked(store_url) as running:
        yield running


def authentic(kind: str, body: bytes, event: bytes = b"msg_1") -> bytes:
    headers = stripe_signed(body) if kind == "stripe" else standard_signed(body, event)
    return request(body, headers, path=b"/webhooks/" + kind.encode())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", STRANGE)
async def test_a_strange_body_is_refused_and_if_authentic_kept_for_a_person(
    door: Attacked, store: Redis, kind: str, name: str
) -> None:
    assert await door.ask(request(STRANGE[name], path=b"/webhooks/" + kind.encode())) == 401
    assert await store.dbsize() == 0

    assert await door.ask(authentic(kind, STRANGE[name])) == 200
    assert await store.hlen("paidmark:undecoded") <= 1  # type: ignore[misc] # redis-py's unions
    assert await store.keys("paidmark:backlog:*") == []
    assert door.complaints() == []


def changed(document: Any) -> Iterator[Any]:
    """The document with each of its nodes replaced, in turn, by each of VALUES, and with each left out."""
    for place in _places(document):
        for value in VALUES:
            yield _with(document, place, value)
        yield _without(document, place)


def _places(node: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in inside:
        yield (*here, name)
        yield from _places(child, (*here, name))


def _with(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    copy = owner = deepcopy(document)
    for step in place[:-1]:
        owner = owner[step]
    owner[place[-1]] = value
    return copy


def _without(document: Any, place: tuple[Any, ...]) -> Any:
    copy = owner = deepcopy(document)
    for step in place[:-1]:
        owner = owner[step]
    del owner[place[-1]]
    return copy


SPOILT = [
    "standard/invoice.paid", "standard/invoice.voided", "stripe/charge.refunded", "stripe/invoice.paid", "stripe/invoice_payment.paid",
    "stripe/refund.failed",
]  # fmt: skip


@pytest.mark.parametrize("name", SPOILT)
async def test_an_authentic_body_with_anything_anywhere_is_acknowledged_or_postponed(
    door: Attacked, store: Redis, name: str
) -> None:
    kind = name.partition("/")[0]
    document = _relevant(json.loads((SAMPLES / f"{name}.json").read_text()))
    bodies = [json.dumps(one).encode() for one in changed(document)]
    async with door.wire() as wire:
        for number, body in enumerate(bodies):
            wire.writer.write(authentic(kind, body, b"msg_%d" % number))
            assert await wire.status() == 200, body[:500]

    assert len(bodies) > 100
    assert door.complaints() == []
    assert await store.hlen("paidmark:undecoded") <= intake.MOST_UNDECODED  # type: ignore[misc] # redis-py's unions


def _relevant(document: Any) -> Any:
    """The document less most of what is not read: a sample of Stripe has hundreds of nodes."""
    described = document["data"].get("object")
    if described is not None:
        read = (
            "id",
            "object",
            "status",
            "metadata",
            "lines",
            "payment",
            "payment_intent",
            "charge",
            "refunded",
            "is_default",
            "invoice",
        )
        document["data"]["object"] = {name: described[name] for name in read if name in described}
        document["data"]["object"].get("lines", {}).pop("data", None)
    return document


async def test_what_cannot_be_decoded_is_kept_as_long_as_there_is_room(
    door: Attacked, store: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_UNDECODED", 3)
    statuses = [await door.ask(authentic("standard", b"[%d]" % number)) for number in range(5)]

    assert statuses == [200, 200, 200, 503, 503]
    assert await door.ask(authentic("standard", b"[0]")) == 200
    assert await door.ask(authentic("standard", b'{"type": "another.thing"}')) == 200
    assert await store.hlen("paidmark:undecoded") == 3  # type: ignore[misc] # redis-py's unions


@pytest.mark.parametrize("kind", KINDS)
async def test_the_last_of_two_equal_names_counts_for_all_that_follows(
    door: Attacked, store: Redis, kind: str
) -> None:
    twice = (
        '"id": "in_other", "id": "in_1"'
        if kind == "stripe"
        else '"invoice_id": "in_other", "invoice_id": "in_1"'
    )
    if kind == "stripe":
        metadata = f'{{"clockify_workspace_id": "{WORKSPACE}", "clockify_time_entry_ids": "{entry(1)}"}}'
        body = (
            '{"object": "event", "id": "evt_1", "type": "invoice.paid", "livemode": false, "livemode": true, "created": '
            + now().decode() + f', "data": {{"object": {{{twice}, "metadata": {metadata}}}}}}}'
        )  # fmt: skip
    else:
        body = (
            f'{{"type": "a", "type": "invoice.paid", "timestamp": {now().decode()}, "data": {{{twice},'
            f' "workspace_id": "{WORKSPACE}", "time_entry_ids": ["{entry(1)}"]}}}}'
        )
    assert await door.ask(authentic(kind, body.encode())) == 200

    assert await store.keys("paidmark:invoice:*") == [f"paidmark:invoice:{kind}//in_1".encode()]


ODD_NAMES = {
    "characters of patterns": "*?[a-z]",
    "colons and slashes": "a:b/c//d@e",
    "the ledger's own keys": "paidmark:due",
    "Lua": "']] redis.call('FLUSHALL') --[[",
    "a format": "%s%d%%{}$1",
    "another alphabet": "счёт-№1-発票-🧾",
    "dots": "../../etc",
    "as long as can be": "é" * 255,
}


@pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)
async def test_an_odd_id_is_an_id_of_its_own_and_its_key_is_bounded(
    door: Attacked, store: Redis, name: str
) -> None:
    data = {"invoice_id": name, "account_id": name, "workspace_id": WORKSPACE, "time_entry_ids": [entry(1)]}
    body = json.dumps({"type": "invoice.paid", "timestamp": int(now()), "data": data}).encode()
    assert await door.ask(authentic("standard", body)) == 200

    (key,) = await store.keys("paidmark:invoice:*")
    assert key.isascii()
    assert len(key) < 450
    assert key.count(b"/") == 2
    assert sorted(await store.keys("*")) == sorted(
        {*await store.keys("paidmark:*"), *await store.keys("arq:*")}
    )


@pytest.mark.parametrize(
    "name", ["a\nlevel=error", "a\x00", "\x1b[2J", "\u202e", "a" * 256, "a" * 100_000, "\ud800"]
)
async def test_an_id_that_no_system_makes_is_for_a_person(door: Attacked, store: Redis, name: str) -> None:
    data = {"invoice_id": name, "workspace_id": WORKSPACE, "time_entry_ids": [entry(1)]}
    body = json.dumps({"type": "invoice.paid", "timestamp": int(now()), "data": data}).encode()
    assert await door.ask(authentic("standard", body)) == 200

    assert await store.hlen("paidmark:undecoded") == 1  # type: ignore[misc] # redis-py's unions
    assert await store.keys("paidmark:invoice:*") == []
    assert len(door.log.getvalue()) < 1_500


async def test_an_event_id_as_long_as_a_header_is_for_a_person(door: Attacked, store: Redis) -> None:
    body = json.dumps(
        {"type": "invoice.paid", "timestamp": int(now()), "data": {"invoice_id": "in_1"}}
    ).encode()
    assert await door.ask(authentic("standard", body, b"m" * 60_000)) == 200

    assert await store.keys("paidmark:invoice:*") == []


async def test_an_invoice_of_as_many_entries_as_a_body_holds_is_taken_in_time(
    door: Attacked, store: Redis
) -> None:
    data = {
        "invoice_id": "in_1",
        "workspace_id": WORKSPACE,
        "time_entry_ids": [entry(n) for n in range(36_000)],
    }
    body = json.dumps({"type": "invoice.paid", "timestamp": int(now()), "data": data}).encode()

    assert 1_000_000 < len(body) < 2**20
    assert await door.ask(authentic("standard", body)) == 200
    assert await store.keys("paidmark:invoice:*") == [b"paidmark:invoice:standard//in_1"]


@pytest.mark.parametrize("encoding", [b"br", b"zstd", b"gzip, gzip", b"chunked", b"\xff"])
async def test_a_packing_that_is_not_known_is_a_bad_request(
    door: Attacked, store: Redis, encoding: bytes
) -> None:
    raw = request(b"{}", [b"Content-Encoding: " + encoding, *stripe_signed(b"{}")])
    assert await door.ask(raw) == 400
    assert await store.dbsize() == 0


async def test_a_packed_body_is_signed_as_it_was_before(door: Attacked) -> None:
    body = b'{"object": "event", "type": "a.thing", "id": "evt_1", "created": 1, "livemode": true}'
    packed = gzip.compress(body)

    assert await door.ask(request(packed, [b"Content-Encoding: gzip", *stripe_signed(body)])) == 200
    assert await door.ask(request(packed, [b"Content-Encoding: gzip", *stripe_signed(packed)])) == 401


async def test_a_body_longer_than_it_says_proves_nothing(door: Attacked, store: Redis) -> None:
    stamp = now()
    header = b"Stripe-Signature: t=%s,v1=%s" % (stamp, stripe_mac(b"{}  ", stamp))
    assert await door.ask(request(b"{}  ", [header], length=b"Content-Length: 2")) in (400, 401)
    assert await store.dbsize() == 0


async def test_times_in_headers_are_numbers_of_seconds_and_nothing_else(door: Attacked, store: Redis) -> None:
    for stamp in (
        b"1e400",
        b"9" * 400,
        b"18446744073709551616",
        b"9007199254740993",
        b"-0",
        b"0x10",
        b"\xd9\xa1",
    ):
        mac = standard_mac(b"{}", stamp)
        headers = [b"webhook-id: msg_1", b"webhook-timestamp: " + stamp, b"webhook-signature: v1," + mac]
        assert await door.ask(request(headers=headers, path=b"/webhooks/standard")) == 401
    assert await store.dbsize() == 0
