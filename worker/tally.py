"""Which entries of which markings are done, while a backlog is worked off. Pure but for its own memory."""

from collections.abc import Collection, Iterable

from worker.ledger.work import Progress
from worker.marking import Pending

TO_DO, APPLIED, REJECTED = b".+x"


class Tally:
    """The entries of markings that are pending, each with the wish that was read last.

    Every entry of every marking has a slot in one row of marks. Most entries are named by one marking, once.
    """

    def __init__(self, pending: Iterable[Pending] = ()) -> None:
        """Merge what several markings want of one entry: what was read later knows more claims."""
        self._pending: list[Pending] = []
        self._refs: set[str] = set()
        self._begins: list[int] = []
        self._marks = bytearray()
        self._owners: list[int] = []
        self._slot: dict[str, int] = {}
        self._more_slots: dict[str, list[int]] = {}
        self.wishes: dict[str, bool] = {}
        self._merge(pending, self.wishes)

    def extend(self, pending: Iterable[Pending]) -> dict[str, bool]:
        """Take in those markings that have nothing in common with what is here already. Returns what they wish for."""
        here = self._slot.keys()
        others = [one for one in pending if one.ref not in self._refs and here.isdisjoint(one.entries)]
        wishes: dict[str, bool] = {}
        self._merge(others, wishes)
        self.wishes |= wishes
        return wishes

    def applied(self, entries: Collection[str]) -> list[Progress]:
        """What to settle once Clockify has taken `entries`."""
        touched = dict.fromkeys([self._owners[slot] for slot in self._mark(entries, APPLIED)])
        return [self._progress(number) for number in touched]

    def rejected(self, reasons: dict[str, str]) -> list[Progress]:
        """What to settle once Clockify has refused entries for good, each for its reason."""
        refusals: dict[int, list[tuple[int, str]]] = {}
        for slot in self._mark(reasons, REJECTED):
            number = self._owners[slot]
            index = slot - self._begins[number]
            reason = reasons[self._pending[number].entries[index]]
            refusals.setdefault(number, []).append((index, reason))
        return [self._progress(number, marked) for number, marked in refusals.items()]

    def _merge(self, pending: Iterable[Pending], wishes: dict[str, bool]) -> None:
        for one in pending:
            begin, count = len(self._marks), len(one.entries)
            self._owners += [len(self._pending)] * count
            self._pending.append(one)
            self._refs.add(one.ref)
            self._begins.append(begin)
            self._marks += one.done.encode()
            slots = dict(zip(one.entries, range(begin, begin + count), strict=True))
            untouched = len(slots) == count and one.done.count(".") == count
            if untouched and self._slot.keys().isdisjoint(slots):
                self._slot |= slots
                wishes.update(zip(one.entries, one.wishes, strict=True))
            else:
                self._merge_singly(one, begin, wishes)

    def _merge_singly(self, one: Pending, begin: int, wishes: dict[str, bool]) -> None:
        for slot, (entry, wish) in enumerate(zip(one.entries, one.wishes, strict=True), begin):
            if self._marks[slot] == TO_DO:
                if self._slot.setdefault(entry, slot) != slot:
                    self._more_slots.setdefault(entry, []).append(slot)
                wishes[entry] = wish
            elif entry in wishes:
                wishes[entry] = wish

    def _mark(self, entries: Collection[str], mark: int) -> list[int]:
        """Mark entries wherever they are named. Returns the slots."""
        slots = [slot for entry in entries if (slot := self._slot.pop(entry, None)) is not None]
        if self._more_slots:
            slots += [slot for entry in entries for slot in self._more_slots.pop(entry, ())]
        for entry in entries:
            self.wishes.pop(entry, None)
        for slot in slots:
            self._marks[slot] = mark
        return slots

    def _progress(self, number: int, refusals: Iterable[tuple[int, str]] = ()) -> Progress:
        one, begin = self._pending[number], self._begins[number]
        done = self._marks[begin : begin + len(one.entries)].decode()
        return Progress(one.ref, one.revision, done, tuple(refusals))
