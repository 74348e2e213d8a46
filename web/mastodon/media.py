"""Uploading files, describing them, and asking whether they are ready.

Pictures and documents are ready when the upload is answered: 200 with their address. Sound and film
take longer: 202 without one, then 206 until 200; 422 for what cannot be shown (mastodon-api.md §3).
"""

from aiohttp.web import Response, StreamResponse

from domain.errors import Invalid
from domain.filetypes import LARGEST_OF_ALL, MEGABYTE, Form, form_of
from social import files, preparing
from social.archive import Stored, allowed
from social.files import Detail
from storage.queries.files import FileRow
from web.call import Call
from web.mastodon.entities.formats import Nothing
from web.mastodon.entities.media import MediaAttachment, media
from web.params import Params, Upload, read_params
from web.responses import empty, json
from web.routes import Access, Body, Route, change, delete, get, post

SLOW = frozenset({Form.FILM, Form.SOUND})


async def upload(call: Call) -> StreamResponse:
    """POST /api/v2/media: what takes long is answered before it is ready."""
    return await _take(call, at_once=False)


async def upload_and_wait(call: Call) -> StreamResponse:
    """POST /api/v1/media: answered when it is ready (deprecated in Mastodon for that)."""
    return await _take(call, at_once=True)


async def _take(call: Call, *, at_once: bool) -> StreamResponse:
    actor_id = call.person.actor_id
    async with call.services.archive.taking_in(actor_id, call.request.content_length):
        params = await read_params(call.request, LARGEST_OF_ALL)
        row = await take_in(call, params.files.get("file"), _detail(params), at_once=at_once)
    return _answer(call, row, waiting=202)


async def take_in(call: Call, sent: Upload | None, detail: Detail, *, at_once: bool) -> FileRow:
    """Keep an upload. `at_once`: made ready when this returns, however long it takes.

    Raises Invalid or NoRoom.
    """
    if sent is None:
        raise Invalid("There is no file in this request", "file")
    if sent.content is None:
        raise Invalid(f"A file has at most {LARGEST_OF_ALL // MEGABYTE} megabytes", "file")
    archive, actor_id = call.services.archive, call.person.actor_id
    media_type = allowed(sent.content, sent.name)
    if form_of(media_type) in SLOW and not at_once:
        size = len(sent.content)
        aside = Stored(await archive.lay_aside(sent.content), media_type, size)
        return await call.write(
            preparing.expect, actor_id=actor_id, aside=aside, detail=detail, room=archive.room
        )
    kept = await archive.keep(sent.content, sent.name)
    return await call.write(
        files.add, actor_id=actor_id, kept=kept, detail=detail, room=archive.room, name=sent.name
    )


def _detail(params: Params) -> Detail:
    alt = params.text("description") if "description" in params else None
    return Detail(alt, params.maybe("focus"))


def _answer(call: Call, row: FileRow, *, waiting: int = 206) -> Response:
    """The MediaAttachment, or why there never will be one. Raises Invalid."""
    if row.trouble:
        raise Invalid(row.trouble, "file")
    entity = media(row, call.node, call.person.actor_id)
    return json(entity, status=200 if row.is_here else waiting)


async def show(call: Call) -> StreamResponse:
    """GET /api/v1/media/:id, until it is posted."""
    row = await call.read(files.loose, actor_id=call.person.actor_id, file_id=call.id())
    return _answer(call, row)


async def describe(call: Call) -> StreamResponse:
    """PUT /api/v1/media/:id, until it is posted; then by editing the post."""
    detail = _detail(call.params)
    row = await call.write(
        files.describe, actor_id=call.person.actor_id, file_id=call.id(), detail=detail
    )
    return _answer(call, row)


async def discard(call: Call) -> StreamResponse:
    """DELETE /api/v1/media/:id, until it is posted; 422 for what a post uses."""
    await call.write(files.discard, actor_id=call.person.actor_id, file_id=call.id())
    return empty()


ROUTES: list[Route] = [
    post(
        "/api/v1/media",
        upload_and_wait,
        Access.ACCOUNT,
        "write:media",
        Body.UNREAD,
        answers=MediaAttachment,
    ),
    post(
        "/api/v2/media", upload, Access.ACCOUNT, "write:media", Body.UNREAD, answers=MediaAttachment
    ),
    get("/api/v1/media/{id}", show, Access.ACCOUNT, "write:media", answers=MediaAttachment),
    *change("/api/v1/media/{id}", describe, Access.ACCOUNT, "write:media", answers=MediaAttachment),
    delete("/api/v1/media/{id}", discard, Access.ACCOUNT, "write:media", answers=Nothing),
]
