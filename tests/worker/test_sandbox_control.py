"""The control path: how another process seeds the sandbox, orders faults and learns what happened."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientSession

from worker.clockify import Clockify
from worker.sandbox import Sandbox, running
from worker.sandbox.credential import Credential

WS, E1, E2 = "64a687e29ae1f428e7ebe303", "63b03060b01ebfad292c61e0", "63b03060b01ebfad292c61e1"
MARK = f"/api/v1/workspaces/{WS}/time-entries/invoiced"
SEED = {
    "workspaces": [{"id": WS, "keys": ["key"]}],
    "entries": [
        {"id": E1, "workspace": WS, "description": "Start page", "start": "2026-01-05T09:00:00Z"},
        {"id": E2, "workspace": "f" * 24},
    ],
}

Ask = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.fixture
async def ask(sandbox: Sandbox) -> AsyncIterator[Ask]:
    async with running(sandbox) as url, ClientSession() as session:

        async def _ask(method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
            headers = {"X-Api-Key": key} if key else {}
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            at = url.removesuffix("/api") + path
            async with session.request(method, at, data=data, headers=headers) as reply:
                said = await reply.read()
                return reply.status, json.loads(said) if said.startswith((b"{", b"[")) else None

        yield _ask


async def mark(ask: Ask, *entries: str, invoiced: bool = True) -> int:
    status, _ = await ask("PATCH", MARK, {"invoiced": invoiced, "timeEntryIds": entries}, "key")
    return status


async def test_what_is_seeded_can_be_marked(ask: Ask) -> None:
    assert await mark(ask, E1) == 401
    assert await ask("POST", "/sandbox/seed", SEED) == (200, {"workspaces": 1, "entries": 2})
    assert await mark(ask, E1) == 200


async def test_settings_are_changed_by_a_seed_and_left_alone_by_another(ask: Ask, sandbox: Sandbox) -> None:
    settings = {
        "strict": False,
        "protect": True,
        "hidden": True,
        "report_lag": 2.5,
        "bad": [E1],
        "limit": "30/h",
    }
    await ask("POST", "/sandbox/seed", {**settings, "open_world": True})
    await ask("POST", "/sandbox/seed", SEED)

    world = sandbox.world
    assert (world.strict, world.protect, world.hidden, world.open_world) == (False, True, True, True)
    assert (world.report_lag, world.bad) == (2.5, {E1})
    assert sandbox.limiter is not None
    assert sandbox.limiter.limit.calls == 30

    await ask("POST", "/sandbox/seed", {"limit": "", "good": [E1]})
    assert not sandbox.world.bad
    assert (await ask("GET", "/sandbox/figures"))[0] == 200
    assert sandbox.limiter is None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/seed", b"{"),
        ("/sandbox/seed", {"limit": "often"}),
        ("/sandbox/seed", {"workspace": []}),
        ("/sandbox/seed", {"entries": [{"id": E1}]}),
        ("/sandbox/faults", {"kind": "earthquake"}),
        ("/sandbox/faults", {"kind": "cut", "times": 0}),
        ("/sandbox/faults", {"kind": "error", "status": 200}),
    ],
)
async def test_what_cannot_be_understood_is_400_and_says_why(ask: Ask, path: str, body: Any) -> None:
    status, said = await ask("POST", path, body)

    assert status == 400
    assert said["error"]


async def test_a_call_count_that_is_no_number_is_400(ask: Ask) -> None:
    assert (await ask("GET", "/sandbox/calls?last=many"))[0] == 400


@pytest.mark.parametrize(("method", "path"), [("GET", "/sandbox/nothing"), ("PUT", "/sandbox/faults")])
async def test_what_is_not_there_is_404(ask: Ask, method: str, path: str) -> None:
    assert await ask(method, path) == (404, {"error": f"nothing at {method} {path}"})


async def test_faults_are_ordered_shown_and_lifted(ask: Ask) -> None:
    await ask("POST", "/sandbox/seed", SEED)
    _, first = await ask("POST", "/sandbox/faults", {"kind": "error", "status": 502, "times": 3})
    _, second = await ask("POST", "/sandbox/faults", {"kind": "throttled"})
    assert await mark(ask, E1) == 502

    _, standing = await ask("GET", "/sandbox/faults")
    assert {
        name: (each["fault"]["kind"], each["left"], each["struck"]) for name, each in standing.items()
    } == {
        first["id"]: ("error", 2, 1),
        second["id"]: ("throttled", None, 0),
    }
    assert await ask("DELETE", f"/sandbox/faults/{first['id']}") == (200, first)
    assert (await ask("DELETE", f"/sandbox/faults/{first['id']}"))[0] == 404
    assert await mark(ask, E1) == 429

    assert await ask("DELETE", "/sandbox/faults") == (200, {})
    assert await mark(ask, E1) == 200


async def test_an_entry_tells_its_state_and_its_history(ask: Ask) -> None:
    await ask("POST", "/sandbox/seed", SEED)
    await mark(ask, E1)
    await mark(ask, E1)
    await mark(ask, E1, invoiced=False)
    _, said = await ask("GET", f"/sandbox/entries/{E1}")

    assert (said["invoiced"], said["writes"], said["changed"]) == (False, 3, 2)
    assert [flag for _, flag, _ in said["changes"]] == [True, False]
    assert said["facts"]["description"] == "Start page"
    assert (await ask("GET", "/sandbox/entries/" + "9" * 24))[0] == 404


async def test_those_entries_that_a_mark_has_named_tell_their_history_together(ask: Ask) -> None:
    await ask("POST", "/sandbox/seed", SEED)
    await mark(ask, E1)

    _, touched = await ask("GET", "/sandbox/entries?touched=1")

    assert [(one["id"], one["invoiced"], [flag for _, flag, _ in one["changes"]]) for one in touched] == [
        (E1, True, [True])
    ]


async def test_all_entries_tell_their_state(ask: Ask) -> None:
    await ask("POST", "/sandbox/seed", SEED)
    await mark(ask, E1)
    _, everywhere = await ask("GET", "/sandbox/entries")
    _, here = await ask("GET", f"/sandbox/entries?workspace={WS}")

    assert [entry["id"] for entry in everywhere] == [E1, E2]
    assert here == [{"id": E1, "workspace": WS, "invoiced": True, "writes": 1, "changed": 1}]


async def test_calls_are_logged_without_keys_and_bodies(ask: Ask) -> None:
    await ask("POST", "/sandbox/seed", SEED)
    await mark(ask, E1, E2, invoiced=False)
    await ask("GET", "/api/v1/user", key="sesame")
    _, (first, second) = await ask("GET", "/sandbox/calls")

    caller = Credential("key", addon=False).fingerprint
    assert first.pop("at") <= second.pop("at")
    assert first == {
        "method": "PATCH", "path": MARK, "route": "invoiced", "workspace": WS, "caller": caller, "ids": 2,
        "invoiced": False, "status": 400,
    }  # fmt: skip
    assert (second["route"], second["ids"], second["invoiced"], second["status"]) == ("user", 0, None, 401)
    assert "sesame" not in json.dumps(second)
    assert [call["route"] for call in (await ask("GET", "/sandbox/calls?last=1"))[1]] == ["user"]
    assert (await ask("GET", "/sandbox/calls?last=2"))[1] == (await ask("GET", "/sandbox/calls"))[1][-2:]


async def test_changes_and_calls_name_their_caller_as_the_worker_names_its_credential(ask: Ask) -> None:
    await ask("POST", "/sandbox/seed", SEED)
    clockify = Clockify("", lambda _: ("X-Api-Key", "key"), timeout=1)
    await ask("PATCH", MARK, {"invoiced": True, "timeEntryIds": [E1]}, key="key")

    _, said = await ask("GET", f"/sandbox/entries/{E1}")
    _, (call,) = await ask("GET", "/sandbox/calls")

    assert [caller for _, _, caller in said["changes"]] == [clockify.fingerprint(WS)]
    assert call["caller"] == clockify.fingerprint(WS)


def test_a_token_and_a_key_are_told_apart_and_nobody_has_no_name() -> None:
    names = {Credential("same", addon=addon).fingerprint for addon in (True, False)}

    assert len(names) == 2
    assert Credential("", addon=False).fingerprint == ""


async def test_figures_count_answers_and_say_what_is_assumed(ask: Ask) -> None:
    await ask("POST", "/sandbox/seed", SEED)
    await mark(ask, E1)
    await mark(ask, "a")
    _, said = await ask("GET", "/sandbox/figures")

    assert said["answers"] == {"invoiced 200": 1, "invoiced 400": 1}
    assert (said["calls"], said["ids_marked"], said["entries"], said["invoiced"], said["changed"]) == (
        2,
        1,
        2,
        1,
        1,
    )
    assert (said["in_flight"], said["most_in_flight"], said["busiest_second"]) == (0, 1, 2)
    assert said["mode"] == "strict"
    assert said["assumed"].startswith("Assumed, not proven")
    _, counts = await ask("GET", "/sandbox/counts")
    assert counts == {name: said[name] for name in counts}
    assert {*said} - {*counts} == {"mode", "assumed", "entries", "invoiced", "changed"}

    await ask("POST", "/sandbox/seed", {"strict": False})
    await ask("DELETE", "/sandbox/calls")
    _, said = await ask("GET", "/sandbox/figures")
    assert (said["calls"], said["answers"], said["invoiced"], said["mode"]) == (0, {}, 1, "lenient")
