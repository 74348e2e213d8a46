"""Written home timelines: rows that say what came by, never who may read it.

Rows are written for people whose home is fresh; the others' is built when they come back. Every
page asks the predicate again, so a row too many shows nothing and a row too few is only missing.
"""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import (
    BindParameter,
    and_,
    bindparam,
    delete,
    exists,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Viewer
from domain.ids import snowflake, time_of
from domain.kinds import AccountState, FollowState
from storage.audience import (
    BOUND,
    alive,
    fixed,
    local_reader,
    shown,
    unblocked,
    viewer_params,
)
from storage.columns import Id, Number, Time, any_of
from storage.queries.home_rules import (
    Line,
    as_itself,
    by_follow,
    comes_by_tag,
    in_language,
    is_followed,
    may_come_by_tag,
    tagged,
    tagged_for,
    wanted,
    words_of,
)
from storage.tables.accounts import accounts
from storage.tables.followed_tags import followed_tags
from storage.tables.posts import post_tags, posts
from storage.tables.relations import follows
from storage.tables.timelines import home_entries
from storage.tx import Tx

KEPT: Final = 800
"""Rows per home; a home may grow beyond until it is trimmed."""

MERGED: Final = 40
"""Posts of somebody newly followed that appear at once."""

_LATE_MS: Final = 3600 * 1000
"""A post that is stored now may be that old, and so stand below others that were there before."""

_WRAPPED_MS: Final = 30 * 24 * 3600 * 1000
"""So much older than its wrapper is a post with a tag whose wrapper is looked for afterwards."""

_COLUMNS = ["actor_id", "post_id", "author_id"]
_ACTOR = bindparam("actor_id", type_=Id)
_POST = bindparam("post_id", type_=Id)
_NOW = bindparam("now", type_=Time)

_new: Final = posts.alias("new")
_original: Final = posts.alias("original")
_reach: Final = follows.alias("reach")
_line: Final = Line(_new, _original)
_with_original = _new.outerjoin(_original, _original.c.id == _new.c.share_of_id)


_fresh = and_(accounts.c.home_fresh_until > _NOW, accounts.c.state == fixed(AccountState.ACTIVE))
_reader = local_reader(_reach.c.follower_id)
_to_followers = (
    select(_reach.c.follower_id, _new.c.id, _new.c.author_id)
    .select_from(
        _with_original.join(
            _reach,
            and_(
                _reach.c.target_id == _new.c.author_id,
                _reach.c.state == fixed(FollowState.ACCEPTED),
            ),
        ).join(accounts, accounts.c.id == _reach.c.follower_id)
    )
    .where(
        _new.c.id == _POST,
        _fresh,
        or_(_new.c.share_of_id.is_(None), _reach.c.shares),
        in_language(_new, _reach),
        wanted(_line, _reach.c.follower_id),
        shown(_new, _original, _reader),
        or_(_original.c.id.is_(None), unblocked(_original.c.author_id, _reader)),
    )
)
_to_author = (
    select(_new.c.author_id, _new.c.id, _new.c.author_id)
    .join(accounts, accounts.c.id == _new.c.author_id)
    .where(_new.c.id == _POST, _fresh, as_itself(_line, _new.c.author_id))
)
_tag_reader = local_reader(followed_tags.c.actor_id)
_to_tag_followers = (
    select(followed_tags.c.actor_id, _new.c.id, _new.c.author_id)
    .select_from(
        _with_original.join(post_tags, post_tags.c.post_id == words_of(_new))
        .join(followed_tags, followed_tags.c.tag == post_tags.c.tag)
        .join(accounts, accounts.c.id == followed_tags.c.actor_id)
    )
    .where(
        _fresh,
        may_come_by_tag(_line, _tag_reader),
        shown(_new, _original, _tag_reader),
    )
)
_FAN_OUT: Final = (
    insert(home_entries)
    .from_select(
        _COLUMNS, union_all(_to_followers, _to_author, _to_tag_followers.where(_new.c.id == _POST))
    )
    .on_conflict_do_nothing()
)


_AUTHOR = bindparam("author_id", type_=Id)
_these = any_of(_new.c.id, "ids")
_all_followers = (
    select(_reach.c.follower_id, _new.c.id, _new.c.author_id)
    .select_from(
        _new.join(_reach, _reach.c.target_id == _new.c.author_id).join(
            accounts, accounts.c.id == _reach.c.follower_id
        )
    )
    .where(
        _these,
        _reach.c.state == fixed(FollowState.ACCEPTED),
        _fresh,
        in_language(_new, _reach),
    )
)
_TO_ALL_FOLLOWERS: Final = (
    insert(home_entries)
    .from_select(_COLUMNS, union_all(_all_followers, _to_tag_followers.where(_these)))
    .on_conflict_do_nothing()
)


def fan_out(tx: Tx, post_id: int) -> None:
    """Write a new post into the fresh homes that it belongs into, in one statement."""
    tx.run(_FAN_OUT, post_id=post_id, now=tx.now)


def fan_out_to_followers(tx: Tx, post_ids: Collection[int]) -> None:
    """The same for what all of its author's followers may read and want: nothing else is asked.

    For remote posts that anybody may read, are no answer and stand in no community: most that come.
    """
    tx.run(_TO_ALL_FOLLOWERS, ids=list(post_ids), now=tx.now)


_authors = union_all(
    select(follows.c.target_id).where(
        follows.c.follower_id == BOUND.actor, follows.c.state == fixed(FollowState.ACCEPTED)
    ),
    select(BOUND.actor),
)
_belongs = and_(by_follow(_line, BOUND.actor), shown(_new, _original))
_CANDIDATES: Final = (
    select(_new.c.id)
    .select_from(_with_original)
    .where(_new.c.author_id.in_(_authors), _belongs)
    .order_by(_new.c.id.desc())
    .limit(literal_column(str(KEPT), Number))
)
_belongs_by_tag = and_(may_come_by_tag(_line, BOUND), shown(_new, _original))
_TAGGED_CANDIDATES: Final = (
    select(_new.c.id)
    .select_from(_with_original)
    .where(_new.c.id.in_(tagged_for(BOUND.actor)), _belongs_by_tag)
    .order_by(_new.c.id.desc())
    .limit(literal_column(str(KEPT), Number))
)
_belonging_ids = select(BOUND.actor, _new.c.id, _new.c.author_id).select_from(_with_original)
_TOP_UP: Final = (
    insert(home_entries)
    .from_select(
        _COLUMNS,
        _belonging_ids.where(
            _new.c.id > bindparam("above", type_=Id), _new.c.author_id.in_(_authors), _belongs
        ),
    )
    .on_conflict_do_nothing()
)
_TOP_UP_TAGGED: Final = (
    insert(home_entries)
    .from_select(
        _COLUMNS,
        _belonging_ids.where(
            _new.c.id.in_(
                tagged_for(
                    BOUND.actor,
                    bindparam("above", type_=Id),
                    bindparam("wrapped_above", type_=Id),
                )
            ),
            _belongs_by_tag,
        ),
    )
    .on_conflict_do_nothing()
)
_MERGE: Final = (
    insert(home_entries)
    .from_select(
        _COLUMNS,
        _belonging_ids.where(_new.c.author_id == bindparam("author_id", type_=Id), _belongs)
        .order_by(_new.c.id.desc())
        .limit(literal_column(str(MERGED), Number)),
    )
    .on_conflict_do_nothing()
)
_STORE: Final = (
    insert(home_entries)
    .from_select(
        _COLUMNS,
        select(_ACTOR, _new.c.id, _new.c.author_id).where(
            any_of(_new.c.id, "ids"),
            alive(_new),
            or_(
                _new.c.author_id == _ACTOR,
                is_followed(_ACTOR, _new.c.author_id),
                comes_by_tag(_new, _ACTOR),
            ),
        ),
    )
    .on_conflict_do_nothing()
)
_CLEAR: Final = delete(home_entries).where(home_entries.c.actor_id == _ACTOR)
_line_here = posts.alias("line_here")
_tagged_too = (
    exists()
    .where(_line_here.c.id == home_entries.c.post_id, comes_by_tag(_line_here, _ACTOR))
    .correlate(home_entries)
)
_DROP_AUTHOR: Final = delete(home_entries).where(
    home_entries.c.actor_id == _ACTOR,
    home_entries.c.author_id == bindparam("author_id", type_=Id),
    ~_tagged_too,
)
_TAG: BindParameter[str] = bindparam("tag")
_MERGE_TAG: Final = (
    insert(home_entries)
    .from_select(
        _COLUMNS,
        _belonging_ids.where(_new.c.id.in_(tagged(post_tags.c.tag == _TAG)), _belongs_by_tag)
        .order_by(_new.c.id.desc())
        .limit(literal_column(str(MERGED), Number)),
    )
    .on_conflict_do_nothing()
)
_DROP_TAG: Final = delete(home_entries).where(
    home_entries.c.actor_id == _ACTOR,
    home_entries.c.post_id.in_(tagged(post_tags.c.tag == _TAG)),
    home_entries.c.author_id != _ACTOR,
    ~is_followed(_ACTOR, home_entries.c.author_id),
    ~_tagged_too,
)


def candidates(tx: Tx, viewer: Viewer) -> list[int]:
    """Ids of what belongs into somebody's home, newest first; reads only, at most `KEPT`."""
    asked = {**viewer_params(viewer), "now": tx.now}
    found = {
        row[0] for row in (*tx.all(_CANDIDATES, **asked), *tx.all(_TAGGED_CANDIDATES, **asked))
    }
    return sorted(found, reverse=True)[:KEPT]


def rebuild(tx: Tx, viewer: Viewer, ids: Sequence[int]) -> None:
    """Replace a home by `ids` (from `candidates`) and by what was written since.

    Whoever stores a post just now does not see yet that this home is kept, and neither of us would
    write it down: so we wait for all who write into homes.
    """
    tx.wait_for_writers(home_entries)
    tx.change(_CLEAR, actor_id=viewer.actor)
    tx.run(_STORE, actor_id=viewer.actor, ids=list(ids))
    top_up(tx, viewer, above=min(max(ids, default=0), snowflake(tx.now - _LATE_MS, 0)))


def top_up(tx: Tx, viewer: Viewer, *, above: int) -> None:
    """Add what belongs into the home and is newer than the id `above`."""
    asked = {**viewer_params(viewer), "now": tx.now, "above": above}
    tx.run(_TOP_UP, **asked)
    wrapped_above = snowflake(max(0, time_of(above) - _WRAPPED_MS), 0)
    tx.run(_TOP_UP_TAGGED, **asked, wrapped_above=wrapped_above)


def merge_author(tx: Tx, viewer: Viewer, author_id: int) -> None:
    """Add the newest posts of somebody whom the viewer now follows."""
    tx.run(_MERGE, **viewer_params(viewer), now=tx.now, author_id=author_id)


def drop_author(tx: Tx, actor_id: int, author_id: int) -> None:
    """Remove what an author brought into a home; what also comes by a tag stays."""
    tx.change(_DROP_AUTHOR, actor_id=actor_id, author_id=author_id)


def merge_tag(tx: Tx, viewer: Viewer, tag: str) -> None:
    """Add the newest posts with a tag (folded) that the viewer now follows."""
    tx.run(_MERGE_TAG, **viewer_params(viewer), now=tx.now, tag=tag)


def drop_tag(tx: Tx, actor_id: int, tag: str) -> None:
    """Remove what only a tag brought into a home that is not followed any more."""
    tx.change(_DROP_TAG, actor_id=actor_id, tag=tag)


_UNWANTED: Final = delete(home_entries).where(
    home_entries.c.actor_id == _ACTOR,
    home_entries.c.author_id == _AUTHOR,
    home_entries.c.post_id.in_(
        select(_new.c.id)
        .join(follows, follows.c.target_id == _new.c.author_id)
        .where(
            follows.c.follower_id == _ACTOR,
            follows.c.target_id == _AUTHOR,
            or_(
                and_(_new.c.share_of_id.is_not(None), ~follows.c.shares),
                ~in_language(_new, follows),
            ),
        )
    ),
)


def drop_unwanted(tx: Tx, actor_id: int, author_id: int) -> None:
    """Remove what an author brought into a home and its owner does not want of them any more."""
    tx.change(_UNWANTED, actor_id=actor_id, author_id=author_id)


_gone = posts.alias("gone")
_shared_or_itself = or_(_gone.c.id == _POST, _gone.c.share_of_id == _POST)
_DROP_POST: Final = delete(home_entries).where(
    tuple_(home_entries.c.actor_id, home_entries.c.post_id).in_(
        union_all(
            select(follows.c.follower_id, _gone.c.id)
            .join(_gone, _gone.c.author_id == follows.c.target_id)
            .where(_shared_or_itself),
            select(_gone.c.author_id, _gone.c.id).where(_shared_or_itself),
            select(followed_tags.c.actor_id, _gone.c.id)
            .join(post_tags, post_tags.c.tag == followed_tags.c.tag)
            .join(_gone, words_of(_gone) == post_tags.c.post_id)
            .where(_shared_or_itself),
        )
    )
)


def drop_post(tx: Tx, post_id: int) -> None:
    """Remove a post and its shares from every home."""
    tx.change(_DROP_POST, post_id=post_id)


_FRESH_UNTIL: Final = select(accounts.c.home_fresh_until).where(accounts.c.id == _ACTOR)
_SET_FRESH: Final = (
    update(accounts)
    .where(accounts.c.id == _ACTOR)
    .values(home_fresh_until=bindparam("until", type_=Time))
)


def fresh_until(tx: Tx, actor_id: int) -> int:
    """Until when somebody's home is written; 0 for whom has none here."""
    return tx.scalar(_FRESH_UNTIL, actor_id=actor_id) or 0


def set_fresh(tx: Tx, actor_id: int, until: int) -> None:
    """Keep a home written until then: a date, the only trace of presence (protocol §8)."""
    tx.change(_SET_FRESH, actor_id=actor_id, until=until)


_IN_HOMES: Final = select(home_entries.c.actor_id).where(
    any_of(home_entries.c.actor_id, "ids"), home_entries.c.post_id == _POST
)


def homes_with(tx: Tx, post_id: int, actor_ids: Sequence[int]) -> set[int]:
    """Those of `actor_ids` in whose homes the post is written."""
    return {row[0] for row in tx.all(_IN_HOMES, post_id=post_id, ids=list(actor_ids))}
