"""The ways in which deliveries are spoilt, each with the answers that are right for it, and how often each is taken. Pure."""

from collections.abc import Callable
from random import Random

from bench.fuzz import documents, framing, kinds, nodes, octets, signing
from bench.fuzz.attempts import FORGED, GENUINE, KEPT, OF_BAD_HTTP, REFUSED, TAKEN, Attempt, Draft
from bench.fuzz.signing import Signed

MAX_BODY = 2**20
_LONGEST_HEADER = 50_000


def attempt(number: int, now: float, random: Random) -> Attempt:
    """The next attempt; `number` is its own, `now` the time."""
    mark, make = random.choices(_WAYS, _WEIGHTS)[0]
    kind = random.choice(("stripe", "standard"))
    facts = documents.Facts(mark, number, now)
    document = documents.stripe(facts, random) if kind == "stripe" else documents.standard(facts, random)
    return make(Draft(kind, document, facts.name("msg").encode(), mark, now, random))


def _changed(draft: Draft) -> bytes:
    root: nodes.Node = draft.document
    for _ in range(draft.random.choice((1, 1, 1, 2, 3))):
        root = nodes.change(root, draft.random)
    return nodes.written(root).encode("utf-8", "surrogatepass")


def _control(draft: Draft) -> Attempt:
    number = int(draft.event.rsplit(b"_", 1)[1])
    facts = documents.Facts(draft.mark, number, draft.now)
    if draft.kind == "stripe":
        document, name = (
            documents.stripe_of("invoice.paid", documents.invoice(facts), facts),
            f"stripe//{facts.name('in')}",
        )
    else:
        document = documents.standard_of("invoice.paid", facts, 2)
        name = f"standard/{facts.name('acct')}/{facts.name('in')}"
    body = nodes.written(document).encode()
    return Attempt("none", framing.request(draft.path, draft.right(body), body), TAKEN, kept=name)


def _nodes_signed(draft: Draft) -> Attempt:
    body = _changed(draft)
    return Attempt("nodes, then signed", framing.request(draft.path, draft.right(body), body), TAKEN)


def _octets_signed(draft: Draft) -> Attempt:
    body = octets.change(draft.body(), draft.random)
    return Attempt("bytes, then signed", framing.request(draft.path, draft.right(body), body), TAKEN)


def _event_signed(draft: Draft) -> Attempt:
    odd = [
        one
        for one in nodes.ODD
        if isinstance(one, str) and one.strip() and one.isprintable() and len(one) < _LONGEST_HEADER
    ]
    event, body = draft.random.choice(odd).strip().encode(), draft.body()
    headers = signing.standard_right(Signed(event, body, draft.now), draft.random)
    return Attempt("id, then signed", framing.request(b"/webhooks/standard", headers, body), TAKEN)


def _signature(draft: Draft) -> Attempt:
    body = draft.body()
    return Attempt("signature", framing.request(draft.path, draft.wrong(body), body), REFUSED)


def _nodes_forged(draft: Draft) -> Attempt:
    body = _changed(draft)
    return Attempt("nodes and signature", framing.request(draft.path, draft.wrong(body), body), REFUSED)


def _tampered(draft: Draft) -> Attempt:
    signed = draft.body()
    headers = draft.right(signed)
    body = octets.change(signed, draft.random) if draft.random.random() < 0.5 else _changed(draft)  # noqa: PLR2004 - half
    body += b" " * (body == signed)
    return Attempt("body after signing", framing.request(draft.path, headers, body), REFUSED)


def _to_another(draft: Draft) -> Attempt:
    body = draft.body()
    other = b"/webhooks/standard" if draft.kind == "stripe" else b"/webhooks/stripe"
    return Attempt("source", framing.request(other, draft.right(body), body), REFUSED)


def _packed(draft: Draft) -> Attempt:
    body = draft.body()
    sent, encoding = framing.packed(body, draft.random)
    headers = [*draft.right(body), (b"Content-Encoding", encoding)]
    return Attempt("packed", framing.request(draft.path, headers, sent), TAKEN)


def _packed_wrongly(draft: Draft) -> Attempt:
    body = draft.body()
    sent, encoding = framing.packed_wrongly(body, draft.random)
    headers = [*draft.right(sent), (b"Content-Encoding", encoding)]
    return Attempt("packed wrongly", framing.request(draft.path, headers, sent), frozenset({400, 401, 413}))


def _path(draft: Draft) -> Attempt:
    body = draft.body()
    path = draft.random.choice(framing.PATHS)
    return Attempt("path", framing.request(path, draft.right(body), body), frozenset({400, 401}), alone=True)


def _method(draft: Draft) -> Attempt:
    body, method = draft.body(), draft.random.choice(framing.METHODS)
    return Attempt("method", framing.request(draft.path, draft.right(body), body, method=method), REFUSED)


def _framed(draft: Draft) -> Attempt:
    body = draft.body()
    headers = draft.right(body)
    way = draft.random.choice(("chunks", "1.0", "expect", "upgrade"))
    if way == "chunks":
        headers.append((b"Transfer-Encoding", b"chunked"))
        raw = framing.request(draft.path, headers, framing.chunked(body, draft.random), length=False)
    elif way == "1.0":
        raw = framing.request(draft.path, headers, body, version=b"1.0")
    else:
        also = {"expect": (b"Expect", b"100-continue"), "upgrade": (b"Upgrade", b"h2c")}[way]
        raw = framing.request(draft.path, [*headers, also, (b"Connection", b"Upgrade")], body)
    return Attempt(f"framing: {way}", raw, TAKEN, alone=True)


def _too_large(draft: Draft) -> Attempt:
    body = b" " * (MAX_BODY + draft.random.choice((1, 1_000, MAX_BODY)))
    return Attempt(
        "too large", framing.request(draft.path, draft.right(body), body), frozenset({413}), alone=True
    )


def _raw(draft: Draft) -> Attempt:
    """Bytes of the whole request. One that was signed may still be authentic; one that was not cannot become it."""
    body, forged = draft.body(), draft.mark == FORGED
    headers = [*draft.right(b"another " + body if forged else body), (b"Connection", b"close")]
    raw = framing.request(draft.path, headers, body)
    for _ in range(draft.random.choice((1, 1, 2, 5))):
        raw = octets.change(raw, draft.random)
    allowed = OF_BAD_HTTP if forged else OF_BAD_HTTP | TAKEN
    return Attempt(f"any byte, {'forged' if forged else 'signed'}", raw, allowed, alone=True)


_TABLE: tuple[tuple[float, str, Callable[[Draft], Attempt]], ...] = (
    (5, KEPT, _control),
    (36, GENUINE, _nodes_signed),
    (14, GENUINE, _octets_signed),
    (2, GENUINE, _event_signed),
    (17, FORGED, _signature),
    (7, FORGED, _nodes_forged),
    (9, FORGED, _tampered),
    (1, FORGED, _to_another),
    (2, GENUINE, _packed),
    (1, FORGED, _packed_wrongly),
    (1.5, FORGED, _path),
    (1, FORGED, _method),
    (1.5, GENUINE, _framed),
    (0.05, FORGED, _too_large),
    (1, FORGED, _raw),
    (1, GENUINE, _raw),
    (12, GENUINE, kinds.signed),
    (6, FORGED, kinds.forged),
)
_WAYS = [(mark, make) for _, mark, make in _TABLE]
_WEIGHTS = [weight for weight, _, _ in _TABLE]
