import asyncio
import json
import os
import pty
import sys
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from typer.testing import Result

from tests.webhooks.desk_scene import AWAY, HOME, Scene, ids, scene
from webhooks.commands.desk import desk
from webhooks.desk.changes import Naming, carry_out, planned
from worker.marking import State, Wanted

HOSTILE = "in_[red]x[/red]\n\x1b[31m*?"
QUOTED = "stripe//in_%5Bred%5Dx%5B%2Fred%5D%0A%1B%5B31m%2A%3F"
GONE = "not an entry of this workspace, or deleted"
BROKEN = "clockify_time_entry_ids: the 1st id is not 24 letters and digits"


@pytest.fixture
async def at(store_url: str, store: Redis) -> AsyncIterator[Scene]:
    async with scene(store_url) as made:
        yield made


async def rejected(at: Scene, invoice: str = "in_1") -> None:
    await at.event(invoice, f"evt_of_{invoice}")
    await at.settle(HOME, "+x+", (1, GONE))


def outcomes(result: Result) -> list[tuple[str, str, str]]:
    return [(one["ref"], one["after"], one["outcome"]) for one in json.loads(result.stdout)["retried"]]


async def newest(at: Scene, ref: str) -> tuple[State, tuple[Wanted, ...]]:
    record = await at.desk.show(ref)
    assert record is not None
    waiting = [one for one in record.places if one.state is State.WAITING]
    return record.history[-1].state, tuple(Wanted(one.workspace, one.named) for one in waiting)


async def test_a_refused_entry_is_brought_back_and_what_was_applied_is_not(at: Scene) -> None:
    await rejected(at)

    retried = await at.run("retry", "in_1", "--yes", "--json")

    assert outcomes(retried) == [("stripe//in_1", "waiting", "waits again")]
    record = await at.desk.show("stripe//in_1")
    assert record is not None
    assert record.places[0].done == "+.+"


async def test_what_is_about_to_be_brought_back_is_shown_first(at: Scene) -> None:
    await rejected(at)

    retried = await at.run("retry", "stripe//in_1", "--yes")

    preview, result = retried.stdout.split("\n\n")
    assert f"1 of 3 entries refused: {GONE}" in preview
    assert result.splitlines()[1].split() == [
        *("stripe//in_1", "evt_of_in_1", "partly_applied"),
        *("waits", "again"),
    ]


@pytest.mark.parametrize("command", [["retry", "in_1"], ["drop", "in_1", "--reason", "billed by hand"]])
async def test_nothing_is_changed_unasked(at: Scene, command: list[str]) -> None:
    await rejected(at)

    refused = await at.spawn(*command)

    assert refused.returncode == 1
    assert "stripe//in_1" in refused.stdout
    assert refused.stderr == "nothing was changed: there is no terminal to ask at. Say --yes to go ahead\n"
    assert await at.desk.in_state(State.REJECTED) == ["stripe//in_1"]


async def test_a_program_is_never_asked(at: Scene) -> None:
    await rejected(at)

    refused = await at.run("retry", "in_1", "--json")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert await at.desk.in_state(State.REJECTED) == ["stripe//in_1"]


@pytest.mark.parametrize(("answer", "status", "left"), [("y", 0, []), ("n", 1, ["stripe//in_1"])])
async def test_at_a_terminal_the_answer_counts(
    at: Scene, monkeypatch: pytest.MonkeyPatch, answer: str, status: int, left: list[str]
) -> None:
    await rejected(at)
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    monkeypatch.setenv("PAIDMARK_REDIS_URL", at.url)
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)

        ended = await asyncio.to_thread(desk, ["retry", "in_1"], standalone_mode=False)

    os.close(ours)
    assert (ended or 0) == status
    assert await at.desk.in_state(State.REJECTED) == left


async def test_all_that_was_rejected_is_brought_back_and_the_unresolved_is_not(at: Scene) -> None:
    await rejected(at, "in_1")
    await rejected(at, "in_2")
    await at.event("in_3", "evt_3", unresolved=BROKEN, wanted=())

    retried = await at.run("retry", "--state", "rejected", "--yes", "--json")

    assert [ref for ref, _, _ in outcomes(retried)] == ["stripe//in_2", "stripe//in_1"]
    assert retried.exit_code == 0
    assert await at.desk.in_state(State.REJECTED) == []


async def test_all_is_what_was_rejected_and_what_is_unresolved(at: Scene) -> None:
    await rejected(at)
    await at.event("in_3", "evt_3", unresolved=BROKEN, wanted=())

    retried = await at.run("retry", "--all", "--yes", "--json")

    assert outcomes(retried) == [
        ("stripe//in_3", "unresolved", f"still unresolved: {BROKEN}"),
        ("stripe//in_1", "waiting", "waits again"),
    ]
    assert retried.exit_code == 1


async def test_a_long_preview_is_cut(at: Scene) -> None:
    for number in range(52):
        await at.event(f"in_{number}", f"evt_{number}", unresolved=BROKEN, wanted=())

    preview = await at.run("retry", "--state", "unresolved")

    assert preview.stdout.splitlines()[-1] == "and 2 more"


async def test_broken_references_are_given_by_hand(at: Scene) -> None:
    await at.event("in_1", "evt_1", unresolved=BROKEN, wanted=())
    named = f"{ids(2)[0]}, {ids(2)[1]} {ids(2)[0]}"

    retried = await at.run("retry", "in_1", "--workspace", AWAY, "--entries", named, "--yes", "--json")

    assert outcomes(retried) == [("stripe//in_1", "waiting", "waits again")]
    assert await newest(at, "stripe//in_1") == (State.WAITING, (Wanted(AWAY, ids(2)),))


async def test_entries_by_hand_are_of_the_default_workspace_unless_another_is_named(at: Scene) -> None:
    await at.event("in_1", "evt_1", unresolved=BROKEN, wanted=())

    await at.run("retry", "in_1", "--entries", ids(1)[0], "--yes", PAIDMARK_WORKSPACE=HOME)

    assert (await newest(at, "stripe//in_1"))[1] == (Wanted(HOME, ids(1)),)


async def test_the_preview_shows_what_an_event_shall_name(at: Scene) -> None:
    await at.event("in_1", "evt_1", unresolved=BROKEN, wanted=())

    preview = await at.run("retry", "in_1", "--workspace", AWAY, "--entries", " ".join(ids(2)))

    assert preview.stdout.splitlines()[1].split()[:7] == [
        *("stripe", "stripe//in_1", "evt_1", "paid", AWAY, "unresolved", "2"),
    ]


async def test_the_preview_says_what_is_missing(at: Scene) -> None:
    await at.event("in_1", "evt_1", unresolved=BROKEN, wanted=())
    await at.event("in_2", "evt_2", unresolved="no workspace", wanted=(Wanted("", ids(1)),))
    await at.event("in_3", "evt_3", unresolved="look", wanted=(Wanted(HOME, ids(1)),))

    preview = (await at.run("retry", "--all")).stdout

    assert f"{BROKEN}; say what it shall name: --workspace and --entries" in preview
    assert "no workspace; say where its entries are: --workspace" in preview
    assert preview.splitlines()[1].rstrip().endswith("  look")


@pytest.mark.parametrize(
    ("arguments", "settings"), [(["--workspace", HOME], {}), ([], {"PAIDMARK_WORKSPACE": HOME})]
)
async def test_an_event_that_lacks_a_workspace_is_given_one(
    at: Scene, arguments: list[str], settings: dict[str, str]
) -> None:
    wanted = (Wanted("", ids(2)), Wanted(AWAY, ids(1, 9)), Wanted(HOME, ids(3)))
    await at.event("in_1", "evt_1", unresolved="no workspace", wanted=wanted)

    retried = await at.run("retry", "in_1", *arguments, "--yes", **settings)

    assert retried.exit_code == 0
    assert (await newest(at, "stripe//in_1"))[1] == (Wanted(HOME, ids(3)), Wanted(AWAY, ids(1, 9)))


async def test_an_event_that_names_all_that_it_needs_goes_where_it_says(at: Scene) -> None:
    await at.event("in_1", "evt_1", unresolved="look", wanted=(Wanted(AWAY, ids(1)),))

    retried = await at.run("retry", "in_1", "--workspace", HOME, "--yes")

    assert retried.exit_code == 0
    assert (await newest(at, "stripe//in_1"))[1] == (Wanted(AWAY, ids(1)),)


async def test_an_unresolved_event_that_a_newer_one_has_overtaken_stays_superseded(at: Scene) -> None:
    await at.event("in_1", "evt_1", newer_by=5, unresolved="look", wanted=(Wanted(HOME, ids(2)),))
    await at.event("in_1", "evt_2", newer_by=9, unresolved="look", wanted=(Wanted(HOME, ids(1)),))
    await rejected(at, "in_2")

    retried = await at.run("retry", "--all", "--yes", "--json")

    assert ("stripe//in_1", "waiting", "waits again") in outcomes(retried)
    assert await newest(at, "stripe//in_1") == (State.WAITING, (Wanted(HOME, ids(1)),))


async def test_an_event_that_is_overtaken_while_somebody_thinks_is_said_to_be(at: Scene) -> None:
    await at.event("in_1", "evt_1", unresolved="look", wanted=(Wanted(HOME, ids(2)),))
    record = await at.desk.show("stripe//in_1")
    assert record is not None
    change = planned(record, Naming("", ()))
    await at.event("in_1", "evt_2", newer_by=1)

    (result,) = await carry_out(at.desk, [change])

    assert (result.after, result.words) == (
        "superseded",
        "superseded: overtaken by a newer event; was unresolved: look",
    )
    assert not result.still_awaits


async def test_an_invoice_that_is_gone_meanwhile_is_said_to_be(at: Scene) -> None:
    await at.event("", "evt_1", payment="pi_1", invoiced=False, wanted=None)
    record = await at.desk.show("stripe//@pi_1")
    assert record is not None
    change = planned(record, Naming("", ()))
    await at.event("in_1", "evt_2", payment="pi_1")

    (result,) = await carry_out(at.desk, [change])

    assert (result.after, result.words) == ("", "gone: it was moved to its invoice, or forgotten")


async def test_a_marking_that_a_worker_has_done_meanwhile_is_said_to_be(at: Scene) -> None:
    await rejected(at)
    record = await at.desk.show("stripe//in_1")
    assert record is not None
    change = planned(record, Naming("", ()))
    await at.desk.retry("stripe//in_1")
    await at.settle(HOME, "+++")

    (result,) = await carry_out(at.desk, [change])

    assert (result.after, result.words) == ("applied", "applied")


async def test_a_refund_that_a_person_brought_back_in_vain_still_finds_its_invoice_later(at: Scene) -> None:
    await at.event("", "evt_1", payment="pi_1", invoiced=False, wanted=None, newer_by=5)
    await at.run("retry", "pi_1", "--yes")
    await at.event("in_1", "evt_2", payment="pi_1")

    record = await at.desk.show("stripe//in_1")

    assert record is not None
    assert [(one.event, one.state) for one in record.history] == [
        ("evt_2", State.SUPERSEDED),
        ("evt_1", State.WAITING),
    ]


async def test_there_may_be_nothing_to_retry_on_an_invoice(at: Scene) -> None:
    await at.event("in_1", "evt_1")

    refused = await at.run("retry", "in_1", "--yes", "--json")

    assert refused.exit_code == 1
    assert json.loads(refused.stdout) == {"retried": []}
    assert refused.stderr == "nothing to retry: nothing there was rejected or is unresolved\n"


async def test_nothing_may_await_a_person(at: Scene) -> None:
    idle = await at.run("retry", "--all")

    assert (idle.exit_code, idle.stdout) == (0, "")
    assert idle.stderr == "nothing to retry: nothing awaits a person\n"


async def test_entries_are_named_only_for_an_unresolved_event(at: Scene) -> None:
    await rejected(at)

    refused = await at.run("retry", "in_1", "--workspace", HOME, "--entries", ids(1)[0], "--yes")

    assert refused.exit_code == 1
    assert "nothing is unresolved on stripe//in_1" in refused.stderr
    assert await at.desk.in_state(State.REJECTED) == ["stripe//in_1"]


async def test_one_invoice_that_is_not_found_stops_all(at: Scene) -> None:
    await rejected(at)

    refused = await at.run("retry", "in_1", "in_\x1b2", "--yes")

    assert (refused.exit_code, refused.stderr) == (1, "nothing is known of in_\\x1b2\n")
    assert await at.desk.in_state(State.REJECTED) == ["stripe//in_1"]


async def test_an_id_that_can_mean_several_invoices_is_refused(at: Scene) -> None:
    await at.event("in_1", "evt_1", source="shop-a")
    await at.event("in_1", "evt_1", source="shop-b")

    refused = await at.run("drop", "in_1", "--reason", "twice", "--yes")

    assert refused.exit_code == 1
    assert "in_1 can mean more than one: shop-a//in_1, shop-b//in_1" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "name invoices, or give --state or --all"),
        (["in_1", "--all"], "name invoices, or give --state or --all"),
        (["in_1", "--workspace", "w\x1b"], "not an id of 24 letters and digits: w\\x1b"),
        (["in_1", "--entries", "x"], "not an id of 24 letters and digits: x"),
        (["in_1", "in_2", "--entries", ids(1)[0]], "--entries says what one event shall name"),
        (["--state", "rejected", "--workspace", HOME], "--workspace is for events that name none"),
        (["in_1", "--entries", ids(1)[0]], "--entries needs --workspace"),
    ],
)
async def test_arguments_that_do_not_go_together_are_wrong_use(
    at: Scene, arguments: list[str], complaint: str
) -> None:
    refused = await at.run("retry", *arguments, "--yes")

    assert refused.exit_code == 2
    assert complaint in refused.stderr


async def test_what_waits_and_what_was_rejected_is_dropped_with_its_reason(at: Scene) -> None:
    await at.event("in_1", "evt_1", wanted=(Wanted(HOME, ids(1)), Wanted(AWAY, ids(1, 9))))
    await at.settle(HOME, "x", (0, GONE))

    dropped = await at.run("drop", "in_1", "--reason", "billed by hand", "--yes")

    assert dropped.exit_code == 0
    assert dropped.stdout.splitlines()[-1] == "stripe//in_1: 2 markings and events dropped"
    listed = await at.run("markings", "--state", "dropped", "--json")
    assert [(one["workspace"], one["reason"]) for one in json.loads(listed.stdout)["markings"]] == [
        (HOME, "billed by hand"),
        (AWAY, "billed by hand"),
    ]


async def test_an_unresolved_event_is_dropped(at: Scene) -> None:
    await at.event("in_1", "evt_1", unresolved=BROKEN, wanted=())

    dropped = await at.run("drop", "in_1", "--reason", "a test", "--yes")

    assert dropped.stdout.splitlines()[-1] == "stripe//in_1: 1 marking or event dropped"
    assert await at.desk.in_state(State.UNRESOLVED) == []
    listed = await at.run("markings", "--state", "dropped", "--json")
    assert [one["event"] for one in json.loads(listed.stdout)["markings"]] == ["evt_1"]


async def test_there_may_be_nothing_to_drop(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.settle(HOME, "+++")

    refused = await at.run("drop", "in_1", "--reason", "why not", "--yes")

    assert refused.exit_code == 1
    assert refused.stderr == "nothing to drop on stripe//in_1: nothing waits there, or awaits a person\n"


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201, "two\nlines", "\x1b[31mred"])
async def test_a_reason_is_one_short_line_that_can_be_printed(at: Scene, reason: str) -> None:
    await at.event("in_1", "evt_1")

    refused = await at.run("drop", "in_1", "--reason", reason, "--yes")

    assert refused.exit_code == 2
    assert await at.desk.in_backlog(HOME) == ["stripe//in_1"]


async def test_nothing_is_dropped_without_a_reason(at: Scene) -> None:
    assert (await at.run("drop", "in_1", "--yes")).exit_code == 2


async def test_a_hostile_id_is_retried_and_dropped_like_any_other(at: Scene) -> None:
    await rejected(at, HOSTILE)

    retried = await at.run("retry", HOSTILE, "--yes")
    dropped = await at.run("drop", HOSTILE, "--reason", "[bold]no", "--yes")

    for result in (retried, dropped):
        assert result.exit_code == 0
        assert QUOTED in result.stdout
        assert "\x1b" not in result.output
    assert "[bold]no" in (await at.run("markings", QUOTED)).stdout


async def test_only_what_was_meant_is_dropped(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    await at.event("xin_1", "evt_2")

    await at.run("drop", "in_1", "--reason", "this one", "--yes")

    assert await at.desk.in_backlog(HOME) == ["stripe//xin_1"]


async def test_what_an_event_leaves_to_a_person_stays_until_it_is_decided(at: Scene) -> None:
    await at.event("in_1", "evt_1")
    part = "refund of part of the invoice: decide by hand"
    await at.event("in_1", "evt_2", newer_by=1, invoiced=False, wanted=None, unresolved=part)

    undecided = await at.run("retry", "--all", "--yes")
    assert undecided.exit_code == 1
    assert "still unresolved" in undecided.stdout

    decided = await at.run("retry", "in_1", "--as", "reversed", "--yes")
    assert decided.exit_code == 0
    assert "waits again" in decided.stdout


async def test_a_decision_is_about_one_invoice(at: Scene) -> None:
    refused = await at.run("retry", "--all", "--as", "paid", "--yes")

    assert refused.exit_code == 2
    assert "--as decides about one invoice" in refused.stderr
