"""Bodies that could not be decoded: kept with their time, looked at, ended; and the room that they take."""

import pytest

from tests.worker.worlds import Ledger, milliseconds, paid
from worker.ledger import StoreInDoubtError, intake
from worker.ledger.records import Undecoded
from worker.marking import State, Verdict

FIRST, SECOND = "0123456789ab" + "0" * 52, "ba9876543210" + "f" * 52


async def the_one(ledger: Ledger) -> Undecoded:
    (one,) = await ledger.desk.undecoded()
    return one


async def room_taken(ledger: Ledger) -> int:
    return (await ledger.desk.figures())["undecoded_bytes_now"]


async def test_a_body_is_listed_with_its_size_and_since_when_it_is_kept(ledger: Ledger) -> None:
    before = milliseconds()
    await ledger.intake.keep_undecoded("shop", FIRST, b"\xff\x00{")
    one = await the_one(ledger)

    assert (one.source, one.digest, one.size) == ("shop", FIRST, 3)
    assert one.ref == "shop/undecoded/0123456789ab"
    assert before - 1000 <= one.kept <= milliseconds() + 1000


async def test_a_body_that_comes_twice_is_kept_once_since_it_first_came(ledger: Ledger) -> None:
    await ledger.intake.keep_undecoded("shop", FIRST, b"{")
    before = await ledger.desk.undecoded()
    await ledger.store.set("paidmark:clock-offset", 60_000)

    assert await ledger.intake.keep_undecoded("shop", FIRST, b"{") is Verdict.KNOWN
    assert await ledger.desk.undecoded() == before
    assert await room_taken(ledger) == 1


async def test_bodies_are_listed_newest_first(ledger: Ledger) -> None:
    for number, (source, digest) in enumerate((("shop", FIRST), ("shop", SECOND), ("stripe", FIRST))):
        await ledger.store.set("paidmark:clock-offset", number * 1000)
        await ledger.intake.keep_undecoded(source, digest, b"{")

    assert [one.name for one in await ledger.desk.undecoded()] == [
        f"stripe/{FIRST}",
        f"shop/{SECOND}",
        f"shop/{FIRST}",
    ]


async def test_a_body_is_read_as_it_came(ledger: Ledger) -> None:
    body = bytes(range(256)) * 5
    await ledger.intake.keep_undecoded("shop", FIRST, body)

    assert await ledger.desk.body(await the_one(ledger)) == body


async def test_a_body_of_which_nobody_knows_since_when_is_listed_read_and_ended(ledger: Ledger) -> None:
    await ledger.intake.keep_undecoded("shop", FIRST, b"{")
    await ledger.store.delete("paidmark:undecoded-since")
    one = await the_one(ledger)

    assert (one.kept, await ledger.desk.body(one)) == (0, b"{")
    assert await ledger.desk.drop_body(one, "a test")
    assert await ledger.desk.undecoded() == []


async def test_what_is_ended_is_gone_and_leaves_no_more_than_when_and_why(ledger: Ledger) -> None:
    await ledger.intake.keep_undecoded("shop", FIRST, b"a customer's name")
    one = await the_one(ledger)

    assert await ledger.desk.drop_body(one, "sent again")

    assert await ledger.desk.undecoded() == []
    assert await ledger.desk.body(one) is None
    record = await ledger.desk.show(one.ref)
    assert record is not None
    (event,) = record.history
    assert (event.event, event.state, event.reason) == (FIRST, State.DROPPED, "sent again")
    assert event.accepted == one.kept <= event.settled
    kept = await ledger.store.get(f"paidmark:invoice:{one.ref}")
    assert b"customer" not in kept
    assert await ledger.store.pttl(f"paidmark:invoice:{one.ref}") > 0
    assert not await ledger.store.exists("paidmark:undecoded", "paidmark:undecoded-since")


async def test_what_is_gone_is_not_ended_twice(ledger: Ledger) -> None:
    await ledger.intake.keep_undecoded("shop", FIRST, b"{{")
    await ledger.intake.keep_undecoded("shop", SECOND, b"{")
    gone, stays = sorted(await ledger.desk.undecoded(), key=lambda one: one.digest)

    assert [await ledger.desk.drop_body(gone, "why") for _ in range(2)] == [True, False]

    assert await ledger.desk.undecoded() == [stays]
    assert await room_taken(ledger) == 1
    assert (await ledger.desk.figures())["dropped"] == 1


async def test_a_body_that_comes_again_after_it_was_ended_is_kept_again(ledger: Ledger) -> None:
    for reason in ("first", "second"):
        assert await ledger.intake.keep_undecoded("shop", FIRST, b"{") is Verdict.UNRESOLVED
        assert await ledger.desk.drop_body(await the_one(ledger), reason)

    record = await ledger.desk.show("shop/undecoded/0123456789ab")
    assert record is not None
    assert [one.reason for one in record.history] == ["first", "second"]


async def test_ending_a_body_leaves_an_invoice_alone_that_happens_to_have_its_ref(ledger: Ledger) -> None:
    await ledger.intake.accept(paid("0123456789ab", 1, "a" * 24, source="shop", account="undecoded"))
    await ledger.intake.keep_undecoded("shop", FIRST, b"{")

    await ledger.desk.drop_body(await the_one(ledger), "why")

    record = await ledger.desk.show("shop/undecoded/0123456789ab")
    assert record is not None
    assert [(one.state, one.named) for one in record.places] == [(State.WAITING, ("a" * 24,))]
    assert [one.state for one in record.history] == [State.WAITING, State.DROPPED]


@pytest.mark.parametrize("bound", ["MOST_UNDECODED", "MOST_UNDECODED_BYTES"])
async def test_what_is_ended_makes_room(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(intake, bound, 2 if bound == "MOST_UNDECODED" else 8)
    await ledger.intake.keep_undecoded("shop", FIRST, b"four")
    await ledger.intake.keep_undecoded("shop", SECOND, b"four")
    with pytest.raises(StoreInDoubtError, match="no room"):
        await ledger.intake.keep_undecoded("shop", "third", b"4")

    await ledger.desk.drop_body((await ledger.desk.undecoded())[0], "why")

    assert await ledger.intake.keep_undecoded("shop", "third", b"four") is Verdict.UNRESOLVED
    with pytest.raises(StoreInDoubtError, match="no room"):
        await ledger.intake.keep_undecoded("shop", "fourth", b"4")
    assert await room_taken(ledger) == 8


async def test_a_full_store_lets_bodies_be_ended(ledger: Ledger) -> None:
    await ledger.intake.keep_undecoded("shop", FIRST, b"{")
    await ledger.store.config_set("maxmemory", 1)
    try:
        one = await the_one(ledger)
        assert await ledger.desk.drop_body(one, "why")
    finally:
        await ledger.store.config_set("maxmemory", 0)

    assert await ledger.desk.undecoded() == []
