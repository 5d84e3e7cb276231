"""The URL of a store under Sentinel, taken apart. Pure: nobody is asked here, and no message repeats what may be a secret.

    redis+sentinel://[user:password@]host[:26379],host[:26379]/name[/db][?sentinel_username=...&sentinel_password=...]

User, password and number are the store's; TLS, by `rediss+sentinel`, is for both. https://valkey.io/topics/sentinel/
"""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlencode

LIKE = "redis+sentinel://host1:26379,host2:26379/mymaster/0"
"""What such a URL looks like, for messages."""

_SCHEME = re.compile(r"(rediss?)\+sentinel://")
_URL = re.compile(
    r"(?P<scheme>rediss?)\+sentinel://(?P<user>[^@/?#]*@)?(?P<places>[^@/?#]+)/(?P<name>[^/?#]+)(?:/(?P<db>\d{0,4}))?(?:\?(?P<query>[^#]*))?"
)
_PLACE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s]+))(?::(\d{1,5}))?")
_PORT = 26379
_HIGHEST_PORT = 65535
_OWN_OPTIONS = {"sentinel_username", "sentinel_password"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderSentinel:
    """A store by its `name` at its `sentinels`; `store` is a URL without a host: user, password, number, options of TLS."""

    name: str
    sentinels: tuple[tuple[str, int], ...]
    store: str = field(repr=False)
    username: str | None = field(repr=False)
    password: str | None = field(repr=False)


def parse(url: str) -> UnderSentinel | None:
    """What a URL says; None where it names a store itself. Raises ValueError where it cannot be read."""
    if not _SCHEME.match(url):
        return None
    found = _URL.fullmatch(url)
    if not found:
        raise ValueError(f"should be a URL like {LIKE}")
    options = dict(parse_qsl(found["query"] or "", keep_blank_values=True))
    if any(name not in _OWN_OPTIONS and not name.startswith("ssl_") for name in options):
        raise ValueError(
            "has an option that is not known: there are sentinel_username, sentinel_password, and ssl_..."
        )
    username, password = (options.pop(name, None) for name in ("sentinel_username", "sentinel_password"))
    return UnderSentinel(
        name=unquote(found["name"]),
        sentinels=tuple(_place(one) for one in found["places"].split(",")),
        store=f"{found['scheme']}://{found['user'] or ''}/{found['db'] or 0}?{urlencode(options)}",
        username=username,
        password=password,
    )


def _place(text: str) -> tuple[str, int]:
    found = _PLACE.fullmatch(text)
    port = int(found[3] or _PORT) if found else 0
    if not found or not 0 < port <= _HIGHEST_PORT:
        raise ValueError(f"should name each sentinel as host or host:port, like {LIKE}")
    return found[1] or found[2], port
