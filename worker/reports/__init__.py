"""Reading Clockify for people: whose key it is, which workspaces it sees, the detailed report. A thin shell.

It only reads. Every phase has a timeout, no redirect is followed (it would carry the key elsewhere), a body is read up
to a bound, and what comes back is decoded into plain values or refused. Names pass through, none is kept.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Self, TypeVar

import aiohttp
import msgspec

from worker.clockify import Credential
from worker.outcome import NoReply, backoff, retry_after
from worker.reports.timesheet import Page, User, Workspace, page, user, workspace, workspaces

T = TypeVar("T")

MOST_READ = 16 * 1024 * 1024
LONGEST_WAIT = 60.0
"""Seconds that somebody who waits for a list is asked to wait between two tries."""
_REFUSALS = {
    401: "the key is not accepted (401): it is wrong, revoked, or of another region",
    402: "refused (402): the workspace's plan does not include it",
    403: "access denied (403): the key's user may not see it, or the workspace's plan does not include it",
    404: "no such workspace (404), or PAIDMARK_CLOCKIFY_URL is wrong",
    429: "the rate limit is reached (429): 30 requests an hour for a workspace on the Free plan, 50 a second on others",
}
"""https://clockify.me/help/getting-started/webhook-and-api-limitations"""


class ReadingError(Exception):
    """Clockify does not say what it was asked. The message says why; `status` is 0 where it did not answer at all."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a question is asked before it is given up, and how the time between is waited out."""

    tries: int
    pause: Callable[[float], Awaitable[None]]
    random: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Reports:
    """Reads from one Clockify; `clock` is the Date header of its last answer, in seconds since 1970, or None."""

    def __init__(self, url: str, reports_url: str, *, timeout: float, patience: Patience) -> None:
        """Keep `url` (`https://api.clockify.me/api`), `reports_url` (`https://reports.api.clockify.me`) and seconds a call."""
        self._url = url.rstrip("/")
        self._reports = reports_url.rstrip("/")
        self._timeout = timeout
        self._patience = patience
        self.clock: float | None = None

    async def __aenter__(self) -> Self:
        """Open the connections' pool."""
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(
                total=self._timeout, connect=self._timeout / 2, sock_read=self._timeout
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Content-Type": "application/json", "User-Agent": "paidmark"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._session.close()

    async def user(self, credential: Credential) -> User:
        """Whose credential it is (getLoggedUser)."""
        return _read(user, await self._ask("GET", f"{self._url}/v1/user", credential))

    async def workspaces(self, credential: Credential) -> list[Workspace]:
        """The workspaces that a key may see (getWorkspacesOfUser). Add-on tokens are not taken there."""
        return _read(workspaces, await self._ask("GET", f"{self._url}/v1/workspaces", credential))

    async def workspace(self, credential: Credential, name: str) -> Workspace:
        """One workspace."""
        answer = await self._ask("GET", f"{self._url}/v1/workspaces/{name}", credential)
        return _read(workspace, answer)

    async def detailed(self, credential: Credential, name: str, query: dict[str, object]) -> Page:
        """One page of the detailed report (generateDetailedReport); `query` is its filter, whole, `name` the workspace."""
        url = f"{self._reports}/v1/workspaces/{name}/reports/detailed"
        answer = await self._ask("POST", url, credential, msgspec.json.encode(query))
        return _read(lambda body: page(body, answer.headers.get("Last-Page", "")), answer)

    async def _ask(self, method: str, url: str, credential: Credential, body: bytes = b"") -> _Answer:
        """Ask until there is an answer that asking again would not change."""
        tried = 0
        while True:
            tried += 1
            answer = await self._call(method, url, credential, body)
            if isinstance(answer, _Answer) and answer.status == 200:  # noqa: PLR2004 - OK
                return answer
            wait = self._wait(answer, tried)
            if tried == self._patience.tries or wait is None:
                raise _refusal(answer)
            await self._patience.pause(wait)

    def _wait(self, answer: _Answer | NoReply, tried: int) -> float | None:
        """Seconds until it may be asked again; None where that would not help, or takes too long for who waits."""
        after = None
        if isinstance(answer, _Answer):
            if answer.status < 500 and answer.status != 429:  # noqa: PLR2004 - neither its fault, nor too much of ours
                return None
            after = retry_after(answer.headers.get("Retry-After", ""), now=time.time())
        wait = backoff(tried, cap=LONGEST_WAIT / 2, after=after, random=self._patience.random())
        return wait if wait <= LONGEST_WAIT else None

    async def _call(self, method: str, url: str, credential: Credential, body: bytes) -> _Answer | NoReply:
        header, secret = credential
        try:
            async with self._session.request(
                method, url, data=body or None, headers={header: secret}, allow_redirects=False
            ) as response:
                content = b""
                while not response.content.at_eof() and len(content) < MOST_READ:
                    content += await response.content.read(MOST_READ - len(content))
                self.clock = _seconds(response.headers.get("Date", ""))
                return _Answer(response.status, response.headers, content)
        except TimeoutError:
            return NoReply(f"Clockify did not answer within {self._timeout:g} s", slow=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return NoReply(f"the connection to Clockify failed ({type(error).__name__})")


def _read(decode: Callable[[bytes], T], answer: _Answer) -> T:
    try:
        return decode(answer.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        much = ": it is too long" if len(answer.body) >= MOST_READ else ""
        raise ReadingError(
            f"Clockify's answer cannot be read{much}; is PAIDMARK_CLOCKIFY_URL right?", answer.status
        ) from error


def _refusal(answer: _Answer | NoReply) -> ReadingError:
    if isinstance(answer, NoReply):
        return ReadingError(answer.reason)
    if answer.status == 403 and not answer.body:  # noqa: PLR2004 - forbidden
        return ReadingError("refused (403, no message): the workspace's plan does not include it", 403)
    unknown = f"Clockify answered {answer.status}"
    if answer.status < 500:  # noqa: PLR2004 - the server's fault begins here
        unknown += ": is PAIDMARK_CLOCKIFY_URL right?"
    return ReadingError(_REFUSALS.get(answer.status, unknown), answer.status)


def _seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None
