"""The SQL twin of `domain.audience.may_read`, written from protocol §1 and not from that code.

`readable` is part of every statement that shows posts; a test asks both twins the same questions.
A post passes if the viewer wrote it, or if the pair of the post *and* the pair of its root admit
the viewer. Deleted posts and blocks are not its matter: see `alive` and `unblocked`; nor is what
the viewer does not want to come across: see `welcome`, and for notifications `heard`.

What it expects of the rows: a share carries the pairs of what it shares (and `shown` asks the
shared post itself), a post that starts a thread is its own root, and "only people who live here"
is the pair (node, HERE) in the root's place, since both pairs must admit.
"""

from collections.abc import Collection
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
)

from domain.audience import Kind, Viewer
from domain.ids import HERE
from domain.kinds import (
    Acceptance,
    AccountState,
    ActorType,
    AgreementKind,
    FollowState,
    History,
    MembershipState,
    Role,
)
from storage.columns import Flag, Id, Number, Time, any_of
from storage.tables.accounts import accounts
from storage.tables.actors import actors
from storage.tables.communities import communities, memberships
from storage.tables.origins import agreements
from storage.tables.posts import mentions, posts
from storage.tables.relations import blocks, domain_blocks, follows, mutes
from storage.tx import Tx

__all__ = [
    "BOUND",
    "Asking",
    "alive",
    "fixed",
    "heard",
    "is_muted",
    "is_shut_out",
    "local_reader",
    "readable",
    "readers_among",
    "shown",
    "unblocked",
    "viewer_params",
    "welcome",
]

# What is made of the same columns is the same expression: statements share it (`cache`), and a
# process that imports all of them starts sooner.
Posts = Any  # `posts` or an alias of it: SQLAlchemy has no common type for both


class Asking(NamedTuple):
    """Who asks, as SQL: bind parameters in a page, columns where many people are asked at once.

    `actor` is 0 for whom we do not know by name, `origin` is 0 for the anonymous and HERE for
    those who live here, `full` is true of full members of this node only.
    """

    actor: ColumnElement[int]
    full: ColumnElement[bool]
    origin: ColumnElement[int]


BOUND: Final = Asking(
    bindparam("viewer_id", type_=Id),
    bindparam("viewer_full", type_=Flag()),
    bindparam("viewer_origin", type_=Id),
)
_NOW: Final = bindparam("now", type_=Time)


def fixed(number: int) -> ColumnElement[Any]:
    """A number in the statement's text: fewer parameters, and the planner sees it."""
    return literal_column(str(int(number)), Number)


_HERE: Final = fixed(HERE)


def viewer_params(viewer: Viewer) -> dict[str, Any]:
    """The parameters of `BOUND` for one viewer; `now` is given by the caller."""
    return {
        "viewer_id": viewer.actor,
        "viewer_full": viewer.full and viewer.origin == HERE,
        "viewer_origin": viewer.origin,
    }


def local_reader(actor: ColumnElement[int]) -> Asking:
    """Somebody who lives here, in a statement that also joins `accounts`."""
    return Asking(actor, accounts.c.role >= fixed(Role.MEMBER), _HERE)


def alive(post: Posts) -> ColumnElement[bool]:
    """Whether the post has not been deleted."""
    deleted_at: ColumnElement[int | None] = post.c.deleted_at
    return deleted_at.is_(None)


@cache
def unblocked(author: ColumnElement[int], asking: Asking = BOUND) -> ColumnElement[bool]:
    """Whether no block stands between the two, in either direction (protocol §4)."""
    mine, of_me = blocks.c.blocker_id == asking.actor, blocks.c.blocked_id == asking.actor
    forth = _of_some(mine, blocks.c.blocked_id == author, blocks)
    back = _of_some(of_me, blocks.c.blocker_id == author, blocks)
    return and_(~forth, ~back)


@cache
def welcome(author: ColumnElement[int], asking: Asking = BOUND) -> ColumnElement[bool]:
    """`unblocked`, and the viewer has neither muted the author nor shut out their server.

    For what people come across: homes, timelines, threads, streams, searches, trends. Not for
    somebody's own page nor for a single post, which one goes to see. Needs `now`: mutes end.
    """
    return and_(unblocked(author, asking), ~is_muted(author, asking), ~is_shut_out(author, asking))


@cache
def heard(author: ColumnElement[int], asking: Asking = BOUND) -> ColumnElement[bool]:
    """The same for notifications: a mute may leave these. Needs `now`."""
    silenced = is_muted(author, asking, mutes.c.notifications)
    return and_(unblocked(author, asking), ~silenced, ~is_shut_out(author, asking))


def is_muted(
    author: ColumnElement[int], asking: Asking = BOUND, *more: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Whether the viewer mutes the author at `now`."""
    running = or_(mutes.c.until.is_(None), mutes.c.until > _NOW)
    meant = and_(mutes.c.muted_id == author, running, *more)
    return _of_some(mutes.c.muter_id == asking.actor, meant, mutes)


def is_shut_out(author: ColumnElement[int], asking: Asking = BOUND) -> ColumnElement[bool]:
    """Whether the author lives on a server that the viewer wants to see nothing of.

    Communities that the viewer belongs to stay until they are left, wherever they live.
    """
    there, joined = actors.alias(), follows.alias()
    followed = and_(
        joined.c.follower_id == asking.actor,
        joined.c.target_id == author,
        joined.c.state == fixed(FollowState.ACCEPTED),
    )
    hidden = and_(
        there.c.id == author,
        there.c.domain == domain_blocks.c.domain,
        ~and_(there.c.type == fixed(ActorType.GROUP), _found(followed, joined)),
    )
    return _of_some(domain_blocks.c.actor_id == asking.actor, hidden, domain_blocks, there)


@cache
def readable(post: Posts, asking: Asking = BOUND) -> ColumnElement[bool]:
    """Whether the viewer may read this row of `posts`, or of an alias of it.

    Cheap kinds come first, and a subquery is only reached for a row of its own kind.
    """
    columns = post.c
    return or_(
        columns.author_id == asking.actor,
        and_(
            columns.acceptance == fixed(Acceptance.ACCEPTED),
            _own(post, asking),
            _root(post, asking),
        ),
    )


@cache
def shown(post: Posts, original: Posts, asking: Asking = BOUND) -> ColumnElement[bool]:
    """`readable` for lists: `original` is the outer-joined post that `post` shares, if it is one.

    A share is shown while the shared post is there and readable, whoever shared it and when.
    """
    there = and_(alive(original), readable(original, asking))
    return and_(
        alive(post),
        readable(post, asking),
        or_(post.c.share_of_id.is_(None), there),
    )


class _Pair(NamedTuple):
    """One of the two pairs of a row, and whose words it guards."""

    kind: ColumnElement[Kind]
    owner: ColumnElement[int]
    author: ColumnElement[int]
    named_in: ColumnElement[int]


def _own(post: Posts, asking: Asking) -> ColumnElement[bool]:
    columns = post.c
    pair = _Pair(columns.kind, columns.owner_id, columns.author_id, columns.id)
    old_enough = columns.created_at >= agreements.c.since
    return _admits(pair, asking, old_enough, _young(post))


def _root(post: Posts, asking: Asking) -> ColumnElement[bool]:
    columns = post.c
    pair = _Pair(columns.root_kind, columns.root_owner_id, columns.root_author_id, columns.root_id)
    return _admits(pair, asking, _root_since(post, agreements.c.since), _young(post))


# One alias for all: each stands in an EXISTS of its own, and making one takes milliseconds.
_ROOT: Final = posts.alias("root")


def _root_since(post: Posts, since: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether the root was made at `since` or later. A root that is not here answers no."""
    there = and_(_ROOT.c.id == post.c.root_id, _ROOT.c.created_at >= since)
    return or_(and_(post.c.root_id == post.c.id, post.c.created_at >= since), _found(there, _ROOT))


def _young(post: Posts) -> ColumnElement[bool]:
    """The history rule: every thread, young threads, and what was said after joining."""
    since = memberships.c.since
    return or_(
        communities.c.history == fixed(History.ALL),
        post.c.created_at >= since,
        _root_since(post, since),
    )


def _admits(
    pair: _Pair, asking: Asking, old_enough: ColumnElement[bool], young: ColumnElement[bool]
) -> ColumnElement[bool]:
    return or_(
        pair.kind == fixed(Kind.PUBLIC),
        and_(pair.kind == fixed(Kind.NETWORK), _in_network(pair.owner, asking, old_enough)),
        and_(
            pair.kind == fixed(Kind.NODE), pair.owner == _HERE, asking.origin == _HERE, asking.full
        ),
        and_(pair.kind == fixed(Kind.COMMUNITY), _is_member(pair.owner, asking, young)),
        and_(pair.kind == fixed(Kind.FOLLOWERS), _follows_or_named(pair, asking)),
        and_(pair.kind == fixed(Kind.DIRECT), _named(pair, asking)),
    )


def _in_network(
    owner: ColumnElement[int], asking: Asking, old_enough: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Our full members read ours and our sisters'; a sister's people read ours and their own."""
    insider = and_(_is_full(asking), or_(owner == _HERE, _sister(owner, old_enough)))
    sister = and_(
        asking.origin > fixed(0),
        asking.origin != _HERE,
        or_(owner == _HERE, owner == asking.origin),
        _sister(asking.origin, old_enough),
    )
    return or_(insider, sister)


def _is_full(asking: Asking) -> ColumnElement[bool]:
    return and_(asking.origin == _HERE, asking.full)


def _sister(origin: ColumnElement[int], old_enough: ColumnElement[bool]) -> ColumnElement[bool]:
    standing = and_(
        agreements.c.origin_id == origin,
        agreements.c.kind == fixed(AgreementKind.SISTER),
        agreements.c.active,
        or_(agreements.c.until.is_(None), agreements.c.until > _NOW),
        old_enough,
    )
    return _found(standing, agreements)


def _is_member(
    community: ColumnElement[int], asking: Asking, young: ColumnElement[bool]
) -> ColumnElement[bool]:
    standing = and_(
        memberships.c.community_id == community,
        memberships.c.actor_id == asking.actor,
        memberships.c.state == fixed(MembershipState.ACTIVE),
        or_(memberships.c.until.is_(None), memberships.c.until > _NOW),
        communities.c.actor_id == memberships.c.community_id,
        young,
    )
    return _found(standing, memberships, communities)


def _named(pair: _Pair, asking: Asking) -> ColumnElement[bool]:
    named = and_(mentions.c.post_id == pair.named_in, mentions.c.actor_id == asking.actor)
    return or_(pair.author == asking.actor, _found(named, mentions))


def _follows_or_named(pair: _Pair, asking: Asking) -> ColumnElement[bool]:
    accepted = and_(
        follows.c.follower_id == asking.actor,
        follows.c.target_id == pair.owner,
        follows.c.state == fixed(FollowState.ACCEPTED),
    )
    return or_(pair.owner == asking.actor, _named(pair, asking), _found(accepted, follows))


def _of_some(
    mine: ColumnElement[bool], meant: ColumnElement[bool], table: FromClause, *more: FromClause
) -> ColumnElement[bool]:
    """Whether one of the viewer's rows of `table` is meant, for what most people have none of.

    The first question is about the viewer alone: asked once for a page, mostly answered no.
    """
    return and_(_found(mine, table), _found(and_(mine, meant), table, *more))


def _found(condition: ColumnElement[bool], *tables: FromClause) -> ColumnElement[bool]:
    """EXISTS over `tables`; everything else in `condition` is a column of a statement around it."""
    return exists().where(condition).correlate_except(*tables)


_reader: Final = posts.alias("reader_post")
_ASKED: Final = Asking(
    actors.c.id,
    and_(
        accounts.c.id.is_not(None),
        accounts.c.state == fixed(AccountState.ACTIVE),
        accounts.c.role >= fixed(Role.MEMBER),
    ),
    actors.c.origin_id,
)
_READERS: Final = (
    select(actors.c.id)
    .select_from(
        actors.join(_reader, _reader.c.id == bindparam("post_id", type_=Id)).outerjoin(
            accounts, accounts.c.id == actors.c.id
        )
    )
    .where(any_of(actors.c.id, "ids"), alive(_reader), readable(_reader, _ASKED))
)


def readers_among(tx: Tx, post_id: int, actor_ids: Collection[int]) -> set[int]:
    """Those of `actor_ids`, local or remote, who may read the post now."""
    rows = tx.all(_READERS, post_id=post_id, ids=sorted(actor_ids), now=tx.now)
    return {row[0] for row in rows}
