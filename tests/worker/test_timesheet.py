"""What Clockify shows, decoded: nothing that comes back is trusted."""

import json
from typing import Any

import msgspec
import pytest

from worker.reports import timesheet

ID = "64a687e29ae1f428e7ebe303"


def row(**more: Any) -> dict[str, Any]:
    return {
        "_id": ID,
        "timeInterval": {"start": "2026-01-05T09:00:00Z", "end": "2026-01-05T10:00:00Z"},
        **more,
    }


def page(*rows: Any, last_page: str = "true") -> timesheet.Page:
    return timesheet.page(json.dumps({"timeentries": rows, "totals": []}).encode(), last_page)


def only(**more: Any) -> timesheet.Row:
    return page(row(**more)).rows[0]


def workspace(**more: Any) -> timesheet.Workspace:
    return timesheet.workspace(json.dumps({"id": ID, **more}).encode())


def test_a_row_with_nothing_but_an_id_and_a_start_is_read() -> None:
    read = only()

    assert (read.seconds, read.running, read.billable, read.invoiced, read.description) == (
        0,
        False,
        False,
        False,
        "",
    )
    assert set(read.called) == set(read.shown) == {"project", "client", "tag", "user"}
    assert not any(read.called.values())


def test_a_row_is_called_by_names_and_ids_in_any_case() -> None:
    read = only(
        projectName="Straße", projectId="P1", clientName="Acme", clientId="C1", userName="Zed", userEmail="Z@x.io",
        userId="U1", tags=[{"_id": "T1", "name": "Design"}, {"name": None}],
    )  # fmt: skip

    assert read.called == {
        "project": {"strasse", "p1"},
        "client": {"acme", "c1"},
        "tag": {"design", "t1"},
        "user": {"zed", "z@x.io", "u1"},
    }
    assert read.shown["tag"] == ("Design",)


@pytest.mark.parametrize(
    ("info", "invoiced"),
    [
        (None, False),
        ([], False),
        ({}, False),
        ({"manuallyInvoiced": False}, False),
        ({"manuallyInvoiced": True}, True),
        ({"invoiceId": "5b71"}, True),
    ],
)
def test_a_row_is_invoiced_where_its_info_says_how(info: Any, invoiced: bool) -> None:
    assert only(invoicingInfo=info).invoiced is invoiced


def test_a_row_without_an_end_still_runs() -> None:
    assert only(timeInterval={"start": "2026-01-05T09:00:00Z", "end": None, "duration": None}).running


@pytest.mark.parametrize(("header", "last"), [("true", True), ("False", False), ("", None), ("maybe", None)])
def test_the_last_page_is_told_by_a_header_or_not_at_all(header: str, last: bool | None) -> None:
    assert page(last_page=header).last is last


@pytest.mark.parametrize(
    "broken", [row(_id="short"), row(_id=ID + "\n"), row(timeInterval=None), row(billable="yes"), "row"]
)
def test_a_row_of_another_shape_is_refused(broken: Any) -> None:
    with pytest.raises(msgspec.DecodeError):
        page(broken)


def test_a_user_without_settings_reads_times_in_utc() -> None:
    assert timesheet.user(b'{"id": "u"}').zone == "UTC"
    assert timesheet.user(b'{"id": "u", "settings": {"timeZone": null}}').zone == "UTC"
    assert (
        timesheet.user(b'{"id": "u", "settings": {"timeZone": "Europe/Belgrade"}}').zone == "Europe/Belgrade"
    )


@pytest.mark.parametrize(
    ("shown", "plan", "invoicing"),
    [
        ({}, "", None),
        ({"featureSubscriptionType": "TRIAL"}, "TRIAL", None),
        ({"featureSubscriptionType": "free"}, "FREE", False),
        ({"featureSubscriptionType": "BASIC_2021"}, "BASIC_2021", False),
        ({"featureSubscriptionType": "PRO_YEAR_2021", "features": []}, "PRO_YEAR_2021", True),
        ({"featureSubscriptionType": "PRO_2021", "features": ["KIOSK"]}, "PRO_2021", False),
        ({"featureSubscriptionType": "BUNDLE_2024", "features": ["INVOICING"]}, "BUNDLE_2024", True),
        ({"featureSubscriptionType": {"addonSubscriptionPlan": "PRO", "featurePermissions": ["INVOICING"]}}, "PRO", True),
        ({"featureSubscriptionType": {"addonSubscriptionPlan": None}}, "", None),
    ],
)  # fmt: skip
def test_whether_a_plan_can_invoice_is_told_as_far_as_it_is_shown(
    shown: Any, plan: str, invoicing: bool | None
) -> None:
    read = workspace(**shown)

    assert (read.plan, read.invoicing) == (plan, invoicing)


def test_only_the_free_plan_is_free_and_basic_does_without_invoicing_as_well() -> None:
    free, basic, pro = (
        workspace(featureSubscriptionType=plan) for plan in ("FREE", "BASIC_2021", "PRO_2021")
    )

    assert [one.free for one in (free, basic, pro)] == [True, False, False]
    assert [one.without_invoicing for one in (free, basic, pro)] == [True, True, False]


def test_a_workspace_whose_id_is_none_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        timesheet.workspaces(b'[{"id": "../user"}]')
