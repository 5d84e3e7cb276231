"""Under a low limit each call is dear: one that is counted is made, whatever happens beside it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.link import Link
from tests.own_store import own_store
from tests.worker.worlds import WORKSPACE, Ledger, bench, ids, opened, paid, taken_back
from worker import batches, entries
from worker.clockify import Clockify
from worker.ledger import Hands, Keeping, connect
from worker.ledger.scripts import script
from worker.ledger.work import Limit
from worker.outcome import Reply
from worker.tally import Tally

HOUR = 3600.0
LIMITED = f"paidmark:limit:workspace:{WORKSPACE}"


async def counted(ledger: Ledger) -> int:
    found: int = await ledger.store.llen(LIMITED)  # type: ignore[misc]  # redis-py 5 says that it may be no coroutine
    return found


async def waiting(ledger: Ledger, count: int, start: int = 0) -> None:
    """So many invoices of one entry each."""
    await asyncio.gather(
        *(ledger.intake.accept(paid(f"in_{n}", 1, one)) for n, one in enumerate(ids(count, start), start))
    )


async def test_a_process_told_to_end_while_a_drain_begins_counts_no_call_that_it_does_not_make(
    ledger: Ledger,
) -> None:
    closing = asyncio.Event()
    async with bench(ledger, rate=(1, HOUR), closing=closing) as worker:
        await waiting(ledger, 1)
        closing.set()
        await worker.drain()

        assert (await counted(ledger), worker.calls) == (0, 0)


async def test_a_call_that_was_counted_before_the_process_was_told_to_end_is_made(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    closing = asyncio.Event()
    begin = Hands.begin

    async def begin_and_close(hands: Hands, *arguments: Any, **options: Any) -> Any:
        begun = await begin(hands, *arguments, **options)
        closing.set()
        return begun

    monkeypatch.setattr(Hands, "begin", begin_and_close)
    async with bench(ledger, rate=(1, HOUR), closing=closing) as worker:
        await waiting(ledger, 1)
        await worker.drain()

        assert (await counted(ledger), worker.calls) == (1, 1)
        assert worker.invoiced(ids(1)) == [True]


@pytest.mark.parametrize("quick", [True, False], ids=["at once", "after a moment"])
async def test_an_outage_costs_no_more_calls_than_are_made(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, quick: bool
) -> None:
    made = 0

    async def fails(_: Clockify, *__: Any) -> Reply:
        nonlocal made
        made += 1
        await asyncio.sleep(0 if quick else 0.005)
        return Reply(503, "", b"")

    monkeypatch.setattr(Clockify, "mark", fails)
    async with bench(ledger, batch_size=1, rate=(30, HOUR), in_flight=16) as worker:
        await waiting(ledger, 100)
        await worker.drain()

    assert await counted(ledger) <= made + 1  # one may be on its way when the first failure is heard of


async def test_a_lone_reversal_goes_out_though_there_are_always_more_payments_than_calls(
    ledger: Ledger,
) -> None:
    async with bench(ledger, batch_size=10, rate=(30, HOUR)) as worker:
        await ledger.intake.accept(paid("old", 1, *ids(1, 999_999)))
        await worker.drain()
        await ledger.intake.accept(taken_back("old", 2))
        await waiting(ledger, 600)
        await ledger.forward(HOUR * 1.05)
        await worker.drain()

        assert await ledger.states("old") == ["applied"]
        assert worker.invoiced(ids(1, 999_999)) == [False]
        assert (await ledger.desk.workspaces())[0].backlog > 0


async def test_a_store_that_answers_late_costs_no_calls(tmp_path: Path) -> None:
    """A permit that took too long is asked for anew, to renew the lease, and is not counted anew."""
    async with own_store(tmp_path / "store") as store, opened(store.url) as ledger:
        link = Link(store.port)
        far = connect(f"redis://127.0.0.1:{await link.open()}/0")
        async with link.slowed(0.6), bench(ledger, rate=(3, HOUR), slice=3.0) as worker:
            await waiting(ledger, 1)
            await worker.drain(hands=Hands(far, Keeping(), 8.0))

            assert (await counted(ledger), worker.calls) == (1, 1)
        await far.aclose()
        await link.close()


async def test_an_answer_that_gets_lost_costs_no_call(tmp_path: Path) -> None:
    """The client asks again under the same token, and is told that the call may be made."""
    async with own_store(tmp_path / "store") as store, opened(store.url) as ledger:
        link = Link(store.port)
        far = connect(f"redis://127.0.0.1:{await link.open()}/0")
        async with bench(ledger, rate=(1, HOUR)) as worker:
            await waiting(ledger, 1)
            await ledger.store.script_load(script("begin").text)
            await far.ping()
            cut = link.cut_next(after=True)
            await worker.drain(hands=Hands(far, Keeping(), 8.0))

            assert cut.struck
            assert (await counted(ledger), worker.calls) == (1, 1)
        await far.aclose()
        await link.close()


IDS = ids(6)
PLACES = st.lists(
    st.tuples(st.booleans(), st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True)),
    min_size=1,
    max_size=5,
)


@given(places=PLACES)
@settings(max_examples=60, deadline=None)
async def test_the_first_call_that_the_store_writes_down_is_the_one_that_is_planned(
    store_url: str, places: list[tuple[bool, list[str]]]
) -> None:
    async with opened(store_url) as ledger:
        await ledger.store.flushdb()
        for number, (stands, named) in enumerate(places):
            await ledger.intake.accept(paid(f"in_{number}", 1, *named))
            if not stands:
                await ledger.intake.accept(taken_back(f"in_{number}", 2))
        begun = await ledger.hands.begin(
            WORKSPACE, most_entries=1000, most_markings=1000, batch_size=200,
            limits=[Limit("workspace:x", 5, HOUR)],
        )  # fmt: skip
        assert begun is not None
        _, backlog = begun
        first = batches.plan(Tally(backlog.pending).wishes, 200, more=backlog.more)[0]
        doubts = [
            (flag, name.split(b":", 1)[1])
            for flag in (True, False)
            for name in await ledger.store.zrange(f"paidmark:doubtful:{WORKSPACE}:{int(flag)}", 0, -1)
        ]

        assert backlog.permitted
        assert doubts == [(first.invoiced, entries.pack(first.entries))]
