"""A model of Clockify: a flag an entry, and calls that land at once, or late, or never. Pure."""

from dataclasses import dataclass, field

from worker.batches import Batch

Entry = tuple[str, str]
"""An entry by its workspace and its id."""


@dataclass(eq=False)
class Call:
    """A PATCH on its way. `safe`: it landed while its worker had the lease. `deadline`: when it lands at the latest."""

    workspace: str
    batch: Batch
    landed: bool = False
    safe: bool = False
    deadline: int = 0


@dataclass
class Flags:
    """What Clockify shows; what is still on its way to it, and nobody waits for any more, is `late`."""

    shown: dict[Entry, bool] = field(default_factory=dict)
    late: list[Call] = field(default_factory=list)

    def land(self, call: Call, *, safe: bool = False) -> None:
        """A call has its effect, if it had not had it before."""
        if not call.landed:
            call.landed, call.safe = True, safe
            self.shown |= {(call.workspace, entry): call.batch.invoiced for entry in call.batch.entries}

    def delay(self, call: Call, deadline: int) -> None:
        """A call lands at `deadline`."""
        if not call.landed:
            call.deadline = deadline
            self.late.append(call)

    def land_late(self, until: float) -> None:
        """What is late lands, as far as its deadline is not after `until`."""
        due = sorted((call for call in self.late if call.deadline <= until), key=lambda call: call.deadline)
        for call in due:
            self.late.remove(call)
            self.land(call)
