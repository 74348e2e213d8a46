"""People who move to another account, here or elsewhere (FEP-7628, Mastodon's practice).

Followers go along, each by a follow of their own that the other account may have to accept, but for
those whom the new server does not know yet: they are told, and decide. Whom somebody blocked or
muted stays so; lists and notes go along. Nothing else moves: a membership in a community belongs to
the account that was let in, and the new one asks anew (protocol §4).
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec
import orjson

from domain.addresses import BadUrl, parse_url
from domain.errors import Invalid, NotFound, Problem, TooMany
from domain.handles import parse_acct
from domain.kinds import FollowState, NotificationKind
from domain.moving import COOLDOWN_MS, MOST_ALIASES, is_cooled, may_move
from domain.node import Node
from federation.discovery import fetch_actor, find_actor, find_handle
from federation.fetcher import CannotFetch, Fetcher
from jobs.queue import Decision, Job, enqueue
from jobs.worker import Each, Handler
from outbox import moves as out
from outbox import publish
from social import blocks, follows
from social.communities import is_known_to
from social.notifications import notify
from social.wishes import Wishes
from storage.queries import actors, lists, moves, mutes, notes, origins
from storage.queries import follows as stored
from storage.queries.disclosures import is_disclosed_to_plain
from storage.tx import Tx
from storage.views.actors import ActorView

FOLLOW_ON: Final = "follow_on"
"""The kind of job that leads followers here to the new account."""
AT_ONCE: Final = 50
"""Followers in one unit of work: there is one writer."""

_NOBODY: Final = "There is no account of that name, or its server cannot be asked right now"


class _Way(msgspec.Struct, frozen=True):
    old: int
    new: int


def aliases_of(actor: ActorView) -> tuple[str, ...]:
    """As whom else an account says that it is known, by ActivityPub id."""
    found: list[str] = orjson.loads(actor.also_known_as or b"[]")
    return tuple(found)


# People here who come from elsewhere: they name the old account, which then moves.


async def find_other(fetcher: Fetcher, *, node: Node, name: str, fresh: bool = False) -> ActorView:
    """The account behind `@name@host` or an address, here or elsewhere. `fresh`: as it is now.

    Raises:
        Invalid: there is none, or it cannot be asked.
    """
    try:
        actor = await _found(fetcher, node, name.strip())
        if actor is not None and fresh and not actor.is_local:
            actor = await fetch_actor(fetcher, actor.uri)
    except (CannotFetch, BadUrl):
        actor = None
    if actor is None or actor.gone_at is not None or actor.is_hearsay:
        raise Invalid(_NOBODY, "account")
    return actor


async def _found(fetcher: Fetcher, node: Node, name: str) -> ActorView | None:
    acct = parse_acct(name)
    if acct is not None:
        return await find_handle(fetcher, acct.name, acct.host or node.handle_domain)
    uri = str(parse_url(name))
    if uri.startswith(f"{node.origin}/"):
        return await fetcher.db.read(actors.by_uri, uri)
    return await find_actor(fetcher, uri)


def add_alias(tx: Tx, *, node: Node, actor_id: int, other_id: int) -> None:
    """Name another account as the own old one, so that it may move here.

    Raises:
        Invalid: oneself, no person's account, or too many.
    """
    me, other = _mine(tx, actor_id), _existing(tx, other_id)
    if me.id == other.id:
        raise Invalid("This is this very account", "account")
    if not may_move(other.type, me.type):
        raise Invalid("Only accounts of people can move", "account")
    before = aliases_of(me)
    if other.uri in before:
        return
    if len(before) >= MOST_ALIASES:
        raise Invalid(f"At most {MOST_ALIASES} accounts can be named", "account")
    _set_aliases(tx, node, me, (*before, other.uri))


def drop_alias(tx: Tx, *, node: Node, actor_id: int, uri: str) -> None:
    """Name it no more; nothing happens if it was not named."""
    me = _mine(tx, actor_id)
    before = aliases_of(me)
    if uri in before:
        _set_aliases(tx, node, me, [each for each in before if each != uri])


def _set_aliases(tx: Tx, node: Node, me: ActorView, aliases: Sequence[str]) -> None:
    moves.set_aliases(tx, me.id, aliases)
    publish.actor_updated(tx, node=node, actor=_existing(tx, me.id))


# People here who go elsewhere.


def move(tx: Tx, *, node: Node, actor_id: int, target_id: int) -> None:
    """Let an account here lead to another, and its followers follow there.

    The other account has to name this one as its own. Posts, communities and settings stay.

    Raises:
        Invalid: the other account does not name this one, moved itself, or is no person's.
        TooMany: this one moved less than seven days ago.
    """
    me, target = _mine(tx, actor_id), _existing(tx, target_id)
    _check_target(me, target)
    last = moves.last_at(tx, me.id)
    if not is_cooled(last, tx.now):
        wait = (last or 0) + COOLDOWN_MS - tx.now
        raise TooMany("You moved less than seven days ago", retry_after=wait // 1000 + 1)
    moves.remember(tx, me.id, target.uri)
    moves.lead_to(tx, me.id, target.uri)
    out.moved(tx, node=node, old=_existing(tx, me.id), target_uri=target.uri)
    _lead_followers(tx, me, target)


def _check_target(me: ActorView, target: ActorView) -> None:
    if me.id == target.id:
        raise Invalid("This is this very account", "account")
    if not may_move(me.type, target.type):
        raise Invalid("Only accounts of people can move", "account")
    if target.moved_to is not None:
        raise Invalid("That account moved on itself", "account")
    if me.uri not in aliases_of(target):
        raise Invalid(
            f"That account does not name this one yet. There, add @{me.handle}@{me.domain}"
            " as an account that you move from, and try again",
            "account",
        )


def end_redirect(tx: Tx, *, node: Node, actor_id: int) -> None:
    """Let an account lead nowhere any more. Followers who went do not come back by it."""
    me = _mine(tx, actor_id)
    if me.moved_to is not None:
        moves.lead_to(tx, me.id, None)
        publish.actor_updated(tx, node=node, actor=_existing(tx, me.id))


# What other servers say. The caller made sure that the signer is the actor who acts.


def concerns_somebody(tx: Tx, signer: ActorView) -> bool:
    """Whether who moves concerns anybody here, and the last move is long enough ago.

    That is who follows, blocks or mutes them.
    """
    concerned = (
        moves.followers_here(tx, signer.id, after=0, limit=1)
        or moves.blockers_here(tx, signer.id)
        or mutes.of_muted(tx, signer.id)
    )
    return bool(concerned) and is_cooled(moves.last_at(tx, signer.id), tx.now)


def receive_move(tx: Tx, *, signer: ActorView, target_uri: str) -> str | None:
    """Somebody elsewhere moved to an account that names them as its own; why not, if not."""
    target = actors.by_uri(tx, target_uri)
    if target is None or target.gone_at is not None or target.is_hearsay:
        return "there is no account of that id"
    if not may_move(signer.type, target.type):
        return "only people move"
    if signer.uri not in aliases_of(target):
        return "the other account does not name this one"
    if target.moved_to is not None:
        return "the other account moved on itself"
    if not is_cooled(moves.last_at(tx, signer.id), tx.now):
        return "they moved less than seven days ago"
    moves.remember(tx, signer.id, target.uri)
    moves.lead_to(tx, signer.id, target.uri)
    _lead_followers(tx, signer, target)
    return None


# What follows from it.


def _lead_followers(tx: Tx, old: ActorView, new: ActorView) -> None:
    way = msgspec.to_builtins(_Way(old.id, new.id))
    enqueue(tx, FOLLOW_ON, way, unique=f"{FOLLOW_ON} {old.id} {new.id}")


async def follow_on(fetcher: Fetcher, *, old_id: int, new_id: int) -> int:
    """Lead everybody here from one account to the other; how many. Again changes nothing."""
    led, after = 0, 0
    while True:
        step = await fetcher.db.write(
            _some, node=fetcher.node, old_id=old_id, new_id=new_id, after=after
        )
        if step is None:
            break
        after, count = step
        led += count
    await fetcher.db.write(_carry_blocks, node=fetcher.node, old_id=old_id, new_id=new_id)
    await fetcher.db.write(_carry_mutes, old_id=old_id, new_id=new_id)
    return led


def _some(tx: Tx, *, node: Node, old_id: int, new_id: int, after: int) -> tuple[int, int] | None:
    """The next few followers; the last of them and how many went, None once there are no more."""
    found = moves.followers_here(tx, old_id, after=after, limit=AT_ONCE)
    if not found:
        return None
    went = [_lead(tx, node, each, old_id, new_id) for each in found]
    return found[-1].actor_id, sum(went)


def _lead(tx: Tx, node: Node, follower: moves.Follower, old_id: int, new_id: int) -> bool:
    """Follow the new account and no more the old one. Whoever may not follow it stays as before."""
    me = follower.actor_id
    if not _may_be_shown(tx, me, new_id):
        notify(tx, actor_id=me, kind=NotificationKind.MOVED, from_id=old_id)
        return False
    if stored.find(tx, me, new_id) is None:
        languages = tuple(follower.languages.split())
        wishes = Wishes(follower.shares, follower.notify, languages)
        try:
            follows.follow(tx, node=node, follower_id=me, target_id=new_id, wishes=wishes)
        except Problem:
            return False
    for one in lists.holding(tx, me, old_id):  # the end of the follow takes them off
        lists.add_members(tx, one.id, [new_id])
    accepted = stored.find(tx, me, old_id)
    follows.unfollow(tx, node=node, follower_id=me, target_id=old_id)
    if accepted is not None and accepted.state is FollowState.ACCEPTED:
        notify(tx, actor_id=me, kind=NotificationKind.MOVED, from_id=old_id)
    return True


def _may_be_shown(tx: Tx, follower_id: int, new_id: int) -> bool:
    """Whether following the new account tells its server nothing new of who follows.

    A follow names its follower. Nobody becomes known to another server because somebody else moved
    there (protocol §3): such a follower is told, and decides.
    """
    me, new = _existing(tx, follower_id), _existing(tx, new_id)
    if new.is_local or me.public or me.posts_count > 0:
        return True
    there = new.origin_id
    return (
        origins.is_sister(tx, there)
        or is_known_to(tx, me, me.id, there)
        or is_disclosed_to_plain(tx, me.id)
    )


def _carry_blocks(tx: Tx, *, node: Node, old_id: int, new_id: int) -> None:
    """Whom somebody blocked does not come back under another name; a follow of theirs decides."""
    for blocker in moves.blockers_here(tx, old_id):
        if blocker == new_id or stored.find(tx, blocker, new_id) is not None:
            continue
        try:
            blocks.block(tx, node=node, actor_id=blocker, other_id=new_id)
        except Problem:
            continue


def _carry_mutes(tx: Tx, *, old_id: int, new_id: int) -> None:
    """Whom somebody mutes does not grow loud under another name; notes about them go along."""
    for mute in mutes.of_muted(tx, old_id):
        if mute.muter_id != new_id and not mutes.among(tx, mute.muter_id, [new_id]):
            pair, kept_away = (mute.muter_id, new_id), mute.notifications
            mutes.put(tx, *pair, notifications=kept_away, until=mute.until)
    notes.copy(tx, from_id=old_id, to_id=new_id)


def _mine(tx: Tx, actor_id: int) -> ActorView:
    me = _existing(tx, actor_id)
    if not me.is_local:
        raise NotFound
    return me


def _existing(tx: Tx, actor_id: int) -> ActorView:
    actor = actors.by_id(tx, actor_id)
    if actor is None or actor.gone_at is not None:
        raise NotFound
    return actor


async def _follow_on(fetcher: Fetcher, job: Job) -> Decision:
    way: Any = msgspec.convert(job.payload, _Way)
    await follow_on(fetcher, old_id=way.old, new_id=way.new)
    return None


def job_handlers(fetcher: Fetcher) -> dict[str, Handler]:
    """The kind of job that belongs to moves, for the worker."""
    return {FOLLOW_ON: Each(partial(_follow_on, fetcher), attempts=5, limit=2)}
