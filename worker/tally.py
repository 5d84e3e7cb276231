"""Which entries of which markings are done, while a backlog is worked off. Pure but for its own memory."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from worker.ledger.hands import Progress
from worker.marking import Pending

TO_DO, APPLIED, REJECTED = ".", "+", "x"


class Tally:
    """The entries of the markings that are `pending`, each with the wish that was read last."""

    def __init__(self, pending: Sequence[Pending]) -> None:
        """Merge what several markings want of one entry: what was read later knows more claims."""
        self._pending = pending
        self._done = [list(one.done) for one in pending]
        self._where: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self.wishes: dict[str, bool] = {}
        for number, one in enumerate(pending):
            for index, (entry, wish) in enumerate(zip(one.entries, one.wishes, strict=True)):
                if one.done[index] == TO_DO:
                    self._where[entry].append((number, index))
                    self.wishes[entry] = wish
                elif entry in self.wishes:
                    self.wishes[entry] = wish

    def applied(self, entries: Iterable[str]) -> list[Progress]:
        """What to settle once Clockify has taken `entries`."""
        return self._mark(dict.fromkeys(entries, ""), APPLIED)

    def rejected(self, reasons: dict[str, str]) -> list[Progress]:
        """What to settle once Clockify has refused entries for good, each for its reason."""
        return self._mark(reasons, REJECTED)

    def _mark(self, reasons: dict[str, str], mark: str) -> list[Progress]:
        touched: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
        for entry, reason in reasons.items():
            self.wishes.pop(entry, None)
            for number, index in self._where.pop(entry, ()):
                self._done[number][index] = mark
                touched[number].append((index, reason))
        return [
            Progress(
                self._pending[number].ref,
                self._pending[number].revision,
                "".join(self._done[number]),
                tuple(marked) if mark == REJECTED else (),
            )
            for number, marked in touched.items()
        ]
