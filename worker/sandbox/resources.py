"""How Clockify shows people, workspaces and entries. Pure.

An entry never shows whether it is invoiced: only the detailed report does. Shapes: https://docs.clockify.me
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any

from worker.sandbox.credential import Credential
from worker.sandbox.world import Entry, Workspace, World

_RATE = {"amount": 0, "currency": "USD"}


@lru_cache(maxsize=4096)
def identity(what: str, name: str) -> str | None:
    """The id of the user, project, client or tag of this name; None for no name."""
    return sha256(f"{what}/{name}".encode()).hexdigest()[:24] if name else None


def user(world: World, credential: Credential) -> dict[str, Any]:
    """The user whose key it is."""
    first = next((each.id for each in world.workspaces.values() if each.admits(credential)), None)
    return {
        "id": identity("user", "Sandbox"),
        "email": "sandbox@example.com",
        "name": "Sandbox",
        "memberships": [],
        "profilePicture": "",
        "activeWorkspace": first,
        "defaultWorkspace": first,
        "settings": {
            "weekStart": "MONDAY",
            "timeZone": "UTC",
            "timeFormat": "HOUR24",
            "dateFormat": "YYYY-MM-DD",
        },
        "status": "ACTIVE",
        "customFields": [],
    }


def workspaces(world: World, credential: Credential) -> list[dict[str, Any]]:
    """The workspaces that the holder of the key may see. An open world shows those that it has heard of."""
    known = world.workspaces.values()
    return [workspace(each) for each in known if each.admits(credential) and each.id not in world.bad]


def workspace(shown: Workspace) -> dict[str, Any]:
    """A workspace; `INVOICING` is among the features of a plan that can invoice."""
    return {
        "id": shown.id,
        "name": shown.name,
        "hourlyRate": _RATE,
        "costRate": _RATE,
        "currencies": [{"id": identity("currency", "USD"), "code": "USD", "isDefault": True}],
        "memberships": [],
        "workspaceSettings": {"timeRoundingInReports": False},
        "imageUrl": "",
        "featureSubscriptionType": shown.plan,
        "features": ["TIME_TRACKING", *(["INVOICING"] if shown.invoicing else [])],
        "subdomain": {"name": None, "enabled": False},
        "cakeOrganizationId": identity("organization", shown.id),
    }


def entry(shown: Entry) -> dict[str, Any]:
    """An entry as every route but the report shows it."""
    facts = shown.facts
    return {
        "id": shown.id,
        "description": facts.description,
        "tagIds": [identity("tag", tag) for tag in facts.tags],
        "userId": identity("user", facts.user),
        "billable": facts.billable,
        "taskId": None,
        "projectId": identity("project", facts.project),
        "workspaceId": shown.workspace,
        "timeInterval": {
            "start": instant(facts.start),
            "end": facts.end and instant(facts.end),
            "duration": facts.end and _iso_duration(facts.end - facts.start),
        },
        "customFieldValues": [],
        "type": "REGULAR",
        "kioskId": None,
        "hourlyRate": _RATE,
        "costRate": _RATE,
        "isLocked": facts.locked or facts.approved,
    }


def instant(at: datetime) -> str:
    """`2026-01-05T09:00:00Z`, whatever the zone of `at`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso_duration(length: timedelta) -> str:
    minutes, seconds = divmod(int(length.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n]
    return "PT" + ("".join(parts) or "0S")
