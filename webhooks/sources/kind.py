"""What a kind of source is: a record of pure functions over one delivery.

A kind is data, not a class to inherit from. It must not do I/O, read a clock, or import `worker`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from webhooks.delivery import Delivery, Trust
from webhooks.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the settings say of one source beyond its secrets."""

    livemode: bool = True
    paths: tuple[tuple[str, str], ...] = ()


class Parsed(msgspec.Struct, frozen=True):
    """The events of one delivery. Where there are none, `ignored` says why in a word or two, for the log."""

    events: tuple[Event, ...]
    ignored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The facts that a made-up delivery tells: used by `paidmark send`, the demo and the tests.

    Without a `workspace` it shows no references. `lines`: what lines of the invoice name, each in its workspace, for
    sources that have lines.
    """

    event: str
    invoice: str
    workspace: str
    entries: tuple[str, ...]
    at: float
    paid: bool = True
    livemode: bool = True
    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of billing system.

    `verify(delivery, trust)` returns None or raises NotAuthenticError. `parse(delivery, options)` returns Parsed or
    raises UndecodableError. `sample(facts)` makes a body as the vendor would; `sign(body, secret, event, now)` makes
    the headers that the vendor would send with it. `refusal` is the status that the vendor expects for a bad signature.
    """

    name: str
    verify: Callable[[Delivery, Trust], None]
    parse: Callable[[Delivery, Options], Parsed]
    sample: Callable[[Sample], bytes]
    sign: Callable[[bytes, str, str, float], dict[str, str]]
    refusal: int = 401
