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

    With `more` behind them, a batch that is not full waits for it, unless none is full.
    """
    batches = [
        Batch(invoiced, tuple(entries[start : start + size]))
        for invoiced in (True, False)
        for entries in [[entry for entry, wish in wishes.items() if wish is invoiced and entry not in aside]]
        for start in range(0, len(entries), size)
    ]
    full = [batch for batch in batches if len(batch.entries) == size]
    return full if more and full else batches


def bisect(batch: Batch) -> tuple[Batch, Batch]:
    """The two halves of a batch of two or more."""
    middle = len(batch.entries) // 2
    return Batch(batch.invoiced, batch.entries[:middle]), Batch(batch.invoiced, batch.entries[middle:])
