"""Bodies that could not be decoded, as people meet them."""

import asyncio
import json
import os
import pty
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import pytest
from redis.asyncio import Redis
from typer.testing import Result

from tests.webhooks.desk_scene import HOME, START, Scene, scene
from worker.marking import State

BODY = b'{"customer": "Zsuzsanna Quillfeather \x1b[31m\xff"}\n'
DIGEST = sha256(BODY).hexdigest()
REF = f"shop/undecoded/{DIGEST[:12]}"


@pytest.fixture
async def at(store_url: str, store: Redis) -> AsyncIterator[Scene]:
    async with scene(store_url) as made:
        yield made


async def kept(at: Scene, body: bytes = BODY, source: str = "shop") -> str:
    """A body that could not be decoded. Returns its ref."""
    digest = sha256(body).hexdigest()
    await at.intake.keep_undecoded(source, digest, body)
    return f"{source}/undecoded/{digest[:12]}"


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refs(result: Result) -> list[str]:
    return [one["ref"] for one in told(result)["markings"]]


@pytest.mark.parametrize("state", [(), ("--state", "unresolved")])
async def test_a_body_is_a_line_of_what_is_unresolved(at: Scene, state: tuple[str, ...]) -> None:
    await kept(at)

    listed = await at.run("markings", *state)

    (line,) = listed.stdout.splitlines()[1:]
    assert line.split()[:6] == ["shop", REF, "-", "-", "-", "unresolved"]
    assert line.rstrip().endswith("s ago  cannot be decoded")
    assert "Quillfeather" not in listed.output


async def test_a_body_is_a_line_for_programs(at: Scene) -> None:
    await kept(at)

    (line,) = told(await at.run("markings", "--state", "unresolved", "--json"))["markings"]

    assert line.pop("since").endswith("Z")
    assert line == {
        "ref": REF,
        "kind": "undecoded",
        "source": "shop",
        "account": "",
        "invoice": DIGEST[:12],
        "event": DIGEST,
        "says": "",
        "workspace": "",
        "state": "unresolved",
        "entries": 0,
        "settled": None,
        "reason": "cannot be decoded",
    }


async def test_bodies_stand_among_events_by_their_time(at: Scene) -> None:
    await at.event("in_1", "evt_1", unresolved="broken", wanted=())
    await at.hands.store.set("paidmark:clock-offset", 1000)
    ref = await kept(at)
    await at.hands.store.set("paidmark:clock-offset", 2000)
    await at.event("in_2", "evt_2", unresolved="broken", wanted=())

    listed = await at.run("markings", "--state", "unresolved", "--json")
    shown = await at.run("markings", "--limit", "1")

    assert refs(listed) == ["stripe//in_2", ref, "stripe//in_1"]
    assert "and 2 more: --limit 3" in shown.stderr


@pytest.mark.parametrize(
    "filters", [["--state", "rejected"], ["--workspace", HOME], ["--entry", "a" * 24], ["--source", "stripe"]]
)
async def test_bodies_are_left_out_where_something_else_is_asked_for(at: Scene, filters: list[str]) -> None:
    await kept(at)

    assert REF not in (await at.run("markings", *filters)).output


async def test_only_one_source_can_be_asked_for(at: Scene) -> None:
    ref = await kept(at)
    await kept(at, source="stripe")

    assert refs(await at.run("markings", "--source", "shop", "--json")) == [ref]


@pytest.mark.parametrize("asked", [REF, f"shop/undecoded/{DIGEST}", DIGEST, DIGEST[:12]])
async def test_one_body_is_shown_without_what_is_in_it(at: Scene, asked: str) -> None:
    await kept(at)
    await kept(at, b"another")

    shown = await at.run("markings", asked)

    assert shown.exit_code == 0
    assert shown.stdout.startswith(f"{REF}\na body of source shop that cannot be decoded")
    for line in (f"digest  sha256 {DIGEST}", f"size    {len(BODY)} bytes", "kept    20"):
        assert line in shown.stdout
    assert f"paidmark markings {REF} --body" in shown.stdout
    assert "have shop send it again" in shown.stdout
    assert f'paidmark drop {REF} --reason "..."' in shown.stdout
    assert "Quillfeather" not in shown.output


async def test_one_body_for_programs_has_these_keys(at: Scene) -> None:
    await kept(at)

    one = told(await at.run("markings", REF, "--json"))

    assert one.pop("since").endswith("Z")
    assert one == {
        "ref": REF,
        "kind": "undecoded",
        "source": "shop",
        "digest": DIGEST,
        "bytes": len(BODY),
        "state": "unresolved",
        "reason": "cannot be decoded",
    }


async def test_a_body_of_which_nobody_knows_since_when_is_shown_all_the_same(at: Scene) -> None:
    await kept(at)
    await at.hands.store.delete("paidmark:undecoded-since")

    assert (await at.run("markings")).stdout.split()[-5:] == ["-", "-", "cannot", "be", "decoded"]
    assert "kept    nobody knows since when" in (await at.run("markings", REF)).stdout
    assert told(await at.run("markings", REF, "--json"))["since"] is None


async def test_a_body_that_two_sources_have_sent_is_listed_for_both(at: Scene) -> None:
    await kept(at)
    other = await kept(at, source="stripe")

    assert sorted(refs(await at.run("markings", DIGEST, "--json"))) == [REF, other]
    assert told(await at.run("markings", DIGEST, "--source", "stripe", "--json"))["ref"] == other
    assert (await at.run("markings", REF, "--source", "stripe")).exit_code == 1


async def test_an_invoice_whose_id_looks_like_a_digest_is_found(at: Scene) -> None:
    await at.event("0123456789abcdef", "evt_1")

    assert told(await at.run("markings", "0123456789abcdef", "--json"))["kind"] == "invoice"


async def test_what_is_in_a_body_is_printed_byte_for_byte(at: Scene) -> None:
    await kept(at)

    printed = await at.run("markings", REF, "--body")

    assert (printed.exit_code, printed.stdout_bytes, printed.stderr) == (0, BODY, "")


async def test_at_a_terminal_nothing_in_a_body_is_obeyed(at: Scene) -> None:
    await kept(at)
    ours, theirs = pty.openpty()

    await at.spawn("markings", REF, "--body", stdout=theirs)
    os.close(theirs)
    with open(ours, "rb") as terminal:  # noqa: ASYNC230, PTH123 - the other end has closed: it is all there
        shown = terminal.read1(100_000)

    assert shown == b'{"customer": "Zsuzsanna Quillfeather \\x1b[31m\\xff"}\r\n'


@pytest.mark.parametrize("asked", ["in_1", "shop/undecoded/000000000000", DIGEST])
async def test_only_one_body_is_printed_at_a_time(at: Scene, asked: str) -> None:
    await at.event("in_1", "evt_1")
    await kept(at)
    await kept(at, source="stripe")

    refused = await at.run("markings", asked, "--body")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == f"{asked} is not the ref of one body that could not be decoded\n"


@pytest.mark.parametrize("arguments", [[], [REF, "--json"], [REF, "--state", "unresolved"]])
async def test_a_body_is_asked_for_by_its_ref_alone(at: Scene, arguments: list[str]) -> None:
    await kept(at)

    refused = await at.run("markings", *arguments, "--body")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--body goes with the REF of one body" in refused.stderr


async def test_help_says_that_a_body_may_hold_customers_data(at: Scene) -> None:
    shown = " ".join((await at.run("markings", "--help")).stdout.split())

    assert "names, addresses and amounts" in shown
    assert "--body > body" in shown


async def test_a_body_is_shown_and_dropped_and_its_reason_stays(at: Scene) -> None:
    await kept(at)
    other = await kept(at, b"another")

    dropped = await at.run("drop", REF, "--reason", "sent again", "--yes")

    preview, _, result = dropped.stdout.rstrip().rpartition("\n")
    assert (dropped.exit_code, preview.splitlines()[1].split()[1]) == (0, REF)
    assert result == f"{REF}: {len(BODY)} bytes dropped, sha256 {DIGEST}"
    assert "Quillfeather" not in dropped.output
    assert refs(await at.run("markings", "--state", "unresolved", "--json")) == [other]
    (line,) = told(await at.run("markings", "--state", "dropped", "--json"))["markings"]
    assert (line["ref"], line["kind"], line["event"]) == (REF, "undecoded", DIGEST)
    assert (line["says"], line["reason"]) == ("", "sent again")


async def test_the_story_of_a_body_that_was_dropped_is_told(at: Scene) -> None:
    await kept(at)
    await at.run("drop", REF, "--reason", "sent again", "--yes")

    story = await at.run("markings", REF)
    (event,) = told(await at.run("markings", REF, "--json"))["history"]

    assert "a body of source shop that could not be decoded" in story.stdout
    assert story.stdout.splitlines()[-1].split()[-9:] == [
        *(DIGEST, "-", "-", "dropped"),
        *("after", "0", "s;", "sent", "again"),
    ]
    assert (event["says"], event["happened"], event["state"]) == ("", None, "dropped")


async def test_no_body_is_dropped_unasked(at: Scene) -> None:
    await kept(at)

    refused = await at.spawn("drop", REF, "--reason", "why")

    assert refused.returncode == 1
    assert REF in refused.stdout
    assert "nothing was changed: there is no terminal to ask at" in refused.stderr
    assert len(await at.desk.undecoded()) == 1


async def test_a_body_that_is_dropped_already_is_not_known_as_one(at: Scene) -> None:
    await kept(at)
    await at.run("drop", REF, "--reason", "why", "--yes")

    refused = await at.run("drop", REF, "--reason", "why", "--yes")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert f"nothing to drop on {REF}" in refused.stderr


async def test_a_body_that_somebody_else_drops_meanwhile_is_said_to_be_gone(at: Scene) -> None:
    await kept(at)
    ours, theirs = pty.openpty()
    command = await asyncio.create_subprocess_exec(
        *(*START, "drop", REF, "--reason", "why"),
        env=os.environ | {"PAIDMARK_REDIS_URL": at.url},
        stdin=theirs,
        stdout=PIPE,
        stderr=PIPE,
    )
    os.close(theirs)
    assert command.stdout is not None
    async with asyncio.timeout(20):
        await command.stdout.readuntil(b"Drop this, because: why?")
        await at.desk.drop_body((await at.desk.undecoded())[0], "mine")
        os.write(ours, b"y\n")
        _, complaint = await command.communicate()
    os.close(ours)

    assert (command.returncode, complaint) == (1, b"nothing was dropped: it is gone already\n")


async def test_a_digest_that_two_sources_have_is_not_dropped(at: Scene) -> None:
    await kept(at)
    await kept(at, source="stripe")

    refused = await at.run("drop", DIGEST, "--reason", "why", "--yes")

    assert refused.exit_code == 1
    for ref in (REF, f"stripe/undecoded/{DIGEST[:12]}"):
        assert ref in refused.stderr
    assert len(await at.desk.undecoded()) == 2


async def test_all_bodies_are_dropped_or_all_of_a_source(at: Scene) -> None:
    for number in range(3):
        await kept(at, b"%d" % number)
    await kept(at, source="stripe")

    of_one = await at.run("drop", "--undecoded", "--source", "shop", "--reason", "a test", "--yes")
    left = [one.source for one in await at.desk.undecoded()]
    of_all = await at.run("drop", "--undecoded", "--reason", "a test", "--yes")

    assert (of_one.exit_code, of_one.stdout.count("1 byte dropped")) == (0, 3)
    assert left == ["stripe"]
    assert (of_all.exit_code, await at.desk.undecoded()) == (0, [])


async def test_there_may_be_no_body_to_drop(at: Scene) -> None:
    refused = await at.run("drop", "--undecoded", "--reason", "why", "--yes")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "nothing to drop: no body is kept there" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name an invoice or a body, or give --undecoded"),
        ([REF, "--undecoded"], "name an invoice or a body, or give --undecoded"),
        ([REF, "--source", "shop"], "--source goes with --undecoded"),
    ],
)
async def test_arguments_that_do_not_go_together_are_wrong_use(
    at: Scene, arguments: list[str], complaint: str
) -> None:
    refused = await at.run("drop", *arguments, "--reason", "why", "--yes")

    assert (refused.exit_code, refused.stderr) == (2, f"{complaint}\n")


async def test_a_body_cannot_be_retried_and_what_can_be_done_is_said(at: Scene) -> None:
    await kept(at)

    refused = await at.run("retry", REF, "--yes")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"nothing to retry: {REF} cannot be decoded\n")
    assert (
        "upgrade Paidmark, mend shop, or what the settings say of it, and have shop send it again"
        in refused.stderr
    )
    assert len(await at.desk.undecoded()) == 1


async def test_who_retries_all_that_is_unresolved_is_told_of_bodies(at: Scene) -> None:
    await kept(at)
    alone = await at.run("retry", "--all", "--json")
    await at.event("in_1", "evt_1")
    await at.settle(HOME, "+x+", (1, "deleted"))
    rejected = await at.run("retry", "--state", "rejected", "--yes")
    await kept(at, b"another")
    await at.settle(HOME, "x", (0, "deleted"))
    with_others = await at.run("retry", "--all", "--yes")

    assert (alone.exit_code, json.loads(alone.stdout)) == (1, {"retried": []})
    assert alone.stderr.startswith("left as it was: 1 body that cannot be decoded; see paidmark markings")
    assert (rejected.exit_code, rejected.stderr) == (0, "")
    assert (with_others.exit_code, "waits again" in with_others.stdout) == (1, True)
    assert with_others.stderr.startswith("left as it was: 2 bodies that cannot be decoded")
    assert await at.desk.in_state(State.REJECTED) == []
