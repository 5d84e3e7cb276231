"""The settings of one source: which kind it is, what it is believed by, what its events mean."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from webhooks.resolve import MarkOn
from webhooks.sources import KINDS, paths
from webhooks.sources.kind import Meaning, Options
from webhooks.sources.scheme import Scheme, unknown
from worker.settings.values import Seconds, Workspace, decoded

_OF_SOME = frozenset(
    ("livemode", "url", "header", "in_full", "paths", "signature", "issued", "paid", "refunded", "reversed")
)
"""The settings that only some kinds read."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def source_name(value: str) -> str:
    """A name that may stand in an address and in a variable of the environment. Raises ValueError."""
    if not _NAME.fullmatch(value):
        raise ValueError("should be a name of at most 32 small letters, digits and dashes, like shop-a")
    return value


def variable(name: str, setting: str) -> str:
    """What a setting of a source is called in the environment."""
    return f"PAIDMARK_SOURCES__{name.replace('-', '_')}__{setting}".upper()


def _kind(value: str) -> str:
    if value not in KINDS:
        nearest = get_close_matches(value, KINDS, 1)
        hint = f"did you mean {nearest[0]}? There" if nearest else "there"
        raise ValueError(f"no such kind of source; {hint} are {', '.join(sorted(KINDS))}")
    return value


def _secrets(value: object) -> object:
    """Several secrets are several that are good, so that they can be changed without losing a delivery."""
    expected = "one secret, or a JSON list of secrets"
    value = decoded(value, "[", expected)
    secrets: list[Any] = list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(secret, str) and secret.strip() for secret in secrets):
        raise ValueError(f"should be {expected}")
    return tuple(secret.strip() for secret in secrets)


def _paths(value: object) -> object:
    return decoded(value, "{", "a JSON object of names and JMESPath expressions")


def _scheme(value: object) -> object:
    expected = "a table: PAIDMARK_SOURCES__<NAME>__SIGNATURE__HEADER and so on"
    value = decoded(value, "{", expected)
    if not isinstance(value, dict | Scheme | None):
        raise ValueError(f"should be {expected}")  # noqa: TRY004 - the error that a validator may raise
    if isinstance(value, dict) and (complaints := unknown(value)):
        raise ValueError("; ".join(complaints))
    return value


def _several(value: object) -> object:
    """One, or a JSON list, or several separated by commas or spaces."""
    value = decoded(value, "[", "one, or a list")
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _networks(value: object) -> object:
    several: Any = _several(value)
    try:
        return tuple(ip_network(str(one)) for one in several)
    except (TypeError, ValueError):
        raise ValueError("should be addresses and networks, like 203.0.113.0/24") from None


def _compilable(value: dict[str, str]) -> dict[str, str]:
    if complaints := paths.check(value):
        raise ValueError("; ".join(complaints))
    return value


Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_secrets)]
Types = Annotated[tuple[str, ...], BeforeValidator(_several)]
Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks)]
"""Addresses, and networks like 203.0.113.0/24."""


class SourceSettings(BaseModel):
    """One source. `tolerance` is how old, or how far in the future, a signature may be, in seconds.

    `mark_on`: what marks an hour. `addresses`: where deliveries may come from. What the others are, see `Options`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Annotated[str, AfterValidator(_kind)]
    secrets: Secrets = ()
    livemode: bool = True
    tolerance: Seconds = 300.0
    workspace: Workspace | None = None
    mark_on: MarkOn = "paid"
    addresses: Networks = ()
    url: str = ""
    header: str = ""
    in_full: bool = False
    paths: Annotated[dict[str, str], AfterValidator(_compilable), BeforeValidator(_paths)] = {}
    signature: Annotated[Scheme | None, BeforeValidator(_scheme)] = None
    issued: Types = ()
    paid: Types = ()
    refunded: Types = ()
    reversed: Types = ()

    @property
    def options(self) -> Options:
        """What the kind's functions go by."""
        types: Mapping[Meaning, tuple[str, ...]] = MappingProxyType({
            "issued": self.issued, "paid": self.paid, "refunded": self.refunded, "reversed": self.reversed,
        })  # fmt: skip
        return Options(
            livemode=self.livemode,
            paths=tuple(self.paths.items()),
            url=self.url,
            header=self.header,
            in_full=self.in_full,
            scheme=self.signature,
            types=tuple((name, told) for told, names in types.items() for name in names),
        )

    @field_validator("secrets")
    @classmethod
    def _usable(cls, secrets: tuple[SecretStr, ...], info: ValidationInfo) -> tuple[SecretStr, ...]:
        """What is wrong with the secrets by themselves is said by their name, whatever else is wrong."""
        if kind := KINDS.get(info.data.get("kind", "")):
            of_any = kind.complaints((), Options())
            complaints = kind.complaints([secret.get_secret_value() for secret in secrets], Options())
            if of_secrets := [complaint for complaint in complaints if complaint not in of_any]:
                raise ValueError("; ".join(of_secrets))
        return secrets

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """Each kind knows what it has to be told, and which secrets it can use then; without secrets it is not in use."""
        kind, secrets = KINDS[self.kind], [secret.get_secret_value() for secret in self.secrets]
        fields = type(self).model_fields
        unread = [name for name in _OF_SOME - kind.reads if getattr(self, name) != fields[name].default]
        complaints = [f"{name}: a source of kind {self.kind} does not read it" for name in sorted(unread)]
        if secrets and (complaints := [*complaints, *kind.complaints(secrets, self.options)]):
            raise ValueError("; ".join(complaints))
        return self
