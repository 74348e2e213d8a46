"""Searching: people by name, people and posts by address, tags by their letters."""

from typing import Final

import orjson
from aiohttp.web import StreamResponse
from msgspec import Struct

from domain.text import fold_tag, hashtags
from social.search import known, resolve, search
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostView
from web.call import Call
from web.errors import BadRequest
from web.mastodon.entities.accounts import account
from web.mastodon.entities.statuses import whole
from web.mastodon.entities.tags import tag
from web.mastodon.paging import STATUSES, limit_of
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


async def find(call: Call) -> StreamResponse:
    """GET /api/v2/search; with `resolve`, an address or a full handle is asked of its server.

    Whatever another server answers, or does not, the lists that are empty are simply empty.
    """
    asked = _question(call)
    people: list[ActorView] = []
    posts: list[PostView] = []
    if "accounts" in asked.wanted:
        people = await call.read(_people, call=call, asked=asked)
    if _is_an_address(asked.text) and not people and call.is_signed_in:
        people, posts = await _resolved(call, asked)
    return json(
        {
            "accounts": [account(actor, call.node, call.viewer) for actor in people],
            "statuses": [orjson.Fragment(whole(post, call.node, call.viewer)) for post in posts],
            "hashtags": _tags(call, asked),
        }
    )


def _question(call: Call) -> _Question:
    params = call.params
    if "q" not in params:
        raise BadRequest("q is missing")
    kind = params.text("type")
    return _Question(
        text=params.text("q").strip()[:LONGEST_QUERY],
        wanted=frozenset({kind}) if kind else TYPES,
        limit=limit_of(params.integer("limit"), STATUSES),
        # Without a type, pages would run through three lists at once (Mastodon API).
        offset=max(0, params.integer("offset") or 0) if kind else 0,
        followed=params.flag("following"),
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


def _is_an_address(text: str) -> bool:
    """Whether the text names one thing of one server: a URL, or a handle with its domain."""
    return text.startswith(("https://", "http://")) or "@" in text.lstrip("@")


async def _resolved(call: Call, asked: _Question) -> tuple[list[ActorView], list[PostView]]:
    """What the address means: known here, or asked of its server within a few seconds."""
    services = call.services
    if call.params.flag("resolve"):
        found = await resolve(services.db, services.fetcher, viewer=call.viewer, q=asked.text)
    else:
        found = await call.read(known, node=call.node, viewer=call.viewer, text=asked.text)
    people = found.people if "accounts" in asked.wanted else []
    return people, found.posts if "statuses" in asked.wanted else []


def _tags(call: Call, asked: _Question) -> list[object]:
    """The tag that was typed, whether or not anybody uses it."""
    if "hashtags" not in asked.wanted or asked.offset or " " in asked.text:
        return []
    typed = hashtags(f"#{asked.text.removeprefix('#')}")
    exact = typed and typed[0] == asked.text.removeprefix("#")
    return [tag(fold_tag(typed[0]), call.node)] if exact else []


ROUTES: list[Route] = [
    get("/api/v2/search", find, Access.ACCOUNT, "read:search"),
    get("/api/v1/search", find, Access.ACCOUNT, "read:search"),
]
