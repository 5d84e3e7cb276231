from webhooks.desk.rows import Name, name
from webhooks.desk.search import glob
from webhooks.desk.words import ago, clock, counted, duration, iso, plain
from webhooks.desk.workspaces import held_up_by, next_look, standing
from worker.ledger.records import Workspace

SECOND = 1000


def workspace(**facts: object) -> Workspace:
    usual: dict[str, object] = {
        "workspace": "64a1b2c3d4e5f60718293a4b",
        "backlog": 1,
        "next_in": 12.0,
        "leased": False,
        "failures": 0,
        "parked": "",
        "reason": "",
        "failing_for": 0.0,
        "oldest": 1.0,
    }
    return Workspace(**usual | facts)  # type: ignore[arg-type] # each test says what differs


def test_what_cannot_be_printed_is_spelt() -> None:
    assert plain("a\n\x1b[31m\u202eb\ud800ü") == r"a\n\x1b[31m\u202eb\ud800ü"


def test_a_length_of_time_is_said_in_the_largest_unit_of_which_there_are_two() -> None:
    said = [duration(seconds) for seconds in (-1, 0.4, 119, 120, 7199, 7200, 172_799, 172_800)]

    assert said == ["0 s", "0 s", "119 s", "2 min", "120 min", "2 h", "48 h", "2 d"]


def test_an_age_is_said_from_now_in_both_directions() -> None:
    assert ago(0, 5 * SECOND) == "5 s ago"
    assert ago(5 * SECOND, 0) == "in 5 s"


def test_a_time_is_in_utc() -> None:
    assert clock(1_700_000_000_000) == "2023-11-14 22:13:20 UTC"
    assert iso(1_700_000_000_123) == "2023-11-14T22:13:20.123Z"


def test_no_time_yet_is_none_for_programs() -> None:
    assert iso(0) is None


def test_a_time_that_no_calendar_has_is_no_date() -> None:
    assert clock(10**18) == "not a date"
    assert iso(10**18) is None


def test_one_is_not_many() -> None:
    assert counted(1, "entry", "entries") == "1 entry"
    assert counted(2000, "entry", "entries") == "2,000 entries"


def test_a_pattern_of_a_text_matches_only_it() -> None:
    assert glob("a*[b]?\\^-") == r"a\*\[b\]\?\\\^\-"


def test_a_ref_says_source_account_and_the_vendors_own_id() -> None:
    assert name("shop/acct_1/2024%2F001") == Name("shop", "acct_1", "2024/001", "invoice")


def test_a_ref_of_a_payment_is_told_from_an_invoice() -> None:
    assert name("stripe//@pi_1") == Name("stripe", "", "pi_1", "payment")
    assert name("stripe//%40pi_1") == Name("stripe", "", "@pi_1", "invoice")


def test_a_ref_of_a_repair_has_no_source() -> None:
    assert name("repair//17") == Name("", "", "17", "repair")
    assert name("repair//in_17").kind == "invoice"


def test_a_workspace_that_a_worker_has_is_draining() -> None:
    one = workspace(leased=True, parked="the key is not accepted (401)")

    assert (standing(one), next_look(one), held_up_by(one)) == ("draining", "now", "a worker is at it")


def test_a_parked_workspace_says_why_and_when_it_is_looked_at() -> None:
    one = workspace(parked="no such workspace (404)", reason="no such workspace (404)")

    assert standing(one) == "parked"
    assert held_up_by(one) == "parked: no such workspace (404); next look in 12 s"


def test_a_workspace_that_is_due_waits_for_nothing() -> None:
    one = workspace(next_in=-1.0)

    assert (standing(one), next_look(one), held_up_by(one)) == ("due", "now", "due now")


def test_a_workspace_that_is_long_overdue_asks_for_a_worker() -> None:
    one = workspace(next_in=-180.0)

    assert held_up_by(one) == next_look(one) == "overdue by 3 min: is a worker running?"


def test_a_workspace_that_is_retried_says_how_often_it_has_failed() -> None:
    one = workspace(failures=3, reason="Clockify answered 503")

    assert standing(one) == "waiting"
    assert held_up_by(one) == "next try in 12 s: Clockify answered 503 (3 failures in a row)"


def test_a_workspace_that_waits_for_no_known_reason_says_when() -> None:
    assert held_up_by(workspace()) == "next try in 12 s"


def test_a_rate_limit_and_a_dry_run_are_no_failures() -> None:
    assert standing(workspace(reason="the rate limit")) == "rate limit"
    assert standing(workspace(reason="PAIDMARK_DRY_RUN is on: nothing is sent")) == "dry run"


def test_nothing_holds_up_a_workspace_that_has_nothing_to_do() -> None:
    assert held_up_by(None) == ""
