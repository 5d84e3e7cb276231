"""`paidmark`: the console script. Only gathers the commands; what they do stands in `webhooks.commands`."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from webhooks.commands.check import check
from webhooks.commands.demo import demo
from webhooks.commands.desk import LOOKING, TELLING
from webhooks.commands.entries import entries
from webhooks.commands.processes import receive, sandbox, up, work
from webhooks.commands.send import send
from webhooks.commands.sources import sources
from webhooks.commands.workspaces import workspaces

app = typer.Typer(
    help="When an invoice is paid in your billing system, its time entries are marked as invoiced in Clockify.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Try": (demo, sandbox, sources, send),
    "Run": (up, receive, work, check),
    "Bill": (entries, *TELLING),
    "Look, and intervene": LOOKING,
}


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"paidmark {version('paidmark')}")
        raise typer.Exit


@app.callback()
def _paidmark(
    asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    pass


for group, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=group)(command)
app.add_typer(workspaces, name="workspaces", rich_help_panel="Look, and intervene")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
