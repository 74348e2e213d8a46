"""Files: for readers under an address of their own, for other servers under their signature.

Every request asks anew whether whoever it is for may read the post (protocol §7), so an address
dies with the right. Whatever is wrong, the answer is the same 404. What is sent is never run: its
type was found in its bytes, documents are to be saved, and the browser is told not to guess.
"""

import re
from typing import Final
from urllib.parse import quote

from aiohttp import hdrs
from aiohttp.web import Response, StreamResponse

from domain.audience import ANONYMOUS, Kind, Viewer
from domain.errors import NotFound
from domain.filetypes import Form, form_of, suffix
from domain.kinds import Acceptance
from domain.pictures import PREVIEW_TYPE
from social.files import seen
from storage.queries import communities, files, posts
from storage.queries.files import FileRow
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, visible
from web.actors.documents import Signer, for_servers
from web.actors.signing import viewer_for
from web.call import Call
from web.routes import Access, Route, get

_LONGEST_MAC: Final = 64
_AT_ONCE: Final = 1 << 20
"""Bytes of a file that are in memory for one request."""

_RANGE: Final = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})")
FENCES: Final = {
    hdrs.CACHE_CONTROL: "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",  # apps in browsers live on other origins
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
}


async def show(call: Call) -> StreamResponse:
    """GET /media/{file}/{viewer}/{mac}, with the file's name behind it or without."""
    return await _shown(call, small=False)


async def show_small(call: Call) -> StreamResponse:
    """GET /media/{file}/{viewer}/{mac}/small: the preview."""
    return await _shown(call, small=True)


async def _shown(call: Call, *, small: bool) -> StreamResponse:
    file_id, viewer_id = call.id("file"), call.id("viewer")
    mac = call.request.match_info["mac"][:_LONGEST_MAC]
    if not call.node.links.hold(file_id, viewer_id, mac):
        raise NotFound
    row = await call.read(seen, file_id=file_id, viewer_id=viewer_id)
    if call.request.match_info.get("name", row.name) != row.name:
        raise NotFound
    if row.on_demand:
        row = await call.services.on_demand.here(row)
    return await content_of(call, row, small=small)


async def content_of(call: Call, row: FileRow, *, small: bool = False) -> StreamResponse:
    """The bytes of a file that the caller may have, or word that they did not change.

    Raises NotFound if they are lost, or there is no small version.
    """
    name = row.preview if small else row.digest
    if not name:
        raise NotFound
    tag = f'"{name}"'
    headers = {**FENCES, hdrs.ETAG: tag, hdrs.ACCEPT_RANGES: "bytes"}
    if tag in call.request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return Response(status=304, headers=headers)
    media_type = PREVIEW_TYPE if small else row.media_type
    headers[hdrs.CONTENT_TYPE] = _said(media_type)
    headers[hdrs.CONTENT_DISPOSITION] = disposition(row, media_type)
    return await _sent(call, name, headers, _wanted(call, tag))


def _said(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def disposition(row: FileRow, media_type: str) -> str:
    """How a file is called, in ASCII and in full (RFC 6266); documents are saved, never shown."""
    if form_of(media_type) is not Form.PAPER:
        return f'inline; filename="{row.id}{suffix(media_type)}"'
    plain = f"{row.id}{suffix(media_type)}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(row.name or plain, safe='')}"


def _wanted(call: Call, tag: str) -> tuple[int | None, int | None] | None:
    """First and last byte that are asked for; None for all of them.

    One range alone (RFC 9110 §14.2 lets a server ignore others), in plain digits (M05).
    """
    found = _RANGE.fullmatch(call.request.headers.get(hdrs.RANGE, ""))
    held = call.request.headers.get(hdrs.IF_RANGE, tag)
    if found is None or held != tag or call.request.method != hdrs.METH_GET:
        return None
    first, last = (int(number) if number else None for number in found.groups())
    return None if first is None and last is None else (first, last)


def _cut(wanted: tuple[int | None, int | None] | None, total: int) -> range | None:
    """Which bytes are sent; None for what lies outside."""
    if wanted is None:
        return range(total)
    first, last = wanted
    if first is None:
        first, last = max(0, total - (last or 0)), None
    end = total if last is None else min(total, last + 1)
    return range(first, end) if first < end else None


async def _sent(
    call: Call, name: str, headers: dict[str, str], wanted: tuple[int | None, int | None] | None
) -> StreamResponse:
    """Some bytes or all, a part at a time: a film is never in memory as a whole."""
    archive = call.services.archive
    start = wanted[0] or 0 if wanted else 0
    part = await archive.part(name, start, _AT_ONCE)
    if part is None:
        raise NotFound
    cut = _cut(wanted, part.total)
    if cut is None:
        headers[hdrs.CONTENT_RANGE] = f"bytes */{part.total}"
        del headers[hdrs.CONTENT_TYPE], headers[hdrs.CONTENT_DISPOSITION]
        return Response(status=416, headers=headers)
    if wanted is not None:
        headers[hdrs.CONTENT_RANGE] = f"bytes {cut.start}-{cut.stop - 1}/{part.total}"
    if cut.start != start:  # counted from the end
        part = await archive.part(name, cut.start, _AT_ONCE)
        if part is None:
            raise NotFound
    status = 206 if wanted is not None else 200
    if len(cut) <= len(part.content):
        return Response(body=part.content[: len(cut)], status=status, headers=headers)
    answer = StreamResponse(status=status, headers=headers)
    answer.content_length = len(cut)
    await answer.prepare(call.request)
    if call.request.method != hdrs.METH_HEAD:
        await _stream(call, answer, name, cut, part.content)
    return answer


async def _stream(
    call: Call, answer: StreamResponse, name: str, cut: range, content: bytes
) -> None:
    at = cut.start
    while content:
        piece = content[: cut.stop - at]
        await answer.write(piece)
        at += len(piece)
        if at >= cut.stop:
            break
        part = await call.services.archive.part(name, at, min(_AT_ONCE, cut.stop - at))
        content = b"" if part is None else part.content
    await answer.write_eof()


def handed_out(tx: Tx, *, file_id: int, viewer: Viewer, signer: ActorView | None = None) -> FileRow:
    """A file that was attached here, for another server's reader. Raises NotFound.

    A community may have what was handed in to it: it passes on the copy. Others have to be able to
    read the post.
    """
    file = files.by_id(tx, file_id)
    row = posts.by_id(tx, file.post_id or 0) if file is not None else None
    if file is None or row is None or not file.is_here or row.deleted_at is not None:
        raise NotFound
    if file.on_demand:
        raise NotFound  # whoever wrote the post has the original
    if _was_handed_in(row, signer):
        return file
    visible(tx, row.id, viewer)
    place = row.place_id if row.kind is Kind.COMMUNITY else None
    if place is not None and not communities.is_member_on_node(tx, place, viewer.actor):
        raise NotFound  # plain servers have what their relay notes carry
    return file


def _was_handed_in(row: PostRow, signer: ActorView | None) -> bool:
    if signer is None or signer.id != row.place_id or row.kind is not Kind.COMMUNITY:
        return False
    return row.acceptance is not Acceptance.REFUSED


@for_servers
async def show_to_server(call: Call, signer: Signer) -> StreamResponse:
    """GET /files/{id}: the original, or a community's copy."""
    file_id = call.id()
    try:
        row = await call.read(handed_out, file_id=file_id, viewer=ANONYMOUS)
    except NotFound:
        who = await signer()
        if who is None:
            raise
        viewer = viewer_for(who)
        row = await call.read(handed_out, file_id=file_id, viewer=viewer, signer=who)
    return await content_of(call, row)


_ONE: Final = "/media/{file}/{viewer}/{mac}"

ROUTES: list[Route] = [
    get(_ONE, show, Access.LINK),
    get(f"{_ONE}/small", show_small, Access.LINK),
    get(f"{_ONE}/{{name}}", show, Access.LINK),
    get("/files/{id}", show_to_server, Access.SERVER),
]
