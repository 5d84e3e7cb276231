"""`python -m bench`: one command a proof. What a proof does is its own package's business."""

import random
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, help=__doc__)


@app.callback()
def main() -> None:
    """Try to make Paidmark lose something, mark something wrong, or fall over; exit 0 only if nothing of it succeeded."""


@app.command()
def chaos(
    webhooks: Annotated[
        int, typer.Option(min=20, help="Deliveries, beside those that are repeated.")
    ] = 2_000,
    seconds: Annotated[float, typer.Option(min=5, help="How long load and faults last.")] = 30.0,
    every: Annotated[float, typer.Option(min=0.2, help="Seconds between two faults, on average.")] = 1.5,
    seed: Annotated[int | None, typer.Option(help="Repeats the plan of an earlier run.")] = None,
    keep: Annotated[bool, typer.Option(help="Leave the folder with the logs and the store's data.")] = False,
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
