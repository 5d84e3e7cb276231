"""A call that its worker, wide awake, has given up; the opposite is done, then the call lands. Nobody hears of that.

The ledger has the wish said once more when nothing can be on its way any more: after DOUBT.
"""

from bench.chaos.acts.late import held
from bench.chaos.load import Load
from bench.chaos.sender import Sender
from bench.chaos.stage import DOUBT, LEASE, Stage

PUT_RIGHT = DOUBT + 2 * LEASE
"""Seconds within which it is right again: when the doubt is over, at the workspace's next drain."""


async def doubt(stage: Stage, sender: Sender, load: Load) -> str:
    """Have a PATCH land that was given up."""
    async with held(stage, sender, load, "doubt", 3) as late:
        await late.undo()
        wrong = await late.right_again(await late.land(), within=PUT_RIGHT)
    return f"what a call undid that its worker had given up was right again within {wrong:.1f} s (doubtful for {DOUBT:g} s)"
