"""Bad entries among good ones: they must not hold the good ones up."""

from bench.chaos.acts.invoices import entry, known, told
from bench.chaos.load import Load, workspace
from bench.chaos.sender import Sender
from bench.chaos.stage import Stage, until

INVOICES = 20
GOOD_WITHIN = 10.0


async def bad_among_good(stage: Stage, sender: Sender, load: Load) -> str:
    """Pay invoices that each name an entry which does not exist."""
    where, more = workspace(0), Load()
    for number in range(INVOICES):
        good, bad = entry(f"good {number}"), entry(f"bad {number}")
        more.tellings.append(told(f"in_bad_{number}", where, (bad, good), paid=True))
        more.entries[good] = where
        more.bad.add(bad)
    await known(stage, load, more)
    await sender.tell(more.tellings)
    took = await until(
        lambda: stage.witness.marked(more.entries),
        within=GOOD_WITHIN,
        because="bad entries hold up the good ones",
    )
    return f"good ones in the same batches were marked within {took:.2f} s"
