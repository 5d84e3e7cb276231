"""Saying what an invoice stands for: over HTTP, and from the command line."""

import json
import os
import pty
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
from redis.asyncio import Redis
from typer.testing import CliRunner

from tests.conditions import wait_until
from tests.service import WORKSPACE, Service, entry, service
from tests.webhooks.desk_scene import HOME, Scene, ids, scene
from webhooks.commands.desk import desk
from worker.marking import Verdict, Wanted

TOKEN, OLD = "a-token-of-24-characters", "the-token-before-this-one"
HOURS = [entry("hour 1"), entry("hour 2")]
BODY = {"workspace_id": WORKSPACE, "time_entry_ids": HOURS}


@pytest.fixture
async def paidmark(store: Redis, store_url: str) -> AsyncIterator[Service]:
    async with service(
        store_url, PAIDMARK_LINK_TOKENS=json.dumps([TOKEN, OLD]), PAIDMARK_MAX_BODY="20000"
    ) as running:
        yield running


async def put(
    paidmark: Service,
    path: str,
    body: object = BODY,
    *,
    token: str | None = TOKEN,
    method: str = "PUT",
    scheme: str = "Bearer ",
) -> tuple[int, str]:
    headers = {} if token is None else {"Authorization": scheme + token}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with paidmark.session.request(
        method, f"{paidmark.url}{path}", data=data, headers=headers
    ) as response:
        return response.status, (await response.json())["said"]


async def marked(paidmark: Service) -> None:
    async def is_marked() -> bool:
        return paidmark.invoiced(*HOURS) == [True, True]

    await wait_until(is_marked, within=10, because="the entries were not marked")


async def test_entries_told_before_the_payment_are_marked_when_it_comes(paidmark: Service) -> None:
    assert await put(paidmark, "/invoices/stripe/in_1") == (200, "linked")
    assert await paidmark.stripe("invoice.paid", "in_1") == 200

    await marked(paidmark)


async def test_entries_told_after_the_payment_are_marked_at_once(paidmark: Service) -> None:
    assert await paidmark.stripe("invoice.paid", "in_1") == 200
    status, said = await put(paidmark, "/invoices/stripe/in_1", token=OLD)

    assert (status, said) == (200, "linked, and marked: the invoice came before")
    await marked(paidmark)


async def test_a_payment_that_shows_a_link_is_marked_when_that_is_told(paidmark: Service) -> None:
    assert await paidmark.stripe("invoice.paid", "in_1", metadata={"clockify_link": "march-7"}) == 200
    status, _ = await put(paidmark, "/invoices/stripe/march-7")

    assert status == 200
    await marked(paidmark)


async def test_what_an_invoice_names_itself_is_not_changed_by_a_link(paidmark: Service) -> None:
    await paidmark.stripe("invoice.paid", "in_1", [entry("another")])

    status, said = await put(paidmark, "/invoices/stripe/in_1")

    assert (status, said) == (
        409,
        "the invoice names its entries itself, or by another link, and that counts",
    )


async def test_an_id_may_hold_anything_percent_encoded(paidmark: Service) -> None:
    name = "2026/7 ä%"
    path = f"/invoices/standard/{quote(name, safe='')}"

    assert (await put(paidmark, path))[0] == 200
    assert await paidmark.standard("invoice.paid", name, []) == 200
    await marked(paidmark)


async def test_an_id_of_a_connected_account_is_told_with_that_account(paidmark: Service) -> None:
    assert await put(paidmark, "/invoices/stripe/in_1?account=acct_1") == (200, "linked")
    assert await put(paidmark, "/invoices/stripe/in_1") == (200, "linked")


async def test_what_was_told_is_taken_back(paidmark: Service) -> None:
    assert await paidmark.stripe("invoice.paid", "in_1") == 200
    await put(paidmark, "/invoices/stripe/in_1")
    await marked(paidmark)

    assert await put(paidmark, "/invoices/stripe/in_1", method="DELETE") == (
        200,
        "no longer linked, and unmarked",
    )
    assert await put(paidmark, "/invoices/stripe/in_1", method="DELETE") == (200, "was not linked")


async def test_what_a_payment_would_name_that_awaits_a_person_is_told(paidmark: Service) -> None:
    bad = {"clockify_time_entry_ids": "nonsense"}
    assert await paidmark.stripe("invoice.paid", "in_1", metadata=bad) == 200

    status, said = await put(paidmark, "/invoices/stripe/in_1")

    assert (status, said) == (200, "linked, and a payment of it awaits a person")


@pytest.mark.parametrize("token", [None, "", "another", TOKEN + "x", "a-token-of-24-charäcters"])
async def test_nobody_links_without_a_token(paidmark: Service, token: str | None) -> None:
    status, _ = await put(paidmark, "/invoices/stripe/in_1", token=token)

    assert status == 401
    assert await paidmark.stripe("invoice.paid", "in_1") == 200
    assert await paidmark.desk.show("stripe//in_1") is None


@pytest.mark.parametrize(
    ("scheme", "status"), [("bearer ", 200), ("BEARER  ", 200), ("", 401), ("Basic ", 401)]
)
async def test_the_token_is_a_bearers_in_any_case(paidmark: Service, scheme: str, status: int) -> None:
    assert (await put(paidmark, "/invoices/stripe/in_1", scheme=scheme))[0] == status


async def test_without_tokens_in_the_settings_nobody_links(store: Redis, store_url: str) -> None:
    async with service(store_url) as paidmark:
        assert (await put(paidmark, "/invoices/stripe/in_1"))[0] == 401


async def test_without_a_token_it_is_not_told_which_sources_there_are(paidmark: Service) -> None:
    known = await put(paidmark, "/invoices/stripe/in_1", token="x")
    unknown = await put(paidmark, "/invoices/paddle/in_1", token="x")

    assert known == unknown


@pytest.mark.parametrize(
    "path", ["/stripe", "/stripe/", "/stripe/a/b", "/shop/in_1", "//in_1", "/stripe/%0a", "/stripe/%ff"]
)
async def test_what_is_no_address_of_an_invoice_is_not_found(paidmark: Service, path: str) -> None:
    assert (await put(paidmark, f"/invoices{path}"))[0] == 404


async def test_what_cannot_be_asked_for_is_refused_by_name(paidmark: Service) -> None:
    status, said = await put(paidmark, "/invoices/stripe/in_1?acount=5")

    assert (status, said) == (400, "?account= is all that can be asked for, not acount")


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
async def test_another_method_is_not_allowed(paidmark: Service, method: str) -> None:
    assert (await put(paidmark, "/invoices/stripe/in_1", method=method))[0] == 405


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON like"),
        (b"[]", "not JSON like"),
        (b"\xff", "not JSON like"),
        (b"[" * 10_000, "not JSON like"),
        ({}, "time_entry_ids: missing, or empty"),
        ({"workspace_id": WORKSPACE}, "time_entry_ids: missing beside workspace_id"),
        ({"workspace_id": WORKSPACE, "time_entry_ids": []}, "time_entry_ids: missing, or empty"),
        ({"workspace_id": WORKSPACE, "time_entry_ids": ["x"]}, "item 1 is not an id"),
        ({"workspace_id": 7, "time_entry_ids": HOURS}, "workspace_id: not an id"),
        ({"time_entry_ids": HOURS}, "set PAIDMARK_WORKSPACE"),
        ({**BODY, "acount": "5"}, "not JSON like"),
    ],
    ids=lambda one: str(one)[:24] if not isinstance(one, str) else None,
)
async def test_what_cannot_be_understood_is_refused_in_words(
    paidmark: Service, body: object, why: str
) -> None:
    status, said = await put(paidmark, "/invoices/stripe/in_1", body)

    assert status == 400
    assert why in said


async def test_a_body_that_is_too_large_is_refused(paidmark: Service) -> None:
    assert (await put(paidmark, "/invoices/stripe/in_1", b" " * 20_001))[0] == 413


async def test_a_store_in_doubt_is_said_to_be(paidmark: Service, store: Redis) -> None:
    await store.config_set("maxmemory", 1)
    try:
        status, said = await put(paidmark, "/invoices/stripe/in_1")
    finally:
        await store.config_set("maxmemory", 0)

    assert status == 503
    assert "the store" in said


@pytest.fixture
async def ledger(store_url: str, store: Redis) -> AsyncIterator[Scene]:
    async with scene(store_url) as made:
        yield made


async def test_a_person_links_an_invoice_that_was_paid(ledger: Scene) -> None:
    await ledger.event("in_1", "evt_1", wanted=())

    said = await ledger.spawn("link", "stripe", "in_1", "--entries", " ".join(ids(2)), "--workspace", HOME)

    assert (said.returncode, said.stdout.strip()) == (
        0,
        "stripe in_1: linked: the invoice came before, and is being marked now",
    )
    assert await ledger.desk.in_backlog(HOME) == ["stripe//in_1"]


async def test_a_person_is_shown_which_link_has_told_the_entries_of_an_invoice(ledger: Scene) -> None:
    await ledger.event("in_1", "evt_1", wanted=(), link="march")
    await ledger.spawn("link", "stripe", "march", "--entries", " ".join(ids(2)), "--workspace", HOME)

    told, document = [await ledger.run("markings", "in_1", *how) for how in ((), ("--json",))]

    assert "its entries were told by a link: march" in told.stdout
    assert json.loads(document.stdout)["linked"] == "march"


async def test_a_person_links_an_invoice_that_is_to_be_paid(ledger: Scene) -> None:
    said = await ledger.run(
        "link", "stripe", "in_1", "--entries", ",".join([*ids(2), *ids(1)]), PAIDMARK_WORKSPACE=HOME
    )

    assert said.exit_code == 0
    assert await ledger.event("in_1", "evt_1", wanted=()) is Verdict.ACCEPTED
    record = await ledger.desk.show("stripe//in_1")
    assert record is not None
    assert [place.named for place in record.places] == [ids(2)]


async def test_a_person_is_told_that_an_invoice_names_its_entries_itself(ledger: Scene) -> None:
    await ledger.event("in_1", "evt_1")

    said = await ledger.spawn("link", "stripe", "in_1", "--entries", " ".join(ids(2, 9)), "--workspace", HOME)

    assert said.returncode == 1
    assert "names its entries itself" in said.stdout


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["stripe", "in_1", "--entries", "x"], "not an id of 24 letters and digits: x"),
        (["stripe", "in_1", "--entries", " "], "give --entries, or --remove"),
        (["stripe", "in_1", "--entries", ids(1)[0], "--remove"], "give --entries, or --remove"),
        (["stripe", " ", "--entries", ids(1)[0]], "name an invoice"),
        (["stripe", "", "--entries", ids(1)[0]], "name an invoice"),
        (["Stripe!", "in_1", "--entries", ids(1)[0]], "should be a name"),
        (["stripe", "in_1", "--entries", ids(1)[0]], "say where the entries are"),
        (["stripe", "in_1", "--entries", ids(1)[0], "--workspace", "y"], "not an id"),
    ],
)
async def test_a_slip_is_told_in_words(ledger: Scene, arguments: list[str], why: str) -> None:
    said = await ledger.run("link", *arguments)

    assert said.exit_code == 2
    assert why in said.stderr


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({"PAIDMARK_SOURCES__STRIPE__SECRETS": "whsec_x"}, True),
        ({"PAIDMARK_SOURCES__SHOP__KIND": "stripe"}, False),
        ({"PAIDMARK_PORT": "nonsense"}, False),
        ({}, False),
    ],
)
async def test_a_source_that_the_settings_here_do_not_have_is_a_slip_unless_it_is_meant(
    ledger: Scene, settings: dict[str, Any], refused: bool
) -> None:
    named = ["shop", "in_1", "--entries", ids(1)[0], "--workspace", HOME]
    said, forced = [await ledger.run("link", *named, *also, **settings) for also in ((), ("--yes",))]

    assert (said.exit_code, forced.exit_code) == (2 if refused else 0, 0)
    assert ("no source shop" in said.stderr.replace("'", "")) is refused


async def test_a_person_is_asked_before_a_link_is_told_anew_with_less(ledger: Scene) -> None:
    await ledger.event("in_1", "evt_1", wanted=())
    told = ["link", "stripe", "in_1", "--workspace", HOME, "--entries"]
    await ledger.spawn(*told, " ".join(ids(3)))

    more = await ledger.spawn(*told, " ".join(ids(4)))
    less = await ledger.spawn(*told, ids(1)[0])
    record = await ledger.desk.show("stripe//in_1")
    meant = await ledger.spawn(*told, ids(1)[0], "--yes")

    assert (more.returncode, less.returncode, meant.returncode) == (0, 1, 0)
    assert "in_1 stands for 4 entries now: tell it anew, without 3 of them. Say --yes" in less.stderr
    assert record is not None
    assert [place.named for place in record.places] == [ids(4)]
    assert await ledger.desk.told("stripe//in_1") == (Wanted(HOME, (ids(1)[0],)),)


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 1)])
async def test_a_person_at_a_terminal_answers(ledger: Scene, answer: str, status: int) -> None:
    await ledger.run("link", "stripe", "in_1", "--entries", ids(1)[0], "--workspace", HOME)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    try:
        said = await ledger.spawn("link", "stripe", "in_1", "--remove", stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)

    assert said.returncode == status
    assert "in_1 stands for 1 entry now: take that back?" in said.stdout
    assert (await ledger.desk.told("stripe//in_1") == ()) is (status == 0)


async def test_a_link_is_taken_back_from_the_command_line_and_over_http(ledger: Scene) -> None:
    await ledger.event("in_1", "evt_1", wanted=())
    await ledger.run("link", "stripe", "in_1", "--entries", ids(1)[0], "--workspace", HOME)

    taken, nothing = [await ledger.run("link", "stripe", "in_1", "--remove", "--yes") for _ in range(2)]

    assert (
        taken.stdout.strip() == "stripe in_1: no longer linked: what was marked for it is being unmarked now"
    )
    assert nothing.stdout.startswith("stripe in_1: was not linked, and nothing has changed")
    assert (taken.exit_code, nothing.exit_code) == (0, 1)


async def test_entries_that_others_name_too_are_pointed_out(ledger: Scene) -> None:
    await ledger.event("in_paid", "evt_1")
    await ledger.settle(HOME, "+" * 2)
    for name in ("in_2", *(f"march-{n}" for n in range(6))):
        await ledger.run("link", "stripe", name, "--entries", " ".join(ids(1)), "--workspace", HOME)

    said = await ledger.run("link", "stripe", "in_3", "--entries", " ".join(ids(2)), "--workspace", HOME)

    assert said.exit_code == 0
    assert said.stderr.startswith(
        "the same entries are on others, too: link stripe//in_2 (1), link stripe//march-0 (1)"
    )
    assert said.stderr.strip().endswith("and 3 more")


async def test_links_are_listed(ledger: Scene) -> None:
    empty = await ledger.run("links")
    for source, name in (("stripe", "in_1"), ("shop", "march")):
        named = ["--entries", " ".join(ids(2)), "--workspace", HOME]
        await ledger.run("link", source, name, *named, "--account", "acct_1")

    listed, document = [await ledger.run("links", *how) for how in ((), ("--json", "--source", "shop"))]

    assert empty.stdout == "nothing is linked\n"
    assert [line.split() for line in listed.stdout.splitlines()[1:]] == [
        ["shop", "acct_1", "march", HOME, "2"], ["stripe", "acct_1", "in_1", HOME, "2"],
    ]  # fmt: skip
    assert json.loads(document.stdout) == {
        "links": [
            {
                "source": "shop", "account": "acct_1", "name": "march",
                "names": [{"workspace": HOME, "entries": list(ids(2))}],
            }
        ]
    }  # fmt: skip


def test_the_help_shows_how_it_is_used() -> None:
    assert "paidmark link recurly 1001" in CliRunner().invoke(desk, ["link", "--help"]).stdout
