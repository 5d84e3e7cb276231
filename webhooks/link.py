"""The story of one link: what an invoice stands for, told by a program of the user's own. Must not know any vendor.

`PUT /invoices/{source}/{invoice}` with `{"workspace_id": "...", "time_entry_ids": [...]}` and `Authorization: Bearer` and
a token; `DELETE` takes it back. The name of the invoice is its id, its number, or what it shows as `clockify_link`; `?account=` is the vendor
account that its id belongs to, where the source has several.
"""

import time
from urllib.parse import unquote

import msgspec
from aiohttp import web

from webhooks import signatures
from webhooks.delivery import NotAuthenticError, Trust
from webhooks.events import References
from webhooks.reading import REFUSALS, read
from webhooks.receive import TRY_AGAIN, Door
from webhooks.references import from_fields
from webhooks.sources.payload import LONGEST_ID
from worker.ledger import StoreInDoubtError
from worker.marking import Link, Verdict, Wanted

INVOICES = "/invoices/"
NO_WORKSPACE = "workspace_id: missing, and there is no default: set PAIDMARK_WORKSPACE"
_PARTS = 2
_STATUSES = {
    Verdict.LINKED: 200,
    Verdict.ACCEPTED: 200,
    Verdict.AWAITS: 200,
    Verdict.KNOWN: 200,
    Verdict.NAMED: 409,
}
_WORDS = {
    Verdict.LINKED: "linked",
    Verdict.ACCEPTED: "linked, and marked: the invoice came before",
    Verdict.AWAITS: "linked, and a payment of it awaits a person",
    Verdict.NAMED: "the invoice names its entries itself, or by another link, and that counts",
}
_TAKEN_BACK = {
    Verdict.LINKED: "no longer linked",
    Verdict.ACCEPTED: "no longer linked, and unmarked",
    Verdict.KNOWN: "was not linked",
}


_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": "PUT, DELETE"}, 503: TRY_AGAIN}


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """The body."""

    workspace_id: object = None
    time_entry_ids: object = None


class WrongError(Exception):
    """The request cannot be carried out as it is: `status`, and why in words."""

    def __init__(self, status: int, why: str) -> None:
        """Keep both."""
        super().__init__(why)
        self.status = status


async def link(door: Door, request: web.BaseRequest) -> web.Response:
    """Answer a link: 200 once it is safe on disk, 409 where the invoice names its entries itself."""
    started = time.monotonic()
    source = "unknown"
    try:
        check_token(request, door.link_tokens)
        source, name = _place(door, request)
        told = Link(
            source=source,
            account=request.query.get("account", ""),
            name=name,
            wanted=await _told(request, door.sources[source].place.workspace),
        )
        verdict = await door.intake.link(told)
        status, said = _STATUSES[verdict], (_WORDS if told.wanted else _TAKEN_BACK)[verdict]
    except WrongError as error:
        status, said = error.status, str(error)
    except tuple(REFUSALS) as error:
        status, said = REFUSALS[type(error)]
    except StoreInDoubtError as error:
        status, said = 503, str(error)
    done = status == 200  # noqa: PLR2004 - 200 OK
    door.count(source, "linked" if done else "not linked")
    ms = round((time.monotonic() - started) * 1000, 1)
    door.log.info("link.kept" if done else "link.refused", source=source, status=status, said=said, ms=ms)
    return web.json_response({"said": said}, status=status, headers=_HEADERS.get(status))


def check_token(request: web.BaseRequest, tokens: tuple[str, ...]) -> None:
    """Refuse who does not show one of the tokens; without any in the settings, nobody may link.

    The scheme's name is written in any case: https://www.rfc-editor.org/rfc/rfc9110#section-11.1.
    """
    try:
        told = signatures.behind("Bearer ", signatures.single(request.headers, "Authorization")) or ""
        signatures.check_token(told.strip(), Trust(secrets=tokens, now=0, tolerance=0))
    except NotAuthenticError as error:
        raise WrongError(401, "Authorization: Bearer and one of PAIDMARK_LINK_TOKENS is needed") from error


def _place(door: Door, request: web.BaseRequest) -> tuple[str, str]:
    """The source's name and the invoice's, which may hold anything, percent-encoded."""
    if request.method not in ("PUT", "DELETE"):
        raise WrongError(405, "PUT and DELETE are the only methods here")
    if unknown := request.query.keys() - {"account"}:
        raise WrongError(400, f"?account= is all that can be asked for, not {', '.join(sorted(unknown))}")
    given = request.rel_url.raw_path.removeprefix(INVOICES).split("/")
    parts = [unquote(part, errors="surrogateescape") for part in given]
    named = [*parts, request.query.get("account", "-")]
    if len(parts) != _PARTS or not all(part.isprintable() and 0 < len(part) <= LONGEST_ID for part in named):
        raise WrongError(404, "the address is /invoices/SOURCE/INVOICE, percent-encoded")
    if parts[0] not in door.sources:
        raise WrongError(404, "no such source in the settings")
    return parts[0], parts[1]


async def _told(request: web.BaseRequest, default: str | None) -> tuple[Wanted, ...]:
    """What is told; nothing, where that is taken back."""
    body = await read(request)
    return () if request.method == "DELETE" else _wanted(body, default)


def _wanted(body: bytes, default: str | None) -> tuple[Wanted, ...]:
    try:
        told = msgspec.json.decode(body, type=Told)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise WrongError(400, 'not JSON like {"workspace_id": "...", "time_entry_ids": ["..."]}') from error
    named = from_fields(told.workspace_id, told.time_entry_ids, names=("workspace_id", "time_entry_ids", ""))
    if named.unresolved or not named.references:
        raise WrongError(400, named.unresolved or "time_entry_ids: missing, or empty")
    return wanted(named.references, default)


def wanted(references: tuple[References, ...], default: str | None) -> tuple[Wanted, ...]:
    """What a link tells the ledger; each of its workspaces must be known."""
    found = tuple(Wanted(one.workspace or default or "", one.entries) for one in references)
    if not all(one.workspace for one in found):
        raise WrongError(400, NO_WORKSPACE)
    return found
