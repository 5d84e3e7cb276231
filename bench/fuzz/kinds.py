"""The other kinds of sources under attack, played as `paidmark send` plays them. Pure.

They sign for themselves here: that their signatures are the vendors', their own tests say. What is held against an answer is
whether a body was changed before it was signed, or afterwards.
"""

import json
from collections.abc import Mapping
from functools import cache
from random import Random
from types import MappingProxyType
from typing import get_args

from bench.fuzz import documents, framing, nodes, octets
from bench.fuzz.attempts import TAKEN, Attempt, Draft
from webhooks.source_settings import SourceSettings
from webhooks.sources import KINDS
from webhooks.sources.kind import Kind, Options, Proof, Sample, Told

SECRET, ANOTHER = "made-up:for-a-fuzzer", "made-up:and-another"
SETTINGS: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "chargebee": {}, "clockify": {}, "gocardless": {}, "invoiceninja": {}, "lago": {}, "mollie": {}, "paddle": {},
    "recurly": {}, "zoho": {},
    "killbill": {"in_full": "true"},
    "square": {"url": "https://paidmark.example/webhooks/square"},
    "custom": {
        "paths": json.dumps({
            "type": "type", "id": "id", "timestamp": "at", "invoice": "invoice.id", "number": "invoice.number",
            "workspace": "invoice.workspace", "entries": "invoice.hours", "link": "invoice.link", "account": "account",
        }),
        "signature": json.dumps({"header": "X-Signature", "signed": "{timestamp}.{body}", "timestamp_header": "X-Time"}),
        "issued": "sent", "paid": "paid", "reversed": "cancelled", "refunded": "refunded",
    },
})  # fmt: skip
"""What is set of each, beside its secret. PayPal alone can sign as PayPal."""


def environ() -> dict[str, str]:
    """The settings of the receiver."""
    return {
        f"PAIDMARK_SOURCES__{name.upper()}__{setting.upper()}": value
        for name, settings in SETTINGS.items()
        for setting, value in {"secrets": SECRET, **settings}.items()
    }


def signed(draft: Draft) -> Attempt:
    """A delivery that is proven after all changes."""
    kind, options = _chosen(draft.random)
    body = draft.random.choice((_as_it_is, _nodes_changed, octets.change))(
        _body(kind, options, draft), draft.random
    )
    proof = kind.sign(body, SECRET, draft.event.decode(), draft.now, options)
    return _attempt(f"{kind.name}, signed", kind, proof, body, TAKEN | {kind.uninteresting})


def forged(draft: Draft) -> Attempt:
    """A delivery whose body, or whose secret, is another than that which is proven."""
    kind, options = _chosen(draft.random)
    body, event = _body(kind, options, draft), draft.event.decode()
    if kind.about.proves == "secret":
        proof = kind.sign(body, ANOTHER, event, draft.now, options)
    else:
        proof = kind.sign(body, SECRET, event, draft.now, options)
        changed = octets.change(body, draft.random)
        body = changed + b" " * (changed == body)
    return _attempt(f"{kind.name}, forged", kind, proof, body, frozenset({kind.refusal}))


def _chosen(random: Random) -> tuple[Kind, Options]:
    name = random.choice(sorted(SETTINGS))
    return KINDS[name], _options(name)


@cache
def _options(name: str) -> Options:
    return SourceSettings.model_validate({"kind": name, "secrets": SECRET, **SETTINGS[name]}).options


def _body(kind: Kind, options: Options, draft: Draft) -> bytes:
    number = int(draft.event.rsplit(b"_", 1)[1])
    facts = documents.Facts(draft.mark, number, draft.now)
    sample = Sample(
        event=facts.name("evt"),
        invoice=facts.name("in"),
        workspace=documents.WORKSPACE,
        entries=tuple(facts.entry(n) for n in range(1, draft.random.randint(2, 5))),
        at=draft.now,
        told=draft.random.choice(get_args(Told)),
        link=draft.random.choice(("", "", facts.name("link"))),
    )
    return kind.sample(sample, options)


def _as_it_is(body: bytes, _: Random) -> bytes:
    return body


def _nodes_changed(body: bytes, random: Random) -> bytes:
    root = nodes.read(body)
    for _ in range(random.choice((1, 1, 2, 3))):
        root = nodes.change(root, random)
    return nodes.written(root).encode("utf-8", "surrogatepass")


def _attempt(name: str, kind: Kind, proof: Proof, body: bytes, allowed: frozenset[int]) -> Attempt:
    path = f"/webhooks/{kind.name}" + (f"/{proof.token}" if proof.token else "")
    headers = [(header.encode(), value.encode()) for header, value in proof.headers.items()]
    return Attempt(name, framing.request(path.encode(), headers, body), allowed)
