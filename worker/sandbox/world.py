"""What the sandbox knows: workspaces, their entries, and every change of an entry's invoiced flag. Pure: no I/O, no clock.

What Clockify answers to a mark with an unknown id is documented nowhere. `strict` assumes that it refuses the whole batch
and changes nothing, as the routes for single entries do; lenient assumes that it skips what it does not know.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from worker.entries import is_id
from worker.sandbox.credential import Credential

CHANGES_KEPT = 64
Instant = Annotated[datetime, Meta(tz=True)]


class Workspace(Struct, kw_only=True, forbid_unknown_fields=True):
    """A workspace: with neither `keys` nor `tokens`, every credential may see it."""

    id: str
    name: str = "Sandbox"
    plan: str = "STANDARD_2021"
    invoicing: bool = True
    keys: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()

    def admits(self, credential: Credential) -> bool:
        """Whether the holder of `credential` is a member."""
        if not self.keys and not self.tokens:
            return True
        return credential.value in (self.tokens if credential.addon else self.keys)


class Facts(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What an entry says of itself. People, projects, clients and tags go by name; their ids follow from the names."""

    user: str = "Sandbox"
    description: str = ""
    project: str = ""
    client: str = ""
    tags: tuple[str, ...] = ()
    start: Instant = datetime(2026, 1, 5, 9, tzinfo=UTC)
    end: Instant | None = datetime(2026, 1, 5, 10, tzinfo=UTC)
    billable: bool = True
    approved: bool = False
    locked: bool = False


class Seeded(Facts, kw_only=True, frozen=True):
    """An entry as it is put into the world."""

    id: str
    workspace: str
    invoiced: bool = False


class Change(NamedTuple):
    """A change of a flag: `at` in seconds since 1970, `caller` a credential's fingerprint."""

    at: float
    invoiced: bool
    caller: str = ""


class Entry(Struct, gc=False):  # no cycles here, and a benchmark keeps a million of them
    """An entry as it stands.

    `writes` counts the marks that named it, `changed` those that changed its flag; `changes` has the last of these.
    """

    id: str
    workspace: str
    facts: Facts
    invoiced: bool = False
    writes: int = 0
    changed: int = 0
    changes: tuple[Change, ...] = ()

    def mark(self, change: Change) -> None:
        """Take the flag of `change`, and remember it if it is another one."""
        self.writes += 1
        if self.invoiced is change.invoiced:
            return
        self.invoiced = change.invoiced
        self.changed += 1
        self.changes = (*self.changes[1 - CHANGES_KEPT :], change)

    def was_invoiced(self, at: float) -> bool:
        """The flag as it was at `at`, as far back as the changes are kept."""
        if not self.changes:
            return self.invoiced
        return next(
            (one.invoiced for one in reversed(self.changes) if one.at <= at), not self.changes[0].invoiced
        )


class Refusal(StrEnum):
    """Why a mark was refused."""

    UNKNOWN = "unknown"
    APPROVED = "approved"
    LOCKED = "locked"


_UNTOLD = Facts()


@dataclass(slots=True, kw_only=True)
class World:
    """Everything that the sandbox believes in.

    `strict`: a mark with an unknown id changes nothing (assumed, as its opposite is; see above).
    `open_world`: every key is accepted, and every workspace and entry of well-formed id exists from the first time that it is named.
    `bad`: ids and keys that do not exist, whatever else is said. `protect`: approved and locked entries refuse marks
    (assumed; off, since invoicing approved time is what approval is for). `hidden`: an unknown workspace is answered
    404 without a body instead of 403; both were seen. `report_lag`: seconds by which the report trails the marks.
    """

    strict: bool = True
    open_world: bool = False
    protect: bool = False
    hidden: bool = False
    report_lag: float = 0.0
    bad: set[str] = field(default_factory=set)
    workspaces: dict[str, Workspace] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    _credentials: set[Credential] = field(default_factory=set)
    _anyone: bool = False

    def add_workspace(self, workspace: Workspace) -> None:
        """Put `workspace` into the world, in the place of one with the same id."""
        self.workspaces[workspace.id] = workspace
        self._credentials.update(Credential(key, addon=False) for key in workspace.keys)
        self._credentials.update(Credential(token, addon=True) for token in workspace.tokens)
        self._anyone = self._anyone or not (workspace.keys or workspace.tokens)

    def add_entry(self, seeded: Seeded) -> None:
        """Put an entry into the world, in the place of one with the same id, and without a history."""
        self.entries[seeded.id] = Entry(seeded.id, seeded.workspace, seeded, seeded.invoiced)

    def accepts(self, credential: Credential) -> bool:
        """Whether `credential` is anybody's."""
        if credential.value in self.bad:
            return False
        return self.open_world or self._anyone or credential in self._credentials

    def workspace(self, name: str, credential: Credential) -> Workspace | None:
        """The workspace, if it exists and `credential` may see it."""
        found = self.workspaces.get(name)
        if found is None and self.open_world and is_id(name):
            found = Workspace(id=name)
            self.add_workspace(found)
        if found is None or name in self.bad or not found.admits(credential):
            return None
        return found

    def find(self, workspace: str, name: str) -> Entry | None:
        """The entry, if it belongs to `workspace`."""
        entry = self.entries.get(name)
        if entry is None and self.open_world and is_id(name):
            entry = self.entries[name] = Entry(name, workspace, _UNTOLD)
        if entry is None or entry.workspace != workspace or name in self.bad:
            return None
        return entry

    def mark(
        self, workspace: str, names: Iterable[str], invoiced: bool, now: float, caller: str = ""
    ) -> Refusal | None:
        """Set the flag of the named entries at `now`; a refusal has changed nothing."""
        change = Change(now, invoiced, caller)
        asked = [self.find(workspace, name) for name in dict.fromkeys(names)]
        found = [entry for entry in asked if entry is not None]
        if self.strict and len(found) < len(asked):
            return Refusal.UNKNOWN
        if self.protect:
            refusals = {entry.id: _protection(entry.facts) for entry in found}
            found = [entry for entry in found if refusals[entry.id] is None]
            if self.strict and len(found) < len(refusals):
                return next(refusal for refusal in refusals.values() if refusal)
        for entry in found:
            entry.mark(change)
        return None


def _protection(facts: Facts) -> Refusal | None:
    if facts.approved:
        return Refusal.APPROVED
    return Refusal.LOCKED if facts.locked else None
