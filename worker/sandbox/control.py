"""The control path `/sandbox/`: seeding, ordering faults, asking what happened. Pure: it is handed the sandbox.

It asks for no key: the sandbox is a stand-in, bound to loopback. Calls to it are neither logged, limited nor spoilt.

    POST   /sandbox/seed          a `Seed`
    GET    /sandbox/faults        what stands        POST a `Fault` -> {"id": ...}      DELETE lifts all
    DELETE /sandbox/faults/{id}   lifts one
    GET    /sandbox/entries       every entry's state, ?workspace= of one               /{id} one, with its history
                                  ?touched= only those that a mark has named, each with its history
    GET    /sandbox/calls         the last calls, ?last=N                               DELETE forgets calls and counts
    GET    /sandbox/counts        of the calls: to be asked for often, while something is measured
    GET    /sandbox/figures       these, and those of the entries, all of which it looks at
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Final

from msgspec import DecodeError
from msgspec.json import Decoder, encode

from worker.sandbox.faults import Fault
from worker.sandbox.replies import Reply, told
from worker.sandbox.standin import ASSUMED, Sandbox, Seed
from worker.sandbox.world import Entry

_SEED: Final = Decoder(Seed)
_FAULT: Final = Decoder(Fault)
_Handler = Callable[[Sandbox, str, Mapping[str, str], bytes], Reply]


def control(sandbox: Sandbox, method: str, path: str, query: Mapping[str, str], body: bytes) -> Reply:
    """The answer to a call under `/sandbox/`: 400 and 404 say what is wrong as `{"error": text}`."""
    subject, _, name = path.removeprefix("/sandbox/").partition("/")
    handler = _HANDLERS.get((method, subject, bool(name)))
    if handler is None:
        return _wrong(404, f"nothing at {method} {path}")
    try:
        return handler(sandbox, name, query, body)
    except (DecodeError, ValueError) as why:
        return _wrong(400, str(why))


def counts(sandbox: Sandbox) -> dict[str, Any]:
    """The counts of the calls since the start, or since they were last cleared."""
    log = sandbox.log
    return {
        "calls": log.total,
        "answers": dict(log.answers),
        "ids_marked": log.ids_marked,
        "in_flight": log.in_flight,
        "most_in_flight": log.most_in_flight,
        "busiest_second": log.busiest_second,
    }


def figures(sandbox: Sandbox) -> dict[str, Any]:
    """All counts, and by which assumptions the sandbox goes."""
    entries = sandbox.world.entries.values()
    return {
        "mode": "strict" if sandbox.world.strict else "lenient",
        "assumed": ASSUMED,
        **counts(sandbox),
        "entries": len(entries),
        "invoiced": sum(entry.invoiced for entry in entries),
        "changed": sum(entry.changed for entry in entries),
    }


def _wrong(status: int, why: str) -> Reply:
    return Reply(status, encode({"error": why}))


def _seed(sandbox: Sandbox, _name: str, _query: Mapping[str, str], body: bytes) -> Reply:
    sandbox.seed(_SEED.decode(body))
    return told({"workspaces": len(sandbox.world.workspaces), "entries": len(sandbox.world.entries)})


def _order(sandbox: Sandbox, _name: str, _query: Mapping[str, str], body: bytes) -> Reply:
    return told({"id": sandbox.faults.order(_FAULT.decode(body))})


def _lift(sandbox: Sandbox, name: str, _query: Mapping[str, str], _body: bytes) -> Reply:
    return told({"id": name}) if sandbox.faults.lift(name) else _wrong(404, f"no fault {name} stands")


def _lift_all(sandbox: Sandbox, *_: object) -> Reply:
    sandbox.faults.lift_all()
    return told({})


def _standing(sandbox: Sandbox, *_: object) -> Reply:
    return told(sandbox.faults.standing)


def _entry(sandbox: Sandbox, name: str, *_: object) -> Reply:
    entry = sandbox.world.entries.get(name)
    return _wrong(404, f"entry {name} was never seen") if entry is None else told(entry)


def _entries(sandbox: Sandbox, _name: str, query: Mapping[str, str], _body: bytes) -> Reply:
    workspace = query.get("workspace")
    known = [one for one in sandbox.world.entries.values() if workspace in (None, one.workspace)]
    if "touched" in query:
        return told([entry for entry in known if entry.writes])
    return told([_state(entry) for entry in known])


def _state(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in ("id", "workspace", "invoiced", "writes", "changed")}


def _calls(sandbox: Sandbox, _name: str, query: Mapping[str, str], _body: bytes) -> Reply:
    calls = sandbox.log.calls
    last = int(query.get("last", len(calls)))
    return told(list(islice(reversed(calls), last))[::-1])


def _forget(sandbox: Sandbox, *_: object) -> Reply:
    sandbox.log.clear()
    return told({})


def _counts(sandbox: Sandbox, *_: object) -> Reply:
    return told(counts(sandbox))


def _figures(sandbox: Sandbox, *_: object) -> Reply:
    return told(figures(sandbox))


_HANDLERS: Final[dict[tuple[str, str, bool], _Handler]] = {
    ("POST", "seed", False): _seed,
    ("GET", "faults", False): _standing,
    ("POST", "faults", False): _order,
    ("DELETE", "faults", False): _lift_all,
    ("DELETE", "faults", True): _lift,
    ("GET", "entries", False): _entries,
    ("GET", "entries", True): _entry,
    ("GET", "calls", False): _calls,
    ("DELETE", "calls", False): _forget,
    ("GET", "counts", False): _counts,
    ("GET", "figures", False): _figures,
}
