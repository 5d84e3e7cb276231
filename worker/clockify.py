"""Clockify's client: a thin shell. Two calls, no decisions; what a reply means is said in `worker.outcome`.

Every phase has a timeout, no redirect is followed (it would carry the key elsewhere), a body is read up to a bound.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Self

import aiohttp
import msgspec

from worker.batches import Batch
from worker.outcome import NoReply, Reply

MOST_READ = 4 * 1024 * 1024
Credential = tuple[str, str]
"""A header's name and the secret that it carries: `X-Api-Key` or `X-Addon-Token`."""


class Clockify:
    """Calls one Clockify, with the credential that each workspace has."""

    def __init__(self, url: str, credential: Callable[[str], Credential | None], *, timeout: float) -> None:
        """Keep `url` (`https://api.clockify.me/api`), and `timeout`: seconds that a whole call may take."""
        self._url = url.rstrip("/")
        self._credential = credential
        self.timeout = timeout
        self._phases = aiohttp.ClientTimeout(total=timeout, connect=timeout / 2, sock_read=timeout)

    async def __aenter__(self) -> Self:
        """Open the connections' pool."""
        self._session = aiohttp.ClientSession(
            timeout=self._phases,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30.0),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Content-Type": "application/json", "User-Agent": "paidmark"},
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._session.close()

    def fingerprint(self, workspace: str) -> str | None:
        """A name for the credential of a workspace that does not give it away; None where there is no credential."""
        credential = self._credential(workspace)
        return sha256("\0".join(credential).encode()).hexdigest()[:12] if credential else None

    async def mark(self, workspace: str, batch: Batch) -> Reply | NoReply:
        """Set `invoiced` on the entries of a batch: https://docs.clockify.me (updateInvoicedStatus)."""
        body = msgspec.json.encode({"invoiced": batch.invoiced, "timeEntryIds": batch.entries})
        return await self._call("PATCH", workspace, "time-entries/invoiced", body)

    async def ask(self, workspace: str, entries: tuple[str, ...]) -> Reply | NoReply:
        """Ask for entries by their ids; those that cannot be found in the workspace are left out of the reply."""
        body = msgspec.json.encode({"timeEntryIds": entries, "hydrated": False})
        return await self._call("POST", workspace, "time-entries/batch", body)

    async def _call(self, method: str, workspace: str, path: str, body: bytes) -> Reply | NoReply:
        header, secret = self._credential(workspace) or ("", "")
        url = f"{self._url}/v1/workspaces/{workspace}/{path}"
        try:
            async with self._session.request(
                method, url, data=body, headers={header: secret}, allow_redirects=False
            ) as response:
                content = await response.content.read(MOST_READ) if response.content_length != 0 else b""
                while not response.content.at_eof() and len(content) < MOST_READ:
                    content += await response.content.read(MOST_READ - len(content))
                return Reply(response.status, response.headers.get("Retry-After", ""), content)
        except TimeoutError:
            return NoReply(f"Clockify did not answer within {self.timeout:g} s", slow=True)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            sent = not isinstance(error, aiohttp.ClientConnectorError)
            return NoReply(f"the connection to Clockify failed ({type(error).__name__})", sent=sent)
