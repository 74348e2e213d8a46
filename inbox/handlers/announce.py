"""Announce: somebody elsewhere shares a post, or a community passes on what a member did in it."""

from domain.kinds import ActorType
from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social import announced, groups, in_groups, plain
from social.ancestors import find_post
from social.completing import want_gap_filled
from social.groups import Told
from social.reactions import receive_share
from social.vouching import Heard, NotBelieved, hear
from storage.queries import follows, posts
from storage.queries.posts import buried_by
from storage.tx import Tx


async def verify(signed: SignedActivity, fetcher: Fetcher) -> str | Heard | Told:
    """The id of the post that is shared, or the activity that is passed on, with its proof checked.

    A post that is not known here is fetched from its own server, but only for a sharer whom
    somebody here follows: nobody else makes us ask other servers.
    """
    if signed.signer.type is ActorType.GROUP and await fetcher.db.read(
        groups.is_group_of_ours, signed.signer.id
    ):
        return await _told(signed, fetcher)
    if _passes_on(signed):
        return await _passed_on(signed, fetcher)
    uri = signed.activity.object_id
    if uri is None:
        raise Dropped("the object has no id")
    if uri.startswith(f"{fetcher.node.origin}/"):
        return uri
    if not await fetcher.db.read(_known_or_wanted, uri, signed.signer.id):
        raise Dropped("nobody here follows who shares it")
    await find_post(fetcher, uri)
    return uri


def receive(tx: Tx, node: Node, signed: SignedActivity, what: str | Heard | Told) -> str | None:
    """Store the share, inside the post's own audience (O10); or do what was passed on."""
    if isinstance(what, Told):
        reason = in_groups.take(tx, node=node, told=what)
        if reason is not None:
            raise Dropped(reason)  # what it would have left is undone with it
        return None
    if isinstance(what, Heard):
        reason = announced.take(tx, node=node, heard=what)
        if reason is not None:
            raise Dropped(reason)  # the cards that came along are undone with it
        want_gap_filled(tx, what.activity.object_id or "")
        return None
    if buried_by(tx, signed.activity.id) == signed.signer.uri:
        return "it was undone before it arrived"
    heard = plain.receive_announce(tx, node=node, post_uri=what, signer=signed.signer)
    if heard is not None:
        return heard.reason  # a relay note: its id got about
    shared = receive_share(
        tx,
        node=node,
        actor_id=signed.signer.id,
        post_uri=what,
        uri=signed.activity.id,
        published=signed.activity.published,
    )
    return None if shared else "no post that they may share"


def _passes_on(signed: SignedActivity) -> bool:
    """Whether the object is an activity: something that has an actor of its own."""
    inside = signed.activity.embedded
    return inside is not None and "actor" in inside


async def _passed_on(signed: SignedActivity, fetcher: Fetcher) -> Heard:
    if signed.signer.type is not ActorType.GROUP:
        raise Dropped("only communities pass on what others do")
    try:
        return await hear(fetcher, signed.signer, signed.activity, received_at=signed.received_at)
    except NotBelieved as refusal:
        raise Dropped(refusal.reason) from None


async def _told(signed: SignedActivity, fetcher: Fetcher) -> Told:
    """What a group of the world says that somebody here follows (FEP-1b12)."""
    at = signed.received_at
    try:
        return await groups.hear(fetcher, signed.signer, signed.activity, received_at=at)
    except NotBelieved as refusal:
        raise Dropped(refusal.reason) from None


def _known_or_wanted(tx: Tx, uri: str, signer_id: int) -> bool:
    return posts.by_uri(tx, uri) is not None or bool(follows.local_followers(tx, signer_id))
