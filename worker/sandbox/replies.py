"""What Clockify's replies look like: statuses, bodies, headers. Pure values; they decide nothing.

The API's documentation (https://docs.clockify.me) shows no error body; these were seen in the wild. A body is
`{"message": text, "code": number}`, where it is not empty; `code` 501 and 3000 are generic.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from msgspec import json

UNANSWERED: Final = 0
_CLOUDFRONT: Final = {"X-Cache": "Error from cloudfront", "Server": "CloudFront"}


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP reply; status `UNANSWERED` means that the connection is cut instead."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


CUT: Final = Reply(UNANSWERED)
MARKED: Final = Reply(200)


def told(value: object, headers: Mapping[str, str] | None = None) -> Reply:
    """A good reply with `value` as its JSON."""
    return Reply(200, json.encode(value), headers=headers or {})


def error(status: int, message: str, code: int, headers: Mapping[str, str] | None = None) -> Reply:
    """A refusal by Clockify itself."""
    return Reply(status, json.encode({"message": message, "code": code}), headers=headers or {})


NO_SINGLE_CREDENTIAL: Final = error(401, "Multiple or none auth tokens present", 1000)
KEY_UNKNOWN: Final = error(401, "Api key does not exist", 4003)
TOKEN_INVALID: Final = error(401, "Token is not valid", 4017)
ACCESS_DENIED: Final = error(403, "Access Denied", 501)
WORKSPACE_HIDDEN: Final = Reply(404)
NOT_IN_PLAN: Final = Reply(403)
ENTRY_UNKNOWN: Final = error(400, "Time entry doesn't belong to Workspace", 501)
ENTRY_APPROVED: Final = error(403, "Can't edit approved time entry.", 4005)
# Only the code was seen; the text is assumed.
ENTRY_LOCKED: Final = error(403, "Time entry is locked.", 1003)
IS_NULL: Final = error(400, "must not be null", 501)
IS_EMPTY: Final = error(400, "must not be empty", 501)


def unreadable(why: str) -> Reply:
    """The body is not JSON, or not of the shape that is asked for."""
    return error(400, f"JSON parse error: {why}", 3002)


def no_route(path: str) -> Reply:
    """Nothing is served at `path`, which is told without the leading slash."""
    return error(404, f"No static resource {path}.", 3000)


def no_verb(method: str, allowed: tuple[str, ...]) -> Reply:
    """The path is served, but not for `method`."""
    return error(405, f"Request method '{method}' is not supported", 3000, {"Allow": ", ".join(allowed)})


def throttled(page: bool, retry_after: int | None) -> Reply:
    """Too many requests, as CloudFront says it: no body or an HTML `page`, and of itself no Retry-After."""
    named = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _from_gateway(429, page, {**_CLOUDFRONT, **named})


def failed(status: int) -> Reply:
    """A failure of the server, or of a gateway before it."""
    return _from_gateway(status, page=True, headers={})


def too_large() -> Reply:
    """The body is larger than the gateway lets through."""
    return _from_gateway(413, page=True, headers={})


def garbled(reply: Reply) -> Reply:
    """The same reply with a body that nobody can read."""
    return Reply(reply.status, b'{"message": \xff\xfe<html', reply.kind, reply.headers)


def _from_gateway(status: int, page: bool, headers: Mapping[str, str]) -> Reply:
    title = f"{status} {HTTPStatus(status).phrase}"
    body = (
        f"<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\r\n" if page else ""
    )
    return Reply(status, body.encode(), "text/html", headers)
