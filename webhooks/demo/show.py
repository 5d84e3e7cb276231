"""What the one who watches sees: acts and progress, then the proof and what it cost."""

import asyncio
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from webhooks.demo.play import play
from webhooks.demo.proof import Proof, cost, prove
from webhooks.demo.script import Script
from webhooks.demo.stage import Stage, built

MOST_WRONG_SHOWN = 20
REFRESH = 0.1


async def show(console: Console, script: Script) -> Proof:
    """Play the script and show it; returns the proof. Raises TimeoutError, EmbeddedStoreError."""
    started = time.monotonic()
    console.print("[bold]Paidmark[/bold]  an invoice is paid, its Clockify entries are marked as invoiced\n")
    async with built(script) as stage:
        await _show_play(console, script, stage)
        proof, costs = prove(script, stage.sandbox), cost(script, stage.sandbox, stage.sender)
        rejected = await stage.desk.figures()
    _show_proof(console, script, proof, rejected["rejected_now"])
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in {**costs, "all in all": f"{time.monotonic() - started:.1f} s"}.items():
        table.add_row(name, value)
    console.print(table)
    return proof


async def _show_play(console: Console, script: Script, stage: Stage) -> None:
    bars = (TextColumn("  {task.description:<22}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*bars, console=console, transient=True) as progress:
        marked = progress.add_task("entries invoiced", total=len(script.expected()))
        watching = asyncio.create_task(_watch(stage, progress, marked))
        number = 0
        async for act in play(script, stage):
            number += 1
            progress.console.print(f"  [bold]{number}. {act.title}[/bold]  {act.text}")
        watching.cancel()
    console.print()


async def _watch(stage: Stage, progress: Progress, marked: TaskID) -> None:
    while True:
        done = sum(entry.invoiced for entry in stage.sandbox.world.entries.values())
        progress.update(marked, completed=done)
        await asyncio.sleep(REFRESH)


def _show_proof(console: Console, script: Script, proof: Proof, rejected: int) -> None:
    for line in proof.wrong[:MOST_WRONG_SHOWN]:
        console.print(f"  [red]{line}[/red]")
    verdict = "[bold red]NOT PROVEN[/bold red]" if proof.wrong else "[bold green]PROVEN[/bold green]"
    console.print(
        f"{verdict}  {proof.proven} of {proof.invoices} invoices: {proof.entries:,} entries are as they must be"
    )
    console.print(f"        entry {script.missing} does not exist at Clockify:")
    console.print(f"        reported (of {rejected} invoice), and in nobody's way\n")
