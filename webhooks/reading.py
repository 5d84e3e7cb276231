"""A request's body: whole, raw, bounded in size and in time. Must not look into it."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

from aiohttp import HttpVersion11, web
from aiohttp.hdrs import EXPECT

from webhooks.connections import arrived
from webhooks.unpacking import NotUnpackableError, UnpacksTooLargeError, unpacked

READ_WITHIN = 10.0
"""Seconds for a whole request to arrive: the most patient vendor waits longer, the slowest sender needs less."""
_TOO_LARGE = (413, "larger than PAIDMARK_MAX_BODY")
_INCOMPLETE = (400, "the body is not what it says it is, or has not come to its end")
REFUSALS: Mapping[type[Exception], tuple[int, str]] = MappingProxyType(
    {
        web.HTTPRequestEntityTooLarge: _TOO_LARGE,
        UnpacksTooLargeError: _TOO_LARGE,
        web.RequestPayloadError: _INCOMPLETE,
        NotUnpackableError: _INCOMPLETE,
        TimeoutError: (408, f"not complete within {READ_WITHIN:g} s"),
        web.HTTPExpectationFailed: (417, "expects something else than to be told to continue"),
    }
)
"""What cannot be read, and how that is answered."""


async def read(request: web.BaseRequest) -> bytes:
    """The raw bytes, unpacked. Raises what REFUSALS lists."""
    if EXPECT in request.headers:
        await _let_continue(request)
    try:
        if request.content.is_eof():  # as most are by now: a timer costs as much as reading
            body = await request.read()
        else:
            async with asyncio.timeout(READ_WITHIN):
                body = await request.read()
    except ConnectionError as error:
        # The request keeps this error, and the error's frames would keep the request, with all that has come of its body.
        raise web.RequestPayloadError from error.with_traceback(None)
    arrived(request)
    encoding = ",".join(request.headers.getall("Content-Encoding", ()))
    return unpacked(body, encoding, request.client_max_size)


async def _let_continue(request: web.BaseRequest) -> None:
    """Tell a sender who asks before he sends the body. See https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1."""
    if request.headers[EXPECT].lower() != "100-continue":
        raise web.HTTPExpectationFailed
    if request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
