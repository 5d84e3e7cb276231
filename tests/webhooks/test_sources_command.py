"""`paidmark sources`, and the table in the README that is made from the same data."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from webhooks.cli import app
from webhooks.commands.sources import lines, room
from webhooks.source_settings import SourceSettings
from webhooks.sources import KINDS, explained, paths
from webhooks.sources.scheme import PLACEHOLDERS, Scheme

README = Path(__file__).parents[2] / "README.md"


def run(*arguments: str) -> str:
    said = CliRunner().invoke(app, ["sources", *arguments])
    assert said.exit_code == 0
    return said.stdout


def test_every_kind_is_listed_with_what_has_to_be_set() -> None:
    listed = run()

    assert [kind for kind in KINDS.values() if f"{kind.name} " not in listed] == []
    assert [kind for kind in KINDS.values() if kind.about.needs not in listed] == []


@pytest.mark.parametrize("name", KINDS)
def test_all_that_is_known_of_a_kind_is_shown(name: str) -> None:
    about = KINDS[name].about
    shown = run(name)

    assert about.page in shown
    assert about.references in shown
    assert [
        one for one in (*about.paid, *about.reversed, *about.issued, *about.by_hand) if one not in shown
    ] == []


@pytest.mark.parametrize("name", KINDS)
def test_every_setting_that_a_kind_reads_is_shown_and_no_other(name: str) -> None:
    known, reads = SourceSettings.model_fields, KINDS[name].reads
    top = {one.partition(".")[0] for one, _ in explained.settings(KINDS[name])}

    assert top == {one for one in known if one in reads or one not in explained.OF_SOME} - (
        {"paths", "signature"} - reads
    )
    assert [words for _, words in explained.settings(KINDS[name]) if words not in run(name)] == []


def test_every_part_of_a_description_is_explained() -> None:
    assert tuple(explained.SIGNATURE) == tuple(field.name for field in fields(Scheme))
    assert tuple(explained.PATHS) == paths.NAMES
    assert [one for one in PLACEHOLDERS if f"{{{one}}}" not in explained.SIGNATURE["signed"]] == []


def test_programs_get_the_same() -> None:
    told = json.loads(run("--json"))["sources"]

    assert [one["kind"] for one in told] == list(KINDS)
    assert {one["title"] for one in told} == {kind.about.title for kind in KINDS.values()}


def test_a_kind_that_there_is_not_is_said_to_be_none() -> None:
    said = CliRunner().invoke(app, ["sources", "xero"])

    assert said.exit_code == 1
    assert "no such kind; there are:" in said.stderr


def test_how_many_ids_fit_is_told_in_words() -> None:
    assert {room(kind.about) for kind in KINDS.values()} >= {"any number of ids", "1000 ids", ""}


def test_the_table_in_the_readme_is_made_by_this_command() -> None:
    table = "\n".join(lines(KINDS.values()))

    assert run("--markdown").strip() == table
    assert table in README.read_text(), "paidmark sources --markdown"
