"""What telling an invoice's entries apart from it would change, seen beforehand. Must not print, and changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from webhooks.desk.rows import name
from webhooks.desk.words import entries
from worker.ledger import Desk
from worker.marking import Link, Wanted, reference

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Before:
    """What stands now: `entries` told under the name, and `others`, who name entries of the new link, with how many."""

    entries: frozenset[tuple[str, str]]
    others: dict[str, int]

    def question(self, link: Link) -> str:
        """What has to be asked before the link is told; empty where nothing is lost by it."""
        gone = len(self.entries - _told(link.wanted))
        if not gone:
            return ""
        then = "take that back" if not link.wanted else f"tell it anew, without {gone:,} of them"
        return f"{link.name} stands for {entries(len(self.entries))} now: {then}"

    def warning(self) -> str:
        """Who else names the same entries, in words; empty where nobody does."""
        if not self.others:
            return ""
        named = [f"{ref} ({count:,})" for ref, count in sorted(self.others.items())]
        spare = len(named) - _MOST_NAMED
        more = f", and {spare:,} more" if spare > 0 else ""
        return f"the same entries are on others, too: {', '.join(named[:_MOST_NAMED])}{more}"


async def look(desk: Desk, link: Link) -> Before:
    """Look at all other links, and at the invoices that claim entries of this one."""
    ref, told = reference(link.source, link.account, link.name), _told(link.wanted)
    others: dict[str, int] = {}
    if told:
        async for other, wanted in desk.links():
            if other != ref and (count := len(told & _told(wanted))):
                others[f"link {other}"] = count
        for one in link.wanted:
            others |= await _claiming(desk, one, ref)
    return Before(_told(await desk.told(ref)), others)


async def _claiming(desk: Desk, one: Wanted, own: str) -> dict[str, int]:
    """The invoices that name some of the entries now, with how many; those to which this link has told them left out."""
    refs = set(await desk.unclaimed(one.workspace))
    refs.update(*await desk.naming_each(one.workspace, one.entries))
    records = await desk.show_each(sorted(refs - {own}))
    named = {
        record.ref: {
            entry for place in record.places if place.workspace == one.workspace for entry in place.named
        }
        for record in records
        if record is not None and record.linked != own
    }
    return {ref: count for ref, entries in named.items() if (count := len(entries.intersection(one.entries)))}


def document(ref: str, wanted: Sequence[Wanted]) -> dict[str, Any]:
    """A link for programs."""
    told = name(ref)
    return {
        "source": told.source,
        "account": told.account,
        "name": told.id,
        "names": [{"workspace": one.workspace, "entries": list(one.entries)} for one in wanted],
    }


def _told(wanted: Sequence[Wanted]) -> frozenset[tuple[str, str]]:
    return frozenset((one.workspace, entry) for one in wanted for entry in one.entries)
