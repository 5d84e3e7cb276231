"""What follows from what a store says of itself: version, role, durability, memory, clock. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webhooks.checks.finding import Finding, ok, warning, wrong

OLDEST_REDIS = (7, 0)
OLDEST_TO_WAIT_FOR_DISKS = (7, 2)
FULL = 0.8
"""The part of a bounded room from which on somebody should look."""
CLOCK_TOLERANCE = 2.0
"""Seconds by which the store's clock may differ from ours."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a store says of itself. Times in seconds; `info` is INFO, whole, `lacking` as from `shortcomings`.

    `primary` is where Sentinel has led to, or empty.
    """

    info: Mapping[str, Any]
    lacking: tuple[str, ...]
    ahead: float
    primary: str = ""


def judge(facts: Facts, *, trusted: bool, replicas: int = 0) -> list[Finding]:
    """What follows from what a store says of itself.

    `trusted`: the settings vouch for its durability; `replicas`: how many have to confirm what is acknowledged.
    """
    return [
        _version(facts.info),
        _role(facts.info),
        _durability(facts, trusted=trusted),
        *_replication(facts.info, replicas, trusted=trusted),
        _memory(facts.info),
        _clock(facts.ahead),
    ]


def _version(info: Mapping[str, Any]) -> Finding:
    if "valkey_version" in info:
        return ok("store version", f"Valkey {info['valkey_version']}")
    version = f"Redis {info.get('redis_version', 'unknown')}"
    if _numbers(info) >= OLDEST_REDIS:
        return ok("store version", version)
    return wrong("store version", version, "use Redis >= 7.0 or Valkey")


def _numbers(info: Mapping[str, Any]) -> tuple[int, ...]:
    """The version as Redis counts, which Valkey states beside its own."""
    version = str(info.get("redis_version", ""))
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _role(info: Mapping[str, Any]) -> Finding:
    if info.get("redis_mode") == "cluster":
        return wrong(
            "store role",
            "a cluster: the ledger's scripts need all keys in one place",
            "use a store that is no cluster",
        )
    if info.get("role") != "master":
        return wrong("store role", "a replica: it takes no writes", "let PAIDMARK_REDIS_URL name the primary")
    return ok("store role", "primary")


def _durability(facts: Facts, *, trusted: bool) -> Finding:
    about = "store durability"
    if facts.info.get("aof_last_write_status", "ok") != "ok":
        return wrong(about, "its last write to disk failed", "look at its disk and its log")
    if not facts.lacking:
        return ok(about, "append-only file, written through at every command, nothing evicted")
    text = "; ".join(facts.lacking)
    if trusted:
        return warning(about, f"{text}: PAIDMARK_STORE_DURABILITY=trusted vouches for it")
    return wrong(
        about, text, "set it so, or PAIDMARK_STORE_DURABILITY=trusted if the store keeps what it acknowledges"
    )


def _replication(info: Mapping[str, Any], needed: int, *, trusted: bool) -> list[Finding]:
    """Whether replicas suffice for what the settings promise, and what a failover may cost."""
    about, setting = "store replicas", "PAIDMARK_STORE_REPLICAS"
    online = sum(
        isinstance(value, Mapping) and value.get("state") == "online"
        for name, value in info.items()
        if name.startswith("slave")
    )
    if not needed:
        text = f"{online} online, none has to confirm: a failover may lose what was acknowledged last"
        return [warning(about, text, f"set {setting}={online}")] if online else []
    if not trusted and _numbers(info) < OLDEST_TO_WAIT_FOR_DISKS:
        text = "the store cannot say what replicas have on disk: every delivery is answered 503"
        return [wrong(about, text, f"use Redis >= 7.2 or Valkey for {setting}")]
    if online < needed:
        text = f"{online} online, {needed} must confirm: every delivery is answered 503"
        return [wrong(about, text, f"start the replicas, or lower {setting}")]
    return [_promised(online, needed, trusted=trusted), *_cut_off(info)]


def _promised(online: int, needed: int, *, trusted: bool) -> Finding:
    has = "been received by" if trusted else "reached the disks of the primary and of"
    text = f"{online} online; what is acknowledged has {has} {needed}"
    if online == needed:
        return ok("store replicas", text)
    return warning(
        "store replicas",
        f"{text}: a failover to another may lose what was acknowledged last",
        f"PAIDMARK_STORE_REPLICAS={online} is certain",
    )


def _cut_off(info: Mapping[str, Any]) -> list[Finding]:
    if "min_slaves_good_slaves" in info:
        return []
    return [
        warning(
            "store primary",
            "takes writes without replicas, too: workers that are cut off with an old one go on for it",
            "set min-replicas-to-write 1, and min-replicas-max-lag below Sentinel's down-after-milliseconds",
        )
    ]


def _memory(info: Mapping[str, Any]) -> Finding:
    most, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    if most == 0:
        return ok("store memory", f"{_mebibytes(used)} used, no limit set")
    text = f"{_mebibytes(used)} of {_mebibytes(most)} used"
    if used > FULL * most:
        return warning(
            "store memory",
            text,
            "raise maxmemory: a full store refuses deliveries (nothing is lost, sources send again)",
        )
    return ok("store memory", text)


def _clock(ahead: float) -> Finding:
    if abs(ahead) <= CLOCK_TOLERANCE:
        return ok("store clock", "agrees with ours")
    text = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} ours"
    return warning("store clock", text, "synchronise the clocks (NTP)")


def _mebibytes(number: int) -> str:
    return f"{number / 1024 / 1024:.1f} MiB"
