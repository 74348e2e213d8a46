"""Lists to take along, and lists brought along: whom one follows, mutes, blocks and the like."""

import asyncio
from typing import Final

from aiohttp import hdrs
from aiohttp.web import Response, StreamResponse
from msgspec import Struct

from domain.csv_lists import write
from domain.errors import Conflict, Invalid, NotFound, Problem, TooMany
from domain.kinds import ImportKind
from social import imports
from storage.views import exports
from web.call import Call
from web.errors import status_of
from web.pages.rendering import page, see_other
from web.pages.wording import gettext as _
from web.routes import Access, Body, Route, get, post

PATH: Final = "/settings/lists"

# By the names that Mastodon gives to its files.
FILES: Final[dict[str, ImportKind]] = {
    "following_accounts": ImportKind.FOLLOWS,
    "lists": ImportKind.LISTS,
    "blocked_accounts": ImportKind.BLOCKS,
    "muted_accounts": ImportKind.MUTES,
    "blocked_domains": ImportKind.DOMAIN_BLOCKS,
    "bookmarks": ImportKind.BOOKMARKS,
}


class Choice(Struct, frozen=True):
    """One kind of list, for the page."""

    name: str
    label: str
    chosen: bool


def _labels() -> dict[ImportKind, str]:
    return {
        ImportKind.FOLLOWS: _("People whom you follow"),
        ImportKind.LISTS: _("Your lists"),
        ImportKind.BLOCKS: _("People whom you block"),
        ImportKind.MUTES: _("People whom you mute"),
        ImportKind.DOMAIN_BLOCKS: _("Servers of which you want to see nothing"),
        ImportKind.BOOKMARKS: _("Bookmarks"),
    }


async def show(call: Call) -> StreamResponse:
    """GET /settings/lists."""
    return await _form(call)


async def bring(call: Call) -> StreamResponse:
    """POST /settings/lists: take a list in."""
    chosen = call.params.text("kind")
    try:
        kind = FILES.get(chosen)
        sent = call.params.files.get("list")
        if kind is None or sent is None or not sent.name:
            raise Invalid(_("Choose a file, and say which list it is"))
        me = call.person.actor_id
        await call.read(imports.refuse_more, actor_id=me)
        lines = await asyncio.to_thread(imports.lines_of, kind, sent.content or b"")
        await call.write(
            imports.begin,
            actor_id=me,
            kind=kind,
            overwrite=call.params.flag("overwrite"),
            name=sent.name,
            lines=lines,
        )
    except (Invalid, Conflict, TooMany) as problem:
        return await _form(call, problem, chosen)
    return see_other(PATH)


async def take_along(call: Call) -> StreamResponse:
    """GET /settings/lists/{name}.csv: what one has, as a list."""
    name = call.request.match_info["name"]
    kind = FILES.get(name)
    if kind is None:
        raise NotFound
    found = await call.services.db.slow(exports.entries, call.viewer, kind)
    return _csv(f"{name}.csv", write(kind, (said for _about, said in found)))


async def failures(call: Call) -> StreamResponse:
    """GET /settings/lists/failed/{id}.csv: the lines that did not work out, to be sent again."""
    row, lines = await call.read(
        imports.failures, actor_id=call.person.actor_id, import_id=call.id()
    )
    return _csv("failed.csv", write(row.kind, (line.said for line in lines)))


def _csv(name: str, body: bytes) -> Response:
    return Response(
        body=body,
        content_type="text/csv",
        charset="utf-8",
        headers={
            hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"',
            hdrs.CACHE_CONTROL: "private, no-store",
        },
    )


async def _form(call: Call, problem: Problem | None = None, chosen: str = "") -> Response:
    labels = _labels()
    sent = await call.read(imports.shown, actor_id=call.person.actor_id)
    return await page(
        call,
        "lists.html",
        status=200 if problem is None else status_of(problem),
        problem="" if problem is None else problem.message,
        choices=[Choice(name, labels[kind], name == chosen) for name, kind in FILES.items()],
        labels=labels,
        sent=sent,
    )


ROUTES: list[Route] = [
    get(PATH, show, Access.SIGNED_IN),
    post(PATH, bring, Access.SIGNED_IN, body=Body.FILES),
    get(f"{PATH}/{{name}}.csv", take_along, Access.SIGNED_IN),
    get(f"{PATH}/failed/{{id}}.csv", failures, Access.SIGNED_IN),
]
