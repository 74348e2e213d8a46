"""What is forgotten of a community elsewhere once nobody here belongs to it (protocol §6).

A right ends with its membership row; this is about the rows that only tidying reaches. What our own
people wrote stays theirs: the posts, what those said before, their files, and the documents in
which they were sent.
"""

from collections.abc import Collection
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, or_, select, update

from domain.ids import HERE
from domain.kinds import Acceptance, IntakeState
from storage.audience import fixed
from storage.columns import Id, Number, any_of
from storage.queries import (
    bookmarks,
    conversations,
    filters,
    link_previews,
    muted_threads,
    tallies,
    words,
)
from storage.queries import files as kept_files
from storage.queries import polls as kept_polls
from storage.queries import quotes as kept_quotes
from storage.queries.relay_notes import EVERYBODY_THERE
from storage.tables.actors import actors, keys
from storage.tables.communities import cards, heard, memberships, plain_words, proven, relay_notes
from storage.tables.endorsements import endorsements
from storage.tables.files import files
from storage.tables.jobs import JobState, jobs
from storage.tables.lists import list_members
from storage.tables.pins import pins
from storage.tables.posts import copies, mentions, post_tags, post_versions, posts
from storage.tables.relations import blocks, follows, likes, mutes, notes
from storage.tables.suggestions import dismissed_suggestions
from storage.tables.timelines import home_entries, notifications
from storage.tables.traffic import activities, deliveries, intake
from storage.tx import Tx

_COMMUNITY: Final = bindparam("community_id", type_=Id)
_ACTOR: Final = bindparam("actor_id", type_=Id)
_LIMIT: Final = bindparam("limit", type_=Number)

_author = actors.alias("author")
_of_ours = exists().where(_author.c.id == posts.c.author_id, _author.c.origin_id == fixed(HERE))
_root = posts.alias("root")
# Words for some people only, inside one of the community's threads.
_ASIDE: Final = (
    select(posts.c.id)
    .join(_root, _root.c.id == posts.c.root_id)
    .where(
        _root.c.place_id == _COMMUNITY,
        or_(posts.c.place_id.is_(None), posts.c.place_id != _COMMUNITY),
        ~_of_ours,
    )
    .order_by(posts.c.id)
    .limit(_LIMIT)
)
_OTHERS: Final = (
    select(posts.c.id)
    .where(posts.c.place_id == _COMMUNITY, ~_of_ours)
    .order_by(posts.c.id)
    .limit(_LIMIT)
)


def words_aside(tx: Tx, community_id: int, limit: int) -> list[int]:
    """What others wrote to some of us only, below posts of a community; reads only."""
    return [row[0] for row in tx.all(_ASIDE, community_id=community_id, limit=limit)]


def others_posts(tx: Tx, community_id: int, limit: int) -> list[int]:
    """Posts of a community that nobody here wrote, its wrappers too; reads only."""
    return [row[0] for row in tx.all(_OTHERS, community_id=community_id, limit=limit)]


_members = select(memberships.c.actor_id).where(memberships.c.community_id == _COMMUNITY)
_parent = posts.alias("parent")
# An answer of ours finds its place again, should the post that it answers come back.
_UNLINK: Final = (
    update(posts)
    .where(any_of(posts.c.reply_to_id, "ids"))
    .values(
        reply_to_uri=select(_parent.c.uri)
        .where(_parent.c.id == posts.c.reply_to_id)
        .correlate(posts)
        .scalar_subquery(),
        reply_to_id=None,
        reply_to_author_id=None,
        root_id=posts.c.id,
        root_author_id=posts.c.author_id,
        version=posts.c.version + 1,
    )
)
_above = posts.alias("above")
# What was said below such an answer belongs to its thread from now on, whose first post it is.
_REROOT: Final = (
    update(posts)
    .where(
        any_of(posts.c.root_id, "ids"),
        exists().where(_above.c.id == posts.c.reply_to_id, ~any_of(_above.c.root_id, "ids")),
    )
    .values(
        root_id=select(_above.c.root_id)
        .where(_above.c.id == posts.c.reply_to_id)
        .correlate(posts)
        .scalar_subquery(),
        root_author_id=select(_above.c.root_author_id)
        .where(_above.c.id == posts.c.reply_to_id)
        .correlate(posts)
        .scalar_subquery(),
        version=posts.c.version + 1,
    )
)
DEEPEST: Final = 100
"""Answers below answers of our own people that find their new thread."""
_UNTOLD: Final = delete(notifications).where(
    notifications.c.actor_id.in_(_members), any_of(notifications.c.post_id, "ids")
)
_OFF_HOMES: Final = delete(home_entries).where(
    home_entries.c.actor_id.in_(_members), any_of(home_entries.c.post_id, "ids")
)
_about_them = select(activities.c.id).where(any_of(activities.c.post_id, "ids"))
_UNSENT: Final = delete(deliveries).where(deliveries.c.activity_id.in_(_about_them))
_UNSAID: Final = delete(activities).where(any_of(activities.c.post_id, "ids"))
_WITH_POSTS: Final = tuple(
    delete(column.table).where(any_of(column, "ids"))
    for column in (
        *(mentions.c.post_id, post_tags.c.post_id, post_versions.c.post_id, copies.c.post_id),
        *(likes.c.post_id, proven.c.post_id, plain_words.c.post_id, relay_notes.c.post_id),
        *(pins.c.post_id, posts.c.id),
    )
)
_BLOBS: Final = select(files.c.id, files.c.digest, files.c.preview).where(
    any_of(files.c.post_id, "ids")
)
_BLOBS_OF: Final = select(files.c.digest, files.c.preview).where(files.c.community_id == _COMMUNITY)


def forget_posts(tx: Tx, community_id: int, post_ids: Collection[int]) -> set[str]:
    """Remove posts of a community with everything that belongs to them; the names of their blobs.

    No row remembers that they were here: they may come again with a new membership.
    """
    ids = sorted(post_ids)
    tx.change(_UNLINK, ids=ids)
    for _ in range(DEEPEST):
        if not tx.change(_REROOT, ids=ids):
            break
    for statement in (_UNTOLD, _OFF_HOMES):
        tx.change(statement, community_id=community_id, ids=ids)
    tx.change(_UNSENT, ids=ids)
    tx.change(_UNSAID, ids=ids)
    pictures = tx.all(_BLOBS, ids=ids)
    kept_files.forget(tx, [row[0] for row in pictures])
    for each in _WITH_POSTS:
        tx.change(each, ids=ids)
    kept_polls.forget(tx, ids)
    kept_quotes.forget_posts(tx, ids)
    bookmarks.forget_posts(tx, ids)
    filters.forget_posts(tx, ids)
    muted_threads.forget_posts(tx, ids)
    conversations.forget_posts(tx, ids)
    words.forget(tx, ids)
    return {name for _, *names in pictures for name in names if name}


_for_it = select(activities.c.id).where(activities.c.community_id == _COMMUNITY)
_UNSENT_TO: Final = delete(deliveries).where(deliveries.c.activity_id.in_(_for_it))
_own_words = exists().where(
    posts.c.id == activities.c.post_id,
    posts.c.author_id == activities.c.actor_id,
    posts.c.place_id == activities.c.community_id,
)
_UNSAID_TO: Final = delete(activities).where(activities.c.community_id == _COMMUNITY, ~_own_words)
_below = posts.alias("below")
_kept_answers = (  # our people's own words below their own
    select(func.count())
    .where(
        _below.c.reply_to_id == posts.c.id,
        _below.c.deleted_at.is_(None),
        _below.c.acceptance == fixed(Acceptance.ACCEPTED),
    )
    .correlate(posts)
    .scalar_subquery()
)
_ALONE: Final = (
    update(posts)
    .where(
        posts.c.place_id == _COMMUNITY,
        or_(
            posts.c.replies_count != fixed(0),
            posts.c.likes_count != fixed(0),
            posts.c.shares_count != fixed(0),
        ),
    )
    .values(replies_count=_kept_answers, likes_count=0, shares_count=0, version=posts.c.version + 1)
)
_placed = select(posts.c.id).where(posts.c.place_id == _COMMUNITY)
_UNLIKE: Final = delete(likes).where(likes.c.post_id.in_(_placed))
_UNTOLD_ALL: Final = delete(notifications).where(
    notifications.c.actor_id.in_(_members),
    or_(notifications.c.from_id == _COMMUNITY, notifications.c.post_id.in_(_placed)),
)
_OFF_HOMES_ALL: Final = delete(home_entries).where(
    home_entries.c.actor_id.in_(_members),
    or_(home_entries.c.author_id == _COMMUNITY, home_entries.c.post_id.in_(_placed)),
)
_CARDS: Final = select(cards.c.actor_id).where(cards.c.community_id == _COMMUNITY)
_UNCARD: Final = delete(cards).where(cards.c.community_id == _COMMUNITY)
_UNHEARD: Final = delete(heard).where(heard.c.community_id == _COMMUNITY)
_DEAD_JOBS: Final = delete(jobs).where(
    jobs.c.about == _COMMUNITY, jobs.c.state == fixed(JobState.DEAD)
)


def forget_rest(tx: Tx, community_id: int) -> set[str]:
    """Remove what else is known of a community's talk; the names of blobs copied for it.

    Its settings and the memberships that ended stay: a hidden community stays hidden.
    """
    known = {"community_id": community_id}
    told_of = [row[0] for row in tx.all(_CARDS, **known)]
    drop_raw(tx, community_id)
    for statement in (
        *(_UNSENT_TO, _UNSAID_TO, _UNLIKE, _ALONE, _UNTOLD_ALL, _OFF_HOMES_ALL),
        *(_UNCARD, _UNHEARD, _DEAD_JOBS),
    ):
        tx.change(statement, **known)
    blobs = {name for names in tx.all(_BLOBS_OF, **known) for name in names if name}
    kept_files.forget_community(tx, community_id)
    tallies.forget(tx, community_id)
    link_previews.forget_community(tx, community_id)
    _forget_hearsay(tx, told_of)
    return blobs


def _nothing_of(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return ~exists().where(column == actors.c.id)


# People of whom cards alone told, and no other community's does; whom somebody blocked or muted
# stays so, and what somebody wrote about them for themselves stays theirs, whatever is forgotten.
_NOBODYS: Final = select(actors.c.id).where(
    any_of(actors.c.id, "ids"),
    actors.c.origin_id != fixed(HERE),
    actors.c.fetched_at == fixed(0),
    _nothing_of(cards.c.actor_id),
    _nothing_of(posts.c.author_id),
    _nothing_of(keys.c.actor_id),
    _nothing_of(blocks.c.blocked_id),
    _nothing_of(blocks.c.blocker_id),
    _nothing_of(mutes.c.muted_id),
    _nothing_of(notes.c.about_id),
)
_OF_PEOPLE: Final = tuple(
    delete(column.table).where(any_of(column, "ids"))
    for column in (
        *(mentions.c.actor_id, likes.c.actor_id, follows.c.target_id),
        *(endorsements.c.target_id, dismissed_suggestions.c.other_id, list_members.c.member_id),
        actors.c.id,
    )
)


def _forget_hearsay(tx: Tx, actor_ids: Collection[int]) -> None:
    found = [row[0] for row in tx.all(_NOBODYS, ids=sorted(actor_ids))]
    for statement in _OF_PEOPLE:
        tx.change(statement, ids=found)


# What waits to be looked at is found by its job, whose payload is the row's id.
_JOBS: Final = select(jobs.c.payload).where(jobs.c.about == _COMMUNITY)
_RAW: Final = select(intake.c.id, intake.c.body).where(
    any_of(intake.c.id, "ids"),
    intake.c.signer_id == _COMMUNITY,
    intake.c.state == fixed(IntakeState.QUEUED),
    intake.c.body.is_not(None),
)
_UNREAD: Final = (
    update(intake)
    .where(any_of(intake.c.id, "ids"))
    .values(state=IntakeState.DROPPED, reason=bindparam("reason"), body=None)
)


def drop_raw(tx: Tx, community_id: int) -> int:
    """Drop what a community announced and nobody has looked at yet; how many.

    What it answers to somebody who asks to join is none of this.
    """
    payloads = (orjson.loads(row[0]) for row in tx.all(_JOBS, community_id=community_id))
    waiting = [one for one in payloads if isinstance(one, int)]
    rows = tx.all(_RAW, community_id=community_id, ids=waiting)
    found = [row_id for row_id, body in rows if _passes_on(body)]
    return tx.change(_UNREAD, ids=found, reason="nobody here belongs to that community")


def _passes_on(body: bytes | None) -> bool:
    """Whether signed bytes, which were read once when they came, are an Announce."""
    return body is not None and orjson.loads(body).get("type") == "Announce"


# What ends for one person at once, beside the membership.

_UNTOLD_ONE: Final = delete(notifications).where(
    notifications.c.actor_id == _ACTOR,
    or_(
        notifications.c.from_id == _COMMUNITY,
        exists().where(
            posts.c.id == notifications.c.post_id,
            or_(
                posts.c.place_id == _COMMUNITY,
                and_(posts.c.root_owner_id == _COMMUNITY, posts.c.place_id.is_(None)),
            ),
        ),
    ),
)
_OFF_HOME: Final = delete(home_entries).where(
    home_entries.c.actor_id == _ACTOR,
    exists().where(posts.c.id == home_entries.c.post_id, posts.c.place_id == _COMMUNITY),
)
_ended = and_(
    activities.c.community_id == _COMMUNITY,
    or_(activities.c.recipient_id == _ACTOR, activities.c.actor_id == _ACTOR),
)
_UNSENT_ONE: Final = delete(deliveries).where(
    deliveries.c.activity_id.in_(select(activities.c.id).where(_ended))
)
_UNSENT_THERE: Final = delete(deliveries).where(
    deliveries.c.origin_id == bindparam("origin_id", type_=Id),
    deliveries.c.activity_id.in_(
        select(activities.c.id).where(
            activities.c.community_id == _COMMUNITY,
            activities.c.actor_id == _COMMUNITY,
            or_(
                activities.c.recipient_id.is_(None),
                activities.c.recipient_id == fixed(EVERYBODY_THERE),
            ),
        )
    ),
)
_NOT_TAKEN: Final = (
    update(posts)
    .where(
        posts.c.author_id == _ACTOR,
        posts.c.place_id == _COMMUNITY,
        posts.c.acceptance == fixed(Acceptance.WAITING),
    )
    .values(acceptance=Acceptance.REFUSED, version=posts.c.version + 1)
)


def drop_one(tx: Tx, community_id: int, actor_id: int) -> None:
    """Remove what waits for somebody of a community, or of somebody to it, and what was told."""
    for statement in (_UNTOLD_ONE, _OFF_HOME, _UNSENT_ONE, _NOT_TAKEN):
        tx.change(statement, community_id=community_id, actor_id=actor_id)


def drop_announces(tx: Tx, community_id: int, origin_id: int) -> int:
    """Remove what a community of ours has queued for another node, dead letters too; how many."""
    return tx.change(_UNSENT_THERE, community_id=community_id, origin_id=origin_id)
