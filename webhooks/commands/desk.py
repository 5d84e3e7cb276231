"""The desk's commands, gathered: `paidmark` without what runs it. No command's own work is done here."""

import typer

from webhooks.commands.drop import drop
from webhooks.commands.link import link
from webhooks.commands.links import links
from webhooks.commands.look import markings
from webhooks.commands.retry import retry
from webhooks.commands.workspaces import workspaces

TELLING = (link, links)
LOOKING = (markings, retry, drop)

desk = typer.Typer(help="Look, and intervene.")
for command in (*TELLING, *LOOKING):
    desk.command()(command)
desk.add_typer(workspaces, name="workspaces")
