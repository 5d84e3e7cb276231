"""A small made-up world, so that there is something to list, mark and report at once. Pure and always the same."""

from datetime import datetime, timedelta
from hashlib import sha256

from worker.sandbox.standin import Seed
from worker.sandbox.world import Seeded, Workspace

WORKSPACE = "64a687e29ae1f428e7ebe303"  # the example in Clockify's documentation
_WORK = (
    ("Website", "Northwind", "Layout of the start page", ("design",)),
    ("Website", "Northwind", "Checkout form", ("build",)),
    ("App", "Northwind", "Push notifications", ("build", "mobile")),
    ("Migration", "Contoso", "Move the mailboxes", ()),
)


def sample(now: datetime, *, workspace: str = WORKSPACE, count: int = 40) -> Seed:
    """A workspace with `count` entries in the days before `now`, the newest first.

    Every tenth is not billable, the second is invoiced already, and the first still runs.
    """
    return Seed(
        workspaces=[Workspace(id=workspace)],
        entries=[_entry(workspace, number, now) for number in range(count)],
    )


def _entry(workspace: str, number: int, now: datetime) -> Seeded:
    project, client, description, tags = _WORK[number % len(_WORK)]
    start = (now - timedelta(hours=18 * number + 2)).replace(minute=0, second=0, microsecond=0)
    return Seeded(
        id=sha256(f"{workspace}/{number}".encode()).hexdigest()[:24],
        workspace=workspace,
        project=project,
        client=client,
        description=description,
        tags=tags,
        start=start,
        end=start + timedelta(minutes=90) if number else None,
        billable=number % 10 != 9,  # noqa: PLR2004 - one in ten
        invoiced=number == 1,
    )
