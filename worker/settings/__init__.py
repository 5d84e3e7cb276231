"""The settings of a process: one typed, frozen object, from `PAIDMARK_*` variables and a TOML file that PAIDMARK_CONFIG names.

The environment wins over the file, and `<NAME>_FILE` names a file with a secret in it. A class holds what its process
needs and no more: a worker's never a webhook secret, a receiver's never a key for Clockify.
"""

import os
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_serializer, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from worker.settings.reading import NEST, PREFIX, Reading, SettingsError
from worker.settings.values import (
    EVERY,
    HttpUrl,
    Kept,
    Keys,
    Level,
    Port,
    Rate,
    RateLimit,
    Seconds,
    StoreUrl,
    Workspace,
    redacted,
)

__all__ = ["HandsSettings", "RateLimit", "SettingsError", "StoreSettings", "load", "redacted"]

OF_THE_DOOR = ("host", "port", "sources", "proxies", "link_tokens", "max_body", "unreferenced")
"""The receiver's settings: a worker that shares its environment must know their names, and nothing else of them."""
SECRET = ("redis_url", "clockify_api_key", "clockify_addon_token", "secrets", "link_tokens")
"""What may be in a file of its own."""

_DAY = 86400.0
_URLS = {"redis_url", "clockify_url", "clockify_reports_url"}


class StoreSettings(BaseSettings):
    """What every process needs: where the ledger is, and how to look at it. Times in seconds."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NEST,
        enable_decoding=False,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=False,
    )

    redis_url: StoreUrl | None = None
    data: Path = Path("paidmark-data")
    store_durability: Literal["verified", "trusted"] = "verified"
    store_replicas: int = Field(0, ge=0, le=100)
    ops_host: str = "127.0.0.1"
    ops_port: Port = 0
    workspace: Workspace | None = None
    keep_events: Kept = 30 * _DAY
    keep_invoices: Kept = 400 * _DAY
    future_tolerance: Seconds = 900.0
    log_level: Level = "info"
    log_format: Literal["auto", "json", "text"] = "auto"

    @property
    def store(self) -> str:
        """The URL of the store. Raises SettingsError where none is set."""
        if self.redis_url is None:
            raise SettingsError(
                [
                    f"{PREFIX}REDIS_URL is not set: redis://host:6379/0; or run `paidmark up`, which brings its own store"
                ]
            )
        return self.redis_url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - so does pydantic-settings call it
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is handed in: only `load` reads the environment."""
        return (init_settings,)

    @field_serializer("redis_url")
    def _without_password(self, url: str | None) -> str | None:
        return url and redacted(url)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, redacted(value) if name in _URLS and value else value


class Credential(NamedTuple):
    """A header's name, and the secret that it carries."""

    header: str
    secret: str

    def __repr__(self) -> str:
        return f"Credential({self.header!r}, '***')"


class HandsSettings(StoreSettings):
    """What a worker needs. Times in seconds; `in_flight` calls for one workspace, `max_drains` workspaces at once."""

    ops_port: Port = 8082
    clockify_url: HttpUrl = "https://api.clockify.me/api"
    clockify_reports_url: HttpUrl | None = None
    clockify_api_key: Keys = {}
    clockify_addon_token: Keys = {}
    clockify_timeout: Seconds = Field(6.0, le=30)
    rate_limit: Rate = RateLimit(50, 1)
    batch_size: int = Field(200, ge=1, le=1000)
    in_flight: int = Field(16, ge=1, le=100)
    max_drains: int = Field(50, ge=1, le=1000)
    dry_run: bool = False
    retry_cap: Seconds = 120.0
    probe_interval: Seconds = 900.0

    @field_validator("clockify_addon_token")
    @classmethod
    def _one_of_two(cls, tokens: dict[str, SecretStr], info: ValidationInfo) -> dict[str, SecretStr]:
        """Clockify refuses a call with both headers."""
        if both := tokens.keys() & info.data.get("clockify_api_key", {}).keys():
            whose = ", ".join(
                "every workspace" if one == EVERY else f"workspace {one}" for one in sorted(both)
            )
            raise ValueError(
                f"is set for {whose}, and so is {PREFIX}CLOCKIFY_API_KEY: Clockify wants one of the two"
            )
        return tokens

    def credential(self, workspace: str) -> Credential | None:
        """What a call for this workspace carries; a key or a token of its own goes before one for all."""
        for whose in (workspace, EVERY):
            for header, keys in (
                ("X-Addon-Token", self.clockify_addon_token),
                ("X-Api-Key", self.clockify_api_key),
            ):
                if whose in keys:
                    return Credential(header, keys[whose].get_secret_value())
        return None

    @property
    def reports_url(self) -> str:
        """Where Clockify's reports are: on a host of their own globally, under `/report` in the regions.

        https://docs.clockify.me, "Base URLs".
        """
        if self.clockify_reports_url is not None:
            return self.clockify_reports_url
        parts = urlsplit(self.clockify_url)
        if parts.hostname == "api.clockify.me":
            return "https://reports.api.clockify.me"
        return f"{parts.scheme}://{parts.netloc}/report"


Settings = TypeVar("Settings", bound=StoreSettings)


def load(cls: type[Settings], environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a process. Raises SettingsError, with every mistake at once."""
    known = {*cls.model_fields, *HandsSettings.model_fields, *OF_THE_DOOR}
    reading = Reading(cls, environ, known=known, secret=SECRET)
    try:
        settings = cls(**reading.values)
    except ValidationError as error:
        reading.explain(error)
        raise SettingsError(reading.mistakes) from None  # the cause would carry the values
    if reading.mistakes:
        raise SettingsError(reading.mistakes)
    return settings


if not TYPE_CHECKING:  # pragma: no branch - mypy goes on seeing names that do not exist

    def __getattr__(name: str) -> type:
        """`WorkerSettings`, for the stock `arq` command; made when it is asked for, and not at import."""
        if name != "WorkerSettings":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return import_module("worker.stock").build()
