"""Faults that are ordered from the sandbox, as a client meets them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any, NamedTuple

import aiohttp
import pytest
from aiohttp import ClientSession, ServerDisconnectedError

from worker.sandbox import Fault, Limit, Limiter, Sandbox, World, running, serve

WS, OTHER, E1 = "64a687e29ae1f428e7ebe303", "64a687e29ae1f428e7ebe304", "63b03060b01ebfad292c61e0"
LOST = (ServerDisconnectedError, ConnectionResetError, aiohttp.ClientOSError)


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes


class Client:
    """A caller of one running sandbox."""

    def __init__(self, session: ClientSession, url: str) -> None:
        self.session, self.url = session, url

    async def mark(self, *, workspace: str = WS, invoiced: bool = True, patience: float = 5) -> Answer:
        body = json.dumps({"invoiced": invoiced, "timeEntryIds": [E1]}).encode()
        path = f"{self.url}/v1/workspaces/{workspace}/time-entries/invoiced"
        limit = aiohttp.ClientTimeout(total=patience)
        async with self.session.patch(path, data=body, timeout=limit) as reply:
            return Answer(reply.status, reply.headers, await reply.read())

    async def read(self) -> Answer:
        async with self.session.get(f"{self.url}/v1/workspaces/{WS}/time-entries/{E1}") as reply:
            return Answer(reply.status, reply.headers, await reply.read())


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox(world=World(open_world=True))


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with running(sandbox) as url, ClientSession(headers={"X-Api-Key": "key"}) as session:
        yield Client(session, url)


async def until(holds: Callable[[], bool], what: str) -> None:
    end = monotonic() + 5
    while not holds():
        assert monotonic() < end, f"never: {what}"
        await asyncio.sleep(0.01)


def is_marked(sandbox: Sandbox) -> bool:
    return E1 in sandbox.world.entries and sandbox.world.entries[E1].invoiced


async def given_up(client: Client, sandbox: Sandbox, *, marked: bool) -> None:
    """A call whose caller goes when it hangs in the sandbox, before or after it has marked its entry."""
    hanging = asyncio.create_task(client.mark())
    await until(lambda: sandbox.log.in_flight == 1 and is_marked(sandbox) is marked, "the call hangs")
    hanging.cancel()
    await asyncio.wait({hanging})
    assert hanging.cancelled()


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault(kind="throttled"), 429, b""),
        (Fault(kind="throttled", page=True), 429, b"<html>"),
        (Fault(kind="error"), 503, b"<html>"),
        (Fault(kind="error", status=500), 500, b"<html>"),
        (Fault(kind="key_refused"), 401, b'{"message":"Api key does not exist","code":4003}'),
        (Fault(kind="access_denied"), 403, b'{"message":"Access Denied","code":501}'),
        (Fault(kind="no_invoicing"), 403, b""),
        (Fault(kind="too_large", bytes=10), 413, b"<html>"),
    ],
)
async def test_a_refusal_can_be_ordered_until_it_is_lifted(
    client: Client, sandbox: Sandbox, fault: Fault, status: int, body: bytes
) -> None:
    name = sandbox.faults.order(fault)
    for _ in range(2):
        answer = await client.mark()
        assert (answer.status, answer.body.startswith(body), bool(answer.body)) == (status, True, bool(body))
    assert not is_marked(sandbox)

    assert sandbox.faults.lift(name)
    assert (await client.mark()).status == 200
    assert is_marked(sandbox)


async def test_a_429_comes_from_cloudfront_and_names_no_time(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="throttled", times=1))
    sandbox.faults.order(Fault(kind="throttled", retry_after=7))
    plain, named = await client.mark(), await client.mark()

    assert (plain.headers["X-Cache"], plain.headers.get("Retry-After")) == ("Error from cloudfront", None)
    assert (named.status, named.headers["Retry-After"]) == (429, "7")


async def test_a_fault_with_a_count_goes_away_of_itself(client: Client, sandbox: Sandbox) -> None:
    name = sandbox.faults.order(Fault(kind="error", times=2))
    statuses = [(await client.mark()).status for _ in range(3)]

    assert statuses == [503, 503, 200]
    assert not sandbox.faults.lift(name)


async def test_a_fault_can_strike_some_calls_only(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="error", routes=frozenset({"invoiced"}), workspace=OTHER))
    sandbox.faults.order(Fault(kind="no_invoicing", workspace=OTHER))

    assert (await client.mark()).status == 200
    assert (await client.read()).status == 200
    assert (await client.mark(workspace=OTHER)).status == 503


async def test_a_plan_without_invoicing_can_still_be_read(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="no_invoicing"))

    assert (await client.read()).status == 200


async def test_bodies_up_to_the_size_go_through(client: Client, sandbox: Sandbox) -> None:
    size = len(json.dumps({"invoiced": True, "timeEntryIds": [E1]}))
    sandbox.faults.order(Fault(kind="too_large", bytes=size))
    assert (await client.mark()).status == 200

    sandbox.faults.order(Fault(kind="too_large", bytes=size - 1))
    assert (await client.mark()).status == 413


async def test_latency_comes_before_what_else_goes_wrong(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="latency", seconds=0.05))
    sandbox.faults.order(Fault(kind="latency", seconds=0.05, after=True))
    sandbox.faults.order(Fault(kind="error", times=1))

    began = monotonic()
    assert (await client.mark()).status == 503
    assert monotonic() - began >= 0.05
    began = monotonic()
    assert (await client.mark()).status == 200
    assert monotonic() - began >= 0.1


async def test_a_caller_that_does_not_wait_is_marked_all_the_same(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="latency", seconds=0.5, times=1))
    await given_up(client, sandbox, marked=False)

    await until(lambda: is_marked(sandbox), "the late call has its effect")


async def test_a_connection_can_be_cut_before_the_effect(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="cut", times=1))
    with pytest.raises(LOST):
        await client.mark()

    assert not is_marked(sandbox)
    assert sandbox.log.calls[-1].status == 0


async def test_a_connection_can_be_cut_after_the_effect(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="cut", times=1, after=True))
    with pytest.raises(LOST):
        await client.mark()

    assert is_marked(sandbox)


async def test_a_failure_can_be_told_of_what_has_been_done(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="error", status=504, after=True))

    assert (await client.mark()).status == 504
    assert is_marked(sandbox)


@pytest.mark.parametrize("after", [False, True])
async def test_a_call_can_be_left_without_an_answer(client: Client, sandbox: Sandbox, after: bool) -> None:
    sandbox.faults.order(Fault(kind="silence", times=1, after=after))
    await given_up(client, sandbox, marked=after)

    assert is_marked(sandbox) is after
    await until(lambda: sandbox.log.in_flight == 0, "the call ends when its caller has gone")
    assert sandbox.log.calls[-1].status == 0


async def test_a_body_can_be_garbage_under_a_good_status(client: Client, sandbox: Sandbox) -> None:
    sandbox.faults.order(Fault(kind="garbage"))
    answer = await client.read()

    assert answer.status == 200
    with pytest.raises(ValueError, match=r"utf-8|Expecting"):
        json.loads(answer.body)


@pytest.mark.parametrize("fault", [Fault(kind="silence"), Fault(kind="latency", seconds=60)])
async def test_the_sandbox_closes_at_once_with_calls_hanging(fault: Fault) -> None:
    sandbox = Sandbox(world=World(open_world=True))
    sandbox.faults.order(fault)
    async with ClientSession(headers={"X-Api-Key": "key"}) as session:
        async with running(sandbox) as url:
            hanging = asyncio.create_task(Client(session, url).mark(patience=30))
            await until(lambda: sandbox.log.in_flight == 1, "the call hangs")
            began = monotonic()
        assert monotonic() - began < 1.5
        with pytest.raises(LOST):
            await hanging

    assert not is_marked(sandbox)
    assert sandbox.log.in_flight == 0


async def test_over_the_limit_the_answer_is_429_and_nothing_is_marked(
    client: Client, sandbox: Sandbox
) -> None:
    sandbox.limiter = Limiter(Limit.parse("2/h"))
    answers = [await client.mark(), await client.mark(invoiced=False), await client.mark()]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert (answers[2].body, answers[2].headers.get("Retry-After")) == (b"", None)
    assert not is_marked(sandbox)
    assert (await client.mark(workspace=OTHER)).status == 400  # counted apart; the entry is not there


async def test_a_limit_can_say_when_to_come_back(client: Client, sandbox: Sandbox) -> None:
    sandbox.limiter = Limiter(Limit.parse("1/h", page=True, named=True))
    await client.mark()
    answer = await client.mark()

    assert answer.body.startswith(b"<html>")
    assert answer.headers["Retry-After"] == "3600"


async def test_the_command_serves_until_it_is_stopped(sandbox: Sandbox) -> None:
    ready: asyncio.Queue[str] = asyncio.Queue()
    serving = asyncio.create_task(serve(sandbox, ready=ready.put_nowait))
    url = await ready.get()
    async with ClientSession(headers={"X-Api-Key": "key"}) as session:
        assert (await Client(session, url).mark()).status == 200

        serving.cancel()
        await asyncio.wait([serving])
        with pytest.raises(aiohttp.ClientError):
            await Client(session, url).mark()
