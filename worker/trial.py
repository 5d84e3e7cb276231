"""What is being found out about entries that were refused, so that one bad id never holds up the good ones.

Pure but for its own memory, and written down between slices (`dump`, `load`): with few calls an hour, finding a bad id
takes longer than one lease. A refused batch is asked about; the entries that Clockify knows go out together, the others
are halved until each stands alone. Alone and refused, an entry is rejected if the reply could mean nothing else, or
if Clockify has taken something since; until then it is a suspect.

A reply that could as well mean "nothing works here" raises doubt. In doubt one branch is followed down to a single id,
so that a workspace that is refused as a whole is found out in few calls.
"""

from collections.abc import Iterable, Mapping

import msgspec

from worker.batches import Batch, bisect
from worker.outcome import Refused

MOST_SUSPECTS = 3
"""So many single refusals in a row, nothing taken in between, and it is the workspace that is refused."""
MOST_ASKED = 3
"""After so many questions in a row without an answer, one that cannot be had is not waited for."""
MOST_DOUBT = 3
"""After so many doubtful refusals no more batches are tried that nothing is held against."""

_Part = tuple[bool, tuple[str, ...]]


class _Dump(msgspec.Struct, array_like=True):
    ask: list[_Part] = []
    good: list[_Part] = []
    parts: list[_Part] = []
    suspects: dict[str, tuple[bool, str]] = {}
    doubt: int = 0
    shy: set[str] = set()
    unanswered: int = 0


class Trial:
    """Batches to `ask` about, `good` ones that Clockify knows, `parts` to try on their own, `suspects`: the flag and why.

    `doubt` counts the refusals that could mean anything, since something was taken. `shy` are entries to be tried after
    all others.
    """

    def __init__(self) -> None:
        """Begin with nothing refused."""
        self.ask: list[Batch] = []
        self.good: list[Batch] = []
        self.parts: list[Batch] = []
        self.suspects: dict[str, tuple[bool, str]] = {}
        self.doubt = 0
        self.shy: set[str] = set()
        self.unanswered = 0
        self._out: dict[Batch, list[Batch]] = {}

    @classmethod
    def load(cls, dumped: str) -> "Trial":
        """What `dump` wrote."""
        trial = cls()
        if dumped:
            dump = msgspec.json.decode(dumped, type=_Dump)
            trial.ask, trial.good, trial.parts = (
                [Batch(*part) for part in some] for some in (dump.ask, dump.good, dump.parts)
            )
            trial.suspects, trial.doubt, trial.shy = dump.suspects, dump.doubt, dump.shy
            trial.unanswered = dump.unanswered
        return trial

    def dump(self) -> str:
        """A text from which `load` goes on; empty where nothing is on trial."""
        if not (self.ask or self.good or self.parts or self.suspects or self.shy):
            return ""
        dump = _Dump(
            _plain(self.ask),
            _plain(self.good),
            _plain(self.parts),
            self.suspects,
            self.doubt,
            self.shy,
            self.unanswered,
        )
        return msgspec.json.encode(dump).decode()

    @property
    def clear(self) -> bool:
        """Whether nothing is held against any entry."""
        return not (self.aside or self.shy or self.doubt)

    def keep_to(self, wishes: Mapping[str, bool]) -> None:
        """Forget what is no longer wished for as it is on trial."""
        self.ask, self.good, self.parts = (
            _still_wished(some, wishes) for some in (self.ask, self.good, self.parts)
        )
        self.suspects = {entry: held for entry, held in self.suspects.items() if wishes.get(entry) is held[0]}
        if not (
            self.ask or self.good or self.parts or self.suspects
        ):  # nothing is left of what raised it, and nothing would ever end it
            self.doubt = 0

    def parked(self) -> "Trial":
        """What is left of a trial when it is the workspace that seems to be refused: nothing is held against any entry.

        But whoever probes begins with others than those that were refused now, or the same few would be met for ever.
        """
        trial = Trial()
        trial.shy = self.shy | self.suspects.keys()
        return trial

    @property
    def aside(self) -> set[str]:
        """The entries that no ordinary batch may contain meanwhile."""
        batches = (*self.ask, *self.good, *self.parts, *self._out)
        return {entry for batch in batches for entry in batch.entries} | self.suspects.keys()

    def take(self) -> list[Batch]:
        """What to try next. In doubt that is what Clockify knows, or else the smallest part alone."""
        chosen = self.good + self.parts
        if self.doubt:
            chosen = list(self.good) or sorted(self.parts, key=lambda part: len(part.entries))[:1]
        self._out = {batch: self.good if batch in self.good else self.parts for batch in chosen}
        for batch, home in self._out.items():
            home.remove(batch)
        return chosen

    def put_back(self, batches: Iterable[Batch]) -> None:
        """Those of `batches` that were taken out, and whose trial was not held."""
        for batch in batches:
            if batch in self._out:
                self._out.pop(batch).append(batch)

    def ordinary(self, batches: list[Batch]) -> list[Batch]:
        """Which batches that nothing is held against may go along."""
        if not self.doubt:
            return batches
        return batches[:1] if self.doubt < MOST_DOUBT else []

    def too_large(self, batch: Batch) -> None:
        """A part has to be smaller."""
        if self._out.pop(batch, None) is not None:
            self.parts.extend(bisect(batch))

    def refused(self, batch: Batch, refusal: Refused) -> dict[str, str]:
        """Take a refused batch in. Returns what is thereby rejected, and why."""
        self.doubt += not refusal.sure
        on_trial = self._out.pop(batch, None) is not None
        if len(batch.entries) == 1:
            if refusal.sure:
                return {batch.entries[0]: refusal.reason}
            self.suspects[batch.entries[0]] = (batch.invoiced, refusal.reason)
        elif on_trial:
            self.parts.extend(bisect(batch))
        else:
            self.ask.append(batch)
        return {}

    def not_answered(self, batch: Batch) -> None:
        """The question could not be answered now. Asked in vain again and again, the batch is halved instead."""
        self.unanswered += 1
        if self.unanswered >= MOST_ASKED:
            self.answered(batch, None)
        else:
            self.ask.append(batch)

    def answered(self, batch: Batch, known: frozenset[str] | None) -> None:
        """Take in which entries of a batch Clockify knows; None where it could not say."""
        self.unanswered = 0
        known = known or frozenset()
        good = tuple(entry for entry in batch.entries if entry in known)
        rest = Batch(batch.invoiced, tuple(entry for entry in batch.entries if entry not in known))
        if good and rest.entries:
            self.good.append(Batch(batch.invoiced, good))
        elif good:
            self.parts.extend(bisect(batch))
        if rest.entries:
            self.parts.extend(bisect(rest) if len(rest.entries) > 1 else [rest])

    def taken(self, batch: Batch) -> dict[str, str]:
        """Clockify has taken a batch: suspects are not suspected but refused. Returns them, and why."""
        self._out.pop(batch, None)
        rejected, self.suspects, self.doubt, self.shy = self.suspects, {}, 0, set()
        return {entry: reason for entry, (_, reason) in rejected.items()}

    @property
    def hopeless(self) -> bool:
        """Whether everything seems to be refused, whatever is sent."""
        return len(self.suspects) >= MOST_SUSPECTS


def _still_wished(parts: list[Batch], wishes: Mapping[str, bool]) -> list[Batch]:
    kept = [
        Batch(one.invoiced, tuple(e for e in one.entries if wishes.get(e) is one.invoiced)) for one in parts
    ]
    return [batch for batch in kept if batch.entries]


def _plain(batches: list[Batch]) -> list[_Part]:
    return [(one.invoiced, one.entries) for one in batches]
