"""What is talked about these days: among the posts that stand in public lists, as one viewer.

Only what the viewer may read counts, and nothing is remembered: figures are those of the present
rights (security.md G13, G14). Communities' words are listed in their place and not here. Posts and
tags are ranked, people never (docs/decisions/0030).
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select

from domain.audience import Kind, Viewer
from domain.ids import HERE, snowflake
from domain.kinds import Acceptance, Limit
from storage.audience import BOUND, alive, fixed, readable, viewer_params, welcome
from storage.columns import Id, Number, any_of
from storage.tables.actors import actors
from storage.tables.posts import post_tags, posts
from storage.tx import Tx

DAY_MS: Final = 86_400_000
DAYS: Final = 7
"""For how many days figures are told (Mastodon API, Tag.history)."""

LOOKED_AT: Final = 5_000
"""The newest posts that a ranking is made of, at most."""
PEOPLE: Final = 2
"""So many people make a trend: one alone is never shown as one."""
ACTS: Final = 2
"""So many likes and shares make a post one that people look at."""


class Day(Struct, frozen=True, gc=False):
    """How much a tag was used on one day (UTC): `begins` in ms; posts, and people who wrote."""

    begins: int
    uses: int = 0
    people: int = 0


_post: Final = posts.alias("post")
_author: Final = actors.alias("author")
_day: Final = _post.c.created_at.op("/")(fixed(DAY_MS))
_acts: Final[ColumnElement[int]] = _post.c.likes_count + _post.c.shares_count
_with_author: Final = _post.join(_author, _author.c.id == _post.c.author_id)
_tagged_post: Final = post_tags.join(_post, _post.c.id == post_tags.c.post_id).join(
    _author, _author.c.id == _post.c.author_id
)


def is_full(viewer: Viewer) -> bool:
    """Whether this is a full member here: `network` and `node` exist for nobody else."""
    return viewer.full and viewer.origin == HERE


def reach(kind: ColumnElement[Kind], *, full: bool) -> ColumnElement[bool]:
    """Which posts are looked at: for others than full members the world's, by their own index.

    The time that their question takes tells nothing of what colleagues say (protocol §1).
    """
    return kind <= fixed(Kind.NODE) if full else kind == fixed(Kind.PUBLIC)


def _listed(*, full: bool) -> tuple[ColumnElement[bool], ...]:
    return (
        reach(_post.c.kind, full=full),
        _post.c.id > bindparam("since", type_=Id),
        ~_post.c.quiet,
        _post.c.share_of_id.is_(None),
        alive(_post),
        # As in public lists: what came from elsewhere tells whom our people follow.
        or_(BOUND.full, _post.c.origin_id == fixed(HERE)),
        readable(_post),
        _author.c.limited == fixed(Limit.NONE),
        welcome(_post.c.author_id),
    )


def _tags(*, full: bool) -> Select[str, int, int]:
    recent = (
        select(_post.c.id, _post.c.author_id, _day.label("day"))
        .select_from(_with_author)
        .where(*_listed(full=full))
        .order_by(_post.c.id.desc())
        .limit(fixed(LOOKED_AT))
        .subquery("recent")
    )
    return (
        select(post_tags.c.tag, recent.c.day, recent.c.author_id)
        .select_from(post_tags.join(recent, recent.c.id == post_tags.c.post_id))
        .group_by(post_tags.c.tag, recent.c.day, recent.c.author_id)
    )


def _history(*, full: bool) -> Select[str, int, int, int]:
    return (
        select(
            post_tags.c.tag,
            _day.label("day"),
            func.count(),
            func.count(func.distinct(_post.c.author_id)),
        )
        .select_from(_tagged_post)
        .where(
            any_of(post_tags.c.tag, "tags"),
            reach(post_tags.c.kind, full=full),
            post_tags.c.post_id > bindparam("since", type_=Id),
            *_listed(full=full),
        )
        .group_by(post_tags.c.tag, _day)
    )


def _posts(*, full: bool) -> Select[int, int, int]:
    return (
        select(_post.c.id, _post.c.created_at, _acts)
        .select_from(_with_author)
        .where(
            _acts >= fixed(ACTS),
            *_listed(full=full),
            _author.c.discoverable,
            ~_post.c.sensitive,
            _post.c.reply_to_id.is_(None),
            _post.c.reply_to_uri.is_(None),
        )
        .order_by(_post.c.id.desc())
        .limit(fixed(LOOKED_AT))
    )


# By whether a full member asks.
_TAGS: Final = {full: _tags(full=full) for full in (True, False)}
_HISTORY: Final = {full: _history(full=full) for full in (True, False)}
_POSTS: Final = {full: _posts(full=full) for full in (True, False)}


def tags(tx: Tx, viewer: Viewer, *, limit: int, offset: int = 0) -> list[str]:
    """Tags (folded) that several people use these days; the liveliest first, then by name.

    People count, not posts, and today more than last week.
    """
    today = tx.now // DAY_MS
    weights: dict[str, float] = {}
    people: dict[str, set[int]] = {}
    for tag, day, author_id in tx.all(_TAGS[is_full(viewer)], **_asking(tx, viewer)):
        weights[tag] = weights.get(tag, 0) + 1 / (1 + max(0, today - day))
        people.setdefault(tag, set()).add(author_id)
    several = [tag for tag, who in people.items() if len(who) >= PEOPLE]
    ranked = sorted(several, key=lambda tag: (-weights[tag], tag))
    return ranked[offset : offset + limit]


def history(tx: Tx, viewer: Viewer, folded: Collection[str]) -> dict[str, list[Day]]:
    """How much these tags were used on each of the last days, today first, by tag.

    A tag that nobody uses has the same days with nothing in them. One statement.
    """
    statement = _HISTORY[is_full(viewer)]
    rows = tx.all(statement, tags=list(folded), **_asking(tx, viewer)) if folded else []
    found = {(tag, day): (uses, people) for tag, day, uses, people in rows}
    today = tx.now // DAY_MS
    days = [today - ago for ago in range(DAYS)]
    return {
        tag: [Day(day * DAY_MS, *found.get((tag, day), (0, 0))) for day in days] for tag in folded
    }


def post_ids(tx: Tx, viewer: Viewer, *, limit: int, offset: int = 0) -> list[int]:
    """Posts that several people liked or shared these days, the fresh before the old."""
    rows = tx.all(_POSTS[is_full(viewer)], **_asking(tx, viewer))
    ranked = sorted(rows, key=lambda row: (-_score(tx.now, row), -row[0]))
    return [row[0] for row in ranked[offset : offset + limit]]


def _score(now: int, row: Sequence[Any]) -> float:
    """Likes and shares of a post, which count half for each day that passed."""
    _, created_at, acts = row
    score: float = acts / 2 ** (max(0, now - created_at) / DAY_MS)
    return score


def _asking(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    since = max(0, snowflake(max(0, tx.now - DAYS * DAY_MS), 0))
    return {**viewer_params(viewer), "now": tx.now, "since": since}


_tagged: Final = posts.alias("tagged")
_mine: Final = and_(
    _tagged.c.author_id == bindparam("actor_id", type_=Id),
    _tagged.c.share_of_id.is_(None),
    _tagged.c.deleted_at.is_(None),
)
_USED: Final = (
    select(post_tags.c.tag, func.count(), func.max(_tagged.c.created_at))
    .select_from(post_tags.join(_tagged, _tagged.c.id == post_tags.c.post_id))
    .where(_mine, _tagged.c.id > bindparam("since", type_=Id))
    .group_by(post_tags.c.tag)
    .order_by(func.count().desc(), post_tags.c.tag)
    .limit(bindparam("limit", type_=Number))
)
_IN_PUBLIC: Final = and_(
    _tagged.c.kind == fixed(Kind.PUBLIC),
    _tagged.c.root_kind == fixed(Kind.PUBLIC),
    # What waits at a community elsewhere is its author's alone.
    _tagged.c.acceptance == fixed(Acceptance.ACCEPTED),
)
_FIGURES: Final = (
    select(post_tags.c.tag, func.count(), func.max(_tagged.c.created_at))
    .select_from(post_tags.join(_tagged, _tagged.c.id == post_tags.c.post_id))
    .where(
        any_of(post_tags.c.tag, "tags"), _mine, or_(bindparam("own", type_=Number) == 1, _IN_PUBLIC)
    )
    .group_by(post_tags.c.tag)
)
YEAR_MS: Final = 365 * DAY_MS


class Used(Struct, frozen=True, gc=False):
    """In how many of somebody's posts a tag stands, and when it last did (ms UTC)."""

    posts: int = 0
    last_at: int | None = None


def used_by(tx: Tx, actor_id: int, limit: int) -> list[str]:
    """The tags that somebody used most in the last year; for that person alone."""
    since = max(0, snowflake(max(0, tx.now - YEAR_MS), 0))
    return [row[0] for row in tx.all(_USED, actor_id=actor_id, since=since, limit=limit)]


def figures(tx: Tx, viewer: Viewer, actor_id: int, folded: Collection[str]) -> dict[str, Used]:
    """How much somebody uses these tags; for others only what the world may read counts (§8)."""
    own = int(viewer.actor == actor_id)
    rows = tx.all(_FIGURES, actor_id=actor_id, tags=list(folded), own=own) if folded else []
    found = {tag: Used(count, last) for tag, count, last in rows}
    return {tag: found.get(tag, Used()) for tag in folded}
