"""JSON as a tree that can hold what JSON libraries would not write: names twice, numbers beyond all types, raw text.

Pure. Changes are made in place, at a place that `random` chooses.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any

Node = Any
_quoted = json.encoder.encode_basestring_ascii


class Fields(list[tuple[str, Node]]):
    """An object, as its names and values in order."""


class Raw(str):
    """Text that stands in the document as it is."""

    __slots__ = ()


def fields(**named: Node) -> Fields:
    """An object."""
    return Fields(named.items())


def read(document: bytes) -> Node:
    """The tree of a document."""
    return json.loads(document, object_pairs_hook=Fields)


def written(node: Node) -> str:
    """The document's text."""
    if isinstance(node, Fields):
        return "{" + ",".join(f"{_quoted(name)}:{written(value)}" for name, value in node) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(written, node)) + "]"
    if isinstance(node, Raw):
        return node
    return _quoted(node) if isinstance(node, str) else json.dumps(node)


ODD: tuple[Node, ...] = (
    None, True, False, 0, -1, 1.5, 2**31, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, "", " ", "null", "0", "-1", "1e3",
    Raw("1e400"), Raw("-1e400"), Raw("1e-400"), Raw("1" + "0" * 10_000), Raw("-0"), Raw("0.1" + "1" * 500), Raw("1E5"),
    Raw("NaN"), Raw("Infinity"), Raw("01"), Raw("+1"), Raw("0x1"), Raw("'a'"), Raw(""), Raw("{"), Raw("]"), Raw("//"),
    Raw('"\\ud800"'), Raw('"\\udc00\\ud800"'), Raw('"\\u0000"'), Raw('"\\q"'), Raw('"\x01"'), Raw('"\ufeff"'), Raw('"\\'),
    "a" * 255, "a" * 256, "é" * 255, "x" * 100_000, "\x00", "a\x00b", "a\r\nb", "a\nlevel=error", "\x1b[31m", "\u202e",
    "a/b", "a:b", "a*b?[c]", "a@b", "..", "../../x", "%00", "%2F", "{a}", "paidmark:due", "]]; redis.call('FLUSHALL') --",
    "'", '"', "\\", "\u2028", "é", "𐀀" * 100, "1767225600", "2026-01-01", "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00+99:99", "54m377ddd3fcab07cfbb432w",
    [], [[]], [None], [1, "a", {}], ["54m377ddd3fcab07cfbb432w"] * 300, Fields(), Fields([("", "")]), Fields([("a", 1), ("a", 2)]),
    Raw("[" * 2_000 + "]" * 2_000), Raw("[" * 20_000), Raw('{"a":' * 1_500 + "1" + "}" * 1_500),
)  # fmt: skip


_WHOLE = 0.01
"""How often the whole document is another."""


def change(root: Node, random: Random) -> Node:
    """Change one place of the tree. Returns the root, which may be another."""
    owners = [owner for owner in _inside(root) if owner]
    if not owners or random.random() < _WHOLE:
        return deepcopy(random.choice(ODD))
    random.choice(_CHANGES)(random.choice(owners), random)
    return root


def _inside(node: Node) -> Iterator[list[Node]]:
    if isinstance(node, list):
        yield node
        for child in node:
            yield from _inside(child[1] if isinstance(node, Fields) else child)


def _put(owner: list[Node], at: int, value: Node) -> None:
    owner[at] = (owner[at][0], value) if isinstance(owner, Fields) else value


def _replaced(owner: list[Node], random: Random) -> None:
    _put(owner, random.randrange(len(owner)), deepcopy(random.choice(ODD)))


def _removed(owner: list[Node], random: Random) -> None:
    del owner[random.randrange(len(owner))]


def _twice(owner: list[Node], random: Random) -> None:
    owner.insert(random.randrange(len(owner) + 1), random.choice(owner))


def _twice_and_different(owner: list[Node], random: Random) -> None:
    _twice(owner, random)
    _replaced(owner, random)


def _wrapped(owner: list[Node], random: Random) -> None:
    at = random.randrange(len(owner))
    _put(owner, at, [owner[at][1] if isinstance(owner, Fields) else owner[at]])


def _exchanged(owner: list[Node], random: Random) -> None:
    one, other = random.randrange(len(owner)), random.randrange(len(owner))
    if isinstance(owner, Fields):
        first, second = owner[one], owner[other]
        owner[one], owner[other] = (first[0], second[1]), (second[0], first[1])
    else:
        owner[one], owner[other] = owner[other], owner[one]


def _renamed(owner: list[Node], random: Random) -> None:
    at = random.randrange(len(owner))
    if isinstance(owner, Fields):
        name, value = owner[at]
        owner[at] = (
            random.choice((name.upper(), name + "_2", name + "_999", name[1:], "", name * 50)),
            value,
        )


_CHANGES: tuple[Callable[[list[Node], Random], None], ...] = (
    _replaced, _replaced, _replaced, _removed, _twice, _twice_and_different, _wrapped, _exchanged, _renamed,
)  # fmt: skip
