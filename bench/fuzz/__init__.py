"""Deliveries spoilt in every way, by the hundred thousand, through the real receiver on a store that writes to disk.

What must hold: only what is authentic is taken, only what was taken leaves a trace, nothing is answered 5xx but an honest
503, nothing is logged that is not a fact, and memory stays where it is.
"""

import asyncio

from bench.fuzz.attack import attack


def run(deliveries: int, seed: int) -> int:
    """Attack with so many deliveries, made from `seed`. Returns 0 only if everything held."""
    return asyncio.run(attack(deliveries, seed))
