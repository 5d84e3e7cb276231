"""Clockify as far as it can be looked at: the key, the workspaces, whether their plans can invoice, the clock.

It only reads: two calls for a key, one for a workspace with an add-on's token. Must not be loaded by the receiver, and
must not show a key, not even where an answer gives it for a name.
"""

import asyncio
import random
import time
from collections.abc import Iterable
from dataclasses import replace

from webhooks.checks.finding import Finding, Mark, ok, warning, wrong
from worker.reports import Patience, ReadingError, Reports
from worker.reports.timesheet import Workspace
from worker.settings import Credential, HandsSettings, RateLimit
from worker.settings.values import EVERY

CLOCK_TOLERANCE = 30.0
"""Seconds by which our clock may be wrong before signatures and times begin to be refused."""
FREE_LIMIT = RateLimit(30, 3600)
"""https://clockify.me/help/getting-started/webhook-and-api-limitations"""
ADDON = "X-Addon-Token"
TOO_MANY = 429
MOST_SHOWN = 10


async def check_clockify(settings: HandsSettings, workspaces: Iterable[str]) -> list[Finding]:
    """Everything about Clockify; nothing where there is no key. `workspaces` are those that other settings name."""
    keyed = {**settings.clockify_api_key, **settings.clockify_addon_token}
    if not keyed:
        return []
    named = sorted({*workspaces, *keyed, *([settings.workspace] if settings.workspace else [])} - {EVERY})
    by_credential: dict[Credential, list[str]] = {}
    findings = []
    for workspace in named:
        if credential := settings.credential(workspace):
            by_credential.setdefault(credential, []).append(workspace)
        else:
            findings.append(wrong(f"workspace {workspace}", "has no key", "set PAIDMARK_CLOCKIFY_API_KEY"))
    if credential := settings.credential(""):
        by_credential.setdefault(credential, [])
    patience = Patience(1, asyncio.sleep, random.random)
    async with Reports(
        settings.clockify_url, settings.reports_url, timeout=settings.clockify_timeout, patience=patience
    ) as reports:
        for credential, mine in by_credential.items():
            findings += await _check_key(reports, credential, mine, settings.rate_limit)
        return findings + judge_clock(reports.clock, time.time())


async def _check_key(
    reports: Reports, credential: Credential, mine: list[str], rate: RateLimit
) -> list[Finding]:
    """Whether Clockify takes a key, and what it shows of the workspaces that the key is for (`mine`)."""
    kind = "add-on token" if credential[0] == ADDON else "key"
    about = f"{kind} for {', '.join(mine[:MOST_SHOWN])}" if mine else kind
    try:
        await reports.user(credential)
        findings = [ok(about, "is accepted by Clockify")]
        if credential[0] == ADDON:
            return findings + [
                one for name in mine for one in await _check_alone(reports, credential, name, rate)
            ]
        seen = [_shown(one, credential) for one in await reports.workspaces(credential)]
    except ReadingError as error:
        return [_refused(about, error)]
    visible = {one.id: one for one in seen}
    for name in mine:
        there_are = ", ".join(sorted(visible)[:MOST_SHOWN]) or "none"
        findings += (
            judge(visible[name], rate)
            if name in visible
            else [_invisible(name, f"the key sees: {there_are}")]
        )
    if not mine:
        findings += [_lessened(one) for other in seen[:MOST_SHOWN] for one in judge(other, rate)]
    return findings


async def _check_alone(reports: Reports, credential: Credential, name: str, rate: RateLimit) -> list[Finding]:
    """One workspace, asked for by its id: a list of workspaces is refused to add-ons."""
    try:
        return judge(_shown(await reports.workspace(credential, name), credential), rate)
    except ReadingError as error:
        if error.status in (403, 404):
            return [_invisible(name, str(error))]
        return [_refused(f"workspace {name}", error)]


def _shown(workspace: Workspace, credential: Credential) -> Workspace:
    """A workspace as it may be shown, whatever has answered in Clockify's place, and gives what it was sent for a name."""
    return replace(workspace, name=workspace.name.replace(credential.secret, "***"))


def judge(workspace: Workspace, rate: RateLimit) -> list[Finding]:
    """What follows from what Clockify shows of a workspace."""
    about, plan = f"workspace {workspace.id}", workspace.plan or "unknown"
    text = f"{workspace.name}, visible, plan {plan}"
    if workspace.invoicing:
        findings = [
            ok(about, f"{text}, with invoicing (whether it is switched on in its settings cannot be told)")
        ]
    elif workspace.invoicing is None:
        findings = [
            warning(
                about,
                f"{text}: cannot tell whether it can invoice",
                "invoicing is part of Standard, Pro, Enterprise",
            )
        ]
    elif workspace.without_invoicing:
        findings = [
            wrong(
                about, f"{text}: without invoicing, marking is refused", "a plan from Standard on is needed"
            )
        ]
    else:
        findings = [warning(about, f"{text}: its features do not name invoicing", "is it part of the plan?")]
    if workspace.free and rate.count * FREE_LIMIT.seconds > FREE_LIMIT.count * rate.seconds:
        text = f"at most {rate} is set, and Clockify allows {FREE_LIMIT} on the Free plan"
        findings.append(warning(about, text, f"PAIDMARK_RATE_LIMIT={FREE_LIMIT}"))
    return findings


def _lessened(finding: Finding) -> Finding:
    """A workspace that no setting names may be none of ours."""
    return replace(finding, mark=Mark.WARNING) if finding.mark is Mark.WRONG else finding


def _invisible(workspace: str, text: str) -> Finding:
    return wrong(
        f"workspace {workspace}",
        f"is not visible: {text}",
        "is the id right, and the key's user a member of it?",
    )


def _refused(about: str, error: ReadingError) -> Finding:
    """Whatever Clockify said instead. A limit that is reached says nothing about the key."""
    if error.status == TOO_MANY:
        return warning(about, f"cannot tell: {error}", "try again later")
    advice = (
        "a region has keys and a PAIDMARK_CLOCKIFY_URL of its own"
        if error.status
        else "is the network there?"
    )
    return wrong(about, str(error), advice)


def judge_clock(theirs: float | None, ours: float) -> list[Finding]:
    """What follows from the Date header of Clockify's last answer; both in seconds since 1970."""
    if theirs is None:
        return []
    ahead = theirs - ours
    if abs(ahead) <= CLOCK_TOLERANCE:
        return [ok("clock", "agrees with Clockify's")]
    text = f"ours is {abs(ahead):.0f} s {'behind' if ahead > 0 else 'ahead of'} Clockify's"
    return [warning("clock", text, "synchronise it (NTP): signatures of deliveries are judged by it")]
