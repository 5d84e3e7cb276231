"""`paidmark send SOURCE`: signs and posts a delivery as that source would."""

import time
from http.client import HTTPException
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen
from uuid import uuid4

import typer

from webhooks.desk.words import entries as in_words
from webhooks.settings import DoorSettings
from webhooks.source_settings import SourceSettings, variable
from webhooks.sources import KINDS
from webhooks.sources.kind import Sample, Told, tells
from worker.entries import is_id
from worker.settings import SettingsError, load

PATIENCE = 10.0
SANDBOX_WORKSPACE = "64a687e29ae1f428e7ebe303"


def send(
    source: Annotated[str, typer.Argument(help="The source's name in the settings.")],
    file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A body to post as it is, instead of a made-up one."),
    ] = None,
    workspace: Annotated[
        str,
        typer.Option(
            help="The workspace that the invoice names; PAIDMARK_WORKSPACE, or the sandbox's, if left out."
        ),
    ] = "",
    entries: Annotated[
        str,
        typer.Option(help="The entries that it names, separated by spaces; two made-up ones, if left out."),
    ] = "",
    invoice: Annotated[str, typer.Option(help="The invoice's id; a new one, if left out.")] = "",
    reverse: Annotated[bool, typer.Option(help="A reversal instead of a payment.")] = False,
    issue: Annotated[bool, typer.Option(help="That the invoice is issued, instead of its payment.")] = False,
    url: Annotated[str, typer.Option(help="Where the receiver is; by the settings, if left out.")] = "",
) -> None:
    """Sign and post a sample, or a file, as that source would; prints the receiver's answer.

    Exit status 0 for an answer of 200 or 204, 1 for another, 2 for wrong settings or arguments, 3 for no answer.

    Examples: paidmark send stripe --entries "54m377ddd3fcab07cfbb432w 25b687e29ae1f428e7ebe123" · paidmark send standard --file body.json
    """
    if issue and reverse:
        _fail(2, "--issue or --reverse: a delivery tells one of them")
    if file and (invoice or entries or workspace or issue or reverse):
        _fail(2, "--file is posted as it is: what it says is in it, and not in the arguments")
    settings = _loaded(source)
    told: Told = "reversed" if reverse else "issued" if issue else "paid"
    sample = _sample(settings, source, told, invoice, workspace, entries)
    status = _post(*_delivery(settings, source, sample, file, url))
    typer.echo(f"{status}  {file or _words(sample, settings.sources[source])}")
    if status not in (200, 204):
        typer.echo("it was not taken: the receiver's log says why", err=True)
        raise typer.Exit(1)
    if not file:
        typer.echo(f"what became of it: paidmark markings {sample.invoice}")


def _sample(
    settings: DoorSettings, source: str, told: Told, invoice: str, workspace: str, entries: str
) -> Sample:
    """What the delivery tells; made up where nothing is given."""
    found = settings.sources[source]
    if not tells(KINDS[found.kind], found.options, told):
        settable = f"no type of event of the source {source!r} says that an invoice is {told}: {variable(source, told)}"
        never = f"a source of kind {found.kind} never tells that an invoice is {told}"
        _fail(2, settable if found.kind == "custom" else never)
    sample = Sample(
        event=f"evt_{uuid4().hex}",
        invoice=invoice or f"in_{uuid4().hex[:12]}",
        workspace=workspace or found.workspace or settings.workspace or SANDBOX_WORKSPACE,
        entries=tuple(entries.replace(",", " ").split()) or (uuid4().hex[:24], uuid4().hex[:24]),
        at=time.time(),
        told=told,
        livemode=found.livemode,
    )
    if wrong := [one for one in (sample.workspace, *sample.entries) if not is_id(one)]:
        _fail(2, f"not an id of 24 letters and digits: {', '.join(wrong)}")
    return sample


def _delivery(
    settings: DoorSettings, source: str, sample: Sample, file: Path | None, url: str
) -> tuple[str, bytes, dict[str, str]]:
    """Address, body and headers."""
    found = settings.sources[source]
    kind, secret = KINDS[found.kind], found.secrets[0].get_secret_value()
    try:
        body = file.read_bytes() if file else kind.sample(sample, found.options)
        proof = kind.sign(body, secret, sample.event, sample.at, found.options)
    except ValueError as error:
        _fail(2, f"the source {source!r} cannot be played: {error}")
    place = f"{url or f'http://{settings.host}:{settings.port}'}/webhooks/{source}"
    return f"{place}/{quote(proof.token, safe='')}" if proof.token else place, body, proof.headers


def _words(sample: Sample, found: SourceSettings) -> str:
    """What a made-up delivery says."""
    if KINDS[found.kind].about.room == 0:
        return f"{sample.invoice} ({sample.told}; this kind shows no entries: link them)"
    if found.kind == "custom" and "entries" not in found.paths:
        return f"{sample.invoice} ({sample.told}; no paths.entries is set: link them)"
    return f"{sample.invoice} ({sample.told}, {in_words(len(sample.entries))})"


def _loaded(source: str) -> DoorSettings:
    """The settings, in which the source has a secret."""
    try:
        settings = load(DoorSettings)
    except SettingsError as error:
        _fail(2, str(error))
    found = settings.sources.get(source)
    if found is None:
        _fail(2, f"no source {source!r} in the settings; there are: {', '.join(settings.sources) or 'none'}")
    if not found.secrets:
        _fail(2, f"source {source!r} has no secret: set {variable(source, 'secrets')}")
    return settings


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    if not url.startswith(("http://", "https://")):
        _fail(2, f"{url} is no address of a receiver: it begins with http:// or https://")
    try:
        request = Request(url, data=body, headers={"Content-Type": "application/json", **headers})  # noqa: S310 - checked above
        with urlopen(request, timeout=PATIENCE) as response:  # noqa: S310 - checked above
            return int(response.status)
    except HTTPError as error:
        return error.code
    except (ValueError, HTTPException) as error:
        _fail(2, f"{url} is no address of a receiver: {error}")
    except (URLError, OSError) as error:
        _fail(3, f"no answer from {url}: {error}. Is the receiver running?")


def _fail(status: int, text: str) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(status)
