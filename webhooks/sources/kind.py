"""What a kind of source is: a record of pure functions over one delivery, and what people need to know of it.

A kind is data, not a class to inherit from. It must not do I/O, read a clock, or import `worker`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from webhooks.delivery import Delivery, Trust
from webhooks.events import Event
from webhooks.sources.scheme import Scheme

Told = Literal["issued", "paid", "reversed"]
Meaning = Literal["issued", "paid", "reversed", "refunded"]
"""What a type of event means where the settings say it: a refund takes back the money only, a reversal the invoice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the settings say of one source beyond its secrets; most kinds look at none or one of these.

    `url`: the address that the vendor was given, byte for byte. `header`: the name of the header that holds a secret.
    `in_full`: every payment is of a whole invoice, where deliveries cannot tell. `scheme`: how deliveries are signed, and
    `types`: what types of events mean, where the settings describe the system.
    """

    livemode: bool = True
    paths: tuple[tuple[str, str], ...] = ()
    url: str = ""
    header: str = ""
    in_full: bool = False
    scheme: Scheme | None = None
    types: tuple[tuple[str, Meaning], ...] = ()


class Parsed(msgspec.Struct, frozen=True):
    """The events of one delivery. Where there are none, `ignored` says why in a word or two, for the log.

    `undecodable`: why some of several events could not be decoded; empty if all could.
    """

    events: tuple[Event, ...]
    ignored: str = ""
    undecodable: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The facts that a made-up delivery tells: used by `paidmark send`, the demo and the tests.

    Without a `workspace` it shows no references, with a `link` it shows that instead. `lines`: what lines of the invoice
    name, each in its workspace, for sources that have lines.
    """

    event: str
    invoice: str
    workspace: str
    entries: tuple[str, ...]
    at: float
    told: Told = "paid"
    livemode: bool = True
    link: str = ""
    lines: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def paid(self) -> bool:
        """Whether it tells of a payment."""
        return self.told == "paid"


class Proof(msgspec.Struct, frozen=True):
    """What proves a made-up delivery: headers, and what has to follow the source's name in the path."""

    headers: dict[str, str]
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What people need to know of a kind: `paidmark sources` and the README show it.

    `proves` is what a signature is made of: the body and when it was sent, the body alone, a checksum of it that others can
    fit, or nothing but that the sender knows the secret; or what the settings describe. `needs` is what has to be set, `references` where they go, in words.
    `room` is how many ids of entries fit; None is as many as fit into a delivery, 0 is none: then they are linked, if
    `linkable` by a link that the invoice shows, else by its id or number. `issued`, `paid`, `reversed` and `by_hand` are types of events, as the vendor calls them.
    """

    title: str
    page: str
    needs: str
    proves: Literal["body and time", "body", "checksum", "secret", "as set"]
    references: str
    room: int | None
    paid: tuple[str, ...]
    reversed: tuple[str, ...]
    linkable: bool = True
    issued: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()


def no_complaints(_secrets: Sequence[str], _options: Options) -> list[str]:
    """Nothing is wrong: for kinds that can use any secret."""
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of billing system.

    `verify(delivery, trust, options)` returns None or raises NotAuthenticError. `parse(delivery, options)` returns Parsed
    or raises UndecodableError. `sample(facts, options)` makes a body as the vendor would; `sign(body, secret, event, now, options)`
    makes the Proof that the vendor would send with it, or raises ValueError. `complaints(secrets, options)` is what is
    wrong with a source's settings, in words that show no secret. `refusal` is the status that the vendor expects for a bad
    signature, `uninteresting` the one for a delivery of which nothing concerns us. `secret_in_path`: it may follow the
    source's name. `reads` are the settings that only some kinds read, as they are called there.
    """

    name: str
    about: About
    verify: Callable[[Delivery, Trust, Options], None]
    parse: Callable[[Delivery, Options], Parsed]
    sample: Callable[[Sample, Options], bytes]
    sign: Callable[[bytes, str, str, float, Options], Proof]
    complaints: Callable[[Sequence[str], Options], list[str]] = no_complaints
    refusal: int = 401
    uninteresting: int = 200
    secret_in_path: bool = False
    reads: frozenset[str] = frozenset()


def tells(kind: Kind, options: Options, meaning: Told) -> bool:
    """Whether some event of a source says this of an invoice."""
    of_kind = {"issued": kind.about.issued, "paid": kind.about.paid, "reversed": kind.about.reversed}
    return bool(of_kind[meaning]) or meaning in {told for _, told in options.types}
