"""Made-up deliveries of a described system, for `paidmark send` and the tests. Pure.

They follow a description whose paths are plain and dotted, or those of a list: `invoice.hours[].id`. SHAPE is an example of one.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from webhooks.sources.kind import Options, Sample
from webhooks.sources.paths import steps

SHAPE = Options(
    paths=(
        ("type", "event"),
        ("id", "event_id"),
        ("timestamp", "occurred_at"),
        ("invoice", "invoice.id"),
        ("number", "invoice.number"),
        ("workspace", "invoice.clockify.workspace_id"),
        ("entries", "invoice.clockify.time_entry_ids"),
        ("link", "invoice.clockify.link"),
        ("account", "account"),
    ),
    types=(
        ("invoice.sent", "issued"),
        ("invoice.paid", "paid"),
        ("invoice.cancelled", "reversed"),
        ("invoice.refunded", "refunded"),
    ),
)
"""An example of a description, as the settings have it."""
_OF_A_LIST = re.compile(r"([^\[\]]+)\[\*?\](?:\.(.+))?")
"""`invoice.hours[].id` and `invoice.hours[*].id`: where the list is, and what is asked of each of its items."""


def sample(facts: Sample, options: Options) -> bytes:
    """A body of the shape that `options` describe. Raises ValueError where a path is not plain, or nothing is told so."""
    types = [name for name, told in options.types if told == facts.told]
    if not types:
        raise ValueError(f"no type of event says that an invoice is {facts.told}")
    paths = {name: expression for name, expression in options.paths if expression}
    event: dict[str, object] = {}
    for name, value in {"type": types[0], **_values(facts)}.items():
        if name in paths:
            _put(event, name, paths[name], value)
    document: dict[str, object] = {}
    if "events" in paths:
        _put(document, "events", paths["events"], [event])
    return msgspec.json.encode(document or event)


def _values(facts: Sample) -> Mapping[str, object]:
    references: dict[str, object] = {}
    if facts.link:
        references = {"link": facts.link}
    elif facts.workspace:
        references = {"workspace": facts.workspace, "entries": facts.entries}
    at = datetime.fromtimestamp(facts.at, UTC)
    return {"id": facts.event, "timestamp": at, "invoice": facts.invoice, **references}


def _put(document: dict[str, object], name: str, path: str, value: object) -> None:
    if isinstance(value, tuple | list) and (of_a_list := _OF_A_LIST.fullmatch(path)):
        path, item = of_a_list.groups()
        value = [_item(name, item, one) for one in value]
    above, last = steps(path)[:-1], steps(path)[-1:]
    if not last:
        raise ValueError(f"paths.{name} is not a plain dotted path: only its own system can fill it")
    for step in above:
        inner = document.setdefault(step, {})
        if not isinstance(inner, dict):
            raise ValueError(f"paths.{name} leads through the value of another path")  # noqa: TRY004 - of the settings
        document = inner
    document[last[0]] = value


def _item(name: str, path: str | None, value: object) -> object:
    """One item of a list, with the value where the path says."""
    if path is None:
        return value
    item: dict[str, object] = {}
    _put(item, name, path, value)
    return item
