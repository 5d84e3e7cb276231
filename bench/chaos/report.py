"""What the one who runs it reads: each fault as it strikes, then what was tried and what happened. Decides nothing but how."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.chaos.build import RATE, WINDOW
from bench.chaos.conductor import MISSED
from bench.chaos.load import Load
from bench.chaos.plan import Fault
from bench.chaos.proof import Finding
from bench.chaos.sender import Sender
from bench.chaos.stage import Stage

MOST_SHOWN = 20
_WIDTH = 12


@dataclass(slots=True)
class Calm:
    """What was seen and tried after the faults, with its times in seconds.

    `calls`: how many were held against the rate limit. `acts`: what each of them has to say. `wrong`: all that was found.
    """

    settled: float = 0.0
    wrong: list[str] = field(default_factory=list)
    finding: Finding = field(default_factory=Finding)
    calls: int = 0
    acts: dict[str, str] = field(default_factory=dict)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - what a command is for


def step(line: str) -> None:
    """Say where the run is, and when that was."""
    say(f"{time.strftime('%H:%M:%S')}  {line}")


def begin(seed: int, load: Load, plan: Sequence[Fault], seconds: float, folder: Path) -> None:
    """Say what will be tried."""
    say(
        f"{load.deliveries:,} deliveries and {len(plan)} faults in {seconds:g} s; --seed {seed} repeats the plan"
    )
    say(f"logs in {folder}")


def tracebacks(folder: Path) -> Iterable[str]:
    """Every traceback that a process of Paidmark has written."""
    for log in sorted(folder.glob("*.log")):
        for line in log.read_text(errors="replace").splitlines():
            if "Traceback" in line:
                yield f"{log.name}: {line[:300]}"


def show(seed: int, stage: Stage, sender: Sender, clockify: Mapping[str, Any], calm: Calm) -> None:
    """The figures."""
    say("")
    for name, text in (_of_the_storm(seed, stage, sender, clockify, calm) | calm.acts).items():
        say(f"{name:<{_WIDTH}}{text}")


def _of_the_storm(
    seed: int, stage: Stage, sender: Sender, clockify: Mapping[str, Any], calm: Calm
) -> dict[str, str]:
    counts, cuts = stage.counts, sum(link.cuts for link in stage.links.values())
    patches = {name.split()[1]: n for name, n in clockify["answers"].items() if name.startswith("invoiced ")}
    waits, spells = sorted(calm.finding.waits), calm.finding.spells
    return {
        "seed": f"{seed}, on {os.cpu_count()} cores, {time.strftime('%Y-%m-%d', time.gmtime())}",
        "faults": f"{counts['faults']:,} struck, {counts[MISSED]:,} found nothing to strike:"
        f" {counts['kills']:,} kills, {counts['terminations']:,} terminations,"
        f" {counts['freezes']:,} sleeps, {cuts:,} connections cut, {counts['late calls']:,} late calls",
        "deliveries": f"{sum(sender.answers.values()):,} posted: " + _listed(sender.answers),
        "events": f"{len(sender.acknowledged):,} acknowledged",
        "PATCH calls": f"{sum(patches.values()):,}: " + _listed(patches),
        "rate": f"{calm.calls:,} calls held against {RATE} in {WINDOW} s, for a workspace and for a key",
        "waits": f"acknowledged to marked: p50 {_at(waits, 0.5):.2f} s, p99 {_at(waits, 0.99):.1f} s,"
        f" longest {max(waits, default=0):.1f} s; idle {calm.settled:.1f} s after the last fault",
        "late": f"{len(spells):,} marks undone by late calls and put right, within {max(spells, default=0):.1f} s",
    }


def conclude(wrong: Sequence[str], marked: int) -> int:
    """Say whether it is proven. Returns the exit status."""
    for line in wrong[:MOST_SHOWN]:
        say(line)
    if wrong:
        say(f"NOT PROVEN  {len(wrong):,} findings")
        return 1
    say(
        f"PROVEN      every acknowledged event took effect and nothing else did; {marked:,} entries are marked"
    )
    return 0


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items(), key=lambda one: -one[1]))


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0.0
