"""What a delivery is answered, on real sockets: the statuses that vendors rely on, and the bounds."""

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator

import aiohttp
import jwt
import pytest
from redis.asyncio import Redis

from tests.conditions import wait_until
from tests.service import STRIPE_SECRET, WORKSPACE, Service, entry, service, standard_headers, stripe_event
from tests.webhooks.keys import key_pair
from webhooks import reading
from webhooks.app import served
from webhooks.settings import DoorSettings
from webhooks.sources import KINDS
from webhooks.sources.kind import Options, Sample
from worker.marking import State
from worker.settings import load


@pytest.fixture
async def paidmark(store: Redis, store_url: str) -> AsyncIterator[Service]:
    async with service(
        store_url, PAIDMARK_SOURCES__SHOP_A__KIND="standard", PAIDMARK_MAX_BODY="20000"
    ) as running:
        yield running


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_any_method_but_post_is_refused_with_401(paidmark: Service, method: str) -> None:
    async with paidmark.session.request(method, f"{paidmark.url}/webhooks/stripe") as response:
        assert response.status == 401


@pytest.mark.parametrize(
    "name",
    [
        "",
        "unknown",
        "a%0ab",
        "stripe%0d%0a",
        "stripe/",
        "stripe/more",
        "..%2fhealthz",
        "%00",
        "a" * 5000,
        "Stripe",
    ],
)
async def test_any_name_that_is_no_source_is_refused_with_401(paidmark: Service, name: str) -> None:
    async with paidmark.session.post(f"{paidmark.url}/webhooks/{name}", data=b"{}") as response:
        assert response.status == 401


async def test_a_source_without_a_secret_is_postponed(paidmark: Service) -> None:
    async with paidmark.session.post(f"{paidmark.url}/webhooks/shop-a", data=b"{}") as response:
        assert response.status == 503
        assert response.headers["Retry-After"] == "5"


async def test_an_answer_has_no_body_and_no_cookie(paidmark: Service) -> None:
    body = json.dumps({"type": "something.else", "timestamp": "2026-11-02T09:30:00Z", "data": {}})
    url = f"{paidmark.url}/webhooks/standard"
    async with paidmark.session.post(url, data=body, headers=standard_headers(body, "msg_1")) as response:
        assert response.status == 200
        assert await response.read() == b""
        assert "Set-Cookie" not in response.headers


async def test_an_authentic_event_that_is_not_for_us_is_acknowledged(paidmark: Service) -> None:
    body = stripe_event("customer.created", {"id": "cus_1"}, event="evt_1", created=paidmark.began)

    assert await paidmark.post("stripe", body, signed(body)) == 200
    assert (await paidmark.desk.figures()).get("accepts", 0) == 0


def signed(body: bytes) -> dict[str, str]:
    import stripe  # noqa: PLC0415 - the oracle of this one helper

    return {
        "Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body.decode(), STRIPE_SECRET)
    }


async def test_a_body_over_the_limit_is_refused_with_413(paidmark: Service) -> None:
    assert await paidmark.post("stripe", b"x" * 20_001, {}) == 413
    assert await paidmark.post("stripe", b"x" * 20_000, {}) == 401


async def test_a_body_that_grows_over_the_limit_is_refused_while_it_is_read(paidmark: Service) -> None:
    async def without_end() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1000

    async with paidmark.session.post(f"{paidmark.url}/webhooks/stripe", data=without_end()) as response:
        assert response.status == 413


async def test_a_compressed_body_counts_as_what_it_unpacks_to(paidmark: Service) -> None:
    bomb = gzip.compress(b"x" * 10_000_000)

    assert len(bomb) < 20_000
    assert await paidmark.post("stripe", bomb, {"Content-Encoding": "gzip"}) == 413


async def test_a_sender_that_is_too_slow_gets_408(paidmark: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "READ_WITHIN", 0.2)
    host, port = paidmark.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /webhooks/stripe HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()

    assert (await reader.readline()).split()[1] == b"408"
    writer.close()


async def test_an_authentic_body_that_cannot_be_decoded_is_kept_once(paidmark: Service) -> None:
    body = b'{"id": "evt_1", "object": "event", "type": "invoice.paid", "data": 7}'

    assert await paidmark.post("stripe", body, signed(body)) == 200
    assert await paidmark.post("stripe", body, signed(body)) == 200
    assert (await paidmark.desk.figures())["undecoded_now"] == 1


async def test_of_several_events_one_that_cannot_be_decoded_is_kept_and_the_others_count(
    store: Redis, store_url: str
) -> None:
    kind, secret = KINDS["gocardless"], "made-up-secret-of-a-test"
    facts = Sample(event="EV1", invoice="PM1", workspace=WORKSPACE, entries=(entry(1),), at=time.time())
    several = json.loads(kind.sample(facts, Options()))
    several["events"].insert(0, {"id": "EV0"})
    body = json.dumps(several).encode()
    headers = kind.sign(body, secret, "", 0, Options()).headers
    async with service(store_url, PAIDMARK_SOURCES__GOCARDLESS__SECRETS=secret) as paidmark:
        assert await paidmark.post("gocardless", body, headers) == 200
        await paidmark.settled()

        assert paidmark.invoiced(entry(1)) == [True]
        assert (await paidmark.desk.figures())["undecoded_now"] == 1


async def test_a_token_that_carries_a_large_body_is_taken(store: Redis, store_url: str) -> None:
    """Lago's."""
    private, public = key_pair("lago")
    facts = Sample(event="", invoice="in_1", workspace=WORKSPACE, entries=(entry(1),), at=time.time())
    one = json.loads(KINDS["lago"].sample(facts, Options()))
    one["invoice"]["fees"] += [{"description": "Work by the hour " * 50} for _ in range(100)]
    body = json.dumps(one)
    token = jwt.encode({"data": body}, private, "RS256")
    assert len(token) > 100_000
    headers = {"X-Lago-Signature": token, "X-Lago-Signature-Algorithm": "jwt"}
    async with service(store_url, PAIDMARK_SOURCES__LAGO__SECRETS=f"made-up {public}") as paidmark:
        assert await paidmark.post("lago", body.encode(), headers) == 200
        await paidmark.settled()

        assert paidmark.invoiced(entry(1)) == [True]


async def test_without_a_workspace_and_without_a_default_the_event_waits_for_a_person(
    paidmark: Service,
) -> None:
    metadata = {"clockify_time_entry_ids": entry(1)}
    assert await paidmark.stripe("invoice.paid", "in_1", metadata=metadata) == 200

    assert await paidmark.desk.in_state(State.UNRESOLVED) == ["stripe//in_1"]


async def test_a_refund_finds_its_invoice_by_the_payment(paidmark: Service) -> None:
    await paidmark.stripe("invoice.paid", "in_1", [entry(1)])
    tie = {
        "object": "invoice_payment", "invoice": "in_1", "status": "paid", "is_default": True,
        "payment": {"type": "payment_intent", "payment_intent": "pi_1"},
    }  # fmt: skip
    assert (
        await paidmark.post(
            "stripe", told := event("invoice_payment.paid", tie, paidmark.began), signed(told)
        )
        == 200
    )
    charge = {
        "id": "ch_1", "object": "charge", "payment_intent": "pi_1", "refunded": True,
        "amount": 100, "amount_refunded": 100, "amount_captured": 100,
    }  # fmt: skip
    assert (
        await paidmark.post(
            "stripe", told := event("charge.refunded", charge, paidmark.began + 60), signed(told)
        )
        == 200
    )
    await paidmark.settled()

    assert paidmark.invoiced(entry(1)) == [False]


def event(kind: str, described: dict[str, object], created: float) -> bytes:
    told = {"id": f"evt_{kind}", "object": "event", "type": kind, "created": int(created), "livemode": True}
    return json.dumps({**told, "data": {"object": described}}).encode()


async def test_several_events_of_one_name_in_two_workspaces_go_to_both(paidmark: Service) -> None:
    other = "5" * 24
    line = {"id": "il_1", "metadata": {"clockify_workspace_id": other, "clockify_time_entry_ids": entry(2)}}
    lines = {"data": [line], "has_more": False}
    assert await paidmark.stripe("invoice.paid", "in_1", [entry(1)], lines=lines) == 200
    await paidmark.settled()

    assert paidmark.invoiced(entry(1), entry(2)) == [True, True]
    assert paidmark.sandbox.world.entries[entry(2)].workspace == other


async def test_a_store_that_does_not_keep_what_it_acknowledges_is_refused(
    paidmark: Service, store: Redis, store_url: str
) -> None:
    await store.config_set("appendfsync", "everysec")
    try:
        async with service(store_url) as fresh:
            assert await fresh.stripe("invoice.paid", "in_1", [entry(1)]) == 503
    finally:
        await store.config_set("appendfsync", "always")


async def test_ready_says_in_words_what_is_wrong_and_metrics_have_the_ledgers_figures(
    store: Redis, store_url: str
) -> None:
    async with service(store_url, PAIDMARK_OPS_PORT="18081") as paidmark:
        await paidmark.stripe("invoice.paid", "in_1", [entry(1)])
        await paidmark.settled()
        metrics = await text(paidmark.session, "http://127.0.0.1:18081/metrics")
        assert await text(paidmark.session, "http://127.0.0.1:18081/readyz") == "ready\n"
        assert 'paidmark_deliveries_total{answer="accepted",source="stripe"} 1.0' in metrics
        assert WORKSPACE not in metrics

        await store.flushall()
        await paidmark.stripe("invoice.paid", "in_2", [entry(2)])

        async def warned() -> bool:
            return "send again what it sent ever" in await text(
                paidmark.session, "http://127.0.0.1:18081/readyz"
            )

        await wait_until(warned, because="the loss was not noticed")


async def test_a_receiver_that_could_not_take_what_came_last_is_not_ready_until_it_takes_something(
    store: Redis, store_url: str
) -> None:
    async with service(store_url, PAIDMARK_OPS_PORT="18081") as paidmark:
        await store.config_set("maxmemory", 1)
        try:
            assert await paidmark.stripe("invoice.paid", "in_1", [entry(1)]) == 503
            said = await text(paidmark.session, "http://127.0.0.1:18081/readyz")
        finally:
            await store.config_set("maxmemory", 0)
        assert "what came last was refused: " in said
        assert "maxmemory" in said

        assert await paidmark.stripe("invoice.paid", "in_1", [entry(1)]) == 200

        assert await text(paidmark.session, "http://127.0.0.1:18081/readyz") == "ready\n"


async def test_a_receiver_without_a_source_is_not_ready(store: Redis, store_url: str) -> None:
    settings = load(
        DoorSettings,
        {"PAIDMARK_REDIS_URL": store_url, "PAIDMARK_PORT": "0", "PAIDMARK_OPS_PORT": "18081"},
    )

    async with served(settings), aiohttp.ClientSession() as session:
        said = await text(session, "http://127.0.0.1:18081/readyz")

    assert said == "no source is set: PAIDMARK_SOURCES__<NAME>__SECRETS\n"


async def text(session: aiohttp.ClientSession, url: str) -> str:
    async with session.get(url) as response:
        return await response.text()


async def test_health_says_nothing_but_that_the_process_is_alive(paidmark: Service) -> None:
    assert await text(paidmark.session, f"{paidmark.url}/healthz") == "ok\n"


@pytest.mark.parametrize(
    "path", ["/", "/webhooks", "//webhooks/stripe", "/Webhooks/stripe", "/webhooks%2fstripe"]
)
async def test_a_slip_in_the_address_is_never_answered_404(paidmark: Service, path: str) -> None:
    async with paidmark.session.post(paidmark.url + path, data=b"{}") as response:
        assert response.status == 401


async def test_health_is_only_asked_for(paidmark: Service) -> None:
    async with paidmark.session.delete(f"{paidmark.url}/healthz") as response:
        assert response.status == 401


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_body_that_is_not_what_its_encoding_says_is_a_bad_request(
    paidmark: Service, encoding: str
) -> None:
    assert await paidmark.post("stripe", b"plain", {"Content-Encoding": encoding}) == 400


@pytest.mark.parametrize(("headers", "stays"), [({}, True), ({"Connection": "close"}, False)])
async def test_an_acknowledgement_leaves_the_connection_as_the_sender_wants_it(
    paidmark: Service, headers: dict[str, str], stays: bool
) -> None:
    body = json.dumps({"type": "contact.created", "timestamp": "2026-11-01T00:00:00Z", "data": {}})
    async with paidmark.session.post(
        f"{paidmark.url}/webhooks/standard", data=body, headers={**standard_headers(body, "msg_1"), **headers}
    ) as response:
        assert (response.status, await response.read()) == (200, b"")
        assert response.headers["Content-Length"] == "0"
        assert "Date" in response.headers
        assert (response.headers.get("Connection") != "close") is stays


async def test_an_acknowledgement_to_an_old_sender_is_one_that_he_understands(paidmark: Service) -> None:
    body = json.dumps({"type": "contact.created", "timestamp": "2026-11-01T00:00:00Z", "data": {}})
    headers = {"Host": "x", "Content-Length": str(len(body)), **standard_headers(body, "msg_1")}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    port = int(paidmark.url.rpartition(":")[2])

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST /webhooks/standard HTTP/1.0\r\n{head}\r\n{body}".encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"Content-Length: 0" in answer
