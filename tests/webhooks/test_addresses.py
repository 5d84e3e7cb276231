"""Deliveries may be taken from some addresses only; behind a proxy of one's own, from those that it names."""

import json
from collections.abc import Mapping
from ipaddress import ip_network

import pytest
from redis.asyncio import Redis

from tests.service import Service, entry, service, standard_headers
from webhooks.addresses import comes_from

VENDOR = [ip_network("203.0.113.0/24"), ip_network("2001:db8::/32")]
PROXIES = [ip_network("10.0.0.0/8")]


def from_address(address: str, *forwarded: str) -> bool:
    return comes_from(address, forwarded, VENDOR, PROXIES)


@pytest.mark.parametrize("address", ["203.0.113.9", "2001:db8::7", "::ffff:203.0.113.9"])
def test_an_address_within_one_of_the_networks_is_let_in(address: str) -> None:
    assert from_address(address)


@pytest.mark.parametrize("address", ["198.51.100.1", "2001:db9::7", "", "no address", "10.0.0.1"])
def test_any_other_address_is_not(address: str) -> None:
    assert not from_address(address)


@pytest.mark.parametrize(
    "forwarded",
    [
        ("203.0.113.9",),
        ("1.2.3.4, 203.0.113.9",),
        ("203.0.113.9, 10.1.1.1",),
        ("1.2.3.4", "203.0.113.9"),
        ("203.0.113.9:5678",),
        ("[2001:db8::7]:5678, 10.1.1.1:80",),
        ("[2001:db8::7]",),
    ],
)
def test_behind_ones_own_proxies_the_last_address_that_is_not_theirs_counts(
    forwarded: tuple[str, ...],
) -> None:
    assert from_address("10.0.0.1", *forwarded)


@pytest.mark.parametrize(
    "forwarded",
    [
        ("203.0.113.9, 1.2.3.4",),
        ("203.0.113.9, nonsense",),
        ("203.0.113.9:x",),
        ("[203.0.113.9",),
        ("10.1.1.1",),
        ("",),
    ],
)
def test_what_others_have_written_before_it_does_not(forwarded: tuple[str, ...]) -> None:
    assert not from_address("10.0.0.1", *forwarded)


def test_whoever_is_no_proxy_of_ours_is_not_believed() -> None:
    assert not from_address("198.51.100.1", "203.0.113.9")


@pytest.mark.parametrize(
    ("settings", "headers", "status"),
    [
        ({"ADDRESSES": "127.0.0.1"}, {}, 200),
        ({"ADDRESSES": "203.0.113.0/24, 198.51.100.7"}, {}, 401),
        ({"ADDRESSES": "203.0.113.0/24"}, {"X-Forwarded-For": "203.0.113.4"}, 401),
        ({"ADDRESSES": "203.0.113.0/24", "PROXIES": "127.0.0.1"}, {"X-Forwarded-For": "203.0.113.4"}, 200),
    ],
)
async def test_a_source_is_only_heard_from_its_addresses(
    store: Redis, store_url: str, settings: Mapping[str, str], headers: Mapping[str, str], status: int
) -> None:
    named = {
        "PAIDMARK_PROXIES" if name == "PROXIES" else f"PAIDMARK_SOURCES__STANDARD__{name}": value
        for name, value in settings.items()
    }
    async with service(store_url, **named) as paidmark:
        assert await posted(paidmark, headers) == status


async def posted(paidmark: Service, headers: Mapping[str, str]) -> int:
    data = {"invoice_id": "in_1", "time_entry_ids": [entry(1)]}
    body = json.dumps({"type": "invoice.paid", "timestamp": "2026-11-01T00:00:00Z", "data": data})
    return await paidmark.post("standard", body.encode(), {**standard_headers(body, "msg_1"), **headers})
