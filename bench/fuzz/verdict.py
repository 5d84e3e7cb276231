"""What has become of the attempts: counts, findings, the last words. It prints, and writes findings to files."""

import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import typer

from bench.fuzz.attempts import Attempt
from bench.fuzz.lanes import Answer

MOST_SHOWN = 10
POSTPONED = 503
MOST_POSTPONED = 0.02
"""Of attempts that are as a source sends them, the share that may be postponed: the store has a deadline, machines pause."""
MOST_GROWTH = 8 * 2**20
"""Bytes by which the receiver may be larger than after the first steps, however long it goes on."""
MEGABYTE = 2**20


@dataclass(slots=True)
class Verdict:
    """Everything that is known of a run."""

    seed: int
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)
    controls: int = 0
    postponed: int = 0

    def heard(self, answer: Answer) -> None:
        """Judge an answer."""
        attempt, status = answer.attempt, answer.status
        self.answers[attempt.mutation, status] += 1
        if status not in attempt.allowed:
            allowed = ", ".join(map(str, sorted(attempt.allowed)))
            self.found(f"{attempt.mutation}: answered {status or 'nothing'}, allowed {allowed}", attempt)
        if attempt.kept:
            self.controls += 1
            self.postponed += status == POSTPONED
            self.kept += [attempt.kept] * (status != POSTPONED)

    def found(self, what: str, attempt: Attempt | None = None) -> None:
        """Note a finding, and keep the request that led to it."""
        if attempt is not None and len(self.findings) < MOST_SHOWN:
            name = f"paidmark-fuzz-{self.seed}-{len(self.findings)}.http"
            path = Path(tempfile.gettempdir()) / name
            path.write_bytes(attempt.raw)
            what += f"; the request: {path} (signatures are good for five minutes, the seed makes new ones)"
        self.findings.append(what)
        if len(self.findings) <= MOST_SHOWN:
            typer.echo(f"FOUND (seed {self.seed}): {what}")

    def judge_memory(self) -> None:
        """Memory may grow to its working size in the first third of the steps, and must stay there."""
        settled = len(self.memory) // 3
        growth = max(self.memory[settled:]) - max(self.memory[: settled + 1])
        if growth > MOST_GROWTH:
            self.found(f"the receiver's memory has grown by {growth // MEGABYTE} MiB since step {settled}")

    def judge_controls(self) -> None:
        """Deliveries as a source sends them must be taken."""
        if self.postponed > MOST_POSTPONED * self.controls:
            self.found(
                f"{self.postponed} of {self.controls} deliveries that nothing is wrong with were postponed"
            )

    def table(self) -> str:
        """Counts by mutation and status."""
        statuses = sorted({status for _, status in self.answers})
        width = max(len(mutation) for mutation, _ in self.answers)
        lines = ["".join([" " * width, *(f"{status or 'none':>9}" for status in statuses)])]
        for mutation in sorted({mutation for mutation, _ in self.answers}):
            counts = (self.answers[mutation, status] for status in statuses)
            lines.append("".join([f"{mutation:<{width}}", *(f"{count or '':>9}" for count in counts)]))
        return "\n".join(lines)
