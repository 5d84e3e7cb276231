"""Do the settings of both halves load, each on its own, and can the sources and the key be used? Pure but for files.

The two halves stay two objects: nothing here holds a webhook secret and a key for Clockify at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from webhooks.checks.finding import Finding, ok, warning, wrong
from webhooks.settings import DoorSettings
from webhooks.source_settings import SourceSettings, variable
from webhooks.sources import KINDS
from webhooks.sources.kind import tells
from worker.settings import HandsSettings, SettingsError, load

Half = TypeVar("Half", DoorSettings, HandsSettings)

_ABOUT_DOOR, _ABOUT_HANDS = "receiver's settings", "worker's settings"
_PREFIXES = {"stripe": "whsec_"}
"""How a kind's secrets begin: https://docs.stripe.com/webhooks (signing secrets)"""
SHORTEST = 16
"""Characters of a secret that nobody guesses: https://www.standardwebhooks.com asks for 24 bytes."""
_API_KEYS = ("sk_", "rk_", "pk_")


@dataclass(frozen=True, slots=True)
class Halves:
    """The settings of both halves, None where they do not load, and what was found on the way."""

    door: DoorSettings | None
    hands: HandsSettings | None
    findings: tuple[Finding, ...]


def check_settings(environ: Mapping[str, str]) -> Halves:
    """Load each half on its own. A mistake in what both of them read is told once."""
    door, of_door = _loaded(DoorSettings, environ)
    hands, of_hands = _loaded(HandsSettings, environ)
    findings = [wrong(_ABOUT_DOOR, mistake) for mistake in of_door]
    findings += [wrong(_ABOUT_HANDS, mistake) for mistake in of_hands if mistake not in of_door]
    findings += _door(door) if door else []
    findings += _hands(hands) if hands else []
    return Halves(door, hands, tuple(findings))


def _loaded(half: type[Half], environ: Mapping[str, str]) -> tuple[Half | None, tuple[str, ...]]:
    try:
        return load(half, environ), ()
    except SettingsError as error:
        return None, error.mistakes


def _door(settings: DoorSettings) -> list[Finding]:
    if not settings.sources:
        return [
            warning(
                _ABOUT_DOOR,
                "no source is set",
                "right for a worker alone; else set PAIDMARK_SOURCES__<NAME>__SECRETS",
            )
        ]
    names = ", ".join(sorted(settings.sources))
    findings = [ok(_ABOUT_DOOR, f"load, with sources: {names}")]
    if any(len(token.get_secret_value()) < SHORTEST for token in settings.link_tokens):
        findings.append(
            warning(
                _ABOUT_DOOR,
                "a token for links is short enough to be guessed",
                f"PAIDMARK_LINK_TOKENS wants {SHORTEST} characters or more: openssl rand -hex 24",
            )
        )
    for name, source in sorted(settings.sources.items()):
        findings += [_source(name, source), *_of_kind(name, source, settings.unreferenced)]
    return findings


def _of_kind(name: str, source: SourceSettings, unreferenced: str) -> Iterator[Finding]:
    """What the settings of a source make of it, though each of them is right."""
    about, kind = f"source {name}", KINDS[source.kind]
    if source.secrets and "in_full" in kind.reads and not source.in_full:
        yield warning(
            about,
            "each payment waits for a person: deliveries do not tell whether an invoice is paid in full",
            f"if each payment is of a whole invoice, set {variable(name, 'in_full')}=true",
        )
    if source.mark_on == "issued" and not tells(kind, source.options, "issued"):
        yield warning(
            about,
            "it never tells that an invoice is issued: hours are marked when it is paid",
            f"leave {variable(name, 'mark_on')} out",
        )
    if not kind.about.room and not kind.about.linkable and unreferenced == "counted":
        yield ok(
            about,
            "its invoices are linked by hand; those that nobody links are only counted, unless PAIDMARK_UNREFERENCED=unresolved",
        )


def _source(name: str, source: SourceSettings) -> Finding:
    about, secrets_of = f"source {name}", variable(name, "secrets")
    if not source.secrets:
        return wrong(about, "has no secret: every delivery is answered 503", f"set {secrets_of}")
    secrets = [secret.get_secret_value() for secret in source.secrets]
    if any(secret.startswith(_API_KEYS) for secret in secrets):
        return wrong(
            about,
            "a secret looks like an API key",
            f"{secrets_of} wants the endpoint's signing secret, and no key",
        )
    prefix = _PREFIXES.get(source.kind, "")
    if not all(secret.startswith(prefix) for secret in secrets):
        return warning(
            about, f"a secret does not begin with {prefix}", f"is {secrets_of} the endpoint's signing secret?"
        )
    if any(len(secret) < SHORTEST for secret in secrets):
        return warning(
            about,
            "a secret is short enough to be guessed",
            f"{secrets_of} wants {SHORTEST} characters or more",
        )
    return ok(about, f"of kind {source.kind}, with {len(secrets)} secret{'s' if len(secrets) > 1 else ''}")


def _hands(settings: HandsSettings) -> list[Finding]:
    findings = [
        ok(_ABOUT_HANDS, f"load, at most {settings.rate_limit}, {settings.batch_size} entries a call")
    ]
    if not settings.clockify_api_key and not settings.clockify_addon_token:
        findings = [
            warning(
                _ABOUT_HANDS,
                "there is no key for Clockify",
                "right for a receiver alone; else set PAIDMARK_CLOCKIFY_API_KEY",
            )
        ]
    if settings.dry_run:
        findings.append(warning(_ABOUT_HANDS, "PAIDMARK_DRY_RUN is on: nothing is sent to Clockify"))
    return findings
