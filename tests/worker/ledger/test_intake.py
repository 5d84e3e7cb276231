"""The door's side: what is acknowledged is on disk, and whatever is in doubt is not acknowledged."""

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.conditions import wait_until
from tests.worker.worlds import WORKSPACE, Ledger, bench, ids, opened, paid, taken_back, tie
from worker.embedded import embedded
from worker.ledger import StoreInDoubtError, queue
from worker.ledger import intake as door
from worker.ledger.intake import Rules
from worker.marking import Verdict

A, B = ids(2)


async def verdicts(ledger: Ledger, numbers: range) -> list[Verdict | BaseException]:
    """What became of many invoices, accepted at the same time."""
    causes = [paid(f"in_{number}", 1, *ids(3, number * 3)) for number in numbers]
    return await asyncio.gather(*(ledger.intake.accept(cause) for cause in causes), return_exceptions=True)


async def kept(ledger: Ledger, numbers: range) -> set[int]:
    """Which of many invoices the ledger has."""
    records = await ledger.desk.show_each([f"stripe//in_{number}" for number in numbers])
    return {number for number, record in zip(numbers, records, strict=True) if record}


async def test_concurrent_events_share_round_trips(ledger: Ledger) -> None:
    await verdicts(ledger, range(1))
    before = (await ledger.store.info("stats"))["total_reads_processed"]

    assert set(await verdicts(ledger, range(1, 501))) == {Verdict.ACCEPTED}

    assert (await ledger.store.info("stats"))["total_reads_processed"] - before < 50
    assert await kept(ledger, range(501)) == set(range(501))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda store, key: store.rpush(key, "not a record"), "WRONGTYPE"),
        (lambda store, key: store.set(key, b"\xc1 nor is this"), "Bad data format"),
    ],
    ids=["of another type", "unreadable"],
)
async def test_an_event_that_cannot_be_taken_holds_up_no_other(
    ledger: Ledger, spoil: Callable[[Redis, str], Awaitable[Any]], why: str
) -> None:
    await spoil(ledger.store, "paidmark:invoice:stripe//in_1")

    one, bad, other = await verdicts(ledger, range(3))

    assert (one, other) == (Verdict.ACCEPTED, Verdict.ACCEPTED)
    assert isinstance(bad, StoreInDoubtError)
    assert why in str(bad)
    assert why in ledger.intake.refused
    assert await ledger.intake.accept(paid("in_3", 1, A)) is Verdict.ACCEPTED
    assert ledger.intake.refused == ""


async def test_so_much_goes_out_together_and_no_more(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MOST_BYTES_TOGETHER", 1)
    await ledger.store.config_resetstat()

    assert set(await verdicts(ledger, range(5))) == {Verdict.ACCEPTED}

    assert (await ledger.store.info("commandstats"))["cmdstat_evalsha"]["calls"] == 5


async def test_who_asks_when_accepting_has_ended_is_told_so_at_once(store: Redis, store_url: str) -> None:
    async with opened(store_url) as ledger:
        await ledger.intake.accept(paid("in_1", 1, A))

    with pytest.raises(StoreInDoubtError, match="the receiver is ending"):
        await ledger.intake.accept(paid("in_2", 1, A))


async def test_a_full_store_refuses_events_and_lets_the_work_flow_out(tmp_path: Path) -> None:
    async with embedded(tmp_path / "full") as store, opened(store.url) as ledger, bench(ledger) as worker:
        await verdicts(ledger, range(20))
        used = (await ledger.store.info("memory"))["used_memory"]
        await ledger.store.config_set("maxmemory", max(used // 2, 1))

        with pytest.raises(StoreInDoubtError, match="maxmemory"):
            await ledger.intake.accept(paid("in_late", 1, A))
        with pytest.raises(StoreInDoubtError, match="maxmemory"):
            await ledger.intake.tie(tie("pi_1", "in_1"))
        assert (await ledger.hands.overdue(10)).workspaces == (WORKSPACE,)
        worker.sandbox.world.bad.add(ids(1)[0])
        await worker.drain()

        assert await ledger.desk.workspaces() == []
        assert worker.invoiced(ids(60)).count(True) == 59
        assert await ledger.states("in_0") == ["partly_applied"]
        assert await ledger.desk.drop("stripe//in_0", "gone") == 1
        assert (await ledger.desk.figures())["accepted"] == 20
        await ledger.store.config_set("maxmemory", 0)
        assert await ledger.intake.accept(paid("in_late", 1, A)) is Verdict.ACCEPTED


@pytest.fixture
async def lazy(tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a store that writes to disk once a second."""
    async with embedded(tmp_path / "lazy") as store:
        async with Redis.from_url(store.url) as client:
            await client.config_set("appendfsync", "everysec")
        yield store.url


async def test_a_store_that_is_not_durable_is_refused_and_the_setting_is_named(lazy: str) -> None:
    async with opened(lazy) as ledger:
        with pytest.raises(StoreInDoubtError, match="appendfsync is 'everysec', must be 'always'"):
            await ledger.intake.accept(paid("in_1", 1, A))
        assert await kept(ledger, range(1, 2)) == set()


async def test_a_store_that_is_trusted_is_not_asked(lazy: str) -> None:
    async with opened(lazy, durable=False) as ledger:
        assert await ledger.intake.accept(paid("in_1", 1, A)) is Verdict.ACCEPTED


async def test_a_store_whose_configuration_cannot_be_read_is_in_doubt(tmp_path: Path) -> None:
    async with embedded(tmp_path / "shy") as store, Redis.from_url(store.url) as client:
        await client.execute_command("ACL", "SETUSER", "default", "-config")
        async with opened(store.url) as ledger:
            with pytest.raises(StoreInDoubtError, match="CONFIG GET is refused"):
                await ledger.intake.accept(paid("in_1", 1, A))
        await client.execute_command("ACL", "SETUSER", "default", "+config")


async def test_what_was_acknowledged_survives_a_store_that_is_killed_in_the_middle(tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    async with embedded(folder) as store, opened(store.url, rules=Rules(deadline=5.0)) as ledger:
        running = asyncio.create_task(verdicts(ledger, range(3000)))
        await wait_until(lambda: ledger.intake.watermark.highest > 200, because="nothing was accepted")
        os.kill(int(store.pid), signal.SIGKILL)
        answers = await running
    acknowledged = {number for number, answer in enumerate(answers) if answer is Verdict.ACCEPTED}
    refused = [answer for answer in answers if isinstance(answer, BaseException)]

    assert refused
    assert all(isinstance(answer, StoreInDoubtError) for answer in refused)
    async with embedded(folder) as store, opened(store.url) as ledger:
        assert acknowledged <= await kept(ledger, range(3000))
        assert len(acknowledged) > 200
        again = await verdicts(ledger, range(3000))
        assert set(again) <= {Verdict.KNOWN, Verdict.ACCEPTED}
        assert ledger.intake.watermark.loss is None


async def test_a_store_that_comes_back_is_written_to_again_by_the_same_process(tmp_path: Path) -> None:
    async with embedded(tmp_path / "one") as store:
        moving = tmp_path / "link.sock"
        moving.symlink_to(Path(store.url.removeprefix("unix://").split("?")[0]))
        async with opened(f"unix://{moving}") as ledger:
            assert await ledger.intake.accept(paid("in_1", 1, A)) is Verdict.ACCEPTED
            os.kill(int(store.pid), signal.SIGKILL)
            with pytest.raises(StoreInDoubtError):
                await ledger.intake.accept(paid("in_2", 1, A))
            async with embedded(tmp_path / "two") as other:
                moving.unlink()
                moving.symlink_to(Path(other.url.removeprefix("unix://").split("?")[0]))
                assert await ledger.intake.accept(paid("in_2", 1, A)) is Verdict.ACCEPTED


async def test_an_older_copy_of_the_store_is_noticed_and_what_is_missing_is_counted(tmp_path: Path) -> None:
    folder, copy = tmp_path / "store", tmp_path / "copy"
    moving = tmp_path / "link.sock"
    async with opened(f"unix://{moving}") as ledger:
        async with embedded(folder) as store:
            moving.symlink_to(Path(store.url.removeprefix("unix://").split("?")[0]))
            await verdicts(ledger, range(10))
            shutil.copytree(
                folder,
                copy,
                ignore=lambda _, names: [name for name in names if ".sock" in name or "lock" in name],
            )
            await verdicts(ledger, range(10, 17))
        assert ledger.intake.watermark.loss is None
        async with embedded(copy) as store:
            moving.unlink()
            moving.symlink_to(Path(store.url.removeprefix("unix://").split("?")[0]))
            assert await ledger.intake.accept(paid("in_99", 1, A)) is Verdict.ACCEPTED

    assert ledger.intake.watermark.loss is not None
    assert ledger.intake.watermark.loss.missing == 7


async def test_the_first_tie_among_many_accepts_is_no_sign_of_a_loss(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("in_1", 1, A))
    await asyncio.gather(ledger.intake.tie(tie("pi_1", "in_1")), ledger.intake.accept(paid("in_2", 1, A)))

    assert ledger.intake.watermark.loss is None


async def test_a_store_that_is_hung_is_in_doubt_within_the_deadline(tmp_path: Path) -> None:
    async with embedded(tmp_path / "hung") as store, opened(store.url, rules=Rules(deadline=0.3)) as ledger:
        await ledger.intake.accept(paid("in_1", 1, A))
        os.kill(int(store.pid), signal.SIGSTOP)
        try:
            with pytest.raises(StoreInDoubtError, match=r"within 0\.3 s"):
                await ledger.intake.accept(paid("in_2", 1, B))
            with pytest.raises(StoreInDoubtError):
                await ledger.intake.accept(paid("in_3", 1, B))
        finally:
            os.kill(int(store.pid), signal.SIGCONT)

        async def answers() -> bool:
            try:
                return await ledger.intake.accept(paid("in_2", 1, B)) in (Verdict.ACCEPTED, Verdict.KNOWN)
            except StoreInDoubtError:
                return False

        await wait_until(answers, because="it did not recover")


async def test_more_than_can_wait_is_in_doubt_at_once(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MOST_WAITING", 3)

    answers = await verdicts(ledger, range(10))

    assert sum(isinstance(answer, StoreInDoubtError) for answer in answers) == 7
    assert answers.count(Verdict.ACCEPTED) == 3


async def test_a_delivery_that_has_gone_away_harms_no_other(ledger: Ledger) -> None:
    gone = asyncio.create_task(ledger.intake.accept(paid("in_1", 1, A)))
    stays = asyncio.create_task(ledger.intake.accept(paid("in_2", 1, B)))
    await asyncio.sleep(0)
    gone.cancel()

    assert await stays is Verdict.ACCEPTED


async def test_deliveries_that_have_all_gone_away_are_not_sent(ledger: Ledger) -> None:
    held = asyncio.create_task(ledger.intake.accept(paid("in_0", 1, A)))
    await asyncio.sleep(0)  # it waits
    await asyncio.sleep(0)  # it is on its way, and those that follow wait for it
    gone = [asyncio.create_task(ledger.intake.accept(paid(f"in_{n}", 1, A))) for n in range(1, 4)]
    await asyncio.sleep(0)
    for one in gone:
        one.cancel()

    assert await held is Verdict.ACCEPTED
    assert await ledger.intake.accept(paid("in_9", 1, B)) is Verdict.ACCEPTED
    assert await kept(ledger, range(1, 4)) == set()


async def test_bodies_that_cannot_be_decoded_are_kept_while_there_is_room(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_UNDECODED", 2)
    assert await ledger.intake.keep_undecoded("stripe", "aa", b"\xff") is Verdict.UNRESOLVED
    assert await ledger.intake.keep_undecoded("stripe", "aa", b"\xff") is Verdict.KNOWN
    assert await ledger.intake.keep_undecoded("shop", "aa", b"\xff") is Verdict.UNRESOLVED
    with pytest.raises(StoreInDoubtError, match="no room"):
        await ledger.intake.keep_undecoded("stripe", "bb", b"\xff")
    assert await ledger.intake.keep_undecoded("stripe", "aa", b"\xff") is Verdict.KNOWN
    assert (await ledger.desk.figures())["undecoded_now"] == 2


async def test_unreferenced_invoices_are_unresolved_where_the_settings_say_so(
    store: Redis, store_url: str
) -> None:
    async with opened(store_url, rules=Rules(unreferenced="unresolved")) as ledger:
        assert await ledger.intake.accept(paid("in_1", 1)) is Verdict.UNRESOLVED


async def test_a_reversal_that_names_nothing_of_an_invoice_that_is_not_known_waits_for_nobody(
    store: Redis, store_url: str
) -> None:
    async with opened(store_url, rules=Rules(unreferenced="unresolved")) as ledger:
        assert await ledger.intake.accept(taken_back("in_2", 2, wanted=())) is Verdict.UNREFERENCED
        assert await ledger.intake.accept(paid("in_2", 1, *ids(1))) is Verdict.SUPERSEDED


async def test_an_event_for_an_invoice_of_a_thousand_entries_is_taken_whole(ledger: Ledger) -> None:
    many = ids(1000)
    await ledger.intake.accept(paid("in_1", 1, *many))
    record = await ledger.desk.show("stripe//in_1")

    assert record is not None
    assert record.places[0].named == many
