"""Strange HTTP at the door: refused without a word of what was sent, and without an error of ours."""

import re
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.conditions import wait_until
from tests.webhooks.attacked import Attacked, attacked, request, stripe_signed

IGNORED = b'{"object": "event", "type": "a.thing", "id": "evt_1", "created": 1, "livemode": true}'
SIGN = b"<marked>"
ANY = rb"HTTP/1\.[01] (\d{3}) [A-Za-z ]+\r\n"

BAD: dict[str, bytes] = {
    "no HTTP at all": b"\x00\xff<marked>\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303") + b"\x01" * 100,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "an unknown method": request(method=b"<marked>"),
    "an unknown version": request().replace(b"HTTP/1.1", b"HTTP/<marked>", 1),
    "a header without a colon": request(headers=[b"<marked>"]),
    "a header with a space in its name": request(headers=[b"X <marked>: 1"]),
    "a folded header": request(headers=[b"X: a\r\n <marked>"]),
    "NUL in a header": request(headers=[b"X: <marked>\x00"]),
    "a header that is too long": request(headers=[b"X: <marked>" + b"a" * 200_000]),
    "a thousand headers": request(headers=[b"X: <marked>"] * 1_000),
    "no host": b"POST /webhooks/stripe HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}",
    "two hosts": request(headers=[b"Host: <marked>"]),
    "bare line feeds": request(headers=[b"X: <marked>"]).replace(b"\r\n", b"\n"),
    "an address that is too long": request(path=b"/webhooks/<marked>" + b"a" * 100_000),
    "an address that is no text": request(path=b"/webhooks/\xff\xfe<marked>"),
    "an address with a broken host": request(path=b"http://[<marked>/webhooks/stripe"),
    "an address with an impossible port": request(path=b"http://h:99999999/webhooks/<marked>"),
    "two lengths": request(headers=[b"Content-Length: 7"]),
    "a length and chunks": request(headers=[b"Transfer-Encoding: chunked"]),
    "chunks and a length": request(headers=[b"Transfer-Encoding: chunked", b"Content-Length: 2"], length=b""),
    "a length below nothing": request(length=b"Content-Length: -1"),
    "a length with a sign": request(length=b"Content-Length: +2"),
    "a length of hexadecimal digits": request(length=b"Content-Length: 0x2"),
    "a length beyond all numbers": request(length=b"Content-Length: 99999999999999999999999999"),
    "an encoding of transfer that is not known": request(headers=[b"Transfer-Encoding: <marked>"], length=b""),
    "chunked twice, differently spelt": request(headers=[b"Transfer-Encoding: xchunked"], length=b""),
    "a chunk whose size is no number": request(b"<marked>\r\n{}", [b"Transfer-Encoding: chunked"], length=b""),
    "a chunk larger than all numbers": request(b"f" * 20 + b"\r\n{}", [b"Transfer-Encoding: chunked"], length=b""),
    "trailers without end": request(b"0\r\n" + b"X: <marked>\r\n" * 10_000, [b"Transfer-Encoding: chunked"], length=b""),
    "rubbish behind a good request": request() + b"\x00<marked>\r\n\r\n",
}  # fmt: skip
PATHS = [
    b"/", b"/webhooks", b"//webhooks/stripe", b"/webhooks//stripe", b"/webhooks/stripe/", b"/webhooks/stripe%2f", b"/webhooks/./x",
    b"/webhooks/%2e%2e/healthz", b"/webhooks/..%2fhealthz", b"/webhooks/../x", b"/webhooks/%00", b"/webhooks/stripe%00",
    b"/webhooks/stripe%0d%0aX-Marked:%20<marked>", b"/webhooks/%ff%fe", b"/webhooks/%ed%a0%80", b"/webhooks/%zz", b"/webhooks/%",
    b"/webhooks/" + b"a" * 8_000, b"/webhooks/" + b"%F0%9F%92%B6" * 100, b"/webhooks/*", b"/webhooks/{source}", b"/webhooks/strip?",
    b"/webhooks/stripe%20", b"/webhooks/STRIPE", b"/webhooks/stripe;x=1", b"http://other.example/", b"http://other.example/webhooks/x",
    b"/webhooks/paidmark:due", b"/webhooks/%22%5D%5Dredis.call('FLUSHALL')", b"/healthz/../x", b"/metrics", b"/readyz",
]  # fmt: skip
METHODS = [
    b"GET", b"HEAD", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PROPFIND", b"SUBSCRIBE", b"LOCK",
]  # fmt: skip


@pytest.fixture
async def door(store: Redis, store_url: str, log_as_before: None) -> AsyncIterator[Attacked]:
    async with attacked(store_url) as running:
        yield running


@pytest.mark.parametrize("name", BAD)
async def test_bad_http_is_refused_without_a_word_of_it(door: Attacked, store: Redis, name: str) -> None:
    async with door.wire(BAD[name]) as wire:
        said = await wire.rest()

    statuses = re.findall(ANY, said)
    assert statuses[-1:] == [b"400"]
    assert set(statuses) <= {b"400", b"401"}
    assert b"<" not in said
    assert b"<" not in door.log.getvalue().encode()
    assert door.complaints() == []
    assert await store.dbsize() == 0


@pytest.mark.parametrize("path", PATHS)
async def test_an_address_that_is_no_sources_is_refused_with_401(
    door: Attacked, store: Redis, path: bytes
) -> None:
    assert await door.ask(request(IGNORED, stripe_signed(IGNORED), path=path)) == 401
    assert "<" not in door.log.getvalue()
    assert len(door.said()) <= 1
    assert await store.dbsize() == 0


@pytest.mark.parametrize("method", METHODS)
async def test_any_method_but_post_is_refused_with_401_and_acts_on_nothing(
    door: Attacked, store: Redis, method: bytes
) -> None:
    assert await door.ask(request(IGNORED, stripe_signed(IGNORED), method=method)) == 401
    assert door.complaints() == []


@pytest.mark.parametrize(
    "target", [b"http://here/webhooks/stripe", b"/webhooks/stripe?a=b", b"/webhooks/strip%65"]
)
async def test_a_source_is_found_by_any_spelling_of_its_address(door: Attacked, target: bytes) -> None:
    assert await door.ask(request(IGNORED, stripe_signed(IGNORED), path=target)) == 200


async def test_an_old_version_is_answered_and_closed(door: Attacked) -> None:
    raw = request(IGNORED, stripe_signed(IGNORED)).replace(b"HTTP/1.1", b"HTTP/1.0")
    async with door.wire(raw) as wire:
        assert await wire.status() == 200
        assert await wire.rest() == b""


async def test_pipelined_requests_are_answered_each_in_its_turn(door: Attacked) -> None:
    good, bad = request(IGNORED, stripe_signed(IGNORED)), request(IGNORED)
    async with door.wire((good + bad) * 50) as wire:
        assert [await wire.status() for _ in range(100)] == [200, 401] * 50


async def test_a_body_that_looks_like_a_request_is_none(door: Attacked) -> None:
    smuggled = request(IGNORED, stripe_signed(IGNORED))
    async with door.wire(request(smuggled) + request(IGNORED, path=b"/webhooks/x")) as wire:
        assert [await wire.status(), await wire.status()] == [401, 401]
    assert len(door.said()) == 2


async def test_who_asks_whether_to_go_on_is_told_to(door: Attacked) -> None:
    raw = request(IGNORED, [b"Expect: 100-continue", *stripe_signed(IGNORED)])
    async with door.wire(raw) as wire:
        assert [await wire.status(), await wire.status()] == [100, 200]


async def test_who_asks_in_an_older_http_is_answered_at_once(door: Attacked) -> None:
    raw = request(IGNORED, [b"Expect: 100-continue", *stripe_signed(IGNORED)]).replace(
        b"HTTP/1.1", b"HTTP/1.0", 1
    )
    assert await door.ask(raw) == 200


async def test_who_expects_anything_else_is_refused_without_a_word_of_it(door: Attacked) -> None:
    async with door.wire(request(headers=[b"Expect: <marked>", b"Connection: close"])) as wire:
        said = await wire.rest()
    assert said.startswith(b"HTTP/1.1 417 ")
    assert b"<" not in said


@pytest.mark.parametrize(
    "headers",
    [
        [b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: AAAA"],
        [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAAA"],
    ],
)  # fmt: skip
async def test_who_asks_for_another_protocol_is_answered_in_this_one(
    door: Attacked, headers: list[bytes]
) -> None:
    async with door.wire() as wire:
        for _ in range(3):
            wire.writer.write(request(IGNORED, [*headers, *stripe_signed(IGNORED)]))
            assert await wire.status() == 200


@pytest.mark.parametrize(
    "header", [b"Content-Type: \xff;;=", b"Cookie: " + b"a=b;" * 10_000, b"Range: bytes=9-1", b"X: \xff"]
)
async def test_other_headers_are_nobodys_business(door: Attacked, header: bytes) -> None:
    assert await door.ask(request(IGNORED, [header, *stripe_signed(IGNORED)])) == 200


async def test_a_sender_who_goes_in_the_middle_of_a_body_leaves_a_line_and_no_error(door: Attacked) -> None:
    async with door.wire(request(length=b"Content-Length: 100")) as wire:
        wire.writer.write_eof()
        await wire.rest()
        await wait_until(door.said, because="the receiver has its say about a sender who has gone")

    assert [line["status"] for line in door.said()] == [400]
    assert door.complaints() == []
