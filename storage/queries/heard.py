"""What a community elsewhere announced of likes, and of what was taken back before it came.

A like is known by its activity's id; it stands if it was heard and never undone, in whatever order
and however often both were heard. A deleted post is remembered in the same way. Nothing of it
counts outside that community.
"""

from typing import Final

from sqlalchemy import bindparam, delete, false, select, true
from sqlalchemy.dialects.postgresql import insert

from domain.reactions import PLAIN, Reaction
from storage.columns import Id, any_of
from storage.tables.communities import heard
from storage.tx import Tx

_COMMUNITY: Final = bindparam("community_id", type_=Id)
_ACTOR: Final = bindparam("actor_id", type_=Id)
_PUT = insert(heard).values({column.name: bindparam(column.name) for column in heard.c})
_SAID: Final = _PUT.on_conflict_do_nothing()
_UNSAID: Final = _PUT.on_conflict_do_update(
    index_elements=[heard.c.community_id, heard.c.actor_id, heard.c.uri],
    set_={"undone": true()},
)
_ABOUT: Final = select(heard.c.about).where(
    heard.c.community_id == _COMMUNITY,
    heard.c.actor_id == _ACTOR,
    heard.c.uri == bindparam("uri"),
)
_STANDING: Final = (
    select(heard.c.uri, heard.c.emoji, heard.c.emoji_url)
    .where(
        heard.c.community_id == _COMMUNITY,
        heard.c.about == bindparam("about"),
        heard.c.actor_id == _ACTOR,
        heard.c.undone == false(),
    )
    .order_by(heard.c.uri.desc())  # of two, the later: our nodes number what they send
    .limit(1)
)
_LIKERS: Final = (
    select(heard.c.actor_id)
    .where(
        heard.c.community_id == _COMMUNITY,
        heard.c.about == bindparam("about"),
        heard.c.undone == false(),
    )
    .distinct()
    .order_by(heard.c.actor_id)
)
_TAKEN_BACK: Final = (
    select(heard.c.actor_id)
    .where(
        heard.c.community_id == _COMMUNITY,
        any_of(heard.c.actor_id, "ids"),
        heard.c.uri == bindparam("uri"),
        heard.c.undone == true(),
    )
    .limit(1)
)
_FORGET: Final = delete(heard).where(heard.c.community_id == _COMMUNITY)


def said(
    tx: Tx,
    community_id: int,
    actor_id: int,
    uri: str,
    about: str,
    *,
    said_with: Reaction = PLAIN,
) -> None:
    """Somebody likes the post `about`; `uri` is the like's id."""
    values = {"community_id": community_id, "actor_id": actor_id, "uri": uri, "about": about}
    emoji = {"emoji": said_with.emoji, "emoji_url": said_with.url}
    tx.run(_SAID, **values, **emoji, undone=False, heard_at=tx.now)


def taken_back(tx: Tx, community_id: int, actor_id: int, uri: str, about: str = "") -> None:
    """Somebody took back the like, or deleted the post, with this id: for ever."""
    values = {"community_id": community_id, "actor_id": actor_id, "uri": uri, "about": about}
    tx.run(_UNSAID, **values, emoji="", emoji_url=None, undone=True, heard_at=tx.now)


def about(tx: Tx, community_id: int, actor_id: int, uri: str) -> str | None:
    """The id of the post that a like was about, if it was heard of."""
    return tx.scalar(_ABOUT, community_id=community_id, actor_id=actor_id, uri=uri) or None


def standing_like(
    tx: Tx, community_id: int, actor_id: int, post_uri: str
) -> tuple[str, Reaction] | None:
    """The id of somebody's like of a post that was not taken back, and its emoji."""
    row = tx.first(_STANDING, community_id=community_id, actor_id=actor_id, about=post_uri)
    return None if row is None else (row[0], Reaction(row[1], row[2]))


def likers(tx: Tx, community_id: int, post_uri: str) -> list[int]:
    """Everybody whose like of a post stands."""
    return [row[0] for row in tx.all(_LIKERS, community_id=community_id, about=post_uri)]


def is_taken_back(tx: Tx, community_id: int, uri: str, by: tuple[int, ...]) -> bool:
    """Whether one of these took back what has this id."""
    return tx.scalar(_TAKEN_BACK, community_id=community_id, uri=uri, ids=list(by)) is not None


def forget(tx: Tx, community_id: int) -> None:
    """Forget everything that a community announced: a purge."""
    tx.change(_FORGET, community_id=community_id)
