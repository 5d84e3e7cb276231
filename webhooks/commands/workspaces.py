"""`paidmark workspaces`: what each workspace is doing. Changes nothing but when one is looked at."""

from typing import Annotated, Any

import typer

from webhooks.commands.options import Json
from webhooks.desk.store import NOTHING_DONE, WRONG_USE, Visit, fail, visit
from webhooks.desk.tables import REASON, document, say, table
from webhooks.desk.words import counted, duration, plain
from webhooks.desk.workspaces import next_look, standing, why
from worker.ledger.records import Workspace

workspaces = typer.Typer()


@workspaces.callback(invoke_without_command=True)
def show_workspaces(context: typer.Context, as_json: Json = False) -> None:
    """Show the workspaces with something to do: how much, since when, and what it waits for.

    State: draining (a worker is at it), due, waiting (a retry), rate limit, dry run, or parked: Clockify refuses the
    workspace as a whole, and nothing is lost.

    Examples: paidmark workspaces · paidmark workspaces --json · paidmark workspaces resume 64a687e29ae1f428e7ebe303
    """
    if context.invoked_subcommand is None:
        _show_workspaces(visit(lambda at: at.desk.workspaces()), as_json=as_json)


@workspaces.command()
def resume(
    workspace: Annotated[str, typer.Argument(help="The workspace's id.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every workspace that is parked, or waits.")] = False,
) -> None:
    """Have a parked or waiting workspace looked at now, instead of at its next retry or probe.

    Exit status 1 where there is nothing to resume: it has no backlog, or a worker is at it already.

    Examples: paidmark workspaces resume 64a687e29ae1f428e7ebe303 · paidmark workspaces resume --all
    """
    if bool(workspace) == every:
        fail(WRONG_USE, "name one workspace, or give --all")
    _show_resumed(visit(lambda at: _resume(at, workspace)), workspace)


async def _resume(at: Visit, workspace: str) -> list[str]:
    """Resume one workspace, or all that do not get on. Returns those that were."""
    stuck = [one.workspace for one in await at.desk.workspaces() if not one.leased and one.next_in > 0]
    return [one for one in ([workspace] if workspace else stuck) if await at.desk.resume(one)]


def _show_workspaces(found: list[Workspace], *, as_json: bool) -> None:
    if as_json:
        document({"workspaces": [_workspace(one) for one in found]})
    elif found:
        columns = ("workspace", "state", "backlog", "oldest", "failures", "next look", REASON)
        table(columns, (_cells(one) for one in found))
    else:
        say("no workspace has anything to do")


def _show_resumed(resumed: list[str], workspace: str) -> None:
    for one in resumed:
        say(f"{one} will be looked at now")
    if not resumed:
        what = (
            f"{plain(workspace)} is neither parked nor waiting"
            if workspace
            else "no workspace is parked or waiting"
        )
        fail(NOTHING_DONE, f"nothing to resume: {what}")


def _cells(one: Workspace) -> list[str]:
    return [
        one.workspace,
        standing(one),
        counted(one.backlog, "marking", "markings"),
        duration(one.oldest),
        f"{one.failures} in {duration(one.failing_for)}" if one.failures else "-",
        next_look(one),
        why(one),
    ]


def _workspace(one: Workspace) -> dict[str, Any]:
    """A workspace for programs. Times in seconds."""
    return {
        "workspace": one.workspace,
        "state": standing(one),
        "backlog": one.backlog,
        "oldest_seconds": round(one.oldest, 3),
        "failures": one.failures,
        "failing_seconds": round(one.failing_for, 3),
        "next_look_in_seconds": round(one.next_in, 3),
        "parked": one.parked,
        "reason": one.reason,
    }
