"""Where a delivery comes from, for sources that prove little else. Pure. Must not decide what is authentic.

An address is no proof by itself: whoever shares it with the vendor has it, too. Behind a proxy of one's own, the proxy's
word counts: the last address in X-Forwarded-For that is not one of ours
(https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For).
"""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}|\[([0-9a-fA-F:.]+)\](?::[0-9]{1,5})?")
"""As some proxies write it: `192.0.2.1:5678`, `[2001:db8::7]:5678`."""


def comes_from(
    remote: str, forwarded: Sequence[str], networks: Sequence[Network], proxies: Sequence[Network]
) -> bool:
    """Whether a request comes from one of these networks. What cannot be read comes from none.

    `remote` is the other end of the connection, `forwarded` what the headers X-Forwarded-For say.
    """
    told = ",".join(forwarded).split(",")
    address = _read(remote)
    while address is not None and told and _within(address, proxies):
        address = _read(told.pop().strip())
    return address is not None and _within(address, networks)


def _within(address: IPv4Address | IPv6Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _read(text: str) -> IPv4Address | IPv6Address | None:
    """An address, also where its port stands behind it; one of IPv4 that is written as IPv6 is one of IPv4."""
    with_port = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(with_port[1] or with_port[2] if with_port else text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
