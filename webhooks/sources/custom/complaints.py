"""What is missing from the description of a system, and what contradicts itself in it, in words. Pure.

Everything is named as it is in the settings: `signature.header` is PAIDMARK_SOURCES__<NAME>__SIGNATURE__HEADER, or
`header` in the table [sources.<name>.signature]. No complaint shows a secret.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import groupby
from types import MappingProxyType

from webhooks.sources.custom.proofs import HMAC, key
from webhooks.sources.kind import Options
from webhooks.sources.scheme import Scheme, pieces

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_WHOLE = re.compile(r"-?[0-9]+\.0+")
_WORDS = ("true", "false")
_HEADERS = ("header", "timestamp_header", "id_header")
_READ: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"header": ("header", "prefix"), "basic": (), "path": ()}
)
"""The settings that a proof other than an HMAC reads; an HMAC reads all."""


def complaints(secrets: Sequence[str], options: Options) -> list[str]:
    """All that is wrong with a source's settings."""
    if options.scheme is None:
        of_scheme = ["signature: not set: say how deliveries are signed, signature.header at least"]
    else:
        of_scheme = [*_of_scheme(options.scheme, options), *_of_secrets(secrets, options.scheme)]
    return [*of_scheme, *_of_paths(dict(options.paths)), *_of_types(options)]


def _of_scheme(scheme: Scheme, options: Options) -> Iterator[str]:
    if options.header:
        yield "header: means nothing here: signature.header is the header of the signature, or of the secret"
    for name in _HEADERS:
        if (value := getattr(scheme, name)) and not _HEADER.fullmatch(value):
            yield f"signature.{name}: not the name of a header"
    if scheme.proof.startswith(HMAC):
        yield from _of_hmac(scheme, options)
        return
    read = _READ[scheme.proof]
    if "header" in read and not scheme.header:
        yield "signature.header: not set: which header holds the secret?"
    for field in fields(scheme):
        if field.name not in ("proof", *read) and getattr(scheme, field.name) != field.default:
            yield f"signature.{field.name}: means nothing where signature.proof is {scheme.proof}"


def _of_hmac(scheme: Scheme, options: Options) -> Iterator[str]:
    if not scheme.header:
        yield "signature.header: not set: which header holds the signature?"
    try:
        covered = {name for _, name in pieces(scheme.signed)}
    except ValueError as error:
        yield f"signature.signed: {error}"
        return
    if "body" not in covered:
        yield "signature.signed: {body} is not in it, so that anybody could change the body"
    for name, header in (("timestamp", scheme.timestamp_header), ("id", scheme.id_header)):
        if name in covered and not header:
            yield f"signature.{name}_header: not set, but {{{name}}} is in signature.signed"
        if header and name not in covered:
            yield f"signature.{name}_header: {{{name}}} is not in signature.signed, so that nothing proves it"
    if "url" in covered and not options.url:
        yield "url: not set, but {url} is in signature.signed"
    if not scheme.timestamp_header and (scheme.timestamp_prefix or scheme.timestamp_format != "s"):
        yield "signature.timestamp_header: not set, but it is said how the time in it is written"


def _of_secrets(secrets: Sequence[str], scheme: Scheme) -> Iterator[str]:
    if not all(secrets):
        yield "secrets: one of them is empty"
    if (
        scheme.proof == "header"
        and scheme.prefix.strip()
        and any(one.startswith(scheme.prefix) for one in secrets)
    ):
        yield "secrets: one of them begins with signature.prefix, which stands before it already"
    if scheme.proof == "basic" and not all(":" in secret for secret in secrets):
        yield "secrets: should be a user and a password with a colon between them"
    if scheme.proof.startswith(HMAC) and not all(key(secret, scheme) for secret in secrets if secret):
        yield f"secrets: one of them is not {scheme.key_encoding}, as signature.key_encoding says"


def _of_paths(paths: Mapping[str, str]) -> Iterator[str]:
    for name, what in (("type", "what an event tells"), ("invoice", "the invoice's id")):
        if not paths.get(name):
            yield f"paths.{name}: not set: where is {what}?"
    same = [
        name for name in paths if name not in ("id", "timestamp", "events") and paths[name] == paths.get("id")
    ]
    if same and paths["id"]:
        yield "paths.id: is another path as well: an event needs an id of its own, or none, else the second event of an invoice is taken for the first"
    if paths.get("workspace") and not (paths.get("entries") or paths.get("link")):
        yield "paths.entries: not set, but paths.workspace is: a workspace alone names nothing"


def _of_types(options: Options) -> Iterator[str]:
    if "paid" not in {told for _, told in options.types}:
        yield "paid: not set: which types of events say that an invoice is paid?"
    for name, told in groupby(sorted(options.types), lambda one: one[0]):
        if len(meanings := [meaning for _, meaning in told]) > 1:
            yield f"{' and '.join(meanings)}: {name} cannot be both"
    for name, meaning in options.types:
        if name.lower() in _WORDS and name not in _WORDS:
            yield f"{meaning}: {name} is written {name.lower()}, as in JSON"
        if _WHOLE.fullmatch(name):
            yield f"{meaning}: {name} is written {name.partition('.')[0]}: only whole numbers are types"
