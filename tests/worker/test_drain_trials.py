"""Refused batches: the bad ids are found, the good ones go out, and nothing is held against an id that cannot be known."""

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from tests.worker.worlds import (
    WORKSPACE,
    Bench,
    Ledger,
    all_known,
    bench,
    fine,
    ids,
    paid,
    peculiar,
    strange,
    taken_back,
)
from worker.sandbox import Fault, Seeded

FOREIGN = {"message": "Time entry doesn't belong to Workspace", "code": 501}


def refusing(
    bad: set[str], how: Callable[[], web.Response] = lambda: web.json_response(FOREIGN, status=400)
) -> Callable[[tuple[str, ...]], web.Response]:
    """A PATCH that refuses the whole batch for one bad id in it."""
    return lambda named: how() if bad & set(named) else web.Response()


async def tell(ledger: Ledger, invoices: int, entries: int, start: int = 0) -> tuple[str, ...]:
    """So many invoices of so many entries each; all the entries."""
    for n in range(invoices):
        await ledger.intake.accept(paid(f"in_{start + n}", 1, *ids(entries, (start + n) * entries)))
    return ids(invoices * entries, start * entries)


async def refused(ledger: Ledger) -> set[str]:
    """Every entry that the ledger has as refused."""
    records = [await ledger.desk.show(ref) async for ref in ledger.desk.matching("*")]
    return {entry for one in records if one for place in one.places for entry, _ in place.refusals}


@pytest.mark.parametrize("bad", [1, 2, 5, 40])
async def test_bad_ids_are_told_by_one_batch_read_and_the_good_ones_go_out_together(
    worker: Bench, bad: int
) -> None:
    everything = await tell(worker.ledger, 10, 20)
    worse = set(everything[:: 200 // bad][:bad])
    worker.sandbox.world.bad |= worse
    await worker.drain_all()

    assert await refused(worker.ledger) == worse
    assert sum(worker.invoiced(everything)) == 200 - bad
    assert worker.sandbox.log.answers["invoiced 200"] == 1
    assert worker.sandbox.log.answers["batch 200"] == 1
    assert await worker.ledger.desk.workspaces() == []


@pytest.mark.parametrize(
    "batch",
    [lambda _: web.Response(status=404), lambda _: web.Response(body=b"<html")],
    ids=["404", "unreadable"],
)
async def test_without_a_batch_read_the_batch_is_halved(
    ledger: Ledger, batch: Callable[[tuple[str, ...]], web.Response]
) -> None:
    bad = {ids(200)[77], ids(200)[150]}
    async with peculiar(refusing(bad), batch) as clockify, bench(ledger, url=clockify.url) as worker:
        await tell(ledger, 10, 20)
        await worker.drain_all()

        assert await refused(ledger) == bad
        assert await ledger.desk.workspaces() == []
        assert len(clockify.sent) <= 2 * 2 * 8 + 1


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_batch_read_that_fails_is_asked_again_later(ledger: Ledger, status: int) -> None:
    asked: list[int] = []

    def batch(named: tuple[str, ...]) -> web.Response:
        asked.append(len(named))
        if len(asked) < 3:
            return web.Response(status=status)
        return web.json_response([{"id": one} for one in named if one != ids(20)[7]])

    async with peculiar(refusing({ids(20)[7]}), batch) as clockify, bench(ledger, url=clockify.url) as worker:
        await tell(ledger, 1, 20)
        await worker.drain()
        (left,) = await ledger.desk.workspaces()
        assert (left.failures, left.reason) == (1, f"Clockify answered {status}")
        await worker.drain_all()

        assert asked == [20, 20, 20]
        assert await refused(ledger) == {ids(20)[7]}
        assert [len(one) for one in clockify.sent] in ([20, 19, 1], [20, 1, 19])


async def test_an_entry_that_clockify_knows_and_refuses_is_found_by_halving(worker: Bench) -> None:
    world = worker.sandbox.world
    world.protect = True
    everything = await tell(worker.ledger, 1, 16)
    world.add_entry(Seeded(id=everything[5], workspace=WORKSPACE, approved=True))
    world.add_entry(Seeded(id=everything[9], workspace=WORKSPACE, locked=True))
    await worker.drain_all()

    record = await worker.ledger.desk.show("stripe//in_0")
    assert record is not None
    assert dict(record.places[0].refusals) == {
        everything[5]: "the entry is approved and cannot be changed",
        everything[9]: "the entry lies in a locked period",
    }
    assert sum(worker.invoiced(everything)) == 14


async def test_good_entries_of_an_invoice_with_a_bad_one_settle_at_once(worker: Bench) -> None:
    everything = await tell(worker.ledger, 3, 10)
    worker.sandbox.world.bad.add(everything[0])
    await worker.drain_all()

    assert await worker.ledger.states("in_0") == ["partly_applied"]
    assert await worker.ledger.states("in_1") == ["applied"]
    assert await worker.ledger.states("in_2") == ["applied"]


async def test_an_invoice_of_bad_entries_alone_is_rejected(worker: Bench) -> None:
    everything = await tell(worker.ledger, 1, 3)
    worker.sandbox.world.bad |= set(everything)
    await worker.drain_all()

    assert await worker.ledger.states("in_0") == ["rejected"]
    assert await worker.ledger.history("in_0") == {"paid-in_0-1": "rejected"}


@pytest.mark.parametrize(
    "settings", [{"slice": 0.02, "in_flight": 1}, {"rate": (2, 3600.0)}], ids=["slices", "calls"]
)
async def test_a_trial_goes_on_where_the_last_lease_ended(worker: Bench, settings: dict[str, Any]) -> None:
    worker.sandbox.world.protect = True
    everything = await tell(worker.ledger, 1, 32)
    worker.sandbox.world.add_entry(Seeded(id=everything[21], workspace=WORKSPACE, approved=True))
    worker.sandbox.faults.order(Fault(kind="latency", seconds=0.03))
    await worker.drain_all(**settings)

    assert await refused(worker.ledger) == {everything[21]}
    assert sum(worker.invoiced(everything)) == 31
    assert worker.sandbox.log.answers["batch 200"] == 1
    assert worker.calls <= 2 * 5 + 1


async def test_a_batch_read_counts_under_the_limit_and_waits_for_it(worker: Bench) -> None:
    everything = await tell(worker.ledger, 1, 4)
    worker.sandbox.world.bad.add(everything[0])
    await worker.drain(rate=(1, 3600.0))

    assert worker.sandbox.log.total == 1
    await worker.drain_all(rate=(1, 3600.0))
    assert await refused(worker.ledger) == {everything[0]}
    assert worker.sandbox.log.total == 4


async def test_a_trial_survives_an_outage(worker: Bench) -> None:
    worker.sandbox.world.protect = True
    everything = await tell(worker.ledger, 1, 32)
    worker.sandbox.world.add_entry(Seeded(id=everything[21], workspace=WORKSPACE, approved=True))
    await worker.drain(rate=(1, 3600.0))
    await worker.ledger.forward(3700)
    fault = worker.sandbox.faults.order(Fault(kind="error"))
    for _ in range(3):
        await worker.ledger.forward(10)
        await worker.drain()
    worker.sandbox.faults.lift(fault)
    await worker.drain_all()

    assert await refused(worker.ledger) == {everything[21]}
    assert sum(worker.invoiced(everything)) == 31


async def test_what_is_no_longer_wanted_is_no_longer_tried(worker: Bench) -> None:
    worker.sandbox.world.protect = True
    everything = await tell(worker.ledger, 1, 16)
    worker.sandbox.world.add_entry(Seeded(id=everything[3], workspace=WORKSPACE, approved=True))
    await worker.drain(rate=(1, 3600.0))
    await worker.ledger.desk.drop("stripe//in_0", "billed by hand")
    worker.sandbox.log.clear()
    await worker.drain_all()

    assert worker.calls == 0


async def test_a_reversal_in_the_middle_of_a_trial_is_tried_as_it_is_then(worker: Bench) -> None:
    worker.sandbox.world.protect = True
    everything = await tell(worker.ledger, 1, 16)
    worker.sandbox.world.add_entry(Seeded(id=everything[3], workspace=WORKSPACE, approved=True))
    await worker.drain(rate=(1, 3600.0))
    await worker.ledger.intake.accept(taken_back("in_0", 2))
    await worker.drain_all()

    assert worker.invoiced(everything) == [False] * 16
    assert await worker.ledger.history("in_0") == {
        "paid-in_0-1": "superseded",
        "reversed-in_0-2": "partly_applied",
    }


async def test_a_batch_that_is_too_large_on_trial_is_halved(ledger: Ledger) -> None:
    bad = ids(200)[199]

    def reply(named: tuple[str, ...]) -> web.Response:
        if bad in named:
            return web.json_response(FOREIGN, status=400)
        return web.Response(status=413 if len(named) > 60 else 200)

    async with peculiar(reply) as clockify, bench(ledger, url=clockify.url) as worker:
        await tell(ledger, 10, 20)
        await worker.drain_all()

        assert await refused(ledger) == {bad}
        assert await ledger.desk.workspaces() == []


# Refusals of which nobody knows what they mean.


async def test_everything_is_refused_strangely_so_the_workspace_is_parked_and_nothing_rejected(
    ledger: Ledger,
) -> None:
    async with peculiar(strange) as clockify, bench(ledger, url=clockify.url) as worker:
        await tell(ledger, 10, 20)
        await worker.drain()

        assert "refused with 400" in await worker.parked()
        assert await refused(ledger) == set()
        assert len(await ledger.desk.in_backlog(WORKSPACE)) == 10


async def test_that_everything_is_refused_is_found_out_in_few_calls(ledger: Ledger) -> None:
    """With 30 calls an hour, hundreds take a day. Going down one branch first needs about a dozen."""
    async with peculiar(strange) as clockify, bench(ledger, url=clockify.url) as worker:
        await tell(ledger, 10, 20)
        await worker.drain()

        assert len(clockify.sent) <= 30


async def test_a_strange_refusal_of_one_id_is_believed_once_another_call_was_taken(ledger: Ledger) -> None:
    bad = ids(1)[0]
    async with peculiar(refusing({bad}, strange)) as clockify, bench(ledger, url=clockify.url) as worker:
        await tell(ledger, 1, 1)
        await worker.drain(slice=0.0001)
        await tell(ledger, 1, 1, start=1)
        await ledger.desk.resume(WORKSPACE)
        await worker.drain(batch_size=1, in_flight=1)

        assert await ledger.states("in_1") == ["applied"]
        assert await refused(ledger) == {bad}
        assert await ledger.desk.workspaces() == []


async def test_a_strange_refusal_of_one_id_and_nothing_taken_since_parks_and_rejects_nothing(
    ledger: Ledger,
) -> None:
    bad = ids(1)[0]
    async with peculiar(refusing({bad}, strange)) as clockify, bench(ledger, url=clockify.url) as worker:
        await tell(ledger, 1, 1)
        await worker.drain()

        assert "nothing has been taken since" in await worker.parked()
        assert await refused(ledger) == set()


@pytest.mark.parametrize("bad", [1, 4])
async def test_ids_that_are_refused_strangely_do_not_park_the_workspace_again_after_each_success(
    ledger: Ledger, bad: int
) -> None:
    """Every new invoice would wait for the next probe: a bad id that holds up good ones."""
    worse = set(ids(bad))

    def batch(named: tuple[str, ...]) -> web.Response:
        return all_known(tuple(one for one in named if one not in worse))

    async with (
        peculiar(refusing(worse, strange), batch) as clockify,
        bench(ledger, url=clockify.url) as worker,
    ):
        await tell(ledger, 1, bad)
        await worker.drain()
        for start in range(4, 8):
            await tell(ledger, 1, 10, start=start)
            await ledger.desk.resume(WORKSPACE)
            await worker.drain()
            assert await ledger.states(f"in_{start}") == ["applied"]

        assert await worker.parked() == ""


async def test_after_a_parking_nothing_is_held_against_a_single_entry(ledger: Ledger) -> None:
    """Somebody mends what was wrong, and resumes: everything is to be tried again, and nothing is bad."""
    mended: list[bool] = []

    def reply(_: tuple[str, ...]) -> web.Response:
        return web.Response() if mended else strange()

    async with peculiar(reply) as clockify, bench(ledger, url=clockify.url) as worker:
        await tell(ledger, 1, 8)
        await worker.drain()
        assert await worker.parked()
        mended.append(True)
        await ledger.desk.resume(WORKSPACE)
        await worker.drain_all()

        assert await refused(ledger) == set()
        assert await ledger.states("in_0") == ["applied"]


async def test_a_strange_refusal_among_good_ones_does_not_hold_them_up(ledger: Ledger) -> None:
    bad = ids(100)[50]
    async with (
        peculiar(
            refusing({bad}, strange), lambda named: all_known(tuple(n for n in named if n != bad))
        ) as clockify,
        bench(ledger, url=clockify.url) as worker,
    ):
        await tell(ledger, 5, 20)
        await worker.drain()

        assert [await ledger.states(f"in_{n}") for n in (0, 1, 3, 4)] == [["applied"]] * 4
        assert await ledger.states("in_2") in (["waiting"], ["partly_applied"])


async def test_a_good_clockify_is_asked_nothing_beyond_the_marks(ledger: Ledger) -> None:
    async with peculiar(fine) as clockify, bench(ledger, url=clockify.url) as worker:
        everything = await tell(ledger, 2, 5)
        await worker.drain()

        assert clockify.sent == [everything]
        assert len(clockify.keys) == 1


@pytest.mark.parametrize("bad", [1, 3, 7])
async def test_ids_at_the_head_that_are_refused_strangely_do_not_stop_those_behind_them(
    ledger: Ledger, bad: int
) -> None:
    """Each probe begins with others than those that were refused at the last one."""
    worse = set(ids(bad))
    async with (
        peculiar(refusing(worse, strange), lambda _: web.Response(status=404)) as clockify,
        bench(ledger, url=clockify.url) as worker,
    ):
        await tell(ledger, 1, bad)
        await worker.drain()
        await tell(ledger, 1, 10, start=3)
        for _ in range(4):
            await ledger.desk.resume(WORKSPACE)
            await worker.drain()

        assert await ledger.states("in_3") == ["applied"]
        assert await refused(ledger) == worse


async def test_a_question_that_is_never_answered_is_not_waited_for(ledger: Ledger) -> None:
    """PATCH works, the batch read alone fails: the refused batch is halved."""
    bad = ids(20)[7]
    async with (
        peculiar(refusing({bad}), lambda _: web.Response(status=500)) as clockify,
        bench(ledger, url=clockify.url) as worker,
    ):
        everything = await tell(ledger, 1, 20)
        for _ in range(4):
            await ledger.desk.resume(WORKSPACE)
            await worker.drain()

        assert await refused(ledger) == {bad}
        assert await ledger.states("in_0") == ["partly_applied"]
        assert len(everything) == 20


async def test_a_bad_id_is_found_in_a_workspace_that_was_parked_though_there_are_few_calls(
    ledger: Ledger,
) -> None:
    """What a lease has found out must not be lost to the next one, because the workspace was refused before."""
    bad = {ids(40)[21]}
    key = ["refused"]

    def reply(named: tuple[str, ...]) -> web.Response:
        return web.json_response({"code": 1000}, status=401) if key else refusing(bad)(named)

    def batch(named: tuple[str, ...]) -> web.Response:
        return web.json_response([{"id": one} for one in named if one not in bad])

    async with (
        peculiar(reply, batch) as clockify,
        bench(ledger, url=clockify.url, rate=(3, 3600.0)) as worker,
    ):
        await tell(ledger, 8, 4)
        await worker.drain()
        assert "401" in await worker.parked()
        key.clear()
        await worker.drain_all(most=8)

        assert await refused(ledger) == bad
        assert await ledger.desk.workspaces() == []


@pytest.mark.parametrize("end", ["reversed", "dropped"])
async def test_doubt_ends_with_what_has_raised_it(ledger: Ledger, end: str) -> None:
    """What is suspected and then no longer wished for leaves nothing behind that could hold up the others."""
    how = ["strange"]
    of_no_use = ids(2, 10)

    async def reply(named: tuple[str, ...]) -> web.Response:
        if how == ["fine"]:
            return web.Response()
        if how == ["503"]:
            return web.Response(status=503)
        if set(named) <= set(of_no_use) and len(named) == 1:
            tried.append(named)
            if len(tried) == 2:
                await (
                    ledger.intake.accept(taken_back("in_no_use", 3))
                    if end == "reversed"
                    else ledger.desk.drop("stripe//in_no_use", "no use")
                )
        return strange()

    tried: list[tuple[str, ...]] = []
    async with peculiar(reply) as clockify, bench(ledger, url=clockify.url) as worker:
        await tell(ledger, 3, 1)
        await worker.drain()
        assert await worker.parked()
        how[:] = ["503"]
        await ledger.forward(1200)
        await worker.drain()
        how[:] = ["strange"]
        await ledger.intake.accept(paid("in_no_use", 1, *of_no_use))
        await ledger.forward(10)
        await worker.drain()
        how[:] = ["fine"]
        await tell(ledger, 1, 1, start=20)
        await ledger.desk.resume(WORKSPACE)
        await worker.drain_all(most=8)

        assert len(tried) >= 2
        assert (await ledger.states("in_20"), await ledger.states("in_0")) == (["applied"], ["applied"])
