"""The log: what a line looks like, and what never gets into one."""

import asyncio
import io
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog
from aiohttp.http_exceptions import BadHttpMessage

from tests.conditions import wait_until
from worker.log import configure


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Counted(io.StringIO):
    """Counts what is written in one go."""

    writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        return super().write(text)


MICROSECOND = timedelta(microseconds=1)
pytestmark = pytest.mark.usefixtures("log_as_before")


def written(**fields: Any) -> dict[str, Any]:
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.get_logger().info("batch.applied", **fields)
    line: dict[str, Any] = json.loads(stream.getvalue())
    return line


def test_a_line_is_a_fact_with_its_level_its_time_and_its_fields() -> None:
    before = datetime.now(UTC)
    line = written(entries=20)

    assert (
        before
        <= datetime.fromisoformat(line.pop("timestamp")) + MICROSECOND
        <= datetime.now(UTC) + MICROSECOND
    )
    assert line == {"event": "batch.applied", "level": "info", "entries": 20}


async def test_lines_are_written_together_a_moment_later() -> None:
    stream = Counted()
    configure("info", "json", stream)
    log = structlog.get_logger()

    log.info("one")
    log.info("two")
    assert stream.writes == 0
    await wait_until(lambda: stream.writes, because="nothing was written")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["one", "two"]
    assert stream.writes == 1


def test_a_loop_that_has_ended_leaves_no_line_unwritten() -> None:
    stream = Counted()
    configure("info", "json", stream)

    async def last_words() -> None:
        structlog.get_logger().info("in the loop")

    asyncio.run(last_words())
    structlog.get_logger().info("after it")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == [
        "in the loop",
        "after it",
    ]


def test_a_log_that_nobody_reads_any_more_stops_nothing() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    stream.close()

    structlog.get_logger().info("nobody hears this")


async def test_a_field_that_has_no_words_costs_no_line_but_its_own() -> None:
    class Mute:
        def __str__(self) -> str:
            raise RuntimeError

    stream = Counted()
    configure("info", "json", stream)
    logger = structlog.get_logger()
    logger.info("before")
    logger.info("batch.applied", said=Mute())
    logger.info("after")
    await wait_until(lambda: stream.writes, because="nothing was written")

    first, mute, last = stream.getvalue().splitlines()
    assert (json.loads(first)["event"], json.loads(last)["event"]) == ("before", "after")
    assert mute == "batch.applied: a field cannot be put into words: RuntimeError"


@pytest.mark.parametrize("format_", ["json", "text"])
async def test_a_letter_that_the_streams_encoding_lacks_costs_no_line(format_: str) -> None:
    raw = io.BytesIO()
    configure("info", format_, io.TextIOWrapper(raw, encoding="latin-1"))
    logger = structlog.get_logger()
    logger.info("before")
    logger.info("delivery.accepted", said="\u0141\ud800")
    logger.info("after")
    await wait_until(lambda: raw.getvalue().count(b"\n") == 3, because="lines are missing")


def test_secrets_are_hidden_at_any_depth() -> None:
    told = written(tried=[{"api_key": "s3cret", "at": [{"password": "s3cret"}]}])

    assert told["tried"] == [{"api_key": "***", "at": [{"password": "***"}]}]


def test_a_fact_is_one_line_whatever_its_fields_hold() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)

    structlog.get_logger().info("delivery.refused", reason="one\ntwo\r\n\x1b[31m")

    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "secret",
        "secrets",
        "Authorization",
        "stripe-signature",
        "api_key",
        "X-Api-Key",
        "addon_token",
        "redis_password",
    ],
)
def test_what_is_named_like_a_secret_is_hidden(name: str) -> None:
    assert written(**{name: "s3cret", "headers": {name: "s3cret"}, "workspace": "w"}) | {"timestamp": ""} == {
        "event": "batch.applied",
        "level": "info",
        "timestamp": "",
        name: "***",
        "headers": {name: "***"},
        "workspace": "w",
    }


def test_a_value_that_is_no_json_is_written_as_its_words() -> None:
    assert written(error=ValueError("no"))["error"] == "no"


def test_half_a_character_is_no_reason_to_say_nothing() -> None:
    assert written(name="\ud800 half")["name"] == "\ud800 half"


async def test_a_fact_has_the_time_at_which_it_was_told_not_written() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.get_logger().info("one")
    told = datetime.now(UTC)
    await wait_until(stream.getvalue, because="nothing was written")

    assert datetime.fromisoformat(json.loads(stream.getvalue())["timestamp"]) <= told


def test_what_is_below_the_level_is_not_written() -> None:
    stream = io.StringIO()
    configure("warning", "json", stream)

    structlog.get_logger().info("delivery.accepted")

    assert stream.getvalue() == ""


def test_warnings_of_libraries_are_lines_of_the_same_kind() -> None:
    stream = io.StringIO()
    configure("debug", "json", stream)

    logging.getLogger("arq.worker").info("idle chatter")
    logging.getLogger("aiohttp.server").warning("odd request: %s", "GET")
    line = json.loads(stream.getvalue())

    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "odd request: GET", "level": "warning", "logger": "aiohttp.server"}


def test_libraries_are_as_quiet_as_we_are_told_to_be() -> None:
    stream = io.StringIO()
    configure("error", "json", stream)

    logging.getLogger("redis").warning("slow")

    assert stream.getvalue() == ""


def test_an_exception_of_a_library_keeps_its_traceback() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)

    logging.getLogger("asyncio").error("task failed", exc_info=ValueError("no"))

    assert "ValueError: no" in json.loads(stream.getvalue())["exception"]


@pytest.mark.parametrize(("format_", "terminal"), [("auto", True), ("text", True), ("text", False)])
def test_a_person_reads_text(format_: str, terminal: bool) -> None:
    stream = Terminal() if terminal else io.StringIO()
    configure("info", format_, stream, environ={"NO_COLOR": "1"})

    structlog.get_logger().info("batch.applied", entries=20)

    assert "batch.applied" in stream.getvalue()
    assert "entries=20" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_terminal_gets_colours_unless_it_does_not_want_them() -> None:
    stream = Terminal()
    configure("info", "auto", stream, environ={})

    structlog.get_logger().info("batch.applied")

    assert "\x1b" in stream.getvalue()


@pytest.mark.parametrize("format_", ["json", "text"])
def test_a_traceback_does_not_show_local_variables(format_: str) -> None:
    stream = io.StringIO()
    configure("info", format_, stream)

    def fail() -> None:
        hidden = "terc3s"[::-1]
        raise ValueError(len(hidden))

    try:
        fail()
    except ValueError:
        structlog.get_logger().exception("worker.failed")

    assert "ValueError: 6" in stream.getvalue()
    assert "s3cret" not in stream.getvalue()


def test_services_log_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    configure()

    structlog.get_logger().info("worker.started")

    out, err = capsys.readouterr()
    assert json.loads(out)["event"] == "worker.started"
    assert err == ""


def test_what_somebody_sent_is_not_quoted_where_a_request_was_bad() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    error = BadHttpMessage("Authorization: Bearer made-up")
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=error)

    assert "made-up" not in stream.getvalue()
    assert "BadHttpMessage" in stream.getvalue()


def test_a_fault_of_our_own_keeps_its_traceback() -> None:
    stream = io.StringIO()
    configure("info", "json", stream)
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=KeyError("ours"))

    assert "KeyError" in stream.getvalue()
    assert "http.bad" not in stream.getvalue()
