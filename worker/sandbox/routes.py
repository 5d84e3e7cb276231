"""Which route of the Clockify API a path is. Pure.

Reports live on a host of their own (`/v1`), or, for a region, under `/report/v1`; the rest lives under `/api/v1`:
https://docs.clockify.me
"""

from typing import Final

from msgspec import Struct


class Route(Struct, frozen=True):
    """One verb on one path; `*` stands for the workspace, and after it for the entry."""

    name: str
    verb: str
    path: tuple[str, ...]


class Found(Struct, frozen=True):
    """What a path leads to: `route` is empty if nothing takes the verb there, `allowed` are the verbs that are taken."""

    route: str = ""
    workspace: str = ""
    entry: str = ""
    allowed: tuple[str, ...] = ()


_API: Final = (
    Route("invoiced", "PATCH", ("workspaces", "*", "time-entries", "invoiced")),
    Route("batch", "POST", ("workspaces", "*", "time-entries", "batch")),
    # A GET of `invoiced` or `batch` is one of an entry by that name, at Clockify too.
    Route("entry", "GET", ("workspaces", "*", "time-entries", "*")),
    Route("user", "GET", ("user",)),
    Route("workspaces", "GET", ("workspaces",)),
    Route("workspace", "GET", ("workspaces", "*")),
)
_REPORTS: Final = (Route("report", "POST", ("workspaces", "*", "reports", "detailed")),)
_ROOTS: Final = {"/api/v1/": _API, "/report/v1/": _REPORTS, "/v1/": _REPORTS}


def find(method: str, path: str) -> Found:
    """The route of a raw (still escaped) path."""
    for root, routes in _ROOTS.items():
        if path.startswith(root):
            return _among(routes, method, tuple(path[len(root) :].split("/")))
    return Found()


def _among(routes: tuple[Route, ...], method: str, parts: tuple[str, ...]) -> Found:
    allowed: list[str] = []
    workspace = parts[1] if len(parts) > 1 else ""
    for route in routes:
        if len(route.path) != len(parts) or not all(map(_fits, route.path, parts)):
            continue
        if route.verb == method:
            return Found(route.name, workspace, parts[-1], (method,))
        allowed.append(route.verb)
    return Found(workspace=workspace, allowed=tuple(allowed))


def _fits(pattern: str, part: str) -> bool:
    return pattern == part or (pattern == "*" and part != "")
