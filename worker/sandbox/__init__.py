"""The sandbox: a faithful stand-in for the part of the Clockify API that Paidmark speaks to.

Its replies, headers and error bodies are those that Clockify documents or that were seen in the wild; where neither is
known, it says so (`ASSUMED`). It is bound to loopback, its control path `/sandbox/` asks for no key, and it must
never be taken for Clockify: it keeps everything in memory and forgets it.
"""

from worker.sandbox.app import running, serve
from worker.sandbox.calls import Call, Log
from worker.sandbox.faults import Fault, Faults
from worker.sandbox.limits import Limit, Limiter
from worker.sandbox.sample import sample
from worker.sandbox.standin import ASSUMED, Sandbox, Seed
from worker.sandbox.world import Entry, Seeded, Workspace, World

__all__ = [
    "ASSUMED",
    "Call",
    "Entry",
    "Fault",
    "Faults",
    "Limit",
    "Limiter",
    "Log",
    "Sandbox",
    "Seed",
    "Seeded",
    "Workspace",
    "World",
    "running",
    "sample",
    "serve",
]
