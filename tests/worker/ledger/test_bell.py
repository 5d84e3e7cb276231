"""The bell: a job as arq itself would write it, and no bytes that could harm who reads it."""

from typing import Any

import pytest
from arq import ArqRedis
from arq.jobs import deserialize_job_raw, serialize_job
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import ConnectionPool, Redis

from tests.worker.worlds import WORKSPACE, Ledger, ids, paid
from worker.ledger.bell import UNREADABLE, decode, encode

(A,) = ids(1)


async def rung(ledger: Ledger) -> tuple[str, float, bytes]:
    """The one job that was rung: its id, its score, its body."""
    await ledger.intake.accept(paid("in_1", 1, A))
    ((name, score),) = await ledger.store.zrange("arq:queue", 0, -1, withscores=True)
    body = await ledger.store.get(b"arq:job:" + name)
    return name.decode(), score, body


async def test_the_job_that_accept_writes_is_readable_by_arq(ledger: Ledger) -> None:
    name, score, body = await rung(ledger)

    assert list(deserialize_job_raw(body, deserializer=decode)) == ["drain", [WORKSPACE], {}, None, 0]
    assert name == f"drain:{WORKSPACE}:{int(score)}"
    assert await ledger.store.zscore("paidmark:due", WORKSPACE) == score


async def test_it_is_the_job_that_arq_would_have_written(
    ledger: Ledger, store: Redis, store_url: str
) -> None:
    name, score, body = await rung(ledger)
    lives = await ledger.store.pttl(f"arq:job:{name}")
    keys = {key async for key in ledger.store.scan_iter("arq:*")}
    await store.delete(*keys)

    arq = ArqRedis(ConnectionPool.from_url(store_url), encode, decode)
    job = await arq.enqueue_job("drain", WORKSPACE, _job_id=name)
    assert job is not None
    theirs = await store.get(f"arq:job:{name}")
    queued = await store.zscore("arq:queue", name)
    their_life = await store.pttl(f"arq:job:{name}")
    await arq.aclose(close_connection_pool=True)

    assert {key async for key in store.scan_iter("arq:*")} == keys
    assert {**decode(theirs), "et": 0} == decode(body)
    assert queued == pytest.approx(score, abs=5000)
    assert their_life == pytest.approx(lives, abs=5000)


async def test_arq_takes_the_two_for_the_same_job(ledger: Ledger, store_url: str) -> None:
    name, _, _ = await rung(ledger)
    arq = ArqRedis(ConnectionPool.from_url(store_url), encode, decode)

    assert await arq.enqueue_job("drain", WORKSPACE, _job_id=name) is None
    (job,) = await arq.queued_jobs()
    assert (job.function, list(job.args)) == ("drain", [WORKSPACE])
    await arq.aclose(close_connection_pool=True)


def test_what_json_cannot_say_becomes_its_name() -> None:
    assert b"ValueError" in encode({"r": ValueError("with a secret")})
    assert b"secret" not in encode({"r": ValueError("with a secret")})


@given(st.binary())
def test_no_bytes_make_an_exception(body: bytes) -> None:
    assert deserialize_job_raw(body, deserializer=decode)[0] == UNREADABLE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["t", "f", "a", "k", "et"]) | st.text(), JSON))
def test_no_json_makes_an_exception(job: dict[str, Any]) -> None:
    deserialize_job_raw(encode(job), deserializer=decode)


def usable(job: dict[str, Any]) -> bool:
    """Whether arq's worker can do something with each field without stumbling over its type."""
    return (
        isinstance(job["f"], str)
        and isinstance(job["a"], list)
        and isinstance(job["k"], dict)
        and isinstance(job["et"], int)
        and (job["t"] is None or isinstance(job["t"], int))
    )


@given(st.fixed_dictionaries({"t": JSON, "f": JSON, "a": JSON, "k": JSON, "et": JSON}))
def test_a_job_with_fields_of_other_types_is_taken_for_an_unreadable_one(job: dict[str, Any]) -> None:
    assert usable(decode(encode(job)))


def test_a_job_goes_there_and_back() -> None:
    body = serialize_job("drain", (WORKSPACE,), {}, None, 0, serializer=encode)

    assert decode(body) == {"t": None, "f": "drain", "a": [WORKSPACE], "k": {}, "et": 0}
