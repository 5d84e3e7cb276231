"""The answer that nearly every delivery gets: 200 and nothing else. Must not be used for any other.

aiohttp puts an answer together header by header, which costs a tenth of a delivery. This one differs in its date only.
"""

from functools import lru_cache

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.helpers import rfc822_formatted_time


@lru_cache(maxsize=1)
def _whole(date: str) -> bytes:
    """See https://www.rfc-editor.org/rfc/rfc9110#section-6.6.1 for the date."""
    return f"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nDate: {date}\r\n\r\n".encode()


class Acknowledgement(web.StreamResponse):
    """200 with an empty body, sent in one piece where the connection stays open; else as aiohttp sends it."""

    _sent = False

    @property
    def keep_alive(self) -> bool | None:
        """Whether the connection stays open; None while that is not decided."""
        return True if self._sent else super().keep_alive

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it."""
        stays = request.keep_alive and super().keep_alive is None and request.version == HttpVersion11
        if not stays:
            self.content_length = 0
            return await super().prepare(request)
        await request.writer.write(_whole(rfc822_formatted_time()))
        self._sent = True
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""
        if not self._sent:
            await super().write_eof(data)
