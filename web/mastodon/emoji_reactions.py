"""Likes with an emoji, as Pleroma's API has them: Mastodon's has no word for them.

Figures for everybody who may read the post; names only of people whom the caller may see
(security.md G20).
"""

from typing import Final

from aiohttp.web import StreamResponse

from domain.node import Node
from domain.reactions import unpacked
from social import reactions
from storage.queries import likes
from storage.tx import Tx
from storage.views.actors import by_id
from storage.views.people import people
from storage.views.posts import PostView, visible
from web.call import Call
from web.mastodon.entities.accounts import account
from web.mastodon.entities.statuses import PersonsReaction, Status, reaction
from web.mastodon.rendering import one
from web.responses import json
from web.routes import Access, Route, change, delete, get

_ONE: Final = "/api/v1/pleroma/statuses/{id}/reactions"


async def react(call: Call) -> StreamResponse:
    """PUT /api/v1/pleroma/statuses/:id/reactions/:emoji: one for each person and post."""
    return one(call, await call.write(_react, call=call, emoji=_emoji(call)))


def _react(tx: Tx, *, call: Call, emoji: str) -> PostView:
    post = visible(tx, call.id(), call.viewer).shown
    actor_id = call.person.actor_id
    reactions.like(tx, node=call.node, actor_id=actor_id, post_id=post.id, emoji=emoji)
    return visible(tx, post.id, call.viewer)


async def unreact(call: Call) -> StreamResponse:
    """DELETE /api/v1/pleroma/statuses/:id/reactions/:emoji: nothing happens if it is another."""
    return one(call, await call.write(_unreact, call=call, emoji=_emoji(call)))


def _unreact(tx: Tx, *, call: Call, emoji: str) -> PostView:
    post = visible(tx, call.id(), call.viewer).shown
    actor_id = call.person.actor_id
    liked = likes.of(tx, actor_id, post.id)
    if liked is not None and liked.said_with.emoji.strip(":") == emoji.strip(":"):
        reactions.unlike(tx, node=call.node, actor_id=actor_id, post_id=post.id)
    return visible(tx, post.id, call.viewer)


def _emoji(call: Call) -> str:
    return call.request.match_info["emoji"]


async def listed(call: Call) -> StreamResponse:
    """GET /api/v1/pleroma/statuses/:id/reactions."""
    return json(await call.read(_listed, call=call, node=call.node))


def _listed(tx: Tx, *, call: Call, node: Node) -> list[PersonsReaction]:
    post = visible(tx, call.id(), call.viewer).shown
    who = likes.reacting(tx, post.id, call.viewer)
    seen = by_id(people(tx, call.viewer, [actor_id for actor_id, _ in who]))
    found: list[PersonsReaction] = []
    for tally in unpacked(post.row.reactions):
        mine = [actor_id for actor_id, emoji in who if emoji == tally.emoji]
        shown = [account(seen[one], node, call.viewer) for one in mine if one in seen]
        me = call.viewer.actor in mine
        found.append({**reaction(tally, node), "me": me, "accounts": shown})
    return found


ROUTES: list[Route] = [
    get(_ONE, listed, Access.ANYONE, "read:statuses", answers=list[PersonsReaction]),
    *change(f"{_ONE}/{{emoji}}", react, Access.ACCOUNT, "write:favourites", answers=Status),
    delete(f"{_ONE}/{{emoji}}", unreact, Access.ACCOUNT, "write:favourites", answers=Status),
]
