"""Bodies that could not be decoded, at the desk: found, and told of, without a word of what is in them.

They are no events: nobody knows what they say, so nothing can be brought back from them.
"""

import re
from collections.abc import Iterator
from typing import Any

from webhooks.desk.rows import Row
from webhooks.desk.tables import say
from webhooks.desk.words import ago, clock, counted, iso
from worker.ledger import Desk
from worker.ledger.records import UNDECODED, Undecoded
from worker.marking import State

REASON = "cannot be decoded"
_MEANT = re.compile(rf"(?:([^/]+)/{UNDECODED}/)?([0-9a-f]{{12,64}})")


async def meant(desk: Desk, text: str, source: str = "") -> list[Undecoded]:
    """The bodies that a person means: by ref, or by the digest that the receiver's log has."""
    asked = _MEANT.fullmatch(text)
    if asked is None:
        return []
    sources = {asked[1] or "", source} - {""}
    return [
        one for one in await desk.undecoded() if one.digest.startswith(asked[2]) and sources <= {one.source}
    ]


def row(one: Undecoded) -> Row:
    """A body as a line of the list."""
    return Row(
        ref=one.ref,
        event=one.digest,
        says="",
        workspace="",
        state=State.UNRESOLVED,
        ids=(),
        since=one.kept,
        settled=0,
        reason=REASON,
    )


def tell(one: Undecoded, now: int) -> None:
    """Print what is known of a body, and what can be done about it. `now` in milliseconds since 1970."""
    say(one.ref, "bold")
    say(f"a body of source {one.source} that {REASON}: it is authentic, acknowledged, and not carried out")
    say()
    for name, value in (
        ("digest", f"sha256 {one.digest}"),
        ("size", counted(one.size, "byte", "bytes")),
        ("kept", f"{clock(one.kept)}, {ago(one.kept, now)}" if one.kept else "nobody knows since when"),
    ):
        say(f"{name:<8}{value}")
    say()
    for line in advice(one):
        say(line)


def document(one: Undecoded) -> dict[str, Any]:
    """What is known of a body, for programs."""
    return {
        "ref": one.ref,
        "kind": UNDECODED,
        "source": one.source,
        "digest": one.digest,
        "bytes": one.size,
        "state": State.UNRESOLVED.value,
        "since": iso(one.kept),
        "reason": REASON,
    }


def advice(one: Undecoded) -> Iterator[str]:
    """What can be done about a body, a line each."""
    yield f"Look at it (it may hold customers' data): paidmark markings {one.ref} --body"
    yield "Why: the receiver's log has it, delivery.undecodable with this digest."
    yield f"It cannot be retried. If it matters, upgrade Paidmark, mend {one.source}, or what the settings say of it, and have {one.source} send it again."
    yield f'When it has been sent again, or does not matter: paidmark drop {one.ref} --reason "..."'
