"""The load: what is told, and what must be so in the end, from the events alone. Pure.

It knows nothing of how Paidmark decides. `bench.chaos.lives` writes it.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from webhooks.sources.kind import Sample

WORKSPACES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One event, and how it is told.

    `starts` seconds after the beginning, when the events `after` have been acknowledged, in so many `copies`.
    `forged`: it carries a signature that proves nothing, and must have no effect. `early`: it is dated far in the
    future; it is acknowledged, and must have no effect either.
    """

    source: str
    sample: Sample
    starts: float
    after: tuple[str, ...] = ()
    copies: int = 1
    forged: bool = False
    early: bool = False

    @property
    def invoice(self) -> tuple[str, str]:
        """The source, and the id of the invoice there."""
        return self.source, self.sample.invoice

    @property
    def turn(self) -> tuple[float, bool, str]:
        """What orders the events of an invoice: the time, a reversal after a payment of the same time, the event's id."""
        return self.sample.at, not self.sample.paid, self.event

    @property
    def names(self) -> tuple[str, ...]:
        """Every entry that it shows."""
        return self.sample.entries + tuple(entry for _, entries in self.sample.lines for entry in entries)

    @property
    def event(self) -> str:
        """The id of the event."""
        return self.sample.event


@dataclass(slots=True)
class Load:
    """Everything that is told, and what is known of the entries beforehand.

    `kept`: entries that some paid invoice claims from their first mark on, whatever else is told: they must never be seen
    unmarked again. `bad`: ids that no entry of Clockify has.
    """

    tellings: list[Telling] = field(default_factory=list)
    entries: dict[str, str] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    kept: set[str] = field(default_factory=set)

    def add(self, other: "Load") -> None:
        """Take another load into this one."""
        self.tellings += other.tellings
        self.entries |= other.entries
        self.bad |= other.bad
        self.kept |= other.kept

    @property
    def deliveries(self) -> int:
        """How many deliveries are planned, beside those that are repeated."""
        return sum(one.copies for one in self.tellings)

    @property
    def events(self) -> list[Telling]:
        """What is told truly."""
        return [one for one in self.tellings if not one.forged]

    def newest(self) -> list[Telling]:
        """The newest event of each invoice, as far as it is not dated in the future."""
        found: dict[tuple[str, str], Telling] = {}
        for one in self.events:
            if not one.early and (one.invoice not in found or found[one.invoice].turn < one.turn):
                found[one.invoice] = one
        return list(found.values())

    def wanted(self) -> set[str]:
        """The entries that must be invoiced in the end: those that a paid invoice names, if Clockify knows them."""
        return {entry for one in self.newest() if one.sample.paid for entry in one.names} - self.bad


def workspace(number: int) -> str:
    """The id of a workspace."""
    return sha256(f"workspace {number}".encode()).hexdigest()[:24]
