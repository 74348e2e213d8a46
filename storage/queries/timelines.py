"""Written home timelines: rows that say what came by, never who may read it.

Rows are written for people whose home is fresh; the others' is built when they come back. Every
page asks the predicate again, so a row too many shows nothing and a row too few is only missing.
"""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Kind, Viewer
from domain.ids import snowflake
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
from storage.tables.accounts import accounts
from storage.tables.posts import posts
from storage.tables.relations import follows
from storage.tables.timelines import home_entries
from storage.tx import Tx

KEPT: Final = 800
"""Rows per home; a home may grow beyond until it is trimmed."""

MERGED: Final = 40
"""Posts of somebody newly followed that appear at once."""

_LATE_MS: Final = 3600 * 1000
"""A post that is stored now may be that old, and so stand below others that were there before."""

_COLUMNS = ["actor_id", "post_id", "author_id"]
_ACTOR = bindparam("actor_id", type_=Id)
_POST = bindparam("post_id", type_=Id)
_NOW = bindparam("now", type_=Time)

_new: Final = posts.alias("new")
_original: Final = posts.alias("original")
_reach: Final = follows.alias("reach")
_with_original = _new.outerjoin(_original, _original.c.id == _new.c.share_of_id)


def _follows(
    follower: ColumnElement[int], target: ColumnElement[int] | ColumnElement[int | None]
) -> ColumnElement[bool]:
    known = follows.alias("known")
    condition = and_(
        known.c.follower_id == follower,
        known.c.target_id == target,
        known.c.state == fixed(FollowState.ACCEPTED),
    )
    return exists().where(condition).correlate_except(known)


def _wanted(reader: ColumnElement[int]) -> ColumnElement[bool]:
    """Answers belong into a home if they go to its owner, to their author, or to somebody followed.

    Mastodon's rule (app/lib/feed_manager.rb, filter_from_home).
    """
    answer = or_(
        and_(_new.c.reply_to_id.is_(None), _new.c.reply_to_uri.is_(None)),
        _new.c.reply_to_author_id == _new.c.author_id,
        _new.c.reply_to_author_id == reader,
        and_(
            _new.c.reply_to_author_id.is_not(None),
            _follows(reader, _new.c.reply_to_author_id),
        ),
    )
    return and_(answer, _in_its_place(reader))


def _in_its_place(reader: ColumnElement[int]) -> ColumnElement[bool]:
    """What was written in a community comes as the community's wrapper, and once (protocol §4).

    Of its answers only those to the reader come home; all of them stand in the community's list.
    Words for the world come as they are to who follows their author and not the community.
    """
    wrapped = and_(
        _new.c.share_of_id.is_not(None),
        or_(
            _new.c.author_id != _new.c.place_id,
            and_(_original.c.reply_to_id.is_(None), _original.c.reply_to_uri.is_(None)),
            _original.c.reply_to_author_id == reader,
        ),
    )
    return or_(_new.c.place_id.is_(None), wrapped, _apart(reader))


def _apart(reader: ColumnElement[int]) -> ColumnElement[bool]:
    return and_(
        _new.c.share_of_id.is_(None),
        _new.c.kind == fixed(Kind.PUBLIC),
        ~_follows(reader, _new.c.place_id),
    )


def _as_itself(author: ColumnElement[int]) -> ColumnElement[bool]:
    """Own words in a community come back to their author with the community's wrapper."""
    return or_(_new.c.place_id.is_(None), _new.c.share_of_id.is_not(None), _apart(author))


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
        _wanted(_reach.c.follower_id),
        shown(_new, _original, _reader),
        or_(_original.c.id.is_(None), unblocked(_original.c.author_id, _reader)),
    )
)
_to_author = (
    select(_new.c.author_id, _new.c.id, _new.c.author_id)
    .join(accounts, accounts.c.id == _new.c.author_id)
    .where(_new.c.id == _POST, _fresh, _as_itself(_new.c.author_id))
)
_FAN_OUT: Final = (
    insert(home_entries)
    .from_select(_COLUMNS, union_all(_to_followers, _to_author))
    .on_conflict_do_nothing()
)


_AUTHOR = bindparam("author_id", type_=Id)
_TO_ALL_FOLLOWERS: Final = (
    insert(home_entries)
    .from_select(
        _COLUMNS,
        select(_reach.c.follower_id, _POST, _AUTHOR)
        .join(accounts, accounts.c.id == _reach.c.follower_id)
        .where(
            _reach.c.target_id == _AUTHOR,
            _reach.c.state == fixed(FollowState.ACCEPTED),
            _fresh,
        ),
    )
    .on_conflict_do_nothing()
)


def fan_out(tx: Tx, post_id: int) -> None:
    """Write a new post into the fresh homes that it belongs into, in one statement."""
    tx.run(_FAN_OUT, post_id=post_id, now=tx.now)


def fan_out_to_followers(tx: Tx, post_id: int, author_id: int) -> None:
    """The same for what all of an author's followers may read and want: nothing else is asked.

    For remote posts that anybody may read, are no answer and stand in no community: most that come.
    """
    tx.run(_TO_ALL_FOLLOWERS, post_id=post_id, author_id=author_id, now=tx.now)


_authors = union_all(
    select(follows.c.target_id).where(
        follows.c.follower_id == BOUND.actor, follows.c.state == fixed(FollowState.ACCEPTED)
    ),
    select(BOUND.actor),
)
_shares_wanted = or_(
    _new.c.share_of_id.is_(None),
    _new.c.author_id == BOUND.actor,
    exists()
    .where(
        follows.c.follower_id == BOUND.actor,
        follows.c.target_id == _new.c.author_id,
        follows.c.shares,
    )
    .correlate_except(follows),
)
_belongs = and_(
    or_(and_(_new.c.author_id == BOUND.actor, _as_itself(BOUND.actor)), _wanted(BOUND.actor)),
    _shares_wanted,
    shown(_new, _original),
)
_CANDIDATES: Final = (
    select(_new.c.id)
    .select_from(_with_original)
    .where(_new.c.author_id.in_(_authors), _belongs)
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
            or_(_new.c.author_id == _ACTOR, _follows(_ACTOR, _new.c.author_id)),
        ),
    )
    .on_conflict_do_nothing()
)
_CLEAR: Final = delete(home_entries).where(home_entries.c.actor_id == _ACTOR)
_DROP_AUTHOR: Final = delete(home_entries).where(
    home_entries.c.actor_id == _ACTOR,
    home_entries.c.author_id == bindparam("author_id", type_=Id),
)


def candidates(tx: Tx, viewer: Viewer) -> list[int]:
    """Ids of what belongs into somebody's home, newest first; reads only, at most `KEPT`."""
    return [row[0] for row in tx.all(_CANDIDATES, **viewer_params(viewer), now=tx.now)]


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
    tx.run(_TOP_UP, **viewer_params(viewer), now=tx.now, above=above)


def merge_author(tx: Tx, viewer: Viewer, author_id: int) -> None:
    """Add the newest posts of somebody whom the viewer now follows."""
    tx.run(_MERGE, **viewer_params(viewer), now=tx.now, author_id=author_id)


def drop_author(tx: Tx, actor_id: int, author_id: int) -> None:
    """Remove what an author brought into a home."""
    tx.change(_DROP_AUTHOR, actor_id=actor_id, author_id=author_id)


_gone = posts.alias("gone")
_shared_or_itself = or_(_gone.c.id == _POST, _gone.c.share_of_id == _POST)
_DROP_POST: Final = delete(home_entries).where(
    tuple_(home_entries.c.actor_id, home_entries.c.post_id).in_(
        union_all(
            select(follows.c.follower_id, _gone.c.id)
            .join(_gone, _gone.c.author_id == follows.c.target_id)
            .where(_shared_or_itself),
            select(_gone.c.author_id, _gone.c.id).where(_shared_or_itself),
        )
    )
)


def drop_post(tx: Tx, post_id: int) -> None:
    """Remove a post and its shares from every home."""
    tx.change(_DROP_POST, post_id=post_id)


_entry = home_entries.alias("entry")
_last_kept = (
    select(_entry.c.post_id)
    .where(_entry.c.actor_id == _ACTOR)
    .order_by(_entry.c.post_id.desc())
    .offset(literal_column(str(KEPT - 1), Number))
    .limit(literal_column("1", Number))
    .scalar_subquery()
)
_TRIM: Final = delete(home_entries).where(
    home_entries.c.actor_id == _ACTOR, home_entries.c.post_id < _last_kept
)
_LONG: Final = (
    select(home_entries.c.actor_id)
    .group_by(home_entries.c.actor_id)
    .having(func.count() > literal_column(str(KEPT), Number))
)
_STALE: Final = delete(home_entries).where(
    ~exists()
    .where(accounts.c.id == home_entries.c.actor_id, accounts.c.home_fresh_until > _NOW)
    .correlate_except(accounts)
)


def trim(tx: Tx, actor_id: int) -> None:
    """Cut a home down to its newest rows."""
    tx.change(_TRIM, actor_id=actor_id)


def too_long(tx: Tx) -> list[int]:
    """Whose homes have grown too long; for a job."""
    return [row[0] for row in tx.all(_LONG)]


def drop_stale(tx: Tx) -> int:
    """Remove the homes of people who have not come back; how many rows."""
    return tx.change(_STALE, now=tx.now)


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
