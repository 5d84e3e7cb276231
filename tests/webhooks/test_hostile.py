"""Whoever does not have the secret gets nowhere: 401, whatever the headers hold, and nothing in the store."""

import base64
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from tests.service import STANDARD_SECRET, WORKSPACE, entry, stripe_event
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

PAID = stripe_event(
    "invoice.paid",
    {
        "id": "in_1",
        "status": "paid",
        "metadata": {"clockify_workspace_id": WORKSPACE, "clockify_time_entry_ids": entry(1)},
    },
    event="evt_1",
    created=float(now()),
)
OWN = (
    b'{"type": "invoice.paid", "timestamp": "2026-11-02T09:30:00Z", "data": {"invoice_id": "in_1", "workspace_id": "%s",'
    b' "time_entry_ids": ["%s"]}}' % (WORKSPACE.encode(), entry(1).encode())
)
DAY = 86_400

Header = Callable[[bytes, bytes], bytes]
STRIPE: dict[str, Header] = {
    "an empty header": lambda _, __: b"",
    "only white space": lambda _, __: b" \t ",
    "another secret": lambda t, _: b"t=%s,v1=%s" % (t, stripe_mac(PAID, t, "whsec_another")),
    "an empty secret": lambda t, _: b"t=%s,v1=%s" % (t, stripe_mac(PAID, t, "")),
    "a secret less its prefix": lambda t, _: b"t=%s,v1=%s" % (t, stripe_mac(PAID, t, "made_up_for_tests_only")),
    "another body": lambda t, _: b"t=%s,v1=%s" % (t, stripe_mac(PAID + b"\n", t)),
    "another time": lambda t, mac: b"t=%d,v1=%s" % (int(t) - 1, mac),
    "an old time, rightly signed": lambda t, _: b"t=%d,v1=%s" % (int(t) - DAY, stripe_mac(PAID, b"%d" % (int(t) - DAY))),
    "a day ahead, rightly signed": lambda t, _: b"t=%d,v1=%s" % (int(t) + DAY, stripe_mac(PAID, b"%d" % (int(t) + DAY))),
    "two times, the old one first": lambda t, mac: b"t=1,t=%s,v1=%s" % (t, mac),
    "two times, the old one last": lambda t, mac: b"t=%s,t=1,v1=%s" % (t, mac),
    "no time": lambda _, mac: b"v1=%s" % mac,
    "a time that is no number": lambda t, mac: b"t=%s.0,v1=%s" % (t, mac),
    "a time with a sign": lambda t, _: b"t=+%s,v1=%s" % (t, stripe_mac(PAID, b"+" + t)),
    "a time in other digits": lambda _, mac: "t=١٧٦٧٢٢٥٦٠٠,v1=".encode() + mac,
    "a time of ten thousand digits": lambda _, mac: b"t=%s,v1=%s" % (b"9" * 10_000, mac),
    "the scheme of test mode": lambda t, mac: b"t=%s,v0=%s" % (t, mac),
    "upper case": lambda t, mac: b"t=%s,v1=%s" % (t, mac.upper()),
    "base64 for hexadecimal": lambda t, mac: b"t=%s,v1=%s" % (t, base64.b64encode(bytes.fromhex(mac.decode()))),
    "a digit less": lambda t, mac: b"t=%s,v1=%s" % (t, mac[:-1]),
    "a digit more": lambda t, mac: b"t=%s,v1=%s0" % (t, mac),
    "a space in the signature": lambda t, mac: b"t=%s,v1= %s" % (t, mac),
    "bytes that are no text": lambda t, mac: b"t=%s,v1=\xff\xfe\x80%s" % (t, mac),
    "hundreds of signatures": lambda t, mac: b"t=%s%s,v1=%s" % (t, b",v1=" + b"0" * 64, mac[:-1]) * 300,
    "the right one among hundreds": lambda t, mac: b"t=%s%s,v1=%s" % (t, (b",v1=" + b"0" * 64) * 300, mac),
}  # fmt: skip
STANDARD: dict[str, Header] = {
    "an empty header": lambda _, __: b"",
    "another key": lambda t, _: b"v1," + standard_mac(OWN, t, key=b"another"),
    "the secret's text for its key": lambda t, _: b"v1," + standard_mac(OWN, t, key=STANDARD_SECRET.encode()),
    "another id": lambda t, _: b"v1," + standard_mac(OWN, t, b"msg_2"),
    "another time": lambda t, _: b"v1," + standard_mac(OWN, b"%d" % (int(t) - 1)),
    "another body": lambda t, _: b"v1," + standard_mac(OWN[:-1], t),
    "no version": lambda _, mac: mac,
    "another version": lambda _, mac: b"v2," + mac,
    "the version of public keys": lambda _, mac: b"v1a," + mac,
    "upper case": lambda _, mac: b"v1," + mac.upper(),
    "no padding": lambda _, mac: b"v1," + mac.rstrip(b"="),
    "more padding": lambda _, mac: b"v1," + mac + b"=",
    "a spelling of the same bytes": lambda _, mac: b"v1," + mac[:-2] + bytes([mac[-2] + 1]) + b"=",
    "hexadecimal for base64": lambda _, mac: b"v1," + base64.b64decode(mac).hex().encode(),
    "bytes that are no text": lambda _, mac: b"v1,\xff\xfe\x80" + mac,
    "the right one among hundreds": lambda _, mac: b"v1,AAAA " * 300 + b"v1," + mac,
}  # fmt: skip


@pytest.fixture
async def door(store: Redis, store_url: str, log_as_before: None) -> AsyncIterator[Attacked]:
    async with attacked(store_url) as running:
        yield running


async def refused(door: Attacked, store: Redis, raw: bytes) -> bool:
    """Whether a request gets 401 and nothing else comes of it."""
    status = await door.ask(raw)
    assert door.complaints() == []
    return status == 401 and await store.dbsize() == 0


@pytest.mark.parametrize("name", STRIPE)
async def test_a_signature_of_stripe_that_is_not_right_is_refused(
    door: Attacked, store: Redis, name: str
) -> None:
    stamp = now()
    value = STRIPE[name](stamp, stripe_mac(PAID, stamp))

    assert await refused(door, store, request(PAID, [b"Stripe-Signature: " + value]))


@pytest.mark.parametrize("name", STANDARD)
async def test_a_signature_of_standard_webhooks_that_is_not_right_is_refused(
    door: Attacked, store: Redis, name: str
) -> None:
    stamp = now()
    value = STANDARD[name](stamp, standard_mac(OWN, stamp))
    headers = [b"webhook-id: msg_1", b"webhook-timestamp: " + stamp, b"webhook-signature: " + value]

    assert await refused(door, store, request(OWN, headers, path=b"/webhooks/standard"))


async def test_what_these_tests_spoil_is_authentic_before(door: Attacked, store: Redis) -> None:
    assert await door.ask(request(PAID, stripe_signed(PAID))) == 200
    assert await door.ask(request(OWN, standard_signed(OWN), path=b"/webhooks/standard")) == 200
    assert await store.exists("paidmark:invoice:stripe//in_1", "paidmark:invoice:standard//in_1") == 2


@pytest.mark.parametrize("kind", ["stripe", "standard"])
async def test_any_header_of_a_signature_that_comes_twice_is_refused(
    door: Attacked, store: Redis, kind: str
) -> None:
    body, headers = (PAID, stripe_signed(PAID)) if kind == "stripe" else (OWN, standard_signed(OWN))
    for header in headers:
        name, _, value = header.partition(b":")
        for again in (header, name.upper() + b":" + value, name + b": "):
            raw = request(body, [*headers, again], path=b"/webhooks/" + kind.encode())
            assert await refused(door, store, raw)


async def test_both_families_of_headers_are_never_mixed(door: Attacked, store: Redis) -> None:
    good = standard_signed(OWN)
    svix = [header.replace(b"webhook", b"svix") for header in good]
    for mixture in (
        [*svix, b"webhook-id: msg_1"],
        [good[0], *svix[1:]],
        [*svix, b"webhook-signature: v1,AAAA"],
    ):
        assert await refused(door, store, request(OWN, mixture, path=b"/webhooks/standard"))


@pytest.mark.parametrize("path", [b"/webhooks/standard", b"/webhooks/unknown", b"/"])
async def test_a_signature_for_one_source_proves_nothing_to_another(
    door: Attacked, store: Redis, path: bytes
) -> None:
    assert await refused(door, store, request(PAID, stripe_signed(PAID), path=path))


async def test_a_delivery_that_is_played_again_makes_nothing_more(door: Attacked, store: Redis) -> None:
    raw = request(PAID, stripe_signed(PAID))
    assert [await door.ask(raw) for _ in range(5)] == [200] * 5

    async with store.pipeline() as asked:
        asked.llen(f"paidmark:backlog:{WORKSPACE}")
        assert await asked.execute() == [1]
    assert [line["said"] for line in door.said()[-4:]] == ["known"] * 4


async def test_the_log_says_why_and_nothing_of_what_was_sent(door: Attacked) -> None:
    await door.ask(request(b"<body>", [b"Stripe-Signature: t=1,v1=<mac>"], path=b"/webhooks/stripe"))
    await door.ask(request(b"<body>", [b"X-Any: <header>"], path=b"/webhooks/<name>%0alevel=error"))

    assert [line["said"] for line in door.said()] == ["sent too long ago", "not a source, or not a POST"]
    assert "<" not in door.log.getvalue()
