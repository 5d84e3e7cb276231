"""What a workspace is doing, in a word and in a sentence. Pure: the words follow from what the ledger says."""

from webhooks.desk.words import duration
from worker.ledger.records import Workspace

_LONG_OVERDUE = 15.0
"""Seconds after which nobody seems to look: a sweep comes by more often than that."""
_RATE_LIMIT, _DRY_RUN = "the rate limit", "PAIDMARK_DRY_RUN"


def standing(one: Workspace) -> str:
    """What a workspace is doing: draining, parked, due, rate limit, dry run or waiting."""
    if one.leased:
        return "draining"
    if one.parked:
        return "parked"
    if one.next_in <= 0:
        return "due"
    if one.reason.startswith(_DRY_RUN):
        return "dry run"
    return "rate limit" if one.reason == _RATE_LIMIT else "waiting"


def next_look(one: Workspace) -> str:
    """When somebody looks at a workspace again."""
    if one.leased:
        return "now"
    if one.next_in > 0:
        return f"in {duration(one.next_in)}"
    if one.next_in > -_LONG_OVERDUE:
        return "now"
    return f"overdue by {duration(-one.next_in)}: is a worker running?"


def why(one: Workspace) -> str:
    """Why a workspace is not getting on; empty where it is."""
    return one.parked or one.reason


def held_up_by(one: Workspace | None) -> str:
    """Why a marking of this workspace still waits, in one phrase."""
    if one is None:
        return ""
    word, when = standing(one), next_look(one)
    if word == "draining":
        return "a worker is at it"
    if word == "due":
        return when if "overdue" in when else "due now"
    if word == "parked":
        return f"parked: {one.parked}; next look {when}"
    failures = f" ({one.failures} failures in a row)" if one.failures > 1 else ""
    return f"next try {when}: {why(one)}{failures}" if why(one) else f"next try {when}"
