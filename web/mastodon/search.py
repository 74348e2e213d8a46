"""Searching: people by name, posts by their words, both by address, tags by their letters."""

from typing import Final

import orjson
from aiohttp.web import StreamResponse
from msgspec import Struct

from domain.audience import Viewer
from social.indexing import catch_up
from social.search import Narrowed, known, resolve, saying, search, tags, whom_one_follows
from storage.tx import Tx
from storage.views import tags as tag_views
from storage.views.actors import ActorView
from storage.views.posts import PostView
from storage.views.tags import TagView
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.accounts import account
from web.mastodon.entities.discovery import whole_tag
from web.mastodon.entities.search import Search
from web.mastodon.paging import page_of
from web.mastodon.rendering import several
from web.responses import json
from web.routes import Access, Route, get

LONGEST_QUERY: Final = 1_000
TYPES: Final = frozenset({"accounts", "statuses", "hashtags"})


class _Question(Struct, frozen=True):
    """What somebody looks for."""

    text: str
    wanted: frozenset[str]
    limit: int
    offset: int
    followed: bool
    narrowed: Narrowed


async def find(call: Call) -> StreamResponse:
    """GET /api/v2/search; with `resolve`, an address or a full handle is asked of its server.

    Whatever another server answers, or does not, the lists that are empty are simply empty.
    """
    asked = _question(call)
    people: list[ActorView] = []
    posts: list[PostView] = []
    if "accounts" in asked.wanted:
        people = await call.services.db.slow(_people, call=call, asked=asked)
    if _is_an_address(asked.text):
        if not people and call.is_signed_in:
            people, posts = await _resolved(call, asked)
    elif "statuses" in asked.wanted:
        posts = await _saying(call, asked)
    tags: list[TagView] = []
    if "hashtags" in asked.wanted:
        tags = await call.services.db.slow(_tags, viewer=call.viewer, asked=asked)
    return json(
        {
            "accounts": [account(actor, call.node, call.viewer) for actor in people],
            "statuses": orjson.Fragment(several(call, posts)),
            "hashtags": [whole_tag(each, call.node) for each in tags],
        }
    )


def _question(call: Call) -> _Question:
    params = call.params
    if "q" not in params:
        raise BadRequest("q is missing")
    kind = params.text("type")
    # Without a type, pages would run through three lists at once (Mastodon API).
    offset = max(0, params.integer("offset") or 0) if kind else 0
    page = page_of(call)
    return _Question(
        text=params.text("q")[:LONGEST_QUERY].lstrip(),
        wanted=frozenset({kind}) if kind else TYPES,
        limit=page.limit,
        offset=offset,
        followed=params.flag("following"),
        narrowed=Narrowed(
            author_id=params.maybe_id("account_id") or 0,
            max_id=page.max_id,
            min_id=page.min_id,
            limit=page.limit,
            offset=offset,
        ),
    )


def _people(tx: Tx, *, call: Call, asked: _Question) -> list[ActorView]:
    return search(
        tx,
        call.viewer,
        asked.text,
        limit=asked.limit,
        offset=asked.offset,
        followed=asked.followed,
    )


async def _saying(call: Call, asked: _Question) -> list[PostView]:
    """Posts by their words: for full members also those that were made a moment ago.

    What guests wait for does not depend on what others write, nor does their search write anything.
    """
    services = call.services
    if call.viewer.full:
        await catch_up(services.db)
    return await services.db.slow(
        saying, call.viewer, asked.text, node=call.node, narrowed=asked.narrowed
    )


def _tags(tx: Tx, *, viewer: Viewer, asked: _Question) -> list[TagView]:
    found = tags(tx, viewer, asked.text, limit=asked.limit, offset=asked.offset)
    return tag_views.load(tx, viewer, found)


def _is_an_address(text: str) -> bool:
    """Whether the text names one thing of one server: a URL, or a handle with its domain."""
    bare = text.strip()
    if " " in bare or bare.startswith("from:"):
        return False
    return bare.startswith(("https://", "http://")) or "@" in bare.lstrip("@")


async def _resolved(call: Call, asked: _Question) -> tuple[list[ActorView], list[PostView]]:
    """What the address means: known here, or asked of its server within a few seconds."""
    services = call.services
    if call.params.flag("resolve"):
        found = await resolve(services.db, services.fetcher, viewer=call.viewer, q=asked.text)
    else:
        found = await call.read(known, node=call.node, viewer=call.viewer, text=asked.text)
    people = found.people if "accounts" in asked.wanted else []
    if asked.followed and people:
        people = await call.read(whom_one_follows, call.viewer, people)
    return people, found.posts if "statuses" in asked.wanted else []


ROUTES: list[Route] = [
    get("/api/v2/search", find, Access.ACCOUNT, "read:search", answers=Search),
    get("/api/v1/search", find, Access.ACCOUNT, "read:search", answers=Search),
]
