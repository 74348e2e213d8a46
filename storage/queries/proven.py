"""Communities' posts as their authors proved them, and the Announces that late members read up."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson
from sqlalchemy import Select, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Viewer
from storage.audience import fixed, shown, viewer_params
from storage.columns import Id, any_of
from storage.tables.communities import proven
from storage.tables.posts import mentions, posts
from storage.tables.relations import likes
from storage.tables.traffic import activities
from storage.tx import Tx

MOST: Final = 20
"""Announces on one page of a community's outbox."""

_PUT = insert(proven).values({column.name: bindparam(column.name) for column in proven.c})
_KEEP: Final = _PUT.on_conflict_do_update(
    index_elements=[proven.c.post_id],
    set_={
        column.name: _PUT.excluded[column.name] for column in proven.c if column.name != "post_id"
    },
)
_BODY: Final = select(proven.c.body).where(proven.c.post_id == bindparam("post_id"))
_FORGET: Final = delete(proven).where(proven.c.post_id == bindparam("post_id"))


def keep(
    tx: Tx, post_id: int, body: bytes, *, key_uri: str | None = None, key: str | None = None
) -> None:
    """Keep the newest Create or Update of a post, with its author's proof and the key of that."""
    tx.run(_KEEP, post_id=post_id, body=body, key_uri=key_uri, key=key, made_at=tx.now)


def body_of(tx: Tx, post_id: int) -> bytes | None:
    """The newest Create or Update of a post."""
    return tx.scalar(_BODY, post_id=post_id)


def forget(tx: Tx, post_id: int) -> None:
    """Forget what a deleted post said."""
    tx.change(_FORGET, post_id=post_id)


MOST_LIKES: Final = 500
"""Likes that go with one page at most."""


class AnnouncedLike(NamedTuple):
    """A like that stands, as it was announced."""

    actor_id: int
    body: bytes


class Announced(NamedTuple):
    """A post that a community announced: its wrapper, what was announced, the proof's key."""

    id: int
    uri: str
    announced_at: int
    post_id: int
    author_id: int
    body: bytes
    key_uri: str | None
    key: str | None
    root_id: int


_wrapper: Final = posts.alias("wrapper")
_original: Final = posts.alias("original")
_COMMUNITY: Final = bindparam("community_id", type_=Id)
_ROOT: Final = bindparam("root_id", type_=Id)
_PAGE: Select[*tuple[Any, ...]] = (
    select(
        _wrapper.c.id,
        _wrapper.c.uri,
        _wrapper.c.created_at,
        _original.c.id,
        _original.c.author_id,
        proven.c.body,
        proven.c.key_uri,
        proven.c.key,
        _original.c.root_id,
    )
    .join(_original, _original.c.id == _wrapper.c.share_of_id)
    .join(proven, proven.c.post_id == _original.c.id)
    .where(
        _wrapper.c.author_id == _COMMUNITY,
        _wrapper.c.place_id == _COMMUNITY,
        _wrapper.c.id < bindparam("before", type_=Id),
        or_(fixed(0) == _ROOT, _original.c.root_id == _ROOT),
        shown(_wrapper, _original),
    )
    .order_by(_wrapper.c.id.desc())
    .limit(fixed(MOST))
)


_SAID_OF: Final = (
    select(activities.c.body)
    .where(
        activities.c.community_id == _COMMUNITY,
        activities.c.actor_id == _COMMUNITY,
        activities.c.recipient_id.is_(None),
        any_of(activities.c.post_id, "ids"),
    )
    .order_by(activities.c.id)
)
_LIKES_OF: Final = (
    select(likes.c.uri, likes.c.actor_id)
    .where(any_of(likes.c.post_id, "ids"))
    .order_by(likes.c.id)
    .limit(fixed(MOST_LIKES))
)
_NAMED: Final = select(mentions.c.post_id, mentions.c.actor_id).where(
    any_of(mentions.c.post_id, "ids")
)


def announced(
    tx: Tx, community_id: int, viewer: Viewer, *, before: int | None, root_id: int = 0
) -> list[Announced]:
    """What this viewer may read of what a community announced, newest first (history rule).

    `root_id`: in one thread alone.
    """
    params: dict[str, Any] = {
        "community_id": community_id,
        "root_id": root_id,
        "before": before if before is not None else (1 << 63) - 1,
        "now": tx.now,
    }
    return [Announced(*row) for row in tx.all(_PAGE, **params, **viewer_params(viewer))]


def announced_likes(tx: Tx, community_id: int, found: Sequence[Announced]) -> list[AnnouncedLike]:
    """The Announces of likes of these posts that stand now."""
    ids = sorted({one.post_id for one in found})
    standing = dict(tx.all(_LIKES_OF, ids=ids))
    if not standing:
        return []
    said = [row[0] for row in tx.all(_SAID_OF, community_id=community_id, ids=ids)]
    liked = ((standing.pop(_inner_id(body), None), body) for body in said)
    return [AnnouncedLike(actor_id, body) for actor_id, body in liked if actor_id is not None]


def _inner_id(announce: bytes) -> str:
    return str(orjson.loads(announce)["object"]["id"])


def people_in(tx: Tx, found: Sequence[Announced]) -> dict[int, set[int]]:
    """Who wrote each of these posts and whom it names, by post."""
    people = {one.post_id: {one.author_id} for one in found}
    for post_id, actor_id in tx.all(_NAMED, ids=sorted(people)):
        people[post_id].add(actor_id)
    return people
