"""What is tried when the faults are over, each thing by itself, so that its time can be told. One module an act.

An act says in words what it has seen; it raises TimeoutError where what must happen does not.
"""

from collections.abc import Awaitable, Callable

from bench.chaos.acts.again import again
from bench.chaos.acts.bad import bad_among_good
from bench.chaos.acts.doubt import doubt
from bench.chaos.acts.full import full
from bench.chaos.acts.killed import killed
from bench.chaos.acts.sleeper import sleepers
from bench.chaos.load import Load
from bench.chaos.sender import Sender
from bench.chaos.stage import Stage

ACTS: dict[str, Callable[[Stage, Sender, Load], Awaitable[str]]] = {
    "told again": again,
    "sleepers": sleepers,
    "given up": doubt,
    "killed": killed,
    "bad entries": bad_among_good,
    "full store": full,
}
"""In this order. The older file comes last, by itself: it takes back what the proof has been held against."""
