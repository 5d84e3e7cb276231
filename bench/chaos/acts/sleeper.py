"""A worker that sleeps past its lease while its call is on its way; the opposite is done by another one, then the call lands.

Its worker says so when it wakes, and the ledger has it put right at once.
"""

import signal

from bench.chaos.acts.late import held
from bench.chaos.load import Load
from bench.chaos.sender import Sender
from bench.chaos.stage import LEASE, Stage

SLEEPERS = 3


async def sleepers(stage: Stage, sender: Sender, load: Load) -> str:
    """Have a worker's PATCH land after its lease, some times."""
    wrong = [await _sleeper(stage, sender, load, number) for number in range(SLEEPERS)]
    return (
        f"what a worker undid that slept past its lease of {LEASE:g} s was right again within "
        + ", ".join(f"{one:.2f} s" for one in wrong)
    )


async def _sleeper(stage: Stage, sender: Sender, load: Load, number: int) -> float:
    """Returns for how long it was wrong, in seconds."""
    async with held(stage, sender, load, f"sleeper_{number}", number) as late:
        process = stage.machine.running[late.worker]
        process.send_signal(signal.SIGSTOP)
        try:
            await late.undo()
            landed = await late.land()
        finally:
            process.send_signal(signal.SIGCONT)
        return await late.right_again(landed, within=LEASE)
