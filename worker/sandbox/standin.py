"""The sandbox as one object: the world, the faults, the limit and the log. Pure: sockets and clocks are the server's."""

from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

from worker.sandbox.calls import Log
from worker.sandbox.faults import Faults
from worker.sandbox.limits import Limit, Limiter
from worker.sandbox.world import Seeded, Workspace, World

ASSUMED: Final = (
    "Assumed, not proven: what Clockify answers to a mark that names an unknown entry. strict (the default) refuses"
    " the whole batch with 400 and code 501 and changes nothing; lenient answers 200 and skips the unknown ones."
)


class Seed(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to put into the world, and which of its settings to change; what is left out stays as it is."""

    workspaces: list[Workspace] = []
    entries: list[Seeded] = []
    bad: set[str] = set()
    good: set[str] = set()
    strict: bool | None = None
    open_world: bool | None = None
    protect: bool | None = None
    hidden: bool | None = None
    report_lag: float | None = None
    limit: str | None = None


@dataclass(slots=True, kw_only=True)
class Sandbox:
    """A stand-in for Clockify: serve it with `running`, steer it and ask it by its parts. `limiter` None is no limit."""

    world: World = field(default_factory=World)
    faults: Faults = field(default_factory=Faults)
    log: Log = field(default_factory=Log)
    limiter: Limiter | None = None

    def seed(self, seed: Seed) -> None:
        """Put `seed` into the world; `limit` is as in `50/s`, empty for none, and otherwise a ValueError."""
        if seed.limit is not None:
            self.limiter = Limiter(Limit.parse(seed.limit)) if seed.limit else None
        for workspace in seed.workspaces:
            self.world.add_workspace(workspace)
        for entry in seed.entries:
            self.world.add_entry(entry)
        self.world.bad |= seed.bad
        self.world.bad -= seed.good
        for name in ("strict", "open_world", "protect", "hidden", "report_lag"):
            value = getattr(seed, name)
            if value is not None:
                setattr(self.world, name, value)
