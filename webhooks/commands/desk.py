"""The desk's commands, gathered: `paidmark` without what runs it. No command's own work is done here."""

import typer

from webhooks.commands.drop import drop
from webhooks.commands.link import link
from webhooks.commands.links import links
from webhooks.commands.look import markings
from webhooks.commands.retry import retry
from webhooks.commands.workspaces import workspaces

desk = typer.Typer(help="Look, and intervene.")
desk.command()(markings)
desk.command()(retry)
desk.command()(drop)
desk.command()(link)
desk.command()(links)
desk.add_typer(workspaces, name="workspaces")
