import json
import os
import pty
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis
from typer.testing import Result

from tests.webhooks.desk_scene import AWAY, HOME, Scene, ids, scene
from webhooks.sources.facts import Rank
from worker.ledger.work import Effect, Handover, LeaseLostError, Sent
from worker.marking import Wanted

HOSTILE = "in_[red]x[/red]\n\x1b[31m*?"
QUOTED = "stripe//in_%5Bred%5Dx%5B%2Fred%5D%0A%1B%5B31m%2A%3F"
GONE = "not an entry of this workspace, or deleted"


@pytest.fixture
async def at(store_url: str, store: Redis) -> AsyncIterator[Scene]:
    async with scene(store_url) as made:
        yield made


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refs(result: Result) -> list[str]:
    return [one["ref"] for one in told(result)["markings"]]


async def test_markings_are_listed_newest_first(at: Scene) -> None:
    for number in range(3):
        await at.event(f"in_{number}", f"evt_{number}")

    listed = (await at.run("markings")).stdout.splitlines()

    assert [line.split()[:3] for line in listed[1:4]] == [
        ["stripe", f"stripe//in_{number}", f"evt_{number}"] for number in (2, 1, 0)
    ]


async def test_a_line_for_programs_has_these_keys(at: Scene) -> None:
    await at.event("in_1", "evt_1", account="acct_1")

    (line,) = told(await at.run("markings", "--json"))["markings"]

    assert line.pop("since").endswith("Z")
    assert line == {
        "ref": "stripe/acct_1/in_1",
        "kind": "invoice",
        "source": "stripe",
        "account": "acct_1",
        "invoice": "in_1",
        "event": "evt_1",
        "says": "paid",
        "workspace": HOME,
        "state": "waiting",
        "entries": 3,
        "settled": None,
        "reason": "due now",
    }


async def test_a_limit_shows_the_newest_and_says_how_many_more_there_are(at: Scene) -> None:
    for number in range(3):
        await at.event(f"in_{number}", f"evt_{number}")

    shown = await at.run("markings", "--limit", "1")

    assert "stripe//in_2" in shown.stdout
    assert "stripe//in_1" not in shown.stdout
    assert "and 2 more: --limit 3" in shown.stderr


async def test_a_long_list_is_read_in_parts_and_stays_in_order(at: Scene) -> None:
    for number in range(1100):
        await at.event(f"in_{number}", f"evt_{number}", wanted=(Wanted(HOME, ids(1)),))

    found = told(await at.run("markings", "--limit", "600", "--json"))

    times = [one["since"] for one in found["markings"]]
    assert (found["total"], len(times)) == (1100, 600)
    assert times == sorted(times, reverse=True)


async def test_a_partly_applied_marking_is_listed_as_rejected(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.settle(HOME, "+x+", (1, GONE))
    await at.event("in_2", "evt_2")

    (line,) = told(await at.run("markings", "--state", "rejected", "--json"))["markings"]

    assert (line["ref"], line["state"]) == ("stripe//in_1", "partly_applied")
    assert line["reason"] == f"1 of 3 entries refused: {GONE}"


async def test_partly_applied_can_be_asked_for_alone(at: Scene) -> None:
    for number, done in enumerate(("+x+", "xxx")):
        await at.event(f"in_{number}", f"evt_{number}")
        await at.settle(HOME, done, *((index, GONE) for index, one in enumerate(done) if one == "x"))

    assert refs(await at.run("markings", "--state", "partly_applied", "--json")) == ["stripe//in_0"]
    assert len(refs(await at.run("markings", "--state", "rejected", "--json"))) == 2


async def test_unresolved_events_are_listed_with_what_they_name(at: Scene) -> None:
    wanted = (Wanted("", ids(2)), Wanted(AWAY, ids(1, 9)))
    await at.event("in_1", "evt_1", unresolved="a workspace is missing", wanted=wanted)
    await at.event("in_2", "evt_2")

    (line,) = told(await at.run("markings", "--state", "unresolved", "--json"))["markings"]

    assert (line["ref"], line["workspace"], line["entries"]) == ("stripe//in_1", AWAY, 3)
    assert line["reason"] == "a workspace is missing"


async def test_what_waits_is_found_in_every_workspace(at: Scene) -> None:
    await at.event("in_1", "evt_1", wanted=(Wanted(AWAY, ids(1, 9)),))
    await at.event("in_2", "evt_2")
    await at.event("in_3", "evt_3", wanted=(), unresolved="broken")

    assert refs(await at.run("markings", "--state", "waiting", "--json")) == ["stripe//in_2", "stripe//in_1"]


async def test_a_workspace_alone_shows_its_backlog(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.settle(HOME, "+++")
    await at.event("in_2", "evt_2", wanted=(Wanted(HOME, ids(1)), Wanted(AWAY, ids(1, 9))))

    (line,) = told(await at.run("markings", "--workspace", HOME, "--json"))["markings"]

    assert (line["ref"], line["workspace"]) == ("stripe//in_2", HOME)


async def test_what_has_been_applied_in_a_workspace_is_looked_for(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.settle(HOME, "+++")
    await at.event("in_2", "evt_2")

    found = await at.run("markings", "--workspace", HOME, "--state", "applied", "--json")

    assert refs(found) == ["stripe//in_1"]


async def test_events_that_were_overtaken_are_listed_where_they_are_asked_for(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.event("in_1", "evt_0", newer_by=-5)

    (line,) = told(await at.run("markings", "--state", "superseded", "--json"))["markings"]

    assert (line["event"], line["reason"]) == ("evt_0", "overtaken by a newer event")


async def test_an_invoice_that_has_come_to_nothing_is_shown_by_its_newest_event(at: Scene) -> None:
    await at.event("in_1", "evt_2", newer_by=5, invoiced=False, wanted=None)
    await at.event("in_1", "evt_1")

    (line,) = told(await at.run("markings", "--json"))["markings"]

    assert (line["event"], line["says"], line["state"]) == ("evt_2", "reversed", "applied")


async def test_only_one_source_can_be_asked_for(at: Scene) -> None:
    await at.event("in_1", "evt_1", source="shop-a")
    await at.event("in_1", "evt_1", source="shop-b")

    assert refs(await at.run("markings", "--source", "shop-a", "--json")) == ["shop-a//in_1"]
    assert refs(await at.run("markings", "--source", "shop-*", "--json")) == []
    assert refs(await at.run("markings", "--source", "shop-b", "--state", "waiting", "--json")) == [
        "shop-b//in_1"
    ]


async def test_an_entry_is_found_by_its_claims_while_it_waits_and_while_it_is_unresolved(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.settle(HOME, "+++")
    await at.event("in_2", "evt_2")
    await at.event("in_3", "evt_3", unresolved="a workspace is missing", wanted=(Wanted("", ids(1)),))
    await at.event("in_4", "evt_4", wanted=(Wanted(HOME, ids(1, 9)),))

    found = await at.run("markings", "--entry", ids(1)[0], "--json", PAIDMARK_WORKSPACE=HOME)

    assert refs(found) == ["stripe//in_3", "stripe//in_2", "stripe//in_1"]


@pytest.mark.parametrize("settings", [{}, {"PAIDMARK_WORKSPACE": HOME}])
async def test_an_entry_is_looked_for_everywhere_where_the_default_workspace_does_not_know_it(
    at: Scene, settings: dict[str, str]
) -> None:
    await at.event("in_1", "evt_1", wanted=(Wanted(AWAY, ids(1)),))

    assert refs(await at.run("markings", "--entry", ids(1)[0], "--json", **settings)) == ["stripe//in_1"]


async def test_an_entry_is_looked_for_only_in_the_workspace_that_is_named(at: Scene) -> None:
    await at.event("in_1", "evt_1", wanted=(Wanted(AWAY, ids(1)),))

    found = await at.run("markings", "--entry", ids(1)[0], "--workspace", HOME)

    assert (found.exit_code, found.stdout) == (1, "")
    assert f"nothing is known of {ids(1)[0]} that fits" in found.stderr


async def test_an_empty_list_is_no_failure(at: Scene) -> None:
    found = await at.run("markings", "--state", "rejected")

    assert (found.exit_code, found.stdout, found.stderr) == (0, "", "no markings\n")


async def test_an_invoice_that_is_not_known_is_not_found(at: Scene) -> None:
    found = await at.run("markings", "in_[1]")

    assert found.exit_code == 1
    assert "nothing is known of in_[1] that fits" in found.stderr


async def test_one_invoice_is_told_as_a_story(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.event("in_1", "evt_0", newer_by=-5)
    await at.settle(HOME, "+x+", (1, GONE))

    story = (await at.run("markings", "in_1")).stdout

    assert "invoice in_1 of source stripe" in story
    assert "2 applied, 1 refused" in story
    assert f"{ids(3)[1]}  {HOME}  {GONE}" in story
    events = [line.split() for line in story.splitlines() if "evt_" in line]
    assert [(line[6], line[7], line[11]) for line in events] == [
        ("evt_1", "paid", "partly_applied"),
        ("evt_0", "paid", "superseded"),
    ]


async def test_an_invoice_that_was_marked_when_it_was_issued_is_not_called_paid(at: Scene) -> None:
    await at.event("in_1", "evt_1", rank=int(Rank.ISSUED))

    listed = (await at.run("markings")).stdout
    story = (await at.run("markings", "in_1")).stdout

    assert ("issued" in listed, "paid" in listed) == (True, False)
    assert ("issued" in story, "paid" in story) == (True, False)


async def test_a_story_says_what_is_waited_for(at: Scene) -> None:
    await at.event("in_1", "evt_1", account="acct_1")
    await at.hand_over(HOME, wait=600.0, parked="the key is not accepted (401)")

    story = (await at.run("markings", "stripe/acct_1/in_1")).stdout

    assert "of source stripe, account acct_1" in story
    assert "parked: the key is not accepted (401); next look in 10 min" in story


async def test_a_story_for_programs_has_each_entry_and_each_event(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.settle(HOME, "+x.", (1, GONE))
    await at.event("in_1", "evt_2", newer_by=1, unresolved="broken", wanted=(Wanted("", ids(1)),))

    story = told(await at.run("markings", "--invoice", "in_1", "--json"))

    assert (story["ref"], story["kind"], story["source"]) == ("stripe//in_1", "invoice", "stripe")
    (place,) = story["workspaces"]
    assert (place["state"], place["held_up"]) == ("waiting", "due now")
    assert place["entries"] == [
        {"id": ids(3)[0], "state": "applied", "reason": ""},
        {"id": ids(3)[1], "state": "refused", "reason": GONE},
        {"id": ids(3)[2], "state": "to do", "reason": ""},
    ]
    assert [(one["event"], one["state"]) for one in story["history"]] == [
        ("evt_1", "waiting"),
        ("evt_2", "unresolved"),
    ]
    assert story["history"][1]["names"] == [{"workspace": "", "entries": list(ids(1))}]


async def test_a_story_of_what_was_applied_says_so_of_each_entry(at: Scene) -> None:
    await at.event("in_1", "evt_1", wanted=(Wanted(HOME, ids(1)),))
    await at.settle(HOME, "+")

    (place,) = told(await at.run("markings", "in_1", "--json"))["workspaces"]

    assert place["entries"] == [{"id": ids(1)[0], "state": "applied", "reason": ""}]


async def test_a_marking_that_is_partly_done_says_so_while_the_rest_waits(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.settle(HOME, "+x.", (1, GONE))

    (line,) = told(await at.run("markings", "--json"))["markings"]

    assert line["reason"] == f"1 of 3 entries refused: {GONE}; due now"


async def test_a_state_that_does_not_fit_is_not_found_on_an_invoice(at: Scene) -> None:
    await at.event("in_1", "evt_1")

    assert refs(await at.run("markings", "in_1", "--state", "waiting", "--json")) == ["stripe//in_1"]
    assert (await at.run("markings", "in_1", "--state", "applied")).exit_code == 1


async def test_an_id_that_several_sources_know_is_listed(at: Scene) -> None:
    await at.event("in_1", "evt_1", source="shop-a")
    await at.event("in_1", "evt_1", source="shop-b")

    assert refs(await at.run("markings", "in_1", "--json")) == ["shop-b//in_1", "shop-a//in_1"]
    assert told(await at.run("markings", "in_1", "--source", "shop-a", "--json"))["ref"] == "shop-a//in_1"


@pytest.mark.parametrize("asked", ["2024/001", "shop/acct/2024/001", "2024%2F001", "shop/acct/2024%2F001"])
async def test_an_id_with_a_slash_is_found_however_it_is_written(at: Scene, asked: str) -> None:
    await at.event("2024/001", "evt_1", source="shop", account="acct")
    await at.event("12024/001", "evt_1", source="shop", account="acct")

    assert told(await at.run("markings", asked, "--json"))["invoice"] == "2024/001"


async def test_a_refund_that_is_tied_to_nothing_is_found_by_its_payment(at: Scene) -> None:
    await at.event("", "evt_1", payment="pi_1", invoiced=False, wanted=None)

    story = told(await at.run("markings", "pi_1", "--json"))

    assert (story["ref"], story["kind"], story["invoice"]) == ("stripe//@pi_1", "payment", "pi_1")


async def test_a_repair_is_shown_as_a_repair(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    lost = await at.take(HOME)
    await at.hands.release(lost, Handover())
    with pytest.raises(LeaseLostError):
        await at.hands.settle(lost, [], Sent(ids(2), True, Effect.TAKEN))

    lines = told(await at.run("markings", "--json"))["markings"]
    (repair,) = [one for one in lines if one["kind"] == "repair"]
    story = (await at.run("markings", repair["ref"])).stdout

    assert (repair["says"], repair["entries"], repair["source"], repair["event"]) == ("repair", 2, "", "")
    assert "a worker lost its lease" in repair["reason"]
    assert "a repair: a worker lost its lease" in story


async def test_a_hostile_id_is_spelt_in_lists_and_stories(at: Scene) -> None:
    await at.event(HOSTILE, "evt\x1b[2J\u202e[bold]", unresolved="broken", wanted=())

    for arguments in (["markings"], ["markings", HOSTILE], ["markings", QUOTED]):
        shown = await at.run(*arguments)

        assert shown.exit_code == 0
        assert QUOTED in shown.stdout
        assert r"evt\x1b[2J\u202e[bold]" in shown.stdout
        assert "\x1b" not in shown.stdout
    assert (
        r"invoice in_[red]x[/red]\n\x1b[31m*? of source stripe" in (await at.run("markings", HOSTILE)).stdout
    )


async def test_a_hostile_id_reaches_programs_as_it_is(at: Scene) -> None:
    await at.event(HOSTILE, "evt_1")

    shown = await at.run("markings", "--json")

    assert told(shown)["markings"][0]["invoice"] == HOSTILE
    assert "\x1b" not in shown.stdout


async def test_a_hostile_id_is_no_pattern(at: Scene) -> None:
    await at.event("in_1", "evt_1")

    assert (await at.run("markings", "in_*")).exit_code == 1
    assert (await at.run("markings", "in_?")).exit_code == 1


async def test_a_time_that_is_no_date_is_shown_as_such(at: Scene) -> None:
    await at.event("in_1", "evt_1", wanted=())
    at.now = 10**18
    await at.event("in_2", "evt_2")

    assert "not a date" in (await at.run("markings", "in_2")).stdout


@pytest.mark.parametrize("option", ["--entry", "--workspace"])
async def test_what_is_no_id_is_wrong_use(at: Scene, option: str) -> None:
    refused = await at.run("markings", option, "x\x1b*")

    assert refused.exit_code == 2
    assert refused.stderr == f"{option}: x\\x1b* is not an id of 24 letters and digits\n"


async def test_two_invoices_are_wrong_use(at: Scene) -> None:
    assert (await at.run("markings", "in_1", "--invoice", "in_2")).exit_code == 2


async def test_a_pipe_gets_whole_ids_and_no_colours(at: Scene) -> None:
    invoice = "in_" + "9" * 150
    await at.event(invoice, "evt_" + "8" * 100, unresolved="because " * 20, wanted=())

    shown = await at.spawn("markings", environ={"COLUMNS": "40"})

    assert shown.returncode == 0
    assert f"stripe//{invoice}  evt_{'8' * 100}" in shown.stdout.splitlines()[1]
    assert "\x1b" not in shown.stdout


@pytest.mark.parametrize(("environ", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
async def test_a_terminal_gets_whole_ids_and_colours_unless_told_otherwise(
    at: Scene, environ: dict[str, str], coloured: bool
) -> None:
    invoice = "in_" + "9" * 60
    await at.event(invoice, "evt_1")
    ours, theirs = pty.openpty()

    await at.spawn("markings", stdout=theirs, environ={"COLUMNS": "40", "TERM": "xterm"} | environ)
    os.close(theirs)
    with open(ours, "rb") as terminal:  # noqa: ASYNC230, PTH123 - the other end has closed: it is all there
        shown = terminal.read1(100_000).decode()

    assert f"stripe//{invoice}" in shown
    assert ("\x1b[36mwaiting" in shown) is coloured


async def test_a_narrow_screen_breaks_reasons_into_lines_but_no_id(at: Scene) -> None:
    invoice = "in_" + "9" * 60
    await at.event(invoice, "evt_1", unresolved="because " * 20, wanted=())

    shown = await at.run("markings", FORCE_COLOR="1", COLUMNS="40")

    lines = shown.stdout.splitlines()
    assert f"stripe//{invoice}" in lines[1]
    assert len([line for line in lines if "because" in line]) > 1


async def test_an_entry_that_is_claimed_and_waits_is_listed_once(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.hands.plan(await at.take(HOME), most_entries=9, most_markings=9)

    found = await at.run("markings", "--entry", ids(1)[0], "--workspace", HOME, "--json")

    assert refs(found) == ["stripe//in_1"]


async def test_an_invoice_that_was_forgotten_is_left_out(at: Scene) -> None:
    for number in range(600):
        await at.event(f"in_{number}", f"evt_{number}", wanted=(), unresolved="broken")
    for gone in (1, 599):
        await at.hands.store.delete(f"paidmark:invoice:stripe//in_{gone}")

    assert told(await at.run("markings", "--state", "unresolved", "--json"))["total"] == 598


async def test_workspaces_say_what_they_are_doing(at: Scene) -> None:
    await at.event("in_1", "evt_1", wanted=(Wanted(HOME, ids(1)), Wanted(AWAY, ids(1, 9))))
    await at.hand_over(AWAY, wait=60.0, failures=2, reason="Clockify answered 503")
    await at.take(HOME)

    lines = [line.split() for line in (await at.run("workspaces")).stdout.splitlines()[1:]]

    assert [line[:4] for line in lines] == [
        [HOME, "draining", "1", "marking"],
        [AWAY, "waiting", "1", "marking"],
    ]
    assert "2 in 0 s" in " ".join(lines[1])
    assert " ".join(lines[1]).endswith("Clockify answered 503")


async def test_workspaces_for_programs_have_seconds(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.hand_over(HOME, wait=600.0, parked="no such workspace (404)", reason="no such workspace (404)")

    (one,) = told(await at.run("workspaces", "--json"))["workspaces"]

    assert (one["workspace"], one["state"], one["backlog"]) == (HOME, "parked", 1)
    assert 590 < one["next_look_in_seconds"] <= 600
    assert one["parked"] == "no such workspace (404)"


async def test_no_workspace_may_have_anything_to_do(at: Scene) -> None:
    assert (await at.run("workspaces")).stdout == "no workspace has anything to do\n"


async def test_a_workspace_is_resumed(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.hand_over(HOME, wait=600.0, parked="no such workspace (404)")

    resumed = await at.run("workspaces", "resume", HOME)

    assert (resumed.exit_code, resumed.stdout) == (0, f"{HOME} will be looked at now\n")
    assert (await at.desk.workspaces())[0].next_in <= 0


async def test_all_that_do_not_get_on_are_resumed_and_no_lease_is_touched(at: Scene) -> None:
    await at.event("in_1", "evt_1", wanted=(Wanted(HOME, ids(1)), Wanted(AWAY, ids(1, 9))))
    await at.hand_over(AWAY, wait=600.0, failures=2, reason="Clockify answered 503")
    await at.take(HOME)

    resumed = await at.run("workspaces", "resume", "--all")

    assert resumed.stdout == f"{AWAY} will be looked at now\n"


@pytest.mark.parametrize("arguments", [[HOME], ["--all"]])
async def test_there_may_be_nothing_to_resume(at: Scene, arguments: list[str]) -> None:
    resumed = await at.run("workspaces", "resume", *arguments)

    assert resumed.exit_code == 1
    assert "nothing to resume" in resumed.stderr


@pytest.mark.parametrize("arguments", [[], [HOME, "--all"]])
async def test_one_or_all_are_resumed(at: Scene, arguments: list[str]) -> None:
    assert (await at.run("workspaces", "resume", *arguments)).exit_code == 2
