"""The figures: how fast, how soon, how large; beside the plain service, on the same store and sandbox, in the same run.

Contenders take turns, round after round, and the median counts: machines are noisy, ratios less so.
"""

import asyncio
import json
import os
import platform
from collections.abc import Awaitable, Callable
from dataclasses import replace
from types import MappingProxyType

import typer
from rich.console import Console

from bench.figures.acknowledging import acknowledging
from bench.figures.backlog import at_once, limited
from bench.figures.memory import memory
from bench.figures.peers import missing, peers
from bench.figures.recovery import recovery
from bench.figures.rig import Rig, rigged
from bench.figures.size import FULL, SHORT, Size
from bench.figures.steps import steps
from bench.figures.table import Figure, table
from bench.figures.whole_way import whole_way

Found = tuple[list[Figure], list[str]]
_WIDTH = 200


def _alone(
    measure: Callable[[Rig, Size], Awaitable[list[Figure]]],
) -> Callable[[Rig, Size], Awaitable[Found]]:
    async def measured(rig: Rig, size: Size) -> Found:
        return await measure(rig, size), []

    return measured


def _told(measure: Callable[[Rig, Size], Awaitable[list[str]]]) -> Callable[[Rig, Size], Awaitable[Found]]:
    async def measured(rig: Rig, size: Size) -> Found:
        return [], [*await measure(rig, size), ""]

    return measured


MEASURES = MappingProxyType(
    {
        "acknowledging": _alone(acknowledging),
        "steps": _told(steps),
        "whole-way": whole_way,
        "backlog": _alone(at_once),
        "limited": _alone(limited),
        "memory": _alone(memory),
        "recovery": _alone(recovery),
        "peers": _alone(peers),
    }
)
"""What can be measured, by name."""
ON_REQUEST = ("peers",)
"""What is measured only if it is named: it needs more than the tests do."""


def lacking(names: list[str]) -> str:
    """What must be installed for these; empty if all is there."""
    return missing() if "peers" in names else ""


def run(names: list[str], *, short: bool, as_json: bool) -> int:
    """Measure, and print one table. Returns 0, or 1 where a goal is not met (not for the short form: it measures nothing)."""
    found, lines = asyncio.run(
        _measured(names or [one for one in MEASURES if one not in ON_REQUEST], SHORT if short else FULL)
    )
    if short:
        found = [replace(one, met=None) for one in found]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    if as_json:
        document = {"machine": machine, "figures": [one.document() for one in found], "notes": lines}
        typer.echo(json.dumps(document, indent=2))
    else:
        console = Console(width=_WIDTH, soft_wrap=True)
        if found:
            console.print(table(found))
        for line in ("", *lines, f"on {machine}"):
            console.print(line, highlight=False)
    return int(any(one.met is False for one in found))


async def _measured(names: list[str], size: Size) -> Found:
    figures: list[Figure] = []
    lines: list[str] = []
    for name in names:
        typer.echo(f"{name} ...", err=True)
        async with rigged() as rig:  # a store of its own: what one leaves behind must not slow down the next
            more, said = await MEASURES[name](rig, size)
        figures += more
        lines += said
    return figures, lines
