"""What Clockify shows to people: users, workspaces, rows of the detailed report. Pure: bytes in, plain values out.

Shapes: https://docs.clockify.me. Of what is not needed nothing is read, and what is null or missing is left empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

_Id = Annotated[str, msgspec.Meta(pattern=r"\A[0-9A-Za-z]{24}\Z")]
_WITHOUT_INVOICING = ("FREE", "BASIC")
_WITH_INVOICING = ("STANDARD", "PRO", "ENTERPRISE")
"""https://clockify.me/help/projects/invoicing"""


@dataclass(frozen=True, slots=True)
class User:
    """Whose credential it is, and the IANA name of the zone in which they read times (UTC, where it is not told)."""

    id: str
    zone: str


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace as its members see it.

    `plan` is empty where Clockify does not tell it; `invoicing` is None where what is told does not say.
    """

    id: str
    name: str
    plan: str
    invoicing: bool | None

    @property
    def free(self) -> bool:
        """Whether Clockify takes only 30 requests an hour, as far as the plan's name tells."""
        return self.plan.startswith("FREE")

    @property
    def without_invoicing(self) -> bool:
        """Whether the plan is one that does not include invoicing."""
        return self.plan.startswith(_WITHOUT_INVOICING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An entry in the report. `start` is as the report writes it; `running` entries have no `seconds` yet.

    Of its `project`, `client`, `tag` and `user` (these are the keys), `shown` holds the names, and `called` the names
    and ids, case folded, by which somebody may ask for it.
    """

    id: str
    start: str
    seconds: int
    running: bool
    billable: bool
    invoiced: bool
    description: str
    shown: Mapping[str, tuple[str, ...]]
    called: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the report; `last` is None where Clockify does not say whether another one follows."""

    rows: tuple[Row, ...]
    last: bool | None


class _Settings(msgspec.Struct, rename="camel"):
    time_zone: str | None = None


class _User(msgspec.Struct):
    id: str
    settings: _Settings | None = None


class _Workspace(msgspec.Struct, rename="camel"):
    id: _Id
    name: str | None = None
    feature_subscription_type: Any = None
    features: Any = None


class _Interval(msgspec.Struct):
    start: str
    end: str | None = None
    duration: float | None = None


class _Tag(msgspec.Struct):
    name: str | None = None
    id: str | None = msgspec.field(name="_id", default=None)


class _Row(msgspec.Struct, rename="camel"):
    time_interval: _Interval
    id: _Id = msgspec.field(name="_id")
    description: str | None = None
    billable: bool = False
    invoicing_info: Any = None
    project_id: str | None = None
    project_name: str | None = None
    client_id: str | None = None
    client_name: str | None = None
    user_id: str | None = None
    user_name: str | None = None
    user_email: str | None = None
    tags: list[_Tag] | None = None


class _Report(msgspec.Struct):
    timeentries: list[_Row]


def user(body: bytes) -> User:
    """The body of `GET /v1/user`. Raises msgspec.DecodeError, as all of these."""
    read = msgspec.json.decode(body, type=_User)
    return User(read.id, (read.settings and read.settings.time_zone) or "UTC")


def workspaces(body: bytes) -> list[Workspace]:
    """The body of `GET /v1/workspaces`."""
    return [_workspace(one) for one in msgspec.json.decode(body, type=list[_Workspace])]


def workspace(body: bytes) -> Workspace:
    """The body of `GET /v1/workspaces/{workspaceId}`."""
    return _workspace(msgspec.json.decode(body, type=_Workspace))


def page(body: bytes, last_page: str) -> Page:
    """The body of the detailed report, and its header `Last-Page`."""
    rows = tuple(_row(one) for one in msgspec.json.decode(body, type=_Report).timeentries)
    return Page(rows, {"true": True, "false": False}.get(last_page.strip().lower()))


def _workspace(read: _Workspace) -> Workspace:
    plan, features = read.feature_subscription_type, read.features
    if isinstance(plan, dict):  # so it is documented; a name was seen
        features = features or plan.get("featurePermissions")
        plan = plan.get("addonSubscriptionPlan")
    plan = plan.upper() if isinstance(plan, str) else ""
    return Workspace(read.id, read.name or "", plan, _invoicing(plan, features))


def _invoicing(plan: str, features: object) -> bool | None:
    if isinstance(features, list) and features:
        return "INVOICING" in features
    if plan.startswith(_WITHOUT_INVOICING):
        return False
    return True if plan.startswith(_WITH_INVOICING) else None


def _row(read: _Row) -> Row:
    names = {
        "project": ((read.project_name,), (read.project_id,)),
        "client": ((read.client_name,), (read.client_id,)),
        "tag": ([tag.name for tag in read.tags or ()], [tag.id for tag in read.tags or ()]),
        "user": ((read.user_name,), (read.user_id, read.user_email)),
    }
    return Row(
        id=read.id,
        start=read.time_interval.start,
        seconds=int(read.time_interval.duration or 0),
        running=read.time_interval.end is None,
        billable=read.billable,
        invoiced=_invoiced(read.invoicing_info),
        description=read.description or "",
        shown={by: tuple(name for name in shown if name) for by, (shown, _) in names.items()},
        called={
            by: frozenset(name.casefold() for name in (*shown, *ids) if name)
            for by, (shown, ids) in names.items()
        },
    )


def _invoiced(info: object) -> bool:
    """Absent or an empty list where it is not, a record that says how where it is: so it was seen."""
    return isinstance(info, dict) and bool(info.get("invoiceId") or info.get("manuallyInvoiced"))
