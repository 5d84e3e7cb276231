"""The bench itself: what it says, and that it does not count what was not answered."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.__main__ import app
from bench.figures import MEASURES, deliveries
from bench.figures.driver import Drive, drive
from bench.figures.peers import missing
from bench.figures.table import Figure, Measured, table
from bench.growth.picture import draw
from bench.growth.point import Point

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
BUSY = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"


@asynccontextmanager
async def serving(answers: Callable[[int], bytes]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that answers the n-th request so; gives its port and what it was sent."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            heard.append(await reader.readexactly(length))
            writer.write(answers(len(heard)))
            if b"close" in answers(len(heard)):
                break
        writer.close()

    async def quietly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(quietly, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], heard


async def test_every_delivery_is_sent_once_and_its_answer_counted_by_status() -> None:
    made = deliveries.prepared(1, 40)
    async with serving(lambda number: BUSY if number % 4 == 0 else OK) as (port, heard):
        driven = await drive(port, made, connections=4)

    assert driven.statuses == {200: 30, 503: 10}
    assert len(driven.latencies) == len(set(heard)) == 40
    assert driven.rate == 30 / driven.seconds
    assert driven.busy > 0


async def test_a_connection_that_is_closed_in_between_is_an_error_and_no_figure() -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    async with serving(lambda _: closing) as (port, _):
        with pytest.raises(ConnectionResetError):
            await drive(port, deliveries.prepared(1, 10), connections=1)


def test_a_percentile_is_one_of_the_latencies() -> None:
    driven = Drive(latencies=[n / 100 for n in range(1, 101)])

    assert [driven.latency(share) for share in (0.0, 0.5, 0.99, 1.0)] == [0.01, 0.51, 1.0, 1.0]


def test_no_two_invoices_name_one_entry() -> None:
    named = [entry for number in range(200) for entry in deliveries.entries(1, number)]
    named += [entry for number in range(200) for entry in deliveries.entries(2, number)]
    named += [entry for number in range(1_000_000, 1_000_200) for entry in deliveries.entries(1, number)]

    assert len(set(named)) == len(named)
    assert {len(entry) for entry in named} == {24}


def test_the_median_counts_and_the_spread_is_shown() -> None:
    measured = Measured((90.0, 100.0, 130.0))

    assert (measured.median, measured.spread) == (100.0, 0.4)
    assert str(measured) == "100 ±20%"
    assert str(Measured((0.1234,))) == "0.123"


def test_a_goal_that_is_not_met_stands_out() -> None:
    figure = Figure(name="a figure", unit="s", ours=Measured((1.0,)), goal="< 1", met=False)
    column = table([figure, replace(figure, met=True), replace(figure, met=None)]).columns[-1]

    assert list(column.cells) == ["NO", "yes", ""]


def test_a_figure_that_does_not_exist_is_named_with_those_that_do() -> None:
    result = CliRunner().invoke(app, ["figures", "speed"])

    assert result.exit_code == 2
    assert all(name in result.output for name in MEASURES)


def test_one_figure_alone_in_its_short_form_is_told_to_programs_and_judges_nothing() -> None:
    result = CliRunner().invoke(app, ["figures", "limited", "--short", "--json"])

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert "cores" in found["machine"]
    assert [one["met"] for one in found["figures"]] == [None, None]
    assert found["figures"][0]["ours"]["values"][0] > 0


def test_without_its_library_the_picture_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(ModuleNotFoundError, match="pip install"):
        draw({"waiting": [Point(1, 2.0)]}, tmp_path / "growth.svg")


@pytest.mark.skipif(not missing(), reason="FastAPI and Celery are installed")
def test_peers_that_are_not_installed_are_asked_for() -> None:
    told = CliRunner().invoke(app, ["figures", "peers"])

    assert told.exit_code == 2
    assert "pip install -e '.[peers]'" in " ".join(told.output.replace("│", " ").split())
