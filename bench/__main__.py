"""`python -m bench`: the figures, all of them or some by name; and a command for each proof.

What is measured or proven is its own package's business.
"""

import random
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)

Short = Annotated[
    bool,
    typer.Option("--short", help="Only see whether the bench works: a minute, and no figure to believe."),
]
Json = Annotated[bool, typer.Option("--json", help="For programs.")]


@app.callback(invoke_without_command=True)
def main(context: typer.Context, short: Short = False, json: Json = False) -> None:
    """Measure Paidmark beside a plain service of aiohttp and arq, all figures; or prove something, by a command.

    Examples: python -m bench · python -m bench figures memory · python -m bench chaos
    """
    if context.invoked_subcommand is None:
        raise typer.Exit(_figures([], short=short, as_json=json))


@app.command()
def figures(
    names: Annotated[list[str] | None, typer.Argument(help="Which; all, if none is named.")] = None,
    short: Short = False,
    json: Json = False,
) -> None:
    """Measure some figures only: acknowledging, steps, whole-way, backlog, limited, memory, recovery, peers.

    Examples: python -m bench figures acknowledging · python -m bench figures memory recovery --json
    """
    raise typer.Exit(_figures(names or [], short=short, as_json=json))


def _figures(names: list[str], *, short: bool, as_json: bool) -> int:
    from bench.figures import MEASURES, lacking, run  # noqa: PLC0415 - loaded by this command only

    if unknown := [name for name in names if name not in MEASURES]:
        raise typer.BadParameter(f"{unknown[0]}: there are {', '.join(MEASURES)}")
    if lack := lacking(names):
        raise typer.BadParameter(lack)
    return run(names, short=short, as_json=as_json)


@app.command()
def growth(
    short: Short = False,
    json: Json = False,
    picture: Annotated[
        Path | None, typer.Option(help="Where to draw it, as SVG; needs the extra `pictures`.")
    ] = None,
) -> None:
    """See how cost grows: with what waits, workspaces, entries an invoice, receivers and workers.

    Examples: python -m bench growth · python -m bench growth --picture bench/growth/growth.svg
    """
    from bench.growth import run  # noqa: PLC0415 - loaded by this command only

    raise typer.Exit(run(short=short, as_json=json, picture=picture))


@app.command()
def chaos(
    webhooks: Annotated[
        int, typer.Option(min=20, help="Deliveries, beside those that are repeated.")
    ] = 2_000,
    seconds: Annotated[float, typer.Option(min=5, help="How long load and faults last.")] = 30.0,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two faults, on average.")] = 1.5,
    seed: Annotated[int | None, typer.Option(help="Repeats the plan of an earlier run.")] = None,
    keep: Annotated[
        bool, typer.Option(help="Leave the folder with logs and data, whatever comes out.")
    ] = False,
) -> None:
    """Kill, stop, cut and fill up every part under load; then prove from outside that nothing was lost or marked wrongly.

    Examples: python -m bench chaos · python -m bench chaos --webhooks 50000 --seconds 900 --seed 7
    """
    from bench.chaos import Size, run  # noqa: PLC0415 - loaded by this command only

    raise typer.Exit(run(Size(webhooks=webhooks, seconds=seconds, every=every), _chosen(seed), keep=keep))


@app.command()
def fuzz(
    deliveries: Annotated[int, typer.Option(min=100, help="How many; a million is the long form.")] = 20_000,
    seed: Annotated[int | None, typer.Option(help="Repeats the deliveries of an earlier run.")] = None,
) -> None:
    """Send deliveries that are spoilt in every way; prove that only what is authentic had an effect, and nothing broke.

    Examples: python -m bench fuzz · python -m bench fuzz --deliveries 1000000
    """
    from bench.fuzz import run  # noqa: PLC0415 - loaded by this command only

    raise typer.Exit(run(deliveries, _chosen(seed)))


def _chosen(seed: int | None) -> int:
    return random.SystemRandom().randrange(10_000) if seed is None else seed


if __name__ == "__main__":
    app()
