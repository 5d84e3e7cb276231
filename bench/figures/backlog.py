"""How fast a backlog is gone: against a Clockify that answers at once, and against one that is slow and limits its callers."""

import time
from dataclasses import dataclass
from math import ceil
from typing import Any

from bench.figures import deliveries
from bench.figures.driver import drive, request
from bench.figures.rig import Rig, until
from bench.figures.size import Size
from bench.figures.table import Figure, Measured

BATCH = 200
CONNECTIONS = 64
LIMIT, LATENCY = 50, 0.05
PATIENCE = 300.0
LOOK_EVERY = 0.5
TIMES_PLAIN, TIMES_LIMIT = 10.0, 1.15
"""Goals: so many times the plain service; so many times the least that a limit allows."""
NO_LIMIT = "100000/s"
PLAIN_TOO = 5
"""The plain service works on so many times fewer invoices: its rate does not depend on how many wait."""


@dataclass(frozen=True, slots=True)
class Drained:
    """What came of one backlog: invoices a second from the first call to the last, calls by status, seconds in all.

    `worker`, `store`: microseconds of processor an invoice, with their start and all that follows the last call.
    """

    invoices: int
    seconds: float
    answers: dict[str, int]
    worker: float
    store: float

    @property
    def rate(self) -> float:
        """Invoices a second."""
        return self.invoices / self.seconds


async def at_once(rig: Rig, size: Size) -> list[Figure]:
    """A Clockify that answers at once."""
    ours, plain, limits = [], [], []
    for lot in range(max(2, size.rounds // 2)):
        ours.append(await drained(rig, "paidmark", 8, 300 + lot, size.backlog, rate=NO_LIMIT))
        plain.append(await drained(rig, "tuned", 9, 400 + lot, size.backlog // PLAIN_TOO))
        limits.append(await _alone(rig, size.backlog * deliveries.ENTRIES // BATCH))
    rates, others = Measured(tuple(one.rate for one in ours)), Measured(tuple(one.rate for one in plain))
    ratio = rates.median / others.median
    least = ceil(size.backlog * deliveries.ENTRIES / BATCH)
    calls = [sum(one.answers.values()) for one in ours]
    return [
        Figure(
            name="a backlog, Clockify answers at once", unit="invoices/s", ours=rates, plain=others,
            limit=Measured(tuple(limits)), ratio=f"{ratio:.1f}x plain", goal=f">= {TIMES_PLAIN:g}x plain", met=ratio >= TIMES_PLAIN,
        ),
        Figure(
            name="calls for it", unit=f"PATCH for {size.backlog:,}", ours=Measured(tuple(map(float, calls))),
            limit=Measured((float(least),)), ratio=f"{calls[0] - least:+d}", goal="ceil(entries / batch)",
            met=set(calls) == {least},
        ),
        *(
            Figure(
                name=f"processor of the {part} for it", unit="us/invoice",
                ours=Measured(tuple(getattr(one, part) for one in ours)),
                plain=Measured(tuple(getattr(one, part) for one in plain)),
            )
            for part in ("worker", "store")
        ),
    ]  # fmt: skip


async def limited(rig: Rig, size: Size) -> list[Figure]:
    """A Clockify that takes its time, and no more than so many calls a second."""
    least = ceil(size.limited * deliveries.ENTRIES / BATCH) / LIMIT
    ours = await drained(rig, "paidmark", 10, 500, size.limited, limit=LIMIT, latency=LATENCY)
    plain = await drained(
        rig, "tuned", 11, 501, size.limited, limit=LIMIT, latency=LATENCY, patience=max(ours.seconds, 2.0)
    )
    times = (ours.seconds + 1 / LIMIT) / least
    refused = ours.answers.get("invoiced 429", 0)
    return [
        Figure(
            name=f"{size.limited:,} invoices at {LIMIT}/s, {LATENCY * 1000:.0f} ms", unit="s", ours=Measured((ours.seconds,)),
            limit=Measured((least,)),
            ratio=f"{times:.2f}x the limit; plain did {plain.invoices:,} meanwhile",
            goal=f"<= {TIMES_LIMIT:g}x", met=times <= TIMES_LIMIT,
        ),
        Figure(
            name="answered 429", unit="calls", ours=Measured((float(refused),)),
            plain=Measured((float(plain.answers.get("invoiced 429", 0)),)), goal="hardly any",
            met=refused <= ours.invoices // 1_000,
        ),
    ]  # fmt: skip


async def drained(
    rig: Rig, how: str, database: int, tag: int, invoices: int, *, rate: str = f"{LIMIT}/s",
    limit: int = 0, latency: float = 0.0, patience: float = PATIENCE,
) -> Drained:  # fmt: skip
    """Have invoices wait, start a worker, and see them done, as far as they are within `patience` seconds."""
    await rig.start_sandbox(f"{limit}/s" if limit else "")
    if latency:
        await rig.ask_sandbox("POST", "faults", {"kind": "latency", "seconds": latency})
    async with rig.store(database) as store:
        await store.flushdb()
    receiver = "stored" if how in ("tuned", "default") else how
    port = await rig.start_receiver("receiver", receiver, database)
    await drive(port, deliveries.prepared(tag, invoices), connections=CONNECTIONS)
    await rig.machine.end("receiver")
    store_before = rig.processor("store")
    await rig.start_worker("worker", how, database, rate=rate)
    wanted = invoices * deliveries.ENTRIES
    figures: dict[str, Any] = {}
    first: list[float] = []

    async def done() -> bool:
        figures.update(await rig.ask_sandbox("GET", "counts"))
        if figures["calls"] and not first:
            first.append((await rig.ask_sandbox("GET", "calls"))[0]["at"])
        late = bool(first) and time.time() > first[0] + patience
        return figures["ids_marked"] >= wanted or late

    await until(done, PATIENCE, "the backlog is done", every=LOOK_EVERY)
    (last,) = await rig.ask_sandbox("GET", "calls?last=1")
    done_now = figures["ids_marked"] // deliveries.ENTRIES
    worker, store_now = rig.processor("worker"), rig.processor("store") - store_before
    await rig.machine.end("worker")
    per_invoice = 1_000_000 / max(done_now, 1)
    return Drained(
        done_now, last["at"] - first[0], figures["answers"], worker * per_invoice, store_now * per_invoice
    )


async def _alone(rig: Rig, calls: int) -> float:
    """Invoices a second that the sandbox itself can take, in batches: no worker could be faster."""
    await rig.start_sandbox()
    made = []
    for number in range(calls):
        ids = [
            one
            for n in range(BATCH // deliveries.ENTRIES)
            for one in deliveries.entries(600, number * BATCH + n)
        ]
        body = ('{"invoiced":true,"timeEntryIds":["' + '","'.join(ids) + '"]}').encode()
        path = f"/api/v1/workspaces/{deliveries.workspace(0)}/time-entries/invoiced"
        made.append(
            request(path, {"X-Api-Key": "any", "Content-Type": "application/json"}, body).replace(
                b"POST", b"PATCH", 1
            )
        )
    driven = await drive(rig.sandbox_port, made, connections=8)
    if driven.statuses != {200: calls}:
        raise RuntimeError(f"the sandbox: answered {driven.statuses}")
    return driven.rate * BATCH / deliveries.ENTRIES
