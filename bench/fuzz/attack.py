"""The attack: steps of deliveries on many lanes, and a look into the store, the log and the memory after each."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from random import Random

import typer
from redis.asyncio import Redis

from bench.fuzz import ledger
from bench.fuzz.attempts import Attempt
from bench.fuzz.lanes import Lane
from bench.fuzz.receiver import Receiver, receiving
from bench.fuzz.verdict import MEGABYTE, Verdict
from bench.fuzz.ways import MAX_BODY, attempt
from worker.embedded import embedded

LANES = 12
TOGETHER = 16
STEPS = 12
LARGEST_STEP = 20_000


async def attack(deliveries: int, seed: int) -> int:
    """Attack, and say what came of it. Returns the exit status."""
    verdict = Verdict(seed)
    began = time.monotonic()
    async with embedded() as embedded_store, receiving(embedded_store.url, MAX_BODY) as receiver:
        async with Redis.from_url(embedded_store.url) as store:
            await _steps(deliveries, verdict, receiver, store)
        rate = deliveries / (time.monotonic() - began)
        if receiver.process.returncode is not None:
            verdict.found(f"the receiver has ended with status {receiver.process.returncode}")
    for line in receiver.strange:
        verdict.found(f"logged: {line}")
    verdict.judge_memory()
    verdict.judge_controls()
    megabytes = [size // MEGABYTE for size in verdict.memory]
    said = ", ".join(f"{number:,} {fact}" for fact, number in receiver.said.most_common())
    typer.echo(f"{verdict.table()}\nlogged: {said}\nmemory of the receiver in MiB, by step: {megabytes}")
    typer.echo(
        f"{deliveries:,} deliveries, {rate:,.0f} a second, seed {seed}: {len(verdict.findings)} findings"
    )
    return 1 if verdict.findings else 0


async def _steps(deliveries: int, verdict: Verdict, receiver: Receiver, store: Redis) -> None:
    size = min(LARGEST_STEP, -(-deliveries // STEPS))
    lanes = [
        (Lane(receiver.port), Lane(receiver.port), Random(f"{verdict.seed}/{n}"))  # noqa: S311 - to be repeatable
        for n in range(LANES)
    ]
    for step, start in enumerate(range(0, deliveries, size)):
        end = min(start + size, deliveries)
        async with asyncio.TaskGroup() as group:
            for n, (kept, once, random) in enumerate(lanes):
                made = _made(range(start + n, end, LANES), random)
                group.create_task(_along(kept, once, made, verdict))
        await _look(verdict, store)
        await ledger.clear(store, undecoded=step % 2 == 1)
        verdict.memory.append(receiver.memory())
    for kept, _, _ in lanes:
        kept.close()


async def _look(verdict: Verdict, store: Redis) -> None:
    """Compare what the ledger holds with what was acknowledged."""
    for trace in await ledger.traces_of_forgery(store):
        verdict.found(f"a trace of a forged delivery: {trace}")
    for name in await ledger.missing(store, verdict.kept):
        verdict.found(f"acknowledged, and not in the ledger: {name}")
    verdict.kept.clear()


def _made(numbers: Iterable[int], random: Random) -> Iterator[Attempt]:
    for number in numbers:
        yield attempt(number, time.time(), random)


async def _along(kept: Lane, once: Lane, attempts: Iterable[Attempt], verdict: Verdict) -> None:
    """Send one lane's attempts."""
    together: list[Attempt] = []
    for one in attempts:
        if one.alone:
            verdict.heard(await once.alone(one))
            continue
        together.append(one)
        if len(together) == TOGETHER:
            await _answered(kept, together, verdict)
            together.clear()
    await _answered(kept, together, verdict)


async def _answered(lane: Lane, attempts: list[Attempt], verdict: Verdict) -> None:
    for answer in await lane.together(attempts):
        verdict.heard(answer)
