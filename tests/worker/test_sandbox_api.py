"""What the sandbox answers, as a client sees it: the same statuses, headers and bodies as Clockify."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple

import pytest
from aiohttp import ClientSession
from yarl import URL

from worker.sandbox import Sandbox, Seeded, Workspace, World, running

WS, OTHER, UNPAID = "64a687e29ae1f428e7ebe303", "64a687e29ae1f428e7ebe304", "64a687e29ae1f428e7ebe305"
E1, E2, E3, ABROAD = (f"63b03060b01ebfad292c61e{n}" for n in range(4))
NOBODYS = "f" * 24
MARK = f"/api/v1/workspaces/{WS}/time-entries/invoiced"
ENTRIES = f"/api/v1/workspaces/{WS}/time-entries"
KEY = {"X-Api-Key": "key"}
UNKNOWN_ENTRY = {"message": "Time entry doesn't belong to Workspace", "code": 501}


class Answer(NamedTuple):
    status: int
    headers: Any
    body: bytes

    @property
    def said(self) -> Any:
        return json.loads(self.body)


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
def sandbox() -> Sandbox:
    world = World()
    world.add_workspace(Workspace(id=WS, name="Mine", keys=frozenset({"key"}), tokens=frozenset({"token"})))
    world.add_workspace(Workspace(id=OTHER, keys=frozenset({"theirs"})))
    world.add_workspace(Workspace(id=UNPAID, keys=frozenset({"key"}), invoicing=False, plan="FREE"))
    for entry in (E1, E2, E3):
        world.add_entry(Seeded(id=entry, workspace=WS, project="Website", tags=("build",)))
    world.add_entry(Seeded(id=ABROAD, workspace=OTHER))
    return Sandbox(world=world)


@pytest.fixture
async def ask(sandbox: Sandbox) -> AsyncIterator[Ask]:
    async with running(sandbox) as url, ClientSession() as session:

        async def _ask(method: str, path: str, body: Any = None, headers: Any = KEY) -> Answer:
            data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            at = URL(url.removesuffix("/api") + path, encoded=True)
            async with session.request(method, at, data=data, headers=headers) as reply:
                return Answer(reply.status, reply.headers, await reply.read())

        yield _ask


def marks(*entries: str, invoiced: bool = True) -> dict[str, Any]:
    return {"invoiced": invoiced, "timeEntryIds": list(entries)}


async def test_a_mark_is_answered_200_without_a_body(ask: Ask, sandbox: Sandbox) -> None:
    answer = await ask("PATCH", MARK, marks(E1, E2))

    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")
    assert [sandbox.world.entries[entry].invoiced for entry in (E1, E2, E3)] == [True, True, False]


async def test_a_mark_is_taken_back_by_a_mark(ask: Ask, sandbox: Sandbox) -> None:
    await ask("PATCH", MARK, marks(E1))
    answer = await ask("PATCH", MARK, marks(E1, invoiced=False))

    assert answer.status == 200
    assert [change.invoiced for change in sandbox.world.entries[E1].changes] == [True, False]


async def test_an_id_that_is_named_twice_is_marked_once(ask: Ask, sandbox: Sandbox) -> None:
    assert (await ask("PATCH", MARK, marks(E1, E1))).status == 200
    assert sandbox.world.entries[E1].writes == 1


@pytest.mark.parametrize("stranger", [NOBODYS, ABROAD, "a"])
async def test_strict_refuses_the_whole_batch_for_one_unknown_id(
    ask: Ask, sandbox: Sandbox, stranger: str
) -> None:
    answer = await ask("PATCH", MARK, marks(E1, stranger, E2))

    assert (answer.status, answer.said) == (400, UNKNOWN_ENTRY)
    assert not any(entry.writes for entry in sandbox.world.entries.values())


async def test_lenient_skips_unknown_ids(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.world.strict = False
    answer = await ask("PATCH", MARK, marks(E1, NOBODYS, ABROAD))

    assert answer.status == 200
    assert sandbox.world.entries[E1].invoiced
    assert not sandbox.world.entries[ABROAD].invoiced


async def test_a_bad_id_is_unknown_even_where_there_is_an_entry(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.world.bad.add(E2)

    assert (await ask("PATCH", MARK, marks(E1, E2))).said == UNKNOWN_ENTRY


async def test_approved_and_locked_entries_can_be_made_to_refuse_marks(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.world.add_entry(Seeded(id=E2, workspace=WS, approved=True))
    sandbox.world.add_entry(Seeded(id=E3, workspace=WS, locked=True))
    assert (await ask("PATCH", MARK, marks(E2, E3))).status == 200

    sandbox.world.protect = True
    approved = await ask("PATCH", MARK, marks(E1, E2, invoiced=False))
    locked = await ask("PATCH", MARK, marks(E3, E1, invoiced=False))
    assert (approved.status, approved.said["code"]) == (403, 4005)
    assert (locked.status, locked.said["code"]) == (403, 1003)

    sandbox.world.strict = False
    assert (await ask("PATCH", MARK, marks(E1, E2))).status == 200
    assert sandbox.world.entries[E1].invoiced
    assert sandbox.world.entries[E2].writes == 1


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, 1000),
        ({"X-Api-Key": ""}, 1000),
        ({"Authorization": "Bearer key"}, 1000),
        ({"X-Api-Key": "key", "X-Addon-Token": "token"}, 1000),
        ({"X-Api-Key": "token"}, 4003),
        ({"X-Addon-Token": "key"}, 4017),
    ],
)
async def test_without_one_good_credential_the_answer_is_401(
    ask: Ask, headers: dict[str, str], code: int
) -> None:
    answer = await ask("PATCH", MARK, marks(E1), headers)

    assert (answer.status, answer.said["code"]) == (401, code)


async def test_an_addon_may_come_with_its_token(ask: Ask) -> None:
    assert (await ask("PATCH", MARK, marks(E1), {"X-Addon-Token": "token"})).status == 200


async def test_a_revoked_key_does_not_exist(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.world.bad.add("key")

    assert (await ask("PATCH", MARK, marks(E1))).said == {"message": "Api key does not exist", "code": 4003}


@pytest.mark.parametrize("workspace", [OTHER, NOBODYS, "nonsense", "%2F"])
async def test_a_workspace_that_the_key_cannot_see_is_denied(
    ask: Ask, sandbox: Sandbox, workspace: str
) -> None:
    path = f"/api/v1/workspaces/{workspace}/time-entries/invoiced"
    answer = await ask("PATCH", path, marks(E1))
    assert (answer.status, answer.said) == (403, {"message": "Access Denied", "code": 501})

    sandbox.world.hidden = True
    answer = await ask("PATCH", path, marks(E1))
    assert (answer.status, answer.body) == (404, b"")


async def test_a_plan_without_invoicing_is_refused_without_a_word_before_the_body_is_read(ask: Ask) -> None:
    answer = await ask("PATCH", f"/api/v1/workspaces/{UNPAID}/time-entries/invoiced", b"{not json")

    assert (answer.status, answer.body) == (403, b"")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'{"invoiced":"yes"}', b'{"timeEntryIds":[null]}', b'{"timeEntryIds":["\xff"]}'],
)
@pytest.mark.parametrize("last", ["invoiced", "batch"])
async def test_an_unreadable_body_is_a_json_parse_error(ask: Ask, body: bytes, last: str) -> None:
    answer = await ask("PATCH" if last == "invoiced" else "POST", f"{ENTRIES}/{last}", body)

    assert (answer.status, answer.said["code"]) == (400, 3002)
    assert answer.said["message"].startswith("JSON parse error: ")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"timeEntryIds": [E1]}, "must not be null"),
        ({"invoiced": None, "timeEntryIds": [E1]}, "must not be null"),
        ({"invoiced": True}, "must not be null"),
        ({"invoiced": True, "timeEntryIds": []}, "must not be empty"),
    ],
)
async def test_a_mark_has_to_say_which_entries_and_which_flag(ask: Ask, body: Any, message: str) -> None:
    answer = await ask("PATCH", MARK, body)

    assert (answer.status, answer.said) == (400, {"message": message, "code": 501})


@pytest.mark.parametrize(
    ("body", "message"), [({}, "must not be null"), ({"timeEntryIds": []}, "must not be empty")]
)
async def test_a_batch_read_has_to_name_entries(ask: Ask, body: Any, message: str) -> None:
    answer = await ask("POST", f"{ENTRIES}/batch", body)

    assert (answer.status, answer.said) == (400, {"message": message, "code": 501})


async def test_a_batch_read_omits_ids_that_it_cannot_resolve(ask: Ask) -> None:
    answer = await ask(
        "POST", f"{ENTRIES}/batch", {"timeEntryIds": [E2, NOBODYS, ABROAD, E1], "hydrated": False}
    )

    assert answer.status == 200
    assert [entry["id"] for entry in answer.said] == [E2, E1]


async def test_an_entry_never_shows_whether_it_is_invoiced(ask: Ask) -> None:
    before = await ask("GET", f"{ENTRIES}/{E1}")
    await ask("PATCH", MARK, marks(E1))
    after = await ask("GET", f"{ENTRIES}/{E1}")

    assert before.said == after.said
    assert sorted(after.said) == [
        "billable", "costRate", "customFieldValues", "description", "hourlyRate", "id", "isLocked", "kioskId",
        "projectId", "tagIds", "taskId", "timeInterval", "type", "userId", "workspaceId",
    ]  # fmt: skip
    interval = {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T10:00:00Z", "duration": "PT1H"}
    assert after.said["timeInterval"] == interval


async def test_a_running_entry_has_no_end(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.world.add_entry(Seeded(id=E2, workspace=WS, end=None))
    shown = (await ask("GET", f"{ENTRIES}/{E2}")).said

    assert (shown["timeInterval"]["end"], shown["timeInterval"]["duration"]) == (None, None)


@pytest.mark.parametrize("entry", [NOBODYS, ABROAD, "a", "invoiced", "batch"])
async def test_an_entry_that_is_not_there_is_400_and_never_404(ask: Ask, entry: str) -> None:
    answer = await ask("GET", f"{ENTRIES}/{entry}")

    assert (answer.status, answer.said) == (400, UNKNOWN_ENTRY)


async def test_a_key_is_told_its_user_and_its_workspaces(ask: Ask) -> None:
    user = (await ask("GET", "/api/v1/user")).said
    mine, unpaid = (await ask("GET", "/api/v1/workspaces")).said

    assert (user["status"], user["activeWorkspace"]) == ("ACTIVE", WS)
    assert (mine["id"], mine["name"], mine["featureSubscriptionType"]) == (WS, "Mine", "STANDARD_2021")
    assert (unpaid["id"], unpaid["featureSubscriptionType"]) == (UNPAID, "FREE")
    assert [("INVOICING" in each["features"]) for each in (mine, unpaid)] == [True, False]
    assert (await ask("GET", f"/api/v1/workspaces/{WS}")).said == mine


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (f"{MARK}/bulk", f"v1/workspaces/{WS}/time-entries/invoiced/bulk"),
        (f"{ENTRIES}/", f"v1/workspaces/{WS}/time-entries/"),
        ("/api/v1/nothing", "v1/nothing"),
        (f"/api/v1/workspaces/{WS}/reports/detailed", f"v1/workspaces/{WS}/reports/detailed"),
        ("/report/v1/user", "v1/user"),
        ("/elsewhere", "elsewhere"),
    ],
)
async def test_an_unknown_path_is_no_static_resource(ask: Ask, path: str, named: str) -> None:
    answer = await ask("PATCH", path, marks(E1))

    assert (answer.status, answer.said) == (404, {"message": f"No static resource {named}.", "code": 3000})


async def test_a_wrong_verb_is_told_the_right_ones(ask: Ask) -> None:
    answer = await ask("DELETE", MARK)

    assert (answer.status, answer.headers["Allow"]) == (405, "PATCH, GET")
    assert answer.said == {"message": "Request method 'DELETE' is not supported", "code": 3000}


async def test_in_an_open_world_every_key_workspace_and_entry_of_good_form_exists(
    ask: Ask, sandbox: Sandbox
) -> None:
    sandbox.world.open_world = True
    path = f"/api/v1/workspaces/{NOBODYS}/time-entries/invoiced"

    assert (await ask("PATCH", path, marks("9" * 24), {"X-Api-Key": "any"})).status == 200
    assert sandbox.world.entries["9" * 24].invoiced
    assert (await ask("PATCH", path, marks("short"), {"X-Api-Key": "any"})).said == UNKNOWN_ENTRY
    assert [
        each["id"] for each in (await ask("GET", "/api/v1/workspaces", None, {"X-Api-Key": "any"})).said
    ] == [NOBODYS]


async def test_in_an_open_world_an_entry_stays_in_the_workspace_that_named_it_first(
    ask: Ask, sandbox: Sandbox
) -> None:
    sandbox.world.open_world = True
    await ask("PATCH", MARK, marks("9" * 24))
    elsewhere = await ask("PATCH", f"/api/v1/workspaces/{NOBODYS}/time-entries/invoiced", marks("9" * 24))

    assert elsewhere.said == UNKNOWN_ENTRY


async def test_an_open_world_still_has_bad_workspaces(ask: Ask, sandbox: Sandbox) -> None:
    sandbox.world.open_world = True
    sandbox.world.bad.add(NOBODYS)

    assert (await ask("GET", f"/api/v1/workspaces/{NOBODYS}")).status == 403
    assert NOBODYS not in [each["id"] for each in (await ask("GET", "/api/v1/workspaces")).said]
