"""The fuzzer: the door holds against it, and it would say so if the door did not."""

import json
import tempfile
import time
from pathlib import Path
from random import Random

import pytest
import stripe
from standardwebhooks.webhooks import Webhook

from bench import fuzz
from bench.fuzz import nodes, octets, signing
from bench.fuzz.attempts import FORGED, REFUSED, TAKEN, Attempt
from bench.fuzz.lanes import Answer
from bench.fuzz.signing import Signed
from bench.fuzz.verdict import Verdict
from bench.fuzz.ways import attempt


def test_the_door_holds_against_twenty_thousand_spoilt_deliveries(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = fuzz.run(20_000, seed=1)

    said = capsys.readouterr().out
    assert status == 0, said
    assert "20,000 deliveries" in said
    assert "seed 1: 0 findings" in said


def test_a_door_that_refuses_what_is_authentic_is_found_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(signing, "STRIPE_SECRET", "whsec_another")
    status = fuzz.run(300, seed=1)

    said = capsys.readouterr().out
    assert status == 1
    assert "FOUND (seed 1): nodes, then signed: answered 401, allowed 200, 503" in said


def test_one_seed_makes_the_same_attempts() -> None:
    one, other = (_attempts(seed=7) for _ in range(2))

    assert one == other
    assert one != _attempts(seed=8)


def _attempts(seed: int) -> list[Attempt]:
    random = Random(seed)
    return [attempt(number, 1_767_225_600.0, random) for number in range(300)]


def test_what_is_signed_rightly_is_right_to_the_vendors_own_libraries() -> None:
    random, now = Random(1), time.time()
    for _ in range(100):
        signed = Signed(b"msg_1", b'{"a": 1}', now)
        ((_, header),) = signing.stripe_right(signed, random)
        assert stripe.WebhookSignature.verify_header(
            signed.body.decode(), header.decode(), signing.STRIPE_SECRET, tolerance=300
        )
        named = {
            name.decode().lower(): value.decode() for name, value in signing.standard_right(signed, random)
        }
        parts = {
            f"webhook-{part}": value for name, value in named.items() for part in [name.partition("-")[2]]
        }
        parts["webhook-signature"] = " ".join(
            one for one in parts["webhook-signature"].split() if len(one) > 10
        )
        assert Webhook(signing.STANDARD_SECRET).verify(signed.body, parts) == {"a": 1}


def test_what_is_not_authentic_says_so_in_all_that_it_names() -> None:
    forged = [one for one in _attempts(seed=3) if one.allowed == REFUSED]

    assert len(forged) > 50
    assert sum(FORGED.encode() in one.raw for one in forged) > 0.9 * len(forged)


def test_changes_of_nodes_reach_names_that_come_twice_and_numbers_beyond_all_types() -> None:
    random = Random(1)
    written = {nodes.written(nodes.change(nodes.fields(a=1, b=[2]), random)) for _ in range(2_000)}

    assert '{"a":1,"a":1,"b":[2]}' in written
    assert any("1e400" in one for one in written)
    assert '{"a":1,"b":[]}' in written
    assert '{"b":[2]}' in written


def test_changes_of_bytes_leave_something() -> None:
    random = Random(1)
    assert all(octets.change(b"a", random) for _ in range(500))


def test_an_answer_that_is_not_allowed_is_a_finding_with_its_request(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    judged = Verdict(seed=5)
    judged.heard(Answer(Attempt("signature", b"POST / HTTP/1.1\r\n\r\n", REFUSED), 200))

    assert "FOUND (seed 5): signature: answered 200, allowed 401" in capsys.readouterr().out
    assert (tmp_path / "paidmark-fuzz-5-0.http").read_bytes() == b"POST / HTTP/1.1\r\n\r\n"


def test_memory_that_grows_after_the_first_third_is_a_finding() -> None:
    judged, steady = Verdict(seed=5), Verdict(seed=5)
    judged.memory = [size << 20 for size in (70, 90, 95, 95, 130, 150)]
    steady.memory = [size << 20 for size in (70, 90, 95, 95, 96, 97)]
    judged.judge_memory()
    steady.judge_memory()

    assert ["memory has grown" in one for one in judged.findings] == [True]
    assert steady.findings == []


def test_good_deliveries_that_are_postponed_are_a_finding() -> None:
    judged = Verdict(seed=5)
    for number in range(100):
        answered = 503 if number < 5 else 200
        judged.heard(Answer(Attempt("none", b"", TAKEN, kept=str(number)), answered))
    judged.judge_controls()

    assert len(judged.findings) == 1
    assert len(judged.kept) == 95
    assert json.dumps(judged.findings).count("postponed") == 1
