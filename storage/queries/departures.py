"""Actors that ended: their words become unreadable in one statement, the rest goes in small steps.

What was said in a community is the community's to keep or to take back (protocol §4): those posts
are left out here.
"""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Kind
from domain.ids import HERE
from domain.kinds import MembershipState
from storage.audience import fixed
from storage.columns import Id, Number, Time, any_of
from storage.tables.actors import actors
from storage.tables.communities import communities, memberships
from storage.tables.posts import posts
from storage.tables.relations import likes
from storage.tables.reports import departures
from storage.tables.timelines import notifications
from storage.tx import Tx
from storage.views.post_rows import PostRow
from storage.views.posts import COLUMNS as POST

_AUTHOR: Final = bindparam("author_id", type_=Id)
_kept = communities.alias("kept")
_in_a_community: Final = and_(
    posts.c.kind == fixed(Kind.COMMUNITY),
    posts.c.share_of_id.is_(None),
    posts.c.place_id.is_not(None),
)
_DELETE_ALL: Final = (
    update(posts)
    .where(posts.c.author_id == _AUTHOR, ~_in_a_community, posts.c.deleted_at.is_(None))
    .values(deleted_at=bindparam("now", type_=Time), version=posts.c.version + 1)
)


def delete_all_by(tx: Tx, author_id: int) -> int:
    """Make what an actor wrote or shared unreadable, but in communities; how many posts."""
    return tx.change(_DELETE_ALL, author_id=author_id, now=tx.now)


# Words in communities of this node that do not keep those of who left. What was said in a community
# elsewhere is for its own node to decide, which is told that its author is gone.
_place = actors.alias("place")
_IN_COMMUNITIES: Select[*tuple[Any, ...]] = (
    select(*POST)
    .join(_place, _place.c.id == posts.c.place_id)
    .where(
        posts.c.author_id == _AUTHOR,
        _in_a_community,
        posts.c.deleted_at.is_(None),
        _place.c.origin_id == fixed(HERE),
        ~exists().where(_kept.c.actor_id == posts.c.place_id, _kept.c.keeps_words),
    )
    .order_by(posts.c.id)
    .limit(bindparam("limit", type_=Number))
)


def words_in_communities(tx: Tx, author_id: int, limit: int) -> list[PostRow]:
    """Posts in communities that do not keep the words of somebody who left."""
    rows = tx.all(_IN_COMMUNITIES, author_id=author_id, limit=limit)
    return [PostRow(*row) for row in rows]


_member = actors.alias("member")
_UNREAD: Final = (
    update(posts)
    .where(
        posts.c.author_id == _AUTHOR,
        posts.c.origin_id == fixed(HERE),
        _in_a_community,
        posts.c.deleted_at.is_(None),
        ~exists()
        .where(
            memberships.c.community_id == posts.c.place_id,
            memberships.c.state == fixed(MembershipState.ACTIVE),
            _member.c.id == memberships.c.actor_id,
            _member.c.origin_id == fixed(HERE),
        )
        .correlate_except(memberships, _member),
        ~exists().where(_place.c.id == posts.c.place_id, _place.c.origin_id == fixed(HERE)),
    )
    .values(deleted_at=bindparam("now", type_=Time), version=posts.c.version + 1)
)


def delete_unread_by(tx: Tx, author_id: int) -> int:
    """Delete words of ours in communities elsewhere to which nobody here belongs; how many."""
    return tx.change(_UNREAD, author_id=author_id, now=tx.now)


class Departure(Struct, frozen=True, gc=False):
    """One row of `departures`, in the order of its columns. Times are ms UTC."""

    actor_id: int
    after: int
    begun_at: int
    done_at: int | None


_ACTOR: Final = bindparam("actor_id", type_=Id)
_ROW: Select[*tuple[Any, ...]] = select(*departures.c)
_FIND: Final = _ROW.where(departures.c.actor_id == _ACTOR)
_BEGIN: Final = (
    insert(departures)
    .values(actor_id=_ACTOR, after=0, begun_at=bindparam("now", type_=Time))
    .on_conflict_do_update(
        index_elements=[departures.c.actor_id],
        set_={"after": 0, "begun_at": bindparam("now", type_=Time), "done_at": None},
    )
)
_GO_ON: Final = (
    update(departures)
    .where(
        departures.c.actor_id == bindparam("key", type_=Id),
        departures.c.after == bindparam("known", type_=Id),
        departures.c.begun_at == bindparam("begun_at", type_=Time),
        departures.c.done_at.is_(None),
    )
    .values(after=bindparam("to", type_=Id))
)
_DONE: Final = (
    update(departures)
    .where(departures.c.actor_id == bindparam("key", type_=Id))
    .values(done_at=bindparam("now", type_=Time))
)
_OLD: Final = (
    select(departures.c.actor_id)
    .where(departures.c.done_at <= bindparam("before", type_=Time))
    .order_by(departures.c.actor_id)
    .limit(bindparam("limit", type_=Number))
)
_FORGET: Final = delete(departures).where(any_of(departures.c.actor_id, "ids"))


def begin(tx: Tx, actor_id: int) -> None:
    """Remember that an actor's traces are to be removed, from the first on if they left before.

    Who was forgotten with their server is somebody again once they are heard of.
    """
    tx.run(_BEGIN, actor_id=actor_id, now=tx.now)


def find(tx: Tx, actor_id: int) -> Departure | None:
    """How far that has come."""
    row = tx.first(_FIND, actor_id=actor_id)
    return None if row is None else Departure(*row)


def go_on(tx: Tx, known: Departure, *, after: int) -> bool:
    """Take upon oneself the posts up to this id; False if another unit was faster."""
    given = {"key": known.actor_id, "known": known.after, "begun_at": known.begun_at, "to": after}
    return tx.change(_GO_ON, **given) > 0


def done(tx: Tx, actor_id: int) -> None:
    """Nothing is left to remove."""
    tx.change(_DONE, key=actor_id, now=tx.now)


def old(tx: Tx, before: int, limit: int) -> list[int]:
    """Actors whose traces were removed before that moment; reads only."""
    return [row[0] for row in tx.all(_OLD, before=before, limit=limit)]


def forget(tx: Tx, actor_ids: list[int]) -> None:
    """Nothing more has to be remembered of these."""
    tx.change(_FORGET, ids=actor_ids)


_POSTS: Select[*tuple[Any, ...]] = (
    select(*POST)
    .where(
        posts.c.author_id == _AUTHOR,
        posts.c.id > bindparam("after", type_=Id),
        posts.c.deleted_at == bindparam("at", type_=Time),
    )
    .order_by(posts.c.id)
    .limit(bindparam("limit", type_=Number))
)
_LIKED: Final = (
    select(likes.c.post_id)
    .where(likes.c.actor_id == _ACTOR)
    .order_by(likes.c.post_id)
    .limit(bindparam("limit", type_=Number))
)
_TOLD: Final = (
    select(notifications.c.id)
    .where(or_(notifications.c.from_id == _ACTOR, notifications.c.actor_id == _ACTOR))
    .limit(bindparam("limit", type_=Number))
)
_UNTELL: Final = delete(notifications).where(any_of(notifications.c.id, "ids"))
_BLANK: Final = (
    update(actors)
    .where(actors.c.id == bindparam("key", type_=Id))
    .values(
        name=bindparam("name"),
        summary="",
        summary_source="",
        fields=b"[]",
        avatar=None,
        header=None,
        automated=False,
        avatar_text=None,
        header_text=None,
        public=False,
        discoverable=False,
        indexable=False,
        followers_count=0,
        following_count=0,
        posts_count=0,
        last_post_at=None,
        emojis=b"",
        version=actors.c.version + 1,
    )
)


def posts_deleted_at(tx: Tx, author_id: int, *, at: int, after: int, limit: int) -> list[PostRow]:
    """What became unreadable with its author, by id."""
    params = {"author_id": author_id, "at": at, "after": after, "limit": limit}
    return [PostRow(*row) for row in tx.all(_POSTS, **params)]


def liked_by(tx: Tx, actor_id: int, limit: int) -> list[int]:
    """Posts that an actor likes."""
    return [row[0] for row in tx.all(_LIKED, actor_id=actor_id, limit=limit)]


def told_of(tx: Tx, actor_id: int, limit: int) -> list[int]:
    """Notifications of what an actor did, and the actor's own; reads only, and slowly."""
    return [row[0] for row in tx.all(_TOLD, actor_id=actor_id, limit=limit)]


def untell(tx: Tx, notification_ids: list[int]) -> None:
    """Remove notifications."""
    tx.change(_UNTELL, ids=notification_ids)


def blank(tx: Tx, actor_id: int, *, name: str) -> None:
    """Keep of an actor that it was here, and what it is called from now on; nothing else."""
    tx.change(_BLANK, key=actor_id, name=name)
