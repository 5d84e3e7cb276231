"""A worker that is killed for good while its call is on its way; another one does the opposite, then the call lands.

Nobody is left who could say that the call was sent. So it must have been written down before.
"""

import signal

from bench.chaos.acts.doubt import PUT_RIGHT
from bench.chaos.acts.late import held
from bench.chaos.load import Load
from bench.chaos.sender import Sender
from bench.chaos.stage import Stage


async def killed(stage: Stage, sender: Sender, load: Load) -> str:
    """Have a PATCH land whose worker is dead."""
    async with held(stage, sender, load, "killed", 4) as late, stage.locks[late.worker]:
        await stage.machine.end(late.worker, signal.SIGKILL)
        try:
            await late.undo()
            wrong = await late.right_again(await late.land(), within=PUT_RIGHT)
        finally:
            await stage.machine.start(late.worker)
    return f"what a call undid whose worker was dead was right again within {wrong:.1f} s"
