"""The demo proves what it says, and says so when it is not so."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest
from aiohttp import web
from rich.console import Console
from typer.testing import CliRunner

from webhooks.cli import app
from webhooks.demo import script as scripts
from webhooks.demo.proof import prove
from webhooks.demo.script import Script, write
from webhooks.demo.sender import Sender
from webhooks.demo.show import show
from worker.embedded import valkey
from worker.sandbox import Sandbox, Seed, Seeded, Workspace

DEMO = (sys.executable, "-m", "webhooks.cli", "demo", "--invoices", "20")


@pytest.fixture(autouse=True)
def logging_as_before(log_as_before: None) -> None:
    """Every test here configures the log."""


def run_demo(_: int) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(DEMO, capture_output=True, text=True, timeout=60, check=False)


def test_two_demos_on_one_machine_at_once_prove_every_invoice() -> None:
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(run_demo, range(2)))

    for one in done:
        assert one.returncode == 0, one.stderr
        assert "PROVEN  20 of 20 invoices" in one.stdout
        assert "NOT PROVEN" not in one.stdout


async def test_a_play_shows_its_acts_and_its_costs() -> None:
    console = Console(record=True, width=100)

    proof = await show(console, write(20, seed=3))

    told = console.export_text()
    assert (proof.proven, proof.wrong) == (20, ())
    assert all(act in told for act in ("A quiet start", "A burst", "Clockify is down", "Second thoughts"))
    assert "webhooks posted" in told


class Lying(Script):
    """A script whose end is not what is played."""

    def expected(self) -> dict[str, bool]:
        return {entry: not invoiced for entry, invoiced in super().expected().items()}


def test_a_demo_whose_entries_are_not_as_they_must_be_says_so_and_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true = write(10, seed=1)
    lying = Lying(true.quiet, true.burst, true.outage, true.reversed, true.missing)
    monkeypatch.setattr(scripts, "write", lambda *_: lying)

    result = CliRunner().invoke(app, ["demo", "--invoices", "10"])

    assert result.exit_code == 1
    assert "NOT PROVEN" in result.output
    assert "must be not invoiced" in result.output


def test_without_an_embedded_store_the_demo_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(valkey, "find_spec", lambda _: None)

    result = CliRunner().invoke(app, ["demo"])

    assert result.exit_code == 3
    assert "PAIDMARK_REDIS_URL" in result.output


def test_work_that_is_never_done_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.demo.play.PATIENCE", 0.0)

    result = CliRunner().invoke(app, ["demo", "--invoices", "10"])

    assert result.exit_code == 1
    assert "not done in time" in result.output


def test_an_entry_that_was_marked_though_nobody_paid_for_it_spoils_the_proof() -> None:
    told = write(20, seed=1)
    sandbox = Sandbox()
    sandbox.seed(
        Seed(
            workspaces=[Workspace(id=told.invoices[0].workspace)],
            entries=[
                Seeded(id=entry, workspace=told.invoices[0].workspace, invoiced=True)
                for entry in (*told.expected(), "f" * 24)
            ],
        )
    )

    proof = prove(told, sandbox)

    assert any(line.startswith("f" * 24 + " is invoiced, must be unknown") for line in proof.wrong)
    assert proof.proven < proof.invoices


def test_a_script_tells_the_same_story_for_the_same_seed() -> None:
    assert write(50, seed=7) == write(50, seed=7)
    assert write(50, seed=7) != write(50, seed=8)


async def test_a_sender_posts_again_what_was_not_answered_with_200() -> None:
    answers = [503, 200]

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=answers.pop(0))

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        sender = Sender(
            f"http://127.0.0.1:{runner.addresses[0][1]}",
            {"stripe": "whsec_x", "standard": "whsec_eA=="},
            session,
        )
        await sender.tell(write(10, seed=1).quiet[0], paid=True, at=0.0)
    await runner.cleanup()

    assert sender.posted == 2
