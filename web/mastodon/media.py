"""Uploading pictures, describing them, and asking whether they are ready: they always are.

An upload is answered once the picture is drawn anew and kept, so there is no waiting: 200 with its
address, never 202 or 206.
"""

from aiohttp.web import Response, StreamResponse

from domain.errors import Invalid
from domain.pictures import LARGEST
from social import files
from social.archive import Kept
from social.files import Detail
from storage.queries.files import FileRow
from web.call import Call
from web.mastodon.entities.media import media
from web.params import Params, Upload, read_params
from web.responses import json
from web.routes import Access, Body, Route, change, get, post


async def upload(call: Call) -> StreamResponse:
    """POST /api/v2/media, and /api/v1/media alike."""
    async with call.services.archive.taking_in(call.person.actor_id):
        params = await read_params(call.request, LARGEST)
        kept = await keep(call, params.files.get("file"))
    row = await call.write(
        files.add, actor_id=call.person.actor_id, kept=kept, detail=_detail(params)
    )
    return _answer(call, row)


async def keep(call: Call, sent: Upload | None) -> Kept:
    """Draw an uploaded picture anew and keep its bytes. Raises Invalid or NoRoom."""
    if sent is None:
        raise Invalid("There is no file in this request", "file")
    if sent.content is None:
        raise Invalid(f"A picture has at most {LARGEST >> 20} megabytes", "file")
    return await call.services.archive.keep(sent.content)


def _detail(params: Params) -> Detail:
    alt = params.text("description") if "description" in params else None
    return Detail(alt, params.maybe("focus"))


def _answer(call: Call, row: FileRow) -> Response:
    return json(media(row, call.node, call.person.actor_id))


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


ROUTES: list[Route] = [
    post("/api/v1/media", upload, Access.ACCOUNT, "write:media", Body.UNREAD),
    post("/api/v2/media", upload, Access.ACCOUNT, "write:media", Body.UNREAD),
    get("/api/v1/media/{id}", show, Access.ACCOUNT, "write:media"),
    *change("/api/v1/media/{id}", describe, Access.ACCOUNT, "write:media"),
]
