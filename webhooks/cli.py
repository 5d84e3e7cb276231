"""`paidmark`: the console script. Only gathers the commands; what they do stands in `webhooks.commands`."""

import typer

from webhooks.commands.demo import demo
from webhooks.commands.processes import receive, sandbox, up, work
from webhooks.commands.send import send

app = typer.Typer(
    help="When an invoice is paid in your billing system, its time entries are marked as invoiced in Clockify.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for group, commands in {
    "Try": (demo, sandbox, send),
    "Run": (up, receive, work),
}.items():
    for command in commands:
        app.command(rich_help_panel=group)(command)


def main() -> None:
    """Run the command line."""
    app()
