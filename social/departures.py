"""What happens when somebody ends: an actor of another server, or a person here for good.

At once: nothing of theirs is read any more, follows and memberships are over, and whoever knows of
somebody here is told. A job then takes care of what is left of it elsewhere: figures, homes,
notifications, likes, the profile. Words in communities are the communities' (protocol §4): they
stay as a former member's where the community keeps them, and are taken back through it elsewhere.
The row of the actor stays, so that nobody else becomes it; its handle is never given again.
"""

from functools import partial
from typing import Final

from domain.kinds import ModerationDeed
from domain.node import Node
from federation.fetcher import Fetcher
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from outbox import departures as outbox
from social import accounts as logins
from social import cards, follows, memberships, places, standing, storing
from social.reactions import drop_like
from storage.database import Database
from storage.queries import (
    actors,
    announcements,
    blocks,
    bookmarks,
    conversations,
    departures,
    domain_blocks,
    endorsements,
    featured_tags,
    filters,
    followed_tags,
    held_back,
    imports,
    keys,
    limits,
    lists,
    markers,
    muted_threads,
    mutes,
    notes,
    policies,
    polls,
    portraits,
    profile_choices,
    pushes,
    reports,
    scheduled,
    suggestions,
)
from storage.queries import posts as stored
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, for_delivery

DEPART: Final = "depart"
"""The job that removes what is left of somebody; its payload is the actor's id."""

FORMER: Final = "Former member"
AT_ONCE: Final = 50
"""Posts that one unit looks at: there is one writer."""

KEYS_STAY_MS: Final = 30 * 24 * 3600 * 1000
"""For how long somebody who left can still sign what they said last: longer than it is tried."""


def actor_left(tx: Tx, *, actor_id: int) -> None:
    """Forget a remote actor's words, follows and memberships, now. Again changes nothing."""
    if not actors.mark_gone(tx, actor_id):
        return
    departures.delete_all_by(tx, actor_id)
    standing.end_all(tx, actor_id)
    follows.end_all(tx, actor_id=actor_id)
    _remove_the_rest(tx, actor_id)


def leave_for_good(tx: Tx, *, node: Node, account_id: int, by_id: int = standing.OPERATOR) -> None:
    """Delete the account of somebody here, and all of theirs. It cannot be taken back.

    Raises:
        NotFound: there is no such account.
        Conflict: nobody else could administer this node.
    """
    logins.close_for_good(tx, account_id=account_id)
    actor = actors.by_id(tx, account_id)
    if actor is None:
        return
    memberships.leave_all(tx, node=node, actor_id=actor.id)
    outbox.left(tx, node=node, actor=actor)
    if not actors.mark_gone(tx, actor.id):
        return  # the same was asked twice at once
    departures.delete_all_by(tx, actor.id)
    follows.end_all(tx, actor_id=actor.id)
    limits.log(tx, ModerationDeed.DELETED, by_id=by_id, about_id=actor.id)
    _remove_the_rest(tx, actor.id)


def _remove_the_rest(tx: Tx, actor_id: int) -> None:
    departures.begin(tx, actor_id)
    enqueue(tx, DEPART, actor_id, unique=f"{DEPART} {actor_id}")


# The rest, in small steps. Running one twice changes nothing.


async def remove_the_rest(fetcher: Fetcher, actor_id: int) -> None:
    """Remove what is left of somebody who is gone."""
    await posts_leave(fetcher.db, actor_id)
    while await fetcher.db.write(_words_leave, node=fetcher.node, actor_id=actor_id):
        pass
    while await fetcher.db.write(_likes_leave, actor_id=actor_id):
        pass
    while told := await fetcher.db.slow(departures.told_of, actor_id, 10 * AT_ONCE):
        await fetcher.db.write(departures.untell, told)
    await fetcher.db.write(_end, node=fetcher.node, actor_id=actor_id)


async def posts_leave(db: Database, actor_id: int) -> None:
    """Remove what an actor's words did to others' figures, homes and notices; once, as all here."""
    while await db.write(_posts_leave, actor_id=actor_id):
        pass


def _posts_leave(tx: Tx, *, actor_id: int) -> bool:
    """Figures, homes and shares of what became unreadable; whether there is more of it."""
    known = departures.find(tx, actor_id)
    if known is None or known.done_at is not None:
        return False
    found = departures.posts_deleted_at(
        tx, actor_id, at=known.begun_at, after=known.after, limit=AT_ONCE
    )
    if not found:
        return False
    if departures.go_on(tx, known, after=found[-1].id):  # two at once would count down twice
        for row in found:
            storing.leave_no_trace(tx, row)
    return True


def _words_leave(tx: Tx, *, node: Node, actor_id: int) -> bool:
    """What communities do not keep is taken back from everybody there."""
    actor = actors.by_id(tx, actor_id)
    found = departures.words_in_communities(tx, actor_id, AT_ONCE) if actor is not None else []
    for row in found:
        if actor is not None:
            _take_back(tx, node, actor, row)
    return bool(found)


def _take_back(tx: Tx, node: Node, actor: ActorView, row: PostRow) -> None:
    view, community = for_delivery(tx, row.id), actors.by_id(tx, row.place_id or 0)
    storing.remove(tx, row)
    if actor.is_local:
        places.taken_back(tx, node=node, post=view)
    elif community is not None and row.is_accepted:
        outbox.taken_back_for(tx, node=node, community=community, post=view)


def _likes_leave(tx: Tx, *, actor_id: int) -> bool:
    found = departures.liked_by(tx, actor_id, AT_ONCE)
    for post_id in found:
        row = stored.by_id(tx, post_id)
        if row is not None:
            drop_like(tx, actor_id=actor_id, post=row)
    return bool(found)


def _end(tx: Tx, *, node: Node, actor_id: int) -> None:
    known, actor = departures.find(tx, actor_id), actors.by_id(tx, actor_id)
    if known is None or known.done_at is not None or actor is None:
        return
    departures.delete_unread_by(tx, actor_id)
    for forget in (blocks.forget, mutes.forget, domain_blocks.forget, notes.forget, imports.forget):
        forget(tx, actor_id)
    reports.forget_reporter(tx, actor_id)
    polls.forget_voter(tx, actor_id)
    departures.blank(tx, actor_id, name=FORMER)
    portraits.forget(tx, actor_id)
    for family in (
        *(announcements, profile_choices),
        *(endorsements, featured_tags, suggestions),
        *(bookmarks, filters, muted_threads),
        *(conversations, followed_tags, lists, markers),
        scheduled,
        *(held_back, policies, pushes),
    ):
        family.forget(tx, actor_id)
    cards.refresh(tx, node, actor_id)
    if actor.inbox and not actor.is_local:
        limits.drop_deliveries_to(tx, actor.inbox)
    departures.done(tx, actor_id)


def erase_keys(tx: Tx, ids: list[int]) -> None:
    """Erase the private keys of people who left long ago: nothing of theirs waits any more."""
    for actor_id in ids:
        keys.retire_own_keys(tx, actor_id)
    departures.forget(tx, ids)


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kind of job, for the worker."""

    async def run(fetcher: Fetcher, job: Job) -> Decision:
        await remove_the_rest(fetcher, int(job.payload))
        return None

    return {DEPART: Each(partial(run, fetcher), limit=2)}
