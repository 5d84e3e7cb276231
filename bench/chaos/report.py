"""What the one who runs it reads: each fault as it strikes, then what was tried and what happened. Decides nothing but how."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.chaos.load import Load
from bench.chaos.plan import Fault
from bench.chaos.proof import Finding
from bench.chaos.sender import Sender
from bench.chaos.stage import LEASE, Stage

MOST_SHOWN = 20
_WIDTH = 12


@dataclass(slots=True)
class Calm:
    """What was seen and tried after the faults, with its times in seconds."""

    settled: float = 0.0
    finding: Finding = field(default_factory=Finding)
    sleepers: list[float] = field(default_factory=list)
    good: float = 0.0
    sent_again: int = 0


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
    counts, cuts = stage.counts, sum(link.cuts for link in stage.links.values())
    patches = {name.split()[1]: n for name, n in clockify["answers"].items() if name.startswith("invoiced ")}
    waits, spells = sorted(calm.finding.waits), calm.finding.spells
    say("")
    for name, text in {
        "seed": f"{seed}, on {os.cpu_count()} cores, {time.strftime('%Y-%m-%d', time.gmtime())}",
        "faults": f"{counts['faults']:,}: {counts['kills']:,} kills, {counts['terminations']:,} terminations,"
        f" {counts['freezes']:,} sleeps, {cuts:,} connections cut, {counts['late calls']:,} late calls",
        "deliveries": f"{sum(sender.answers.values()):,} posted: " + _listed(sender.answers),
        "events": f"{len(sender.acknowledged):,} acknowledged",
        "PATCH calls": f"{sum(patches.values()):,}: " + _listed(patches),
        "waits": f"acknowledged to marked: p50 {_at(waits, 0.5):.2f} s, p99 {_at(waits, 0.99):.1f} s,"
        f" longest {max(waits, default=0):.1f} s; idle {calm.settled:.1f} s after the last fault",
        "late": f"{len(spells):,} marks undone by late calls and put right, within {max(spells, default=0):.1f} s",
        "sleepers": f"what a worker undid that slept past its lease of {LEASE:g} s was right again within "
        + ", ".join(f"{one:.2f} s" for one in calm.sleepers),
        "bad entries": f"good ones in the same batches were marked within {calm.good:.2f} s",
        "older file": f"noticed by both receivers; {calm.sent_again:,} events sent again",
    }.items():
        say(f"{name:<{_WIDTH}}{text}")


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
