"""What is being found out about entries that were refused, so that one bad id never holds up the good ones.

Pure but for its own memory, and written down between slices (`dump`, `load`): with few calls an hour, finding a bad id
takes longer than one lease. A refused batch is asked about; the entries that Clockify knows go out together, the others
are halved until each stands alone. Alone and refused, an entry is rejected if the reply could mean nothing else, or
if Clockify has taken something since; until then it is a suspect.
"""

from collections.abc import Mapping

import msgspec

from worker.batches import Batch, bisect
from worker.outcome import Refused

MOST_SUSPECTS = 3
"""So many single refusals in a row, nothing taken in between, and it is the workspace that is refused."""

_Part = tuple[bool, tuple[str, ...]]


class _Dump(msgspec.Struct, array_like=True):
    ask: list[_Part] = []
    parts: list[_Part] = []
    suspects: dict[str, str] = {}


class Trial:
    """Batches to `ask` about, `parts` to try on their own, and `suspects` with the reason that each was refused for."""

    def __init__(self) -> None:
        """Begin with nothing refused."""
        self.ask: list[Batch] = []
        self.parts: list[Batch] = []
        self.suspects: dict[str, str] = {}

    @classmethod
    def load(cls, dumped: str) -> "Trial":
        """What `dump` wrote."""
        trial = cls()
        if dumped:
            dump = msgspec.json.decode(dumped, type=_Dump)
            trial.ask, trial.parts = ([Batch(*part) for part in some] for some in (dump.ask, dump.parts))
            trial.suspects = dump.suspects
        return trial

    def keep_to(self, wishes: Mapping[str, bool]) -> None:
        """Forget what is no longer wished for as it is on trial."""
        self.ask = _still_wished(self.ask, wishes)
        self.parts = _still_wished(self.parts, wishes)
        self.suspects = {entry: why for entry, why in self.suspects.items() if entry in wishes}

    def dump(self) -> str:
        """A text from which `load` goes on; empty where nothing is on trial."""
        if not (self.ask or self.parts or self.suspects):
            return ""
        ask, parts = ([(one.invoiced, one.entries) for one in some] for some in (self.ask, self.parts))
        return msgspec.json.encode(_Dump(ask, parts, self.suspects)).decode()

    @property
    def aside(self) -> set[str]:
        """The entries that no ordinary batch may contain meanwhile."""
        return {entry for batch in (*self.ask, *self.parts) for entry in batch.entries} | self.suspects.keys()

    def refused(self, batch: Batch, refusal: Refused, *, on_trial: bool) -> dict[str, str]:
        """Take a refused batch in; `on_trial` if it was one of the parts. Returns what is thereby rejected, and why."""
        if len(batch.entries) == 1:
            if refusal.sure:
                return {batch.entries[0]: refusal.reason}
            self.suspects[batch.entries[0]] = refusal.reason
        elif on_trial:
            self.parts.extend(bisect(batch))
        else:
            self.ask.append(batch)
        return {}

    def answered(self, batch: Batch, known: frozenset[str] | None) -> None:
        """Take in which entries of a batch Clockify knows; None where it could not say."""
        known = known or frozenset()
        good = tuple(entry for entry in batch.entries if entry in known)
        rest = Batch(batch.invoiced, tuple(entry for entry in batch.entries if entry not in known))
        if good and rest.entries:
            self.parts.append(Batch(batch.invoiced, good))
        elif good:
            self.parts.extend(bisect(batch))
        if rest.entries:
            self.parts.extend(bisect(rest) if len(rest.entries) > 1 else [rest])

    def taken(self) -> dict[str, str]:
        """Clockify has taken something: suspects are not suspected but refused. Returns them, and why."""
        rejected, self.suspects = self.suspects, {}
        return rejected

    @property
    def hopeless(self) -> bool:
        """Whether everything seems to be refused, whatever is sent."""
        return len(self.suspects) >= MOST_SUSPECTS


def _still_wished(parts: list[Batch], wishes: Mapping[str, bool]) -> list[Batch]:
    kept = [
        Batch(one.invoiced, tuple(e for e in one.entries if wishes.get(e) is one.invoiced)) for one in parts
    ]
    return [batch for batch in kept if batch.entries]
