"""`paidmark demo`: plays the demo, shows it, and ends with the proof."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # loaded by this command only
    from webhooks.demo.script import Script

FEWEST_INVOICES = 10


def demo(
    invoices: Annotated[
        int, typer.Option(min=FEWEST_INVOICES, max=100_000, help="How many invoices are paid.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="Another number tells another story.")] = 1,
) -> None:
    """Play a billing system, Paidmark and Clockify on this machine, and prove every entry at the end.

    Nothing leaves the machine, no key is needed. Exit status 0 only if every entry is as it must be, 1 if not, 3 if
    there is no embedded store for this platform.

    Examples: paidmark demo · paidmark demo --invoices 2000 --seed 7
    """
    import uvloop  # noqa: PLC0415 - loaded by this command only

    from webhooks.demo.script import write  # noqa: PLC0415 - loaded by this command only
    from worker.log import configure  # noqa: PLC0415 - loaded by this command only

    configure("critical", "text")
    raise typer.Exit(uvloop.run(_played(write(invoices, seed))))


async def _played(script: "Script") -> int:
    """Play and show it. Returns the exit status."""
    from rich.console import Console  # noqa: PLC0415 - loaded by this command only

    from webhooks.demo.show import show  # noqa: PLC0415 - both halves are: by this command only
    from worker.embedded import EmbeddedStoreError  # noqa: PLC0415 - loaded by this command only

    console = Console()
    try:
        proof = await show(console, script)
    except EmbeddedStoreError as error:
        console.print(f"[red]{error}[/red]")
        return 3
    except TimeoutError:
        console.print("[bold red]NOT PROVEN[/bold red]  the work was not done in time")
        return 1
    return 1 if proof.wrong else 0
