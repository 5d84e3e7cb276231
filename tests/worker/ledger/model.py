"""One invoice as the laws say it is: what its events claim, and what becomes of that. Pure, and not read from the scripts.

Of its events the newest by (order, rank, id) wins; it lets the claims of the invoice stand or fall, or names others. What
changes waits until every entry of it is settled.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from worker.marking import State

MOST_FACTS = 50
"""So many events of an invoice are remembered, and those that are open."""
AWAITS_A_PERSON = (State.REJECTED, State.PARTLY_APPLIED)

Names = Mapping[str, tuple[str, ...]]


@dataclass
class Fact:
    """An event, and what has become of it."""

    id: str
    paid: bool
    order: int
    rank: int
    at: int
    wanted: Names
    reason: str
    state: State = State.UNRESOLVED
    linked: str = ""

    @property
    def key(self) -> tuple[int, int, str]:
        """What decides which of two events is the newer one."""
        return self.order, self.rank, self.id


@dataclass
class Place:
    """What an invoice means in one workspace; `done` has `+` or `x` for each entry that is settled."""

    named: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    state: State = State.WAITING
    done: dict[str, str] = field(default_factory=dict)

    @property
    def entries(self) -> tuple[str, ...]:
        """All that the marking speaks of."""
        return self.named + self.formerly

    @property
    def to_do(self) -> set[str]:
        """What is not settled yet."""
        return set(self.entries) - self.done.keys()

    def wait(self) -> None:
        """Begin again."""
        self.state, self.done = State.WAITING, {}

    def mark(self, marks: Mapping[str, str]) -> None:
        """Take in what became of entries."""
        self.done |= marks
        if not self.to_do:
            states = {"+": State.APPLIED, "x": State.REJECTED, "": State.APPLIED}
            found = set(self.done.values())
            self.state = states[found.pop()] if len(found) == 1 else State.PARTLY_APPLIED
            if self.state is State.APPLIED:
                self.formerly, self.done = (), {}


@dataclass
class Invoice:
    """What is known of one invoice.

    `linked`: under which name was told what it names; empty if it names that itself. `named_by`: the event that did so.
    """

    newest: tuple[int, int, str] = (-1, -1, "")
    stands: bool = False
    paid_in_full: bool = False
    version: int = 0
    linked: str = ""
    named_by: tuple[int, int, str] = (-1, -1, "")
    places: dict[str, Place] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)

    @property
    def none_of_ours(self) -> bool:
        """Whether it was only ever seen to name nothing."""
        return not self.places and not self.facts

    @property
    def names_something(self) -> bool:
        """Whether there is anything that can stand or fall."""
        return any(place.named for place in self.places.values())

    def names_just(self, wanted: Names) -> bool:
        """Whether it names these entries, and no others."""
        return {name: place.named for name, place in self.places.items() if place.named} == dict(wanted)

    def unresolved(self) -> list[Fact]:
        """The events that await a person."""
        return [fact for fact in self.facts.values() if fact.state is State.UNRESOLVED]

    def turn(self, stands: bool) -> bool:
        """Let all claims stand or fall. Returns whether that changes anything."""
        if self.stands is stands:
            return False
        self.stands = stands
        for place in self.places.values():
            if place.named:
                place.wait()
        return True

    def name_late(self, wanted: Names) -> bool:
        """Name what an older event names; whether that stands is as it is. Returns whether that changes anything."""
        if self.paid_in_full:
            return self.rename(wanted)
        changed = False
        for workspace in {**self.places, **wanted}:
            named, old = wanted.get(workspace, ()), self.places.get(workspace)
            if named == (old.named if old else ()):
                continue
            changed = True
            if old is None or old.state is State.APPLIED:
                self.places[workspace] = Place(named, (), State.APPLIED)
            else:
                let_go = dict.fromkeys(old.formerly + old.named)
                self.places[workspace] = Place(named, tuple(one for one in let_go if one not in named))
        return changed

    def rename(self, wanted: Names) -> bool:
        """Name just what is `wanted`, and stand. Returns whether that changes anything."""
        changed = False
        for workspace in {**self.places, **wanted}:
            named = wanted.get(workspace, ())
            old = self.places.get(workspace, Place(state=State.APPLIED))
            if old.named == named and (self.stands or not named):
                continue
            let_go = dict.fromkeys(old.formerly + old.named)
            self.places[workspace] = Place(named, tuple(one for one in let_go if one not in named))
            changed = True
        self.stands = True
        return changed

    def forget(self) -> None:
        """Of a long history the oldest events go, but for those that wait for something."""
        settled = [
            fact for fact in self.facts.values() if fact.state not in (State.WAITING, State.UNRESOLVED)
        ]
        for fact in settled[: max(len(self.facts) - MOST_FACTS, 0)]:
            del self.facts[fact.id]

    def sum_up(self) -> None:
        """The event that made the markings has the state that they have come to, all together."""
        states = {place.state for place in self.places.values()}
        if State.WAITING in states:
            return
        for fact in self.facts.values():
            if fact.state is State.WAITING:
                fact.state = states.copy().pop() if len(states) == 1 else State.PARTLY_APPLIED
