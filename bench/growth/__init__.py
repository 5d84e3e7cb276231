"""How cost grows: with what waits, with workspaces, with entries an invoice, with receivers and workers; and a picture.

Not a contest: Paidmark alone, in one run, so that the shape is what counts.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import typer

from bench.figures import deliveries
from bench.figures.acknowledging import CONNECTIONS, fill
from bench.figures.backlog import NO_LIMIT
from bench.figures.driver import Drive, drive
from bench.figures.rig import Rig, rigged, until
from bench.growth.picture import draw
from bench.growth.point import Point, Series

MEGABYTE = 1024 * 1024
PATIENCE = 300.0
LARGEST = 20_000
"""Entries that one round's deliveries name together, at least: large invoices are fewer."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far to go."""

    waiting: tuple[int, ...]
    workspaces: tuple[int, ...]
    entries: tuple[int, ...]
    deliveries: int
    backlog: int


FULL = Reach((1_000, 10_000, 100_000, 1_000_000), (1, 10, 1_000), (1, 20, 200, 5_000), 6_000, 8_000)
SHORT = Reach((100, 1_000), (1, 10), (1, 20), 200, 200)


def run(*, short: bool, as_json: bool, picture: Path | None) -> int:
    """Measure, print, and draw, if a place for the picture is given."""
    series = asyncio.run(_measured(SHORT if short else FULL))
    if as_json:
        typer.echo(
            json.dumps({name: [asdict(one) for one in points] for name, points in series.items()}, indent=2)
        )
    else:
        for name, points in series.items():
            typer.echo(name)
            for one in points:
                typer.echo(
                    f"  {one.at:>9,}  {one.rate:>9,.0f}/s  p50 {one.p50:>7.2f} ms  p99 {one.p99:>7.2f} ms"
                    f"  {one.megabytes:>7.1f} MiB"
                )
    if picture is not None:
        draw(series, picture)
    return 0


async def _measured(reach: Reach) -> Series:
    async with rigged() as rig:
        return {
            "markings waiting": await _waiting(rig, reach),
            "workspaces": await _workspaces(rig, reach),
            "entries an invoice": await _entries(rig, reach),
            "receivers": await _receivers(rig, reach),
            "workers": await _workers(rig, reach),
        }


async def _waiting(rig: Rig, reach: Reach) -> list[Point]:
    port = await rig.start_receiver("receiver", "paidmark", 0)
    points, there = [], 0
    for number, waiting in enumerate(reach.waiting):
        await fill(rig.store_url(0), waiting - there, first=there)
        there = waiting
        driven = await drive(
            port, deliveries.prepared(10 + number, reach.deliveries), connections=CONNECTIONS
        )
        points.append(await _point(rig, waiting, driven))
    await _clean(rig)
    return points


async def _workspaces(rig: Rig, reach: Reach) -> list[Point]:
    points = []
    for number, count in enumerate(reach.workspaces):
        port = await rig.start_receiver("receiver", "paidmark", 0)
        await drive(port, deliveries.prepared(20 + number, count, workspaces=count), connections=8)
        made = deliveries.prepared(30 + number, reach.deliveries, workspaces=count)
        points.append(await _point(rig, count, await drive(port, made, connections=CONNECTIONS)))
        await _clean(rig)
    return points


async def _entries(rig: Rig, reach: Reach) -> list[Point]:
    points = []
    for number, count in enumerate(reach.entries):
        port = await rig.start_receiver("receiver", "paidmark", 0)
        how_many = max(CONNECTIONS, min(reach.deliveries, LARGEST * 20 // count))
        made = deliveries.prepared(40 + number, how_many, entries_each=count)
        points.append(await _point(rig, count, await drive(port, made, connections=CONNECTIONS)))
        await _clean(rig)
    return points


async def _receivers(rig: Rig, reach: Reach) -> list[Point]:
    points = []
    for count in (1, 2):
        ports = [await rig.start_receiver(f"receiver {n}", "paidmark", 0) for n in range(count)]
        lots = [deliveries.prepared(50 + count * 10 + n, reach.deliveries // count) for n in range(count)]
        driven = await asyncio.gather(
            *(
                drive(port, lot, connections=CONNECTIONS // count)
                for port, lot in zip(ports, lots, strict=True)
            )
        )
        points.append(await _point(rig, count, _together(driven)))
        await _clean(rig)
    return points


async def _workers(rig: Rig, reach: Reach) -> list[Point]:
    """Invoices a second that are marked: eight workspaces wait, Clockify answers at once."""
    points = []
    for count in (1, 2):
        await rig.start_sandbox()
        await fill(rig.store_url(0), reach.backlog, workspaces=8)
        for n in range(count):
            await rig.start_worker(f"worker {n}", "paidmark", 0, rate=NO_LIMIT)

        async def done() -> bool:
            return (
                int((await rig.ask_sandbox("GET", "counts"))["ids_marked"])
                >= reach.backlog * deliveries.ENTRIES
            )

        await until(done, PATIENCE, "the backlog is done", every=0.2)
        calls = await rig.ask_sandbox("GET", "calls")
        points.append(Point(count, reach.backlog / (calls[-1]["at"] - calls[0]["at"])))
        await _clean(rig)
    return points


def _together(driven: Sequence[Drive]) -> Drive:
    return Drive(
        statuses={200: sum(one.statuses.get(200, 0) for one in driven)},
        latencies=[latency for one in driven for latency in one.latencies],
        seconds=max(one.seconds for one in driven),
    )


async def _point(rig: Rig, at: int, driven: Drive) -> Point:
    async with rig.store() as store:
        used = (await store.info("memory"))["used_memory"]
    return Point(at, driven.rate, driven.latency(0.5) * 1000, driven.latency(0.99) * 1000, used / MEGABYTE)


async def _clean(rig: Rig) -> None:
    """End all but the store, and empty it."""
    for name in [name for name in rig.machine.running if name != "store"]:
        await rig.machine.end(name)
    async with rig.store() as store:
        await store.flushall(asynchronous=False)
