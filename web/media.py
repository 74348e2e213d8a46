"""Files: for readers under an address of their own, for other servers under their signature.

Every request asks anew whether whoever it is for may read the post (protocol §7), so an address
dies with the right. Whatever is wrong, the answer is the same 404. What is sent is never run: its
type is one of four that were found in its bytes, and the browser is told not to guess.
"""

from typing import Final

from aiohttp import hdrs
from aiohttp.web import Response, StreamResponse

from domain.audience import ANONYMOUS, Kind, Viewer
from domain.errors import NotFound
from domain.kinds import Acceptance
from domain.pictures import PREVIEW_TYPE, suffix
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
FENCES: Final = {
    hdrs.CACHE_CONTROL: "private, no-cache",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "cross-origin",  # apps in browsers live on other origins
    hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*",
}


async def show(call: Call) -> StreamResponse:
    """GET /media/{file}/{viewer}/{mac}."""
    return await _shown(call, small=False)


async def show_small(call: Call) -> StreamResponse:
    """GET /media/{file}/{viewer}/{mac}/small: the preview."""
    return await _shown(call, small=True)


async def _shown(call: Call, *, small: bool) -> Response:
    file_id, viewer_id = call.id("file"), call.id("viewer")
    mac = call.request.match_info["mac"][:_LONGEST_MAC]
    if not call.node.links.hold(file_id, viewer_id, mac):
        raise NotFound
    row = await call.read(seen, file_id=file_id, viewer_id=viewer_id)
    return await content_of(call, row, small=small)


async def content_of(call: Call, row: FileRow, *, small: bool = False) -> Response:
    """The bytes of a file that the caller may have, or word that they did not change.

    Raises NotFound if they are lost.
    """
    name = row.preview if small else row.digest
    tag = f'"{name}"'
    headers = {**FENCES, hdrs.ETAG: tag}
    if tag in call.request.headers.get(hdrs.IF_NONE_MATCH, ""):
        return Response(status=304, headers=headers)
    content = await call.services.archive.read(name)
    if content is None:
        raise NotFound
    media_type = PREVIEW_TYPE if small else row.media_type
    headers[hdrs.CONTENT_DISPOSITION] = f'inline; filename="{row.id}{suffix(media_type)}"'
    return Response(body=content, content_type=media_type, headers=headers)


def handed_out(tx: Tx, *, file_id: int, viewer: Viewer, signer: ActorView | None = None) -> FileRow:
    """A file that was attached here, for another server's reader. Raises NotFound.

    A community may have what was handed in to it: it passes on the copy. Others have to be able to
    read the post.
    """
    file = files.by_id(tx, file_id)
    row = posts.by_id(tx, file.post_id or 0) if file is not None else None
    if file is None or row is None or not file.is_here or row.deleted_at is not None:
        raise NotFound
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
    get("/files/{id}", show_to_server, Access.SERVER),
]
