"""`paidmark send` signs and posts as the source would, to a real receiver."""

import asyncio
import base64
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from redis.asyncio import Redis

from tests.service import STANDARD_SECRET, STRIPE_SECRET, Service, entry, service

PAIDMARK = (sys.executable, "-m", "webhooks.cli")
DOCUMENTED = "54m377ddd3fcab07cfbb432w 25b687e29ae1f428e7ebe123"

OWN = {
    "KIND": "custom", "SECRETS": "made-up-secret-of-a-test", "SIGNATURE": '{"proof": "header", "header": "X-Key"}',
    "PAID": '["paid"]', "PATHS": '{"type": "event", "id": "id", "invoice": "invoice", "link": "memo"}',
}  # fmt: skip
"""A described system that shows no entries."""


@pytest.fixture
async def paidmark(store: Redis, store_url: str) -> AsyncIterator[Service]:
    async with service(store_url, PAIDMARK_SOURCES__TEST__KIND="stripe", PAIDMARK_SOURCES__TEST__LIVEMODE="false",
                       PAIDMARK_SOURCES__TEST__SECRETS=STRIPE_SECRET) as running:  # fmt: skip
        yield running


async def send(paidmark: Service | None, *arguments: str, **settings: str) -> "Result":
    environ = {
        "PAIDMARK_SOURCES__STRIPE__SECRETS": STRIPE_SECRET,
        "PAIDMARK_SOURCES__STANDARD__SECRETS": STANDARD_SECRET,
        "PAIDMARK_SOURCES__TEST__KIND": "stripe",
        "PAIDMARK_SOURCES__TEST__LIVEMODE": "false",
        "PAIDMARK_SOURCES__TEST__SECRETS": STRIPE_SECRET,
        "PAIDMARK_SOURCES__BARE__KIND": "stripe",
        "PAIDMARK_SOURCES__PUBLIC__KIND": "standard",
        "PAIDMARK_SOURCES__PUBLIC__SECRETS": "whpk_" + base64.b64encode(b"k" * 32).decode(),
        "PAIDMARK_SOURCES__DEBIT__KIND": "gocardless",
        "PAIDMARK_SOURCES__DEBIT__SECRETS": "made-up-secret-of-a-test",
        **{f"PAIDMARK_SOURCES__OWN__{name}": value for name, value in OWN.items()},
        "PAIDMARK_SOURCES__WRONG__KIND": "stripe",
        "PAIDMARK_SOURCES__WRONG__SECRETS": "whsec_another",
        **settings,
    }
    where = ("--url", paidmark.url) if paidmark else ()
    process = await asyncio.create_subprocess_exec(
        *PAIDMARK, "send", *arguments, *where, env={**clean(), **environ}, stdout=PIPE, stderr=STDOUT
    )
    output, _ = await process.communicate()
    return Result(process.returncode or 0, output.decode())


def clean() -> dict[str, str]:
    """Our environment without settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PAIDMARK_")}


class Result(NamedTuple):
    """What a process ended with."""

    exit_code: int
    output: str


@pytest.mark.parametrize("source", ["stripe", "standard", "test"])
async def test_a_sample_marks_its_entries_and_its_reversal_gives_them_back(
    paidmark: Service, source: str
) -> None:
    result = await send(paidmark, source, "--invoice", "in_1", "--entries", DOCUMENTED)
    await paidmark.settled()
    next_step = "what became of it: paidmark markings in_1\n"
    assert (result.exit_code, result.output) == (0, f"200  in_1 (paid, 2 entries)\n{next_step}")
    assert paidmark.invoiced(*DOCUMENTED.split()) == [True, True]

    result = await send(paidmark, source, "--invoice", "in_1", "--entries", DOCUMENTED, "--reverse")
    await paidmark.settled()
    assert result.output == f"200  in_1 (reversed, 2 entries)\n{next_step}"
    assert paidmark.invoiced(*DOCUMENTED.split()) == [False, False]


async def test_a_sample_names_the_workspace_of_the_settings_where_none_is_given(paidmark: Service) -> None:
    elsewhere = "64a687e29ae1f428e7ebe30a"

    done = await send(paidmark, "standard", "--invoice", "in_1", PAIDMARK_WORKSPACE=elsewhere)

    assert done.exit_code == 0
    record = await paidmark.desk.show("standard//in_1")
    assert record is not None
    assert [place.workspace for place in record.places] == [elsewhere]


async def test_a_file_is_posted_as_it_is(paidmark: Service, tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"type": "other", "timestamp": "2026-11-02T09:30:00Z", "data": {}}')

    result = await send(paidmark, "standard", "--file", str(body))

    assert (result.exit_code, result.output) == (0, f"200  {body}\n")


async def test_a_wrong_secret_shows_the_refusal(paidmark: Service) -> None:
    result = await send(paidmark, "wrong")

    assert result.exit_code == 1
    assert result.output.startswith("401")
    assert "the receiver's log says why" in result.output


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("nobody",), "no source 'nobody' in the settings; there are: "),
        (("bare",), "has no secret: set PAIDMARK_SOURCES__BARE__SECRETS"),
        (("stripe", "--entries", "short"), "not an id of 24 letters and digits: short"),
        (("stripe", "--url", "file:///etc/passwd"), "is no address of a receiver"),
        (("stripe", "--file", "no-such-file.json"), "no-such-file.json"),
        (("stripe", "--url", "http://[::1"), "is no address of a receiver"),
        (("stripe", "--url", "http://a b"), "is no address of a receiver"),
        (("public",), "the source 'public' cannot be played"),
        (("stripe", "--issue", "--reverse"), "--issue or --reverse: a delivery tells one of them"),
        (("stripe", "--file", __file__, "--invoice", "in_1"), "--file is posted as it is"),
        (("debit", "--issue"), "a source of kind gocardless never tells that an invoice is issued"),
        (("own", "--reverse"), "'own' says that an invoice is reversed: PAIDMARK_SOURCES__OWN__REVERSED"),
    ],
)
async def test_what_cannot_be_sent_is_said_and_not_sent(arguments: tuple[str, ...], complaint: str) -> None:
    result = await send(None, *arguments)

    assert result.exit_code == 2
    assert complaint in result.output


async def test_a_described_system_that_shows_no_entries_is_not_said_to(store: Redis, store_url: str) -> None:
    own = {f"PAIDMARK_SOURCES__OWN__{name}": value for name, value in OWN.items()}
    async with service(store_url, **own) as running:
        result = await send(running, "own", "--invoice", "b_1")

    assert result.output.startswith("200  b_1 (paid; no paths.entries is set: link them)")


async def test_settings_that_are_wrong_are_told() -> None:
    result = await send(None, "stripe", PAIDMARK_PROT="1")

    assert result.exit_code == 2
    assert "PAIDMARK_PORT" in result.output


async def test_where_nobody_listens_it_is_said() -> None:
    result = await send(None, "stripe", "--entries", entry(1), "--url", "http://127.0.0.1:9")

    assert result.exit_code == 3
    assert "Is the receiver running?" in result.output
