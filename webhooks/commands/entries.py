"""`paidmark entries`: the uninvoiced, billable entries, as ready-made metadata for an invoice.

It only reads. Names are shown and stored nowhere. Clockify's client is loaded when the command runs, not before.
"""

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, NoReturn
from zoneinfo import ZoneInfo

import typer

from webhooks.commands.link import told
from webhooks.commands.options import Yes
from webhooks.desk.words import plain
from webhooks.references import to_metadata
from worker.entries import is_id
from worker.settings import HandsSettings, SettingsError, load

if TYPE_CHECKING:  # Clockify's client is loaded when the command runs
    from worker.clockify import Credential
    from worker.reports import Reports
    from worker.reports.uninvoiced import Asked, Found

TRIES = 4
_DAY = ["%Y-%m-%d"]


def entries(
    workspace: Annotated[str, typer.Option(help="The workspace's id; by the settings, if left out.")] = "",
    project: Annotated[str, typer.Option(help="Only of this project, by name or id.")] = "",
    client: Annotated[str, typer.Option(help="Only of this client, by name or id.")] = "",
    tag: Annotated[str, typer.Option(help="Only with this tag, by name or id.")] = "",
    user: Annotated[str, typer.Option(help="Only of this person, by name, e-mail address or id.")] = "",
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=_DAY, metavar="DATE", help="The first day; by default, of last month."
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option("--to", formats=_DAY, metavar="DATE", help="The last day, included; by default, today."),
    ] = None,
    metadata: Annotated[
        bool, typer.Option("--metadata", help="Print only the metadata, as key=value lines.")
    ] = False,
    link: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="SOURCE INVOICE", help="Link them to this invoice at once, as `paidmark link` would."
        ),
    ] = None,
    yes: Yes = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the entries and the metadata as JSON.")
    ] = False,
) -> None:
    """List uninvoiced, billable entries, and print them as metadata for the invoice that bills them.

    Days are those of the time zone in the profile of the key's user. Names of projects, clients, tags and people match
    in upper and lower case; they are shown, never stored. Running entries are left out. Nothing is changed; with --link
    the ledger remembers the ids.

    Exit status 0, also where there is nothing to bill; 1: Clockify refuses; 2: wrong settings or arguments, or a name that
    no such entry has; 3: no answer.

    Examples: paidmark entries --client Northwind · paidmark entries --client Northwind --link recurly 1001 · paidmark entries --from 2026-01-01 --to 2026-01-31 --metadata
    """
    from worker.reports import ReadingError  # noqa: PLC0415 - loaded by this command only

    if link and as_json:
        _fail(2, "--link tells what has become of it, and --json is one document: give one of them")
    settings = _settings()
    names = {"project": project, "client": client, "tag": tag, "user": user}
    days = (since and since.date(), until and until.date())
    try:
        asked, found = asyncio.run(
            _read(settings, workspace, days, {by: name for by, name in names.items() if name})
        )
    except ReadingError as error:
        _fail(1 if error.status else 3, str(error))
    _show(asked, found, only_metadata=metadata, as_json=as_json)
    if link and found.rows:
        told(*link, tuple(row.id for row in found.rows), workspace=asked.workspace, yes=yes)


def _show(asked: "Asked", found: "Found", *, only_metadata: bool, as_json: bool) -> None:
    """Print what was found. A name that no entry has is a mistake, and ends the command."""
    from webhooks import listing  # noqa: PLC0415 - loaded by this command only

    named = to_metadata(asked.workspace, [row.id for row in found.rows]) if found.rows else {}
    for line in listing.remarks(asked, found, named):
        typer.echo(line, err=True)
    if found.others:
        raise typer.Exit(2)
    if as_json:
        typer.echo(listing.document(asked, found, named))
        return
    if found.rows and not only_metadata:
        listing.show(found)
    for key, value in named.items():
        typer.echo(f"{key}={value}")


def _settings() -> HandsSettings:
    try:
        return load(HandsSettings)
    except SettingsError as error:
        _fail(2, str(error))


async def _read(
    settings: HandsSettings, workspace: str, days: tuple[date | None, date | None], names: Mapping[str, str]
) -> "tuple[Asked, Found]":
    """What is asked for, in full, and what there is of it."""
    from worker.reports import Patience, Reports  # noqa: PLC0415 - loaded by this command only
    from worker.reports.uninvoiced import Asked, find, months  # noqa: PLC0415 - loaded by this command only

    named = workspace or settings.workspace or ""
    if named and not is_id(named):
        _fail(2, f"not an id of 24 letters and digits: {named}")
    credential = settings.credential(named)
    if credential is None:
        _fail(2, f"no key for {f'workspace {named}' if named else 'Clockify'}: set PAIDMARK_CLOCKIFY_API_KEY")
    patience = Patience(TRIES, asyncio.sleep, random.random)
    async with Reports(
        settings.clockify_url,
        settings.reports_url,
        timeout=settings.clockify_timeout,
        patience=patience,
    ) as reports:
        zone = (await reports.user(credential)).zone
        first, today = months(_today(zone))
        since, until = days[0] or first, days[1] or today
        if since > until:
            _fail(2, f"--from {since} is later than --to {until}")
        asked = Asked(
            workspace=named or await _only_workspace(reports, credential),
            since=since,
            until=until,
            zone=zone,
            names=names,
        )
        return asked, await find(reports, credential, asked)


def _today(zone: str) -> date:
    """Today where the key's user is; by UTC, where this machine does not know their zone."""
    try:
        return datetime.now(ZoneInfo(zone)).date()
    except (KeyError, ValueError, OSError):
        return datetime.now(UTC).date()


async def _only_workspace(reports: "Reports", credential: "Credential") -> str:
    """The workspace that is meant where none is named: the only one that the key sees."""
    seen = await reports.workspaces(credential)
    if len(seen) != 1:
        there_are = ", ".join(f"{one.id} ({plain(one.name)})" for one in seen) or "none"
        _fail(2, f"which workspace? Give --workspace or PAIDMARK_WORKSPACE; the key sees: {there_are}")
    return seen[0].id


def _fail(status: int, why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(status)
