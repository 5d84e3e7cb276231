"""The invoices of the acts: paid an hour ago, or no longer paid a minute later. What Clockify must know of them is seeded."""

import time
from collections.abc import Sequence
from hashlib import sha256

from bench.chaos.load import WORKSPACES, Load, Telling, workspace
from bench.chaos.stage import Stage
from webhooks.sources.kind import Sample

PATIENCE = 30.0
"""Seconds within which anything happens that must happen in the calm."""


def told(invoice: str, where: str, entries: Sequence[str], *, paid: bool) -> Telling:
    """An hour ago an invoice was paid, or a minute later was so no longer."""
    at = int(time.time()) - 3600 + (0 if paid else 60)
    event = f"evt_{invoice}_{'paid' if paid else 'gone'}"
    sample = Sample(
        event=event,
        invoice=invoice,
        workspace=where,
        entries=tuple(entries),
        at=at,
        told="paid" if paid else "reversed",
    )
    return Telling(source="standard", sample=sample, starts=0.0)


def entry(name: str) -> str:
    """The id of an entry."""
    return sha256(name.encode()).hexdigest()[:24]


def several(name: str, count: int) -> Load:
    """So many invoices of one entry each, all over the workspaces."""
    load = Load()
    for number in range(count):
        where, one = workspace(number % WORKSPACES), entry(f"{name} {number}")
        load.tellings.append(told(f"in_{name}_{number}", where, [one], paid=True))
        load.entries[one] = where
    return load


async def known(stage: Stage, load: Load, more: Load) -> None:
    """Let Clockify, and the proof, know what will be told."""
    load.add(more)
    await stage.witness.seed(more)
