"""Communities that are open to the world, on the wire (FEP-1b12).

What is said in one of ours is passed on by it (`outbox/announcing`). What our people say in one
elsewhere goes to their own followers, and to it.
"""

from typing import Final

import msgspec
import orjson
from msgspec import Struct

from activitypub.groups import Terms
from activitypub.vocabulary import JsonDict
from domain.audience import Kind
from domain.kinds import ActorType, Life
from jobs.queue import enqueue
from storage.queries import actors, communities
from storage.queries.activities import insert_activity
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView

ANNOUNCE_OPEN: Final = "announce_open"
"""The kind of job that passes on what was said in an open community of ours."""


class Passed(Struct, frozen=True):
    """What an announce job passes on.

    `activity`: a document of ours, still to be proven; or `body`: what came from elsewhere, as
    JSON. `post` is what it is about, 0 for acts about people.
    """

    community: int
    announce: int
    post: int = 0
    activity: int = 0
    body: str = ""


def place_of(tx: Tx, row: PostRow) -> ActorView | None:
    """The community, here or elsewhere, in which a post that anybody may read was written."""
    if row.place_id is None or row.kind is not Kind.PUBLIC or row.root_kind is not Kind.PUBLIC:
        return None
    settings, place = communities.by_id(tx, row.place_id), actors.by_id(tx, row.place_id)
    if settings is None or place is None or place.gone_at is not None:
        return None
    return place if settings.is_for_the_world else None


def terms_of(tx: Tx, actor: ActorView) -> Terms | None:
    """What an open community of ours says of itself; None for anybody else, and before it began."""
    row = communities.by_id(tx, actor.id) if actor.type is ActorType.GROUP else None
    if row is None or not row.is_for_the_world or row.life is Life.PLANNING:
        return None
    return Terms(
        preset=row.preset,
        joining=row.joining,
        history=row.history,
        purpose=row.purpose,
        listed=row.listed,
    )


def said(tx: Tx, row: PostRow, activity_id: int) -> None:
    """A document of ours about a post was published: if an open community of ours has it, pass it
    on.
    """
    place = place_of(tx, row)
    if place is not None and place.is_local:
        pass_on(tx, place, post_id=row.id, activity_id=activity_id)


def pass_on(
    tx: Tx,
    community: ActorView,
    *,
    post_id: int = 0,
    activity_id: int = 0,
    body: bytes = b"",
) -> None:
    """Have an open community of ours announce an activity to its followers."""
    passed = Passed(
        community=community.id,
        announce=new_id(tx),
        post=post_id,
        activity=activity_id,
        body=body.decode(),
    )
    key = f"{ANNOUNCE_OPEN} {community.uri}"
    enqueue(tx, ANNOUNCE_OPEN, msgspec.to_builtins(passed), order_key=key, about=community.id)


def act(
    tx: Tx, community: ActorView, *, by: ActorView, document: JsonDict, post_id: int = 0
) -> None:
    """Store an act of somebody of ours, and pass it on; `document` has its id already."""
    activity_id = new_id(tx)
    insert_activity(
        tx,
        activity_id=activity_id,
        uri=str(document["id"]),
        actor_id=by.id,
        post_id=post_id or None,
        body=orjson.dumps(document),
    )
    pass_on(tx, community, post_id=post_id, activity_id=activity_id)


def in_community(document: JsonDict, post: PostView, place: ActorView) -> JsonDict:
    """A Like, or its Undo, of a post in an open community: for its author and for the community,
    which keeps the tally.
    """
    to = list(dict.fromkeys([post.author.uri, place.uri]))
    said = document | {"to": to, "audience": place.uri}
    inner = said.get("object")
    if isinstance(inner, dict):
        said["object"] = inner | {"to": to, "audience": place.uri}
    return said
