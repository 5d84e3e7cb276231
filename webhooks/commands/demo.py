"""`paidmark demo`: plays the demo, shows it, and ends with the proof."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:  # loaded by this command only
    from rich.console import Console

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
    from rich.console import Console  # noqa: PLC0415 - loaded by this command only

    from worker.embedded import EmbeddedStoreError  # noqa: PLC0415 - loaded by this command only

    console = Console()
    try:
        proven = _played(console, invoices, seed)
    except EmbeddedStoreError as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(3) from error
    except TimeoutError as error:
        console.print("[bold red]NOT PROVEN[/bold red]  the work was not done in time")
        raise typer.Exit(1) from error
    raise typer.Exit(0 if proven else 1)


def _played(console: "Console", invoices: int, seed: int) -> bool:
    """Play and show it; whether everything was as it must be."""
    import uvloop  # noqa: PLC0415 - loaded by this command only

    from webhooks.demo.script import write  # noqa: PLC0415 - loaded by this command only
    from webhooks.demo.show import show  # noqa: PLC0415 - both halves are: by this command only
    from worker.log import configure  # noqa: PLC0415 - loaded by this command only

    configure("critical", "text")
    return not uvloop.run(show(console, write(invoices, seed))).wrong
