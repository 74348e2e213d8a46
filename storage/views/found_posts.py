"""Posts by their words, the newest first: the audience predicate is part of the search.

Found is what the viewer may read and would come across: not who is blocked or muted, not who is
silenced unless followed, nor what its author kept quiet. People elsewhere say themselves whether
strangers' searches may find their public posts (`indexable`); what was entrusted to the viewer, in
a community, as a follower or by name, is found anyway. Everybody but full members finds of the
world only what was written here (docs/decisions/0009).
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
    union_all,
)

from domain.audience import Kind, Viewer
from domain.ids import HERE, LARGEST
from domain.kinds import FollowState, Limit, PostType
from domain.words import Question
from storage.audience import BOUND, alive, fixed, readable, viewer_params, welcome
from storage.columns import Id, Number, Time
from storage.tables.actors import actors
from storage.tables.communities import memberships
from storage.tables.files import files
from storage.tables.posts import mentions, posts
from storage.tables.relations import follows
from storage.tables.words import post_words
from storage.tx import Tx
from storage.views.trends import is_full

MOST: Final = 40
"""Posts per page at most (Mastodon API)."""
DEEPEST: Final = 4_000
"""How far pages go by offset: beyond it is nothing."""
_LAST: Final = "\U0010ffff"

_post: Final = posts.alias("post")
_author: Final = actors.alias("author")
_named = mentions.alias("named")

_follows: Final = (
    exists()
    .where(
        follows.c.follower_id == BOUND.actor,
        follows.c.target_id == _post.c.author_id,
        follows.c.state == fixed(FollowState.ACCEPTED),
    )
    .correlate_except(follows)
)
_names_me: Final = (
    exists()
    .where(_named.c.post_id == _post.c.id, _named.c.actor_id == BOUND.actor)
    .correlate_except(_named)
)
_mine: Final = _post.c.author_id == BOUND.actor
_FINDABLE: Final = (
    alive(_post),
    readable(_post),
    welcome(_post.c.author_id),
    or_(_mine, _author.c.limited == fixed(Limit.NONE), _follows),
    or_(
        _mine,
        _post.c.kind > fixed(Kind.NODE),
        and_(
            or_(~_post.c.quiet, _names_me),
            or_(
                _post.c.origin_id == fixed(HERE),
                and_(BOUND.full, or_(_author.c.indexable, _names_me)),
            ),
        ),
    ),
)

_has_files: Final = exists().where(files.c.post_id == _post.c.id).correlate_except(files)
_is_reply: Final = or_(_post.c.reply_to_id.is_not(None), _post.c.reply_to_uri.is_not(None))


def _asked(name: str, what: ColumnElement[bool]) -> ColumnElement[bool]:
    """`what` must be so for 1, must not be for 0, and is not asked for -1."""
    wanted = bindparam(name, type_=Number)
    return or_(wanted < 0, and_(wanted == 1, what), and_(wanted == 0, ~what))


_ASKED: Final = (
    or_(
        bindparam("author_id", type_=Id) == 0, _post.c.author_id == bindparam("author_id", type_=Id)
    ),
    or_(bindparam("language") == "", _post.c.language == bindparam("language")),
    _post.c.created_at >= bindparam("after", type_=Time),
    _post.c.created_at < bindparam("before", type_=Time),
    _asked("has_files", _has_files),
    _asked("has_poll", _post.c.type == PostType.QUESTION),
    _asked("is_reply", _is_reply),
    _asked("is_sensitive", _post.c.sensitive),
)


@cache
def _statement(
    count: int, without: int, *, beginning: bool, full: bool
) -> Select[*tuple[Any, ...]]:
    """The search for this many words; the first of them, or else the beginning, leads.

    Whoever is not `full` is led only to what may be theirs.
    """
    if not full:
        base: Any = _post
        conditions: list[ColumnElement[bool]] = [
            _post.c.id.in_(_within_reach(_leads if count else _begins))
        ]
        cursor: ColumnElement[int] = _post.c.id
    elif count:
        lead = post_words.alias("lead")
        base = lead.join(_post, _post.c.id == lead.c.post_id)
        conditions = [_leads(lead)]
        cursor = lead.c.post_id
    else:
        begun = post_words.alias("begun")
        base = _post
        conditions = [_post.c.id.in_(select(begun.c.post_id).where(_begins(begun)))]
        cursor = _post.c.id
    if count and beginning:
        begun = post_words.alias("begun")
        begins = exists().where(begun.c.post_id == _post.c.id, _begins(begun))
        conditions.append(begins.correlate_except(begun))
    conditions += [_says(f"word{number}") for number in range(1, count)]
    conditions += [~_says(f"not{number}") for number in range(without)]
    return (
        select(cursor)
        .select_from(base.join(_author, _author.c.id == _post.c.author_id))
        .where(
            *conditions,
            cursor < bindparam("below", type_=Id),
            cursor > bindparam("above", type_=Id),
            *_ASKED,
            *_FINDABLE,
        )
        .order_by(cursor.desc())
        .limit(bindparam("limit", type_=Number))
        .offset(bindparam("offset", type_=Number))
    )


def _within_reach(says: Callable[[Any], ColumnElement[bool]]) -> CompoundSelect[int]:
    """Ids of posts that say it and may be read by somebody who is no full member.

    Wider than what is readable, which is asked besides, and by their audience alone: what exists
    for full members only is not walked through, however much there is of it (protocol §1).
    """
    said = post_words.alias("said")

    def of(kind: Kind) -> ColumnElement[bool]:
        # The two terms are those of the index.
        others = (said.c.kind != fixed(Kind.NETWORK), said.c.kind != fixed(Kind.NODE))
        return and_(said.c.kind == fixed(kind), *others, says(said))

    public = select(said.c.post_id).where(of(Kind.PUBLIC), said.c.owner_id == fixed(0))
    inside = (
        select(said.c.post_id)
        .select_from(memberships.join(said, said.c.owner_id == memberships.c.community_id))
        .where(memberships.c.actor_id == BOUND.actor, of(Kind.COMMUNITY))
    )
    followed = (
        select(said.c.post_id)
        .select_from(follows.join(said, said.c.owner_id == follows.c.target_id))
        .where(follows.c.follower_id == BOUND.actor, of(Kind.FOLLOWERS))
    )
    own, to_me = posts.alias("own"), mentions.alias("to_me")
    wrote = select(own.c.id).where(
        own.c.author_id == BOUND.actor,
        exists().where(said.c.post_id == own.c.id, says(said)).correlate_except(said),
    )
    named = select(to_me.c.post_id).where(
        to_me.c.actor_id == BOUND.actor,
        exists().where(said.c.post_id == to_me.c.post_id, says(said)).correlate_except(said),
    )
    return union_all(public, inside, followed, wrote, named)


def _leads(lead: Any) -> ColumnElement[bool]:
    first: ColumnElement[bool] = lead.c.word == bindparam("word0")
    return first


def _begins(begun: Any) -> ColumnElement[bool]:
    return and_(begun.c.word >= bindparam("start"), begun.c.word < bindparam("end"))


def _says(name: str) -> ColumnElement[bool]:
    said = post_words.alias()
    here = exists().where(said.c.word == bindparam(name), said.c.post_id == _post.c.id)
    return here.correlate_except(said)


def search(
    tx: Tx,
    viewer: Viewer,
    question: Question,
    *,
    author_id: int = 0,
    limit: int = 20,
    offset: int = 0,
    max_id: int | None = None,
    min_id: int | None = None,
) -> list[int]:
    """Ids of posts that the viewer may read and in which all the words stand, the newest first.

    `author_id`: of this author alone; 0 asks for nobody in particular. Both marks are exclusive.
    """
    if not question.asks_for_words or offset > DEEPEST:
        return []
    # The longest word is likely the rarest: it leads.
    words = sorted(question.words, key=lambda word: (-len(word), word))
    params: dict[str, Any] = {f"word{number}": word for number, word in enumerate(words)}
    params |= {f"not{number}": word for number, word in enumerate(question.without)}
    if question.beginning is not None:
        params |= {"start": question.beginning, "end": question.beginning + _LAST}
    statement = _statement(
        len(words),
        len(question.without),
        beginning=question.beginning is not None,
        full=is_full(viewer),
    )
    rows = tx.all(
        statement,
        **params,
        **viewer_params(viewer),
        now=tx.now,
        author_id=author_id,
        language=question.language or "",
        after=question.after or 0,
        before=LARGEST if question.before is None else question.before,
        has_files=_wanted(question.has_files),
        has_poll=_wanted(question.has_poll),
        is_reply=_wanted(question.is_reply),
        is_sensitive=_wanted(question.is_sensitive),
        below=LARGEST if max_id is None else max(0, min(max_id, LARGEST)),
        above=0 if min_id is None else max(0, min(min_id, LARGEST)),
        limit=max(1, min(limit, MOST)),
        offset=max(0, offset),
    )
    return [row[0] for row in rows]


def _wanted(flag: bool | None) -> int:
    return -1 if flag is None else int(flag)
