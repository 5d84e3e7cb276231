"""What the settings of a source are for, in words: `paidmark sources KIND` shows those that its kind reads. Pure data."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from webhooks.sources.kind import Kind

OF_EVERY: Mapping[str, str] = MappingProxyType({
    "kind": "which kind it is; its own name, if left out",
    "secrets": "one, or a list while one is being replaced",
    "tolerance": "how old a signature may be, where deliveries prove when they were sent: 5m",
    "workspace": "the workspace of invoices that name none; goes before PAIDMARK_WORKSPACE",
    "mark_on": "what marks an hour: that its invoice is paid, or issued",
    "addresses": "addresses and networks from which deliveries may come",
})  # fmt: skip
OF_SOME: Mapping[str, str] = MappingProxyType({
    "livemode": "whether live events are taken, or those of the test mode",
    "url": "the address that the vendor was given, byte for byte",
    "header": "another name of the header that holds the secret",
    "in_full": "whether every payment is of a whole invoice",
    "issued": "types of events that say that an invoice is issued",
    "paid": "types of events that say that it is paid in full",
    "refunded": "types of events that say that its money was given back in full",
    "reversed": "types of events that say that it is void, cancelled, deleted",
})  # fmt: skip
SIGNATURE: Mapping[str, str] = MappingProxyType({
    "proof": "hmac-sha256 (or -sha512, -sha1); header: a secret in a header; basic: user:password; path: a secret behind the address",
    "header": "the header that holds the signature, or the secret",
    "prefix": "what stands before it there, like sha256= or Bearer",
    "encoding": "how the signature is written: hex, HEX or base64",
    "key_encoding": "how the secret is written: text, hex or base64",
    "signed": "what the signature covers: {timestamp}.{body} for example; there are {body}, {timestamp}, {id}, {url}",
    "timestamp_header": "the header that holds the time of sending",
    "timestamp_prefix": "what stands before it there, like t=",
    "timestamp_format": "s or ms since 1970, or rfc3339",
    "id_header": "the header that holds the {id}",
})  # fmt: skip
PATHS: Mapping[str, str] = MappingProxyType({
    "type": "what an event tells: a text, a whole number or a boolean",
    "timestamp": "when it happened: RFC 3339 with its offset, or seconds since 1970; it orders an invoice's events",
    "invoice": "the invoice's id",
    "workspace": "the Clockify workspace",
    "entries": "the ids of the time entries: a list, or a text",
    "account": "which of the vendor's accounts, where there are several",
    "link": "a name under which the entries are told: paidmark link",
    "number": "the invoice's number, by which it can be linked, too",
    "id": "the event's id (kind custom)",
    "events": "the list of events, if a delivery holds several; the other paths start from each (kind custom)",
})  # fmt: skip
_BELOW: Mapping[str, Mapping[str, str]] = MappingProxyType({"signature": SIGNATURE, "paths": PATHS})


def settings(kind: Kind) -> Iterator[tuple[str, str]]:
    """The settings that a source of this kind reads, as a TOML file has them, each with what it is for."""
    yield from OF_EVERY.items()
    for name, words in OF_SOME.items():
        if name in kind.reads:
            yield name, words
    for table, names in _BELOW.items():
        if table in kind.reads:
            yield from ((f"{table}.{name}", words) for name, words in names.items())
