"""What goes out together: batches of entries with one flag, as few as the batch size allows. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """The entries of one PATCH, distinct, and what `invoiced` is set to."""

    invoiced: bool
    entries: tuple[str, ...]


def plan(wishes: Mapping[str, bool], size: int, *, more: bool, aside: Collection[str] = ()) -> list[Batch]:
    """Batches of at most `size` for all wishes but those set `aside`.

    With `more` behind them, a batch that is not full waits for it, unless none is full, or it has the first wish of all:
    there may always be more, and nothing waits for ever.
    """
    batches = [
        Batch(invoiced, tuple(entries[start : start + size]))
        for invoiced in (True, False)
        for entries in [[entry for entry, wish in wishes.items() if wish is invoiced and entry not in aside]]
        for start in range(0, len(entries), size)
    ]
    full = [batch for batch in batches if len(batch.entries) == size]
    if not (more and full):
        return batches
    head = next(entry for entry in wishes if entry not in aside)
    oldest = [batch for batch in batches if batch.entries[0] == head]
    return oldest + [batch for batch in full if batch.entries[0] != head]


def bisect(batch: Batch) -> tuple[Batch, Batch]:
    """The two halves of a batch of two or more."""
    middle = len(batch.entries) // 2
    return Batch(batch.invoiced, batch.entries[:middle]), Batch(batch.invoiced, batch.entries[middle:])
