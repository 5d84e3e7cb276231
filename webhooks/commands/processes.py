"""The commands that run: `up`, `receive`, `work`, `sandbox`. Each half is loaded only by the command that runs it."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated

import typer
import uvloop

from worker.log import configure
from worker.process import close_on_signals, in_words
from worker.settings import SettingsError


def receive() -> None:
    """Receive webhooks: the half that faces the internet. Holds webhook secrets, and no key for Clockify.

    Runs until SIGTERM or Ctrl-C. Exit status 2: the settings are wrong; 3: it cannot run here. The same as python -m webhooks.

    Example: PAIDMARK_REDIS_URL=redis://store:6379/0 PAIDMARK_SOURCES__STRIPE__SECRETS=whsec_... paidmark receive
    """
    from webhooks.__main__ import main  # noqa: PLC0415 - the other half is not loaded

    raise typer.Exit(main())


def work() -> None:
    """Mark entries at Clockify: the half that holds the key. As many of them as you like.

    Runs until SIGTERM or Ctrl-C, and finishes the calls that are under way. Exit status 2: the settings are wrong; 3: it
    cannot run here. The same as python -m worker.

    Example: PAIDMARK_REDIS_URL=redis://store:6379/0 PAIDMARK_CLOCKIFY_API_KEY=... paidmark work
    """
    from worker.__main__ import main  # noqa: PLC0415 - the other half is not loaded

    raise typer.Exit(main())


def up() -> None:
    """Run everything in one process: receiver, worker, and an embedded store in PAIDMARK_DATA.

    With PAIDMARK_REDIS_URL that store is used instead. Ctrl-C stops the store last. Exit status 2: the settings are wrong;
    3: it cannot run here, or its store has died.

    Example: PAIDMARK_SOURCES__STRIPE__SECRETS=whsec_... PAIDMARK_CLOCKIFY_API_KEY=... paidmark up
    """
    from webhooks.up import run, settings  # noqa: PLC0415 - loaded by this command only
    from worker.embedded import EmbeddedStoreError  # noqa: PLC0415 - loaded by this command only

    try:
        door, hands = settings()
    except SettingsError as error:
        typer.echo(error, err=True)
        raise typer.Exit(2) from error
    configure(door.log_level, door.log_format)
    try:
        _both(run(door, hands))
    except (EmbeddedStoreError, OSError) as error:
        typer.echo(in_words(error), err=True)
        raise typer.Exit(3) from error


def _both(running: Coroutine[None, None, None]) -> None:
    uvloop.run(running)


def sandbox(
    host: Annotated[
        str, typer.Option(help="Keep it a loopback: the control path asks for no key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 is a free one.")] = 8090,
    closed: Annotated[
        bool, typer.Option(help="Know only what is seeded; else every well-formed id exists.")
    ] = False,
    lenient: Annotated[bool, typer.Option(help="Skip unknown entries; else refuse the whole batch.")] = False,
    limit: Annotated[
        str, typer.Option(help="Calls a workspace may make: 50/s, 30/h; empty for no limit.")
    ] = "50/s",
) -> None:
    """Run the stand-in for Clockify alone, to try an integration of your own.

    It keeps everything in memory. GET /sandbox/entries/ID says how an entry is, /sandbox/calls what was called.

    An outage: curl localhost:8090/sandbox/faults -d '{"kind": "error", "status": 503}' · its end: curl -X DELETE localhost:8090/sandbox/faults

    A key that is refused, so that the workspace is parked: -d '{"kind": "key_refused"}' · an entry that is refused: --closed, and one that is not seeded

    Slow answers: -d '{"kind": "latency", "seconds": 2}' · entries: curl localhost:8090/sandbox/seed -d '{"entries": [{"id": "...", "workspace": "..."}]}'

    Examples: paidmark sandbox · paidmark sandbox --limit 30/h --closed
    """
    from worker.sandbox.limits import Limit  # noqa: PLC0415 - loaded by this command only

    try:
        Limit.parse(limit or "1/s")
    except ValueError as error:
        typer.echo(f"--limit: {error}", err=True)
        raise typer.Exit(2) from error
    try:
        _stand_in(host, port, closed=closed, lenient=lenient, limit=limit)
    except OSError as error:
        typer.echo(f"{host}:{port}: {error}", err=True)
        raise typer.Exit(3) from error


def _stand_in(host: str, port: int, *, closed: bool, lenient: bool, limit: str) -> None:
    """Serve a sandbox until told to stop. Raises OSError where the port is taken."""
    from datetime import UTC, datetime  # noqa: PLC0415 - loaded by this command only

    from worker.sandbox import ASSUMED, Sandbox, Seed, World, running, sample  # noqa: PLC0415 - loaded by this command only

    standin = Sandbox(world=World(open_world=not closed, strict=not lenient))
    standin.seed(sample(datetime.now(UTC)))
    standin.seed(Seed(limit=limit))
    workspace = next(iter(standin.world.workspaces))

    async def until_signalled() -> None:
        closing = asyncio.Event()
        close_on_signals(closing)
        async with running(standin, host=host, port=port) as url:
            typer.echo(f"{ASSUMED}\n\nPAIDMARK_CLOCKIFY_URL={url}\nPAIDMARK_CLOCKIFY_API_KEY=any")
            typer.echo(f"PAIDMARK_WORKSPACE={workspace}")
            await closing.wait()

    uvloop.run(until_signalled())
