"""Everything is told once more: nothing may follow from it."""

from collections.abc import Mapping
from typing import Any

from bench.chaos.acts.invoices import PATIENCE
from bench.chaos.load import Load
from bench.chaos.sender import Sender
from bench.chaos.stage import Stage

MOST = 5_000
"""Events that are told once more: of more than so many, a share."""


async def again(stage: Stage, sender: Sender, load: Load) -> str:
    """Tell a share of all events once more."""
    before, posted = await stage.witness.touched(), sender.answers.total()
    await sender.repeat(load.events, min(1.0, MOST / len(load.events)))
    await stage.settled(PATIENCE)
    stage.wrong += changed(before, await stage.witness.touched())
    return f"{sender.answers.total() - posted:,} deliveries of what had been acknowledged changed nothing"


def changed(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The entries of which an event that was told again has changed the flag."""
    return [
        f"{name} was changed by an event that was told again: WRONG"
        for name, entry in after.items()
        if name not in before or entry["changed"] != before[name]["changed"]
    ]
