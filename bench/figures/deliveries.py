"""Deliveries of the source `standard`, signed and ready to be sent; and the same events as the ledger takes them."""

import time
from collections.abc import Iterator

from bench.figures.driver import request
from bench.figures.rig import SECRET
from webhooks.sources import KINDS
from webhooks.sources.kind import Options, Sample
from worker.marking import Cause, Wanted

ENTRIES = 20
_STANDARD = KINDS["standard"]
_HOUR = 3600.0


def workspace(number: int) -> str:
    """The id of one of the workspaces."""
    return f"5e{number:022x}"


def entries(tag: int, number: int, count: int = ENTRIES) -> tuple[str, ...]:
    """The entries of an invoice: no other invoice names them. Ids as MongoDB makes them, which end in a counter."""
    return tuple(_id(tag, number * count + n) for n in range(count))


def _id(tag: int, serial: int) -> str:
    high, counter = divmod(serial, 1 << 24)
    return f"{0x65000000 + high:08x}{tag:010x}{counter:06x}"


def prepared(
    tag: int, count: int, *, workspaces: int = 1, entries_each: int = ENTRIES, first: int = 0
) -> list[bytes]:
    """So many requests, each a paid invoice of its own; `tag` tells one lot from another."""
    now = time.time()
    made = []
    for number in range(first, first + count):
        facts = Sample(
            event=f"msg_{tag}_{number}", invoice=f"in_{tag}_{number}", workspace=workspace(number % workspaces),
            entries=entries(tag, number, entries_each), at=now - _HOUR,
        )  # fmt: skip
        body = _STANDARD.sample(facts, Options())
        proof = _STANDARD.sign(body, SECRET, facts.event, now, Options())
        made.append(request("/webhooks/standard", proof.headers, body))
    return made


def causes(tag: int, count: int, *, workspaces: int = 1, first: int = 0) -> Iterator[Cause]:
    """The same, as the ledger takes them: for filling a store."""
    at = int((time.time() - _HOUR) * 1000)
    for number in range(first, first + count):
        yield Cause(
            source="standard", account="", event=f"msg_{tag}_{number}", invoice=f"in_{tag}_{number}", payment="",
            invoiced=True, order=at, rank=1, at=at,
            wanted=(Wanted(workspace(number % workspaces), entries(tag, number)),),
        )  # fmt: skip
