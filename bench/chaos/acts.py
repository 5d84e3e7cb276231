"""What is tried when the faults are over, each thing by itself, so that its time can be told.

A worker that slept through its lease, bad entries among good ones, and a store put back to an older file.
"""

import asyncio
import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from bench.chaos.load import Load, Telling, workspace, write
from bench.chaos.plan import RECEIVERS, WORKERS
from bench.chaos.sender import Sender
from bench.chaos.stage import LEASE, Stage, until
from bench.link import Hold
from webhooks.sources.kind import Sample

PATIENCE = 30.0
SLEEPERS = 3
GOOD_WITHIN = 10.0
BAD_INVOICES = 20
SINCE = re.compile(r"since (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")


async def sleepers(stage: Stage, sender: Sender, load: Load) -> list[float]:
    """Have a worker's PATCH land after its lease, its opposite done by another one. Returns for how long it was wrong."""
    return [await _sleeper(stage, sender, load, number) for number in range(SLEEPERS)]


async def _sleeper(stage: Stage, sender: Sender, load: Load, number: int) -> float:
    where, entry, name = workspace(number), f"{number:08x}{'5eee9e40' * 2}", f"in_sleeper_{number}"
    paid, gone = _told(name, where, (entry,), paid=True), _told(name, where, (entry,), paid=False)
    told = Load(tellings=[paid, gone], entries={entry: where})
    load.add(told)
    await stage.seed(told)

    async def shows(*, invoiced: bool) -> bool:
        return (await stage.entry(entry))["invoiced"] is invoiced

    holds = {name: stage.links[f"{name}>clockify"].hold(entry.encode()) for name in WORKERS}
    await sender.tell([paid])
    asleep = await _caught(holds)
    stage.machine.running[asleep].send_signal(signal.SIGSTOP)
    for one, hold in holds.items():
        stage.links[f"{one}>clockify"].let_be(hold)
    await until(lambda: shows(invoiced=True), within=PATIENCE, because="the lease was not taken over")
    await sender.tell([gone])
    await until(lambda: shows(invoiced=False), within=PATIENCE, because="the reversal had no effect")
    holds[asleep].released.set()
    await until(
        lambda: shows(invoiced=True), within=PATIENCE, because="the late call did not land", pause=0.005
    )
    wrong_since = time.monotonic()
    stage.machine.running[asleep].send_signal(signal.SIGCONT)
    await until(
        lambda: shows(invoiced=False), within=LEASE, because="what came late was not undone", pause=0.005
    )
    return time.monotonic() - wrong_since


async def _caught(holds: dict[str, Hold]) -> str:
    """The worker whose request is held first."""
    waiting = {asyncio.create_task(hold.caught.wait()): name for name, hold in holds.items()}
    done, others = await asyncio.wait(waiting, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    for task in others:
        task.cancel()
    if not done:
        raise TimeoutError("no worker has sent the call")
    return waiting[done.pop()]


async def bad_among_good(stage: Stage, sender: Sender, load: Load) -> float:
    """Pay invoices that each name an entry which does not exist. Returns when the last good one was marked, in seconds."""
    where, told = workspace(0), Load()
    for number in range(BAD_INVOICES):
        good, bad = f"{number:08x}{'900d' * 4}", f"{number:08x}{'bad0' * 4}"
        told.tellings.append(_told(f"in_bad_{number}", where, (bad, good), paid=True))
        told.entries[good] = where
        told.bad.add(bad)
    load.add(told)
    await stage.seed(told)
    await sender.tell(told.tellings)

    async def marked() -> bool:
        return all([(await stage.entry(one))["invoiced"] for one in told.entries])

    return await until(marked, within=GOOD_WITHIN, because="bad entries hold up the good ones")


async def older_file(stage: Stage, sender: Sender, load: Load, *, seed: int) -> int:
    """Put the store back to what it was some minutes of events ago. Returns how many accepts it says that it has lost.

    The receivers must notice, and say since when everything must be sent again; then all must be as if nothing had been.
    """
    copy = stage.store.with_name("store.older")
    await _exchange(stage, lambda: shutil.copytree(stage.store, copy))
    await stage.settled(PATIENCE)
    for name in RECEIVERS:  # each has seen the store as it is, and will know if it is another one
        await _one_more(stage, sender, load, f"before_{name}", name)
    lost = write(200, seconds=3, seed=seed, now=time.time(), name="lost_")
    load.add(lost)
    await stage.seed(lost)
    await sender.tell(lost.tellings)
    await stage.settled(PATIENCE)

    def put_back() -> None:
        shutil.rmtree(stage.store)
        copy.rename(stage.store)

    await _exchange(stage, put_back)
    said = []
    for name in RECEIVERS:
        await _one_more(stage, sender, load, f"after_{name}", name)
        status, text = await stage.ops(name, "readyz")
        if status == 200 or not (found := SINCE.search(text)):  # noqa: PLR2004 - 200 OK
            raise TimeoutError(
                f"{name} has not noticed that the store is an older one; it says: {text.strip()}"
            )
        said.append(datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())
    again = [replace(one, starts=0.0) for one in load.events if sender.acknowledged[one.event] >= min(said)]
    await asyncio.gather(*(stage.end(name, signal.SIGTERM, 0) for name in RECEIVERS))
    await sender.tell(again)
    return len(again)


async def _exchange(stage: Stage, change: Callable[[], object]) -> None:
    """Change the store's folder while no store runs on it."""
    async with stage.locks["store"]:
        await stage.machine.end("store", signal.SIGKILL)
        await asyncio.to_thread(change)
        await stage.machine.start("store")


async def _one_more(stage: Stage, sender: Sender, load: Load, name: str, receiver: str) -> None:
    """Pay one more invoice, at a certain receiver."""
    entry = sha256(name.encode()).hexdigest()[:24]
    told = Load(
        tellings=[_told(f"in_{name}", workspace(0), (entry,), paid=True)], entries={entry: workspace(0)}
    )
    load.add(told)
    await stage.seed(told)
    only = replace(sender, urls=[stage.url(receiver)])
    await only.tell(told.tellings)


def _told(invoice: str, where: str, entries: tuple[str, ...], *, paid: bool) -> Telling:
    """An hour ago an invoice was paid, or a minute later was so no longer."""
    at = int(time.time()) - 3600 + (0 if paid else 60)
    event = f"evt_{invoice}_{'paid' if paid else 'gone'}"
    sample = Sample(event=event, invoice=invoice, workspace=where, entries=entries, at=at, paid=paid)
    return Telling(source="standard", sample=sample, starts=0.0)
