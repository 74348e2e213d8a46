"""Wrappers of communities: the shares by which they say that something was written in them."""

from typing import Final

from sqlalchemy import bindparam, func, select, update

from domain.kinds import Acceptance
from storage.audience import fixed
from storage.columns import Id, Number
from storage.tables.communities import memberships
from storage.tables.posts import posts
from storage.tables.timelines import home_entries
from storage.tx import Tx

_POST: Final = bindparam("post_id", type_=Id)
_COMMUNITY: Final = bindparam("community_id", type_=Id)
_LAST: Final = (
    select(posts.c.id)
    .where(posts.c.share_of_id == _POST, posts.c.author_id == _COMMUNITY)
    .order_by(posts.c.id.desc())
    .limit(fixed(1))
)
_BY: Final = (
    select(posts.c.id)
    .where(
        posts.c.place_id == _COMMUNITY,
        posts.c.author_id == bindparam("author_id", type_=Id),
        posts.c.share_of_id.is_(None),
        posts.c.deleted_at.is_(None),
        posts.c.acceptance == fixed(Acceptance.ACCEPTED),
    )
    .order_by(posts.c.id.desc())
    .limit(bindparam("limit", type_=Number))
)
_AT: Final = select(posts.c.id).where(
    posts.c.place_id == _COMMUNITY, posts.c.url == bindparam("url"), posts.c.share_of_id.is_(None)
)
_HOMES: Final = select(func.count()).where(
    home_entries.c.post_id == bindparam("wrapper_id", type_=Id),
    home_entries.c.actor_id.in_(
        select(memberships.c.actor_id).where(memberships.c.community_id == _COMMUNITY)
    ),
)
_PLACE: Final = (
    update(posts)
    .where(posts.c.id == bindparam("key", type_=Id), posts.c.place_id.is_(None))
    .values(place_id=bindparam("to", type_=Id), version=posts.c.version + 1)
)


def last_of(tx: Tx, post_id: int, community_id: int) -> int | None:
    """The newest wrapper of a post, taken away or not."""
    return tx.scalar(_LAST, post_id=post_id, community_id=community_id)


def homes_with(tx: Tx, wrapper_id: int, community_id: int) -> int:
    """In how many members' homes a wrapper stands."""
    return tx.scalar(_HOMES, wrapper_id=wrapper_id, community_id=community_id) or 0


def written_by(tx: Tx, community_id: int, author_id: int, limit: int) -> list[int]:
    """What somebody wrote in a community and can be read there, newest first."""
    given = {"community_id": community_id, "author_id": author_id, "limit": limit}
    return [row[0] for row in tx.all(_BY, **given)]


def at_page(tx: Tx, community_id: int, url: str) -> int | None:
    """The post in a community whose page has this address."""
    return tx.scalar(_AT, community_id=community_id, url=url)


def place(tx: Tx, post_id: int, community_id: int) -> bool:
    """Say that a post on a profile stands in a community; False if it stands in one already."""
    return tx.change(_PLACE, key=post_id, to=community_id) > 0
