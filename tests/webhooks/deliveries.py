"""Deliveries for tests of sources: bodies from files, headers as they arrive."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from multidict import CIMultiDict, CIMultiDictProxy

from webhooks.delivery import Delivery, Trust
from webhooks.events import Event
from webhooks.sources.kind import Kind, Options

SAMPLES = Path(__file__).parent.parent / "samples"
NOW = 1_767_225_600.0
WORKSPACE = "64a687e29ae1f428e7ebe303"
DOCUMENTED = ("54m377ddd3fcab07cfbb432w", "25b687e29ae1f428e7ebe123")
"""Ids of entries as Clockify's documentation shows them."""


def sample(kind: str, name: str) -> bytes:
    """The body in tests/samples/KIND/NAME.json."""
    return (SAMPLES / kind / f"{name}.json").read_bytes()


def delivery(body: bytes, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> Delivery:
    """One HTTP request."""
    return Delivery(CIMultiDictProxy(CIMultiDict(headers)), body)


def trust(*secrets: str, now: float = NOW, tolerance: float = 300.0) -> Trust:
    """What a receiver with these secrets goes by."""
    return Trust(secrets=secrets, now=now, tolerance=tolerance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the contract test has to know of a kind: see `tests/webhooks/cases`.

    `secret` and `rotated` prove deliveries; `signing` signs what `secret` proves, where that is another. `uninteresting`,
    `partly_paid`, `batch` and `another_version` are samples of these; without one, `without` says why there is none.
    `ignored` is what is said of the uninteresting one. `dated`: the vendor says when something happened. `repeats`: the
    vendor may repeat the header that proves. `beside`: headers that describe a delivery, and prove nothing.
    """

    secret: str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    rotated: str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    signing: str = ""
    options: Options = field(default_factory=Options)
    uninteresting: str
    ignored: str
    partly_paid: str = ""
    batch: str = ""
    another_version: str = ""
    without: Mapping[str, str] = field(default_factory=dict)
    dated: bool = True
    repeats: bool = False
    beside: tuple[str, ...] = ()


def case(kind: Kind) -> Case:
    """What the contract test has to know of a kind."""
    found = import_module(f"tests.webhooks.cases.{kind.name}").CASE
    assert isinstance(found, Case)
    return found


def read(
    kind: Kind, body: bytes, headers: Mapping[str, str] | None = None, options: Options | None = None
) -> Event:
    """The one event of a delivery."""
    (event,) = kind.parse(delivery(body, headers or {}), options or Options()).events
    return event
