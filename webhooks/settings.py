"""The receiver's settings: where it listens, and which sources it believes. Never a key for Clockify."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from webhooks.sources import KINDS
from webhooks.sources.standard import KIND as STANDARD
from webhooks.sources.standard import keys, paths
from worker.settings import StoreSettings
from worker.settings.values import Port, Seconds, Workspace, decoded

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("should be a name of at most 32 small letters, digits and dashes, like shop-a")
    return value


def _kind(value: str) -> str:
    if value not in KINDS:
        raise ValueError(f"no such kind of source; there are {', '.join(sorted(KINDS))}")
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


def _compilable(value: dict[str, str]) -> dict[str, str]:
    if complaints := paths.check(value):
        raise ValueError("; ".join(complaints))
    return value


def _tables(value: object) -> object:
    """Sources as tables, each of the kind of its own name where it does not say."""
    if not isinstance(value, dict) or not all(
        isinstance(one, dict | SourceSettings) for one in value.values()
    ):
        raise ValueError(
            "should be tables by name: PAIDMARK_SOURCES__<NAME>__SECRETS, or [sources.<name>] in a file"
        )
    return {name: {"kind": name, **one} if isinstance(one, dict) else one for name, one in value.items()}


class SourceSettings(BaseModel):
    """One source. `tolerance` is how old, or how far in the future, a signature may be, in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Annotated[str, AfterValidator(_kind)]
    secrets: Annotated[tuple[SecretStr, ...], BeforeValidator(_secrets)] = ()
    livemode: bool = True
    tolerance: Seconds = 300.0
    workspace: Workspace | None = None
    paths: Annotated[dict[str, str], AfterValidator(_compilable), BeforeValidator(_paths)] = {}

    @field_validator("secrets")
    @classmethod
    def _usable(cls, secrets: tuple[SecretStr, ...], info: ValidationInfo) -> tuple[SecretStr, ...]:
        """The secrets of Standard Webhooks say themselves what they are; those of other kinds are taken as they are."""
        if info.data.get("kind") == STANDARD.name:
            complaints = {keys.complaint(secret.get_secret_value()) for secret in secrets} - {""}
            if complaints:
                raise ValueError("; ".join(sorted(complaints)))
        return secrets


SourceName = Annotated[str, AfterValidator(_name)]


class DoorSettings(StoreSettings):
    """What the receiver needs. `max_body` in bytes.

    A source without a secret is answered 503: it is known, and nothing that it sends can be believed.
    """

    ops_port: Port = 8081
    host: str = "127.0.0.1"
    port: Port = 8080
    sources: Annotated[dict[SourceName, SourceSettings], BeforeValidator(_tables)] = Field(
        default_factory=dict
    )
    max_body: ByteSize = Field(ByteSize(1024 * 1024), gt=0)
    unreferenced: Literal["counted", "unresolved"] = "counted"
