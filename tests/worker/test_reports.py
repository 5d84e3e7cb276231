"""Reading Clockify over a real socket: what comes back, and what is said where it does not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from time import time

import pytest
from aiohttp import web

from tests.worker.answering import answering
from worker import reports
from worker.reports import Patience, ReadingError, Reports
from worker.sandbox import Fault, Sandbox, Seed, Workspace, running, sample

WS = "64a687e29ae1f428e7ebe303"
KEY = ("X-Api-Key", "key")
TOKEN = ("X-Addon-Token", "token")
QUERY: dict[str, object] = {
    "dateRangeStart": "2026-01-01T00:00:00.000",
    "dateRangeEnd": "2026-01-31T23:59:59.999",
    "timeZone": "UTC",
    "detailedFilter": {"page": 1, "pageSize": 200},
}


class Waits:
    """The waits between tries, written down instead of waited out."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def sandbox() -> Sandbox:
    made = Sandbox()
    made.seed(sample(datetime(2026, 1, 31, 18, tzinfo=UTC), workspace=WS))
    made.seed(Seed(workspaces=[Workspace(id=WS, keys=frozenset({"key"}), tokens=frozenset({"token"}))]))
    return made


def opened(url: str, waits: Waits, *, timeout: float = 5.0, tries: int = 3) -> Reports:
    patience = Patience(tries, waits.pause, lambda: 0.5)
    return Reports(url, url.removesuffix("/api") + "/report", timeout=timeout, patience=patience)


@pytest.fixture
async def reading(sandbox: Sandbox, waits: Waits) -> AsyncIterator[Reports]:
    async with running(sandbox) as url, opened(url, waits) as made:
        yield made


async def refused(reading: Reports) -> ReadingError:
    with pytest.raises(ReadingError) as caught:
        await reading.user(KEY)
    return caught.value


async def test_the_user_is_read_with_a_key_and_with_a_token(reading: Reports) -> None:
    assert (await reading.user(KEY)) == (await reading.user(TOKEN))
    assert (await reading.user(KEY)).zone == "UTC"


async def test_the_workspaces_of_a_key_are_read_and_one_alone(reading: Reports) -> None:
    assert [one.id for one in await reading.workspaces(KEY)] == [WS]
    assert (await reading.workspace(TOKEN, WS)).invoicing is True


async def test_a_page_of_the_report_is_read(reading: Reports) -> None:
    page = await reading.detailed(KEY, WS, QUERY)

    assert (len(page.rows), page.last) == (39, True)
    assert sum(row.invoiced for row in page.rows) == 1
    assert {row.shown["client"] for row in page.rows} == {("Northwind",), ("Contoso",)}


async def test_the_clock_of_clockify_is_read_from_every_answer(reading: Reports) -> None:
    assert reading.clock is None
    await reading.user(KEY)

    assert reading.clock == pytest.approx(time(), abs=3)


async def test_an_answer_without_a_date_tells_no_time(waits: Waits) -> None:
    async def dateless(_: web.BaseRequest) -> web.Response:
        return web.Response(body=b'{"id": "u"}', headers={"Date": "yesterday"})

    async with answering(dateless) as url, opened(url, waits) as reading:
        await reading.user(KEY)

        assert reading.clock is None


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (Fault(kind="key_refused"), 401, "the key is not accepted"),
        (Fault(kind="access_denied"), 403, "access denied"),
        (Fault(kind="throttled"), 429, "30 requests an hour"),
        (Fault(kind="error", status=502), 502, "Clockify answered 502"),
        (Fault(kind="too_large"), 413, "Clockify answered 413: is PAIDMARK_CLOCKIFY_URL right?"),
        (Fault(kind="cut"), 0, "the connection to Clockify failed (ServerDisconnectedError)"),
        (Fault(kind="garbage"), 200, "cannot be read; is PAIDMARK_CLOCKIFY_URL right?"),
    ],
)
async def test_what_goes_wrong_is_said_in_words(
    reading: Reports, sandbox: Sandbox, fault: Fault, status: int, said: str
) -> None:
    sandbox.faults.order(fault)
    if fault.kind == "too_large":  # asks with a body
        with pytest.raises(ReadingError) as caught:
            await reading.detailed(KEY, WS, QUERY)
        error = caught.value
    else:
        error = await refused(reading)

    assert error.status == status
    assert said in str(error)


async def test_a_refusal_without_a_word_speaks_of_the_plan(waits: Waits) -> None:
    async def forbidden(_: web.BaseRequest) -> web.Response:
        return web.Response(status=403)

    async with answering(forbidden) as url, opened(url, waits) as reading:
        assert "plan does not include it" in str(await refused(reading))


async def test_silence_ends_when_the_time_is_up(sandbox: Sandbox, waits: Waits) -> None:
    sandbox.faults.order(Fault(kind="silence"))
    async with running(sandbox) as url, opened(url, waits, timeout=0.2, tries=1) as reading:
        error = await refused(reading)

    assert (error.status, str(error)) == (0, "Clockify did not answer within 0.2 s")


async def test_too_many_requests_and_outages_are_asked_again(
    reading: Reports, sandbox: Sandbox, waits: Waits
) -> None:
    sandbox.faults.order(Fault(kind="throttled", times=1))
    sandbox.faults.order(Fault(kind="error", times=1))

    assert (await reading.user(KEY)).zone == "UTC"
    assert waits.seconds == [1.0, 2.0]


async def test_after_some_tries_it_is_given_up(reading: Reports, sandbox: Sandbox, waits: Waits) -> None:
    sandbox.faults.order(Fault(kind="error"))
    await refused(reading)

    assert (len(waits.seconds), sandbox.log.total) == (2, 3)


async def test_a_refusal_is_not_asked_again(reading: Reports, sandbox: Sandbox, waits: Waits) -> None:
    sandbox.faults.order(Fault(kind="key_refused"))
    await refused(reading)

    assert (waits.seconds, sandbox.log.total) == ([], 1)


async def test_it_waits_as_long_as_it_is_told_and_not_for_an_hour(
    reading: Reports, sandbox: Sandbox, waits: Waits
) -> None:
    sandbox.faults.order(Fault(kind="throttled", times=1, retry_after=7))
    await reading.user(KEY)
    assert waits.seconds == [7.0]

    sandbox.faults.order(Fault(kind="throttled", times=1, retry_after=1800))
    assert (await refused(reading)).status == 429
    assert waits.seconds == [7.0]


async def test_a_redirect_is_not_followed_with_the_key(waits: Waits) -> None:
    seen: list[str] = []

    async def elsewhere(request: web.BaseRequest) -> web.Response:
        seen.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with answering(elsewhere) as url, opened(url, waits) as reading:
        assert (await refused(reading)).status == 302
    assert seen == ["/api/v1/user"]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"<html>", b"\xff", b'{"id": 1}', b'{"id": "u", "x": ' + b"[" * 100_000],
    ids=["empty", "null", "page", "no text", "other", "deep"],
)
async def test_a_body_that_cannot_be_read_is_said_to_be_so(waits: Waits, body: bytes) -> None:
    async def strange(_: web.BaseRequest) -> web.Response:
        return web.Response(body=body)

    async with answering(strange) as url, opened(url, waits) as reading:
        assert "cannot be read" in str(await refused(reading))


async def test_a_report_with_a_number_beyond_all_numbers_is_refused(waits: Waits) -> None:
    interval = b'{"start": "x", "duration": 1e999}'

    async def strange(_: web.BaseRequest) -> web.Response:
        return web.Response(
            body=b'{"timeentries": [{"_id": "' + b"a" * 24 + b'", "timeInterval": ' + interval + b"}]}"
        )

    async with answering(strange) as url, opened(url, waits) as reading:
        with pytest.raises(ReadingError):
            await reading.detailed(KEY, WS, QUERY)


async def test_no_more_is_read_than_fits(monkeypatch: pytest.MonkeyPatch, waits: Waits) -> None:
    monkeypatch.setattr(reports, "MOST_READ", 1000)

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport is not None:
            await response.write(b" " * 500)
            await asyncio.sleep(0)
        return response

    async with answering(endless) as url, opened(url, waits) as reading:
        assert "it is too long" in str(await refused(reading))
