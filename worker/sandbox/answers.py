"""What Clockify answers to a call: the checks in its order, then the effect. Pure: the world is given, the time too.

The order is credentials, path, workspace, plan, body, ids. Paths and shapes: https://docs.clockify.me
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from msgspec import DecodeError, Struct
from msgspec.json import Decoder

from worker.sandbox import replies, resources, routes
from worker.sandbox.credential import Credential
from worker.sandbox.replies import Reply
from worker.sandbox.report import report
from worker.sandbox.world import Refusal, Workspace, World


class Marks(Struct, rename="camel"):
    """The body of a mark and, but for the flag, of a batch read. A flag or a list that is missing is null to Clockify."""

    time_entry_ids: list[str] | None = None
    invoiced: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call, whole: `path` is raw, `api_key` and `addon_token` are empty where their header is missing.

    `marks` is None and `unreadable` says why, if the body of a mark or a batch read cannot be read.
    """

    method: str
    path: str
    found: routes.Found
    api_key: str
    addon_token: str
    body: bytes
    marks: Marks | None
    unreadable: str

    @property
    def credential(self) -> Credential:
        """What the call shows of itself."""
        return Credential(self.api_key or self.addon_token, bool(self.addon_token))


_MARKS: Final = Decoder(Marks)
_REFUSALS: Final = {
    Refusal.UNKNOWN: replies.ENTRY_UNKNOWN,
    Refusal.APPROVED: replies.ENTRY_APPROVED,
    Refusal.LOCKED: replies.ENTRY_LOCKED,
}


def asked(method: str, path: str, *, api_key: str, addon_token: str, body: bytes) -> Asked:
    """A call, with its body read as far as it can be."""
    found = routes.find(method, path)
    marks, unreadable = _read(body) if found.route in ("invoiced", "batch") else (None, "")
    return Asked(
        method=method,
        path=path,
        found=found,
        api_key=api_key,
        addon_token=addon_token,
        body=body,
        marks=marks,
        unreadable=unreadable,
    )


def answer(world: World, call: Asked, now: float) -> Reply:
    """The reply to `call`, which has had its effect on `world` at `now` (seconds since 1970)."""
    if not call.path.startswith(("/api/", "/report/", "/v1/")):
        return replies.no_route(call.path[1:])
    credential = call.credential
    if bool(call.api_key) == bool(call.addon_token):
        return replies.NO_SINGLE_CREDENTIAL
    if not world.accepts(credential):
        return replies.TOKEN_INVALID if credential.addon else replies.KEY_UNKNOWN
    if not call.found.route:
        return _nowhere(call)
    if call.found.route in _OF_THE_CALLER:
        return replies.told(_OF_THE_CALLER[call.found.route](world, credential))
    return _in_workspace(world, credential, call, now)


def _read(body: bytes) -> tuple[Marks | None, str]:
    try:
        return _MARKS.decode(body), ""
    except (DecodeError, UnicodeDecodeError) as why:
        return None, str(why)


def _in_workspace(world: World, credential: Credential, call: Asked, now: float) -> Reply:
    workspace = world.workspace(call.found.workspace, credential)
    if workspace is None:
        return replies.WORKSPACE_HIDDEN if world.hidden else replies.ACCESS_DENIED
    return _IN_WORKSPACE[call.found.route](world, workspace, call, now)


def _nowhere(call: Asked) -> Reply:
    if call.found.allowed:
        return replies.no_verb(call.method, call.found.allowed)
    return replies.no_route(call.path.removeprefix("/api/").removeprefix("/report/").removeprefix("/"))


def _mark(world: World, workspace: Workspace, call: Asked, now: float) -> Reply:
    if not workspace.invoicing:
        return replies.NOT_IN_PLAN
    marks = call.marks
    if marks is None:
        return replies.unreadable(call.unreadable)
    if marks.invoiced is None or not marks.time_entry_ids:
        return replies.IS_NULL if marks.invoiced is None or marks.time_entry_ids is None else replies.IS_EMPTY
    refusal = world.mark(workspace.id, marks.time_entry_ids, marks.invoiced, now, call.credential.fingerprint)
    return replies.MARKED if refusal is None else _REFUSALS[refusal]


def _batch(world: World, workspace: Workspace, call: Asked, _now: float) -> Reply:
    if call.marks is None:
        return replies.unreadable(call.unreadable)
    if not call.marks.time_entry_ids:
        return replies.IS_NULL if call.marks.time_entry_ids is None else replies.IS_EMPTY
    found = [world.find(workspace.id, name) for name in dict.fromkeys(call.marks.time_entry_ids)]
    return replies.told([resources.entry(each) for each in found if each is not None])


def _entry(world: World, workspace: Workspace, call: Asked, _now: float) -> Reply:
    found = world.find(workspace.id, call.found.entry)
    return replies.ENTRY_UNKNOWN if found is None else replies.told(resources.entry(found))


def _workspace(_world: World, workspace: Workspace, _call: Asked, _now: float) -> Reply:
    return replies.told(resources.workspace(workspace))


def _report(world: World, workspace: Workspace, call: Asked, now: float) -> Reply:
    return report(world, workspace.id, call.body, now)


_OF_THE_CALLER: Final[dict[str, Callable[[World, Credential], object]]] = {
    "user": resources.user,
    "workspaces": resources.workspaces,
}
_IN_WORKSPACE: Final[dict[str, Callable[[World, Workspace, Asked, float], Reply]]] = {
    "invoiced": _mark,
    "batch": _batch,
    "entry": _entry,
    "workspace": _workspace,
    "report": _report,
}
