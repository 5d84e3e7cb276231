"""The receiver's settings: where it listens, and which sources it believes. Never a key for Clockify."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field

from webhooks.source_settings import Networks, Secrets, SourceSettings, source_name
from worker.settings import StoreSettings
from worker.settings.values import Port


def _tables(value: object) -> object:
    """Sources as tables, each of the kind of its own name where it does not say."""
    if not isinstance(value, dict) or not all(
        isinstance(one, dict | SourceSettings) for one in value.values()
    ):
        raise ValueError(
            "should be tables by name: PAIDMARK_SOURCES__<NAME>__SECRETS, or [sources.<name>] in a file"
        )
    return {name: {"kind": name, **one} if isinstance(one, dict) else one for name, one in value.items()}


SourceName = Annotated[str, AfterValidator(source_name)]


class DoorSettings(StoreSettings):
    """What the receiver needs. `max_body` in bytes.

    `proxies` are our own reverse proxies. Any of `link_tokens` allows to link. A source without a secret is answered 503: it is known, and nothing that it sends can be believed.
    """

    ops_port: Port = 8081
    host: str = "127.0.0.1"
    port: Port = 8080
    sources: Annotated[dict[SourceName, SourceSettings], BeforeValidator(_tables)] = Field(
        default_factory=dict
    )
    proxies: Networks = ()
    link_tokens: Secrets = ()
    max_body: ByteSize = Field(ByteSize(1024 * 1024), gt=0)
    unreferenced: Literal["counted", "unresolved"] = "counted"
