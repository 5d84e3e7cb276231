"""`paidmark check`: what can be wrong, looked at before it hurts, and shown as a list.

It changes nothing. Clockify's client is loaded only where Clockify is asked; `--worker` never does that.
"""

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from webhooks.checks.finding import Finding, Mark, wrong
from webhooks.desk.words import plain
from worker.settings import SettingsError, StoreSettings, load

_STYLES = {Mark.OK: "green", Mark.WARNING: "yellow", Mark.WRONG: "bold red"}


def check(
    worker: Annotated[
        bool, typer.Option("--worker", help="Only whether a worker is alive: for a health check.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """Look at settings, store, key, workspaces, plans and clocks; say what is wrong, and what to do.

    Nothing is changed, and no more than a few calls are made to Clockify. With --worker it is only asked whether a worker
    has shown a sign of life in the last minute: quick, and without Clockify.

    Exit status 0 where nothing is wrong (there may be warnings), 1 where something is.

    Examples: paidmark check · paidmark check --json · paidmark check --worker
    """
    findings = asyncio.run(_worker_alone() if worker else _everything())
    show = _show_json if as_json else _show
    show(findings)
    raise typer.Exit(0 if _well(findings) else 1)


async def _worker_alone() -> list[Finding]:
    from webhooks.checks.store import check_worker  # noqa: PLC0415 - loaded by this command only

    try:
        return [await check_worker(load(StoreSettings))]
    except SettingsError as error:
        return [wrong("settings", mistake) for mistake in error.mistakes]


async def _everything() -> list[Finding]:
    """Settings, store, Clockify. What cannot be looked at, because the settings do not load, is left out."""
    from webhooks.checks.clockify import check_clockify  # noqa: PLC0415 - loaded by this command only
    from webhooks.checks.settings import check_settings  # noqa: PLC0415 - loaded by this command only
    from webhooks.checks.store import check_store  # noqa: PLC0415 - loaded by this command only

    halves = check_settings(os.environ)
    findings = list(halves.findings)
    if settings := halves.door or halves.hands:
        findings += await check_store(settings)
    if halves.hands:
        sources = halves.door.sources.values() if halves.door else ()
        findings += await check_clockify(halves.hands, (one.workspace for one in sources if one.workspace))
    return findings


def _show(findings: Sequence[Finding]) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for one in findings:
        line = Text(f"{one.mark:<8}", style=_STYLES[one.mark])
        line.append(plain(f"{one.about}: {one.text}"), style="default")
        console.print(line)
        if one.advice:
            console.print(Text(f"{'':<8}{plain(one.advice)}", style="dim"))


def _show_json(findings: Sequence[Finding]) -> None:
    document = {"ok": _well(findings), "findings": [asdict(one) for one in findings]}
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _well(findings: Sequence[Finding]) -> bool:
    return all(one.mark is not Mark.WRONG for one in findings)
