"""What each reply means."""

import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.outcome import (
    LONGEST_RETRY_AFTER,
    Applied,
    NoReply,
    Outcome,
    Parked,
    Postponed,
    Refused,
    Reply,
    TooLarge,
    backoff,
    decide,
    known_entries,
    retry_after,
)
from worker.sandbox import replies

NOW = 1_790_000_000.0


def decided(status: int, body: bytes = b"", header: str = "") -> Outcome:
    return decide(Reply(status, header, body), now=NOW)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_success_is_one_whatever_its_body(status: int) -> None:
    assert decided(status, b"\xff\xfe<html") == Applied()


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504, 520, 599])
def test_an_outage_is_waited_out_and_the_call_may_have_had_its_effect(status: int) -> None:
    assert decided(status, b"<html>") == Postponed(f"Clockify answered {status}")


def test_what_came_too_fast_has_had_no_effect() -> None:
    assert decided(429) == Postponed("Clockify answered 429", may_land=False)


def test_what_was_never_sent_has_had_no_effect() -> None:
    assert decide(NoReply("refused", sent=False), now=NOW) == Postponed("refused", may_land=False)


def test_no_reply_is_an_outage_as_well() -> None:
    assert decide(NoReply("cut", slow=True), now=NOW) == Postponed("cut", slow=True)


def test_content_that_is_too_large_asks_for_less() -> None:
    assert decided(413, b"<html>") == TooLarge()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (replies.ENTRY_UNKNOWN, "not an entry"),
        (replies.ENTRY_APPROVED, "approved"),
        (replies.ENTRY_LOCKED, "locked"),
        (replies.error(403, "Forced", 4030), "timer"),
        (replies.error(422, "Time entry doesn't belong to Workspace", 501), "not an entry"),
    ],
)
def test_a_refusal_that_speaks_of_an_entry_is_sure(reply: replies.Reply, said: str) -> None:
    outcome = decided(reply.status, reply.body)

    assert isinstance(outcome, Refused)
    assert outcome.sure
    assert said in outcome.reason


@pytest.mark.parametrize(
    "body", [b"", b"null", b"[]", b'{"message":null}', b'{"message":"x","code":"4005"}', b"\xff"]
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refusal_that_nobody_understands_is_about_the_ids_but_not_sure(status: int, body: bytes) -> None:
    outcome = decided(status, body)

    assert isinstance(outcome, Refused)
    assert not outcome.sure
    assert str(status) in outcome.reason


def test_what_clockify_echoes_is_not_repeated() -> None:
    outcome = decided(400, b'{"message":"Value secret-name is wrong","code":3000}')

    assert outcome == Refused("refused with 400, code 3000", sure=False)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (replies.KEY_UNKNOWN, "401"),
        (replies.TOKEN_INVALID, "401"),
        (replies.ACCESS_DENIED, "403"),
        (replies.error(400, "Access Denied", 501), "403"),
        (replies.NOT_IN_PLAN, "plan"),
        (replies.WORKSPACE_HIDDEN, "404"),
        (replies.no_route("v1/x"), "404"),
        (replies.no_verb("PATCH", ()), "405"),
        (replies.Reply(302), "302"),
        (replies.Reply(418), "418"),
    ],
)
def test_what_refuses_the_workspace_as_a_whole_parks_it(reply: replies.Reply, said: str) -> None:
    outcome = decided(reply.status, reply.body)

    assert isinstance(outcome, Parked)
    assert said in outcome.reason


@given(st.integers(100, 599), st.binary(), st.text())
def test_every_reply_means_something(status: int, body: bytes, header: str) -> None:
    assert decided(status, body, header) == decided(status, body, header)


@pytest.mark.parametrize("header", ["17", "0", "3600", "99999999999999999999"])
def test_seconds_to_wait_are_taken_up_to_an_hour(header: str) -> None:
    assert retry_after(header, now=NOW) == min(int(header), LONGEST_RETRY_AFTER)


def test_a_date_to_wait_for_is_taken() -> None:
    assert retry_after(formatdate(NOW + 90, usegmt=True), now=NOW) == 90
    assert retry_after(formatdate(NOW - 90, usegmt=True), now=NOW) == 0
    assert retry_after(time.strftime("%a, %d %b %Y %H:%M:%S -0000", time.gmtime(NOW + 5)), now=NOW) == 5


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "\u0663"])
def test_what_cannot_be_used_says_nothing(header: str) -> None:
    assert retry_after(header, now=NOW) is None


def test_a_date_beyond_all_calendars_says_nothing() -> None:
    assert retry_after("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", now=NOW) is None


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_pauses_double_are_spread_and_capped(failures: int, spread: float) -> None:
    wait = backoff(failures, cap=120.0, after=None, random=spread)

    assert 0.75 * min(2 ** (failures - 1), 120) <= wait <= 1.25 * 120


def test_clockifys_own_word_lengthens_a_pause_and_never_shortens_it() -> None:
    assert backoff(1, cap=120.0, after=60.0, random=0.5) == 60
    assert backoff(5, cap=120.0, after=1.0, random=0.5) == 16


def test_an_error_body_nested_without_end_is_one_that_says_nothing() -> None:
    deep = Reply(400, "", b'{"x":' + b"[" * 100_000)

    assert decide(deep, now=0) == Refused("refused with 400, code None", sure=False)
    assert known_entries(Reply(200, "", b"[" * 100_000), now=0) is None


def test_an_error_whose_message_is_null_or_whose_code_is_text_is_understood() -> None:
    for body in (b'{"message": null, "code": 4005}', b'{"code": "4005"}'):
        outcome = decide(Reply(403, "", body), now=0)

        assert isinstance(outcome, Refused)
        assert outcome.sure


def test_a_forbidden_page_of_a_gateway_is_not_taken_for_a_missing_plan() -> None:
    outcome = decide(Reply(403, "", b"<html>Forbidden</html>"), now=0)

    assert isinstance(outcome, Parked)
    assert "plan" not in outcome.reason
