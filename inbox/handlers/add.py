"""Add: somebody elsewhere puts a post of theirs at the top of their page, or a community does."""

from activitypub.parse.fields import origin_of
from domain.kinds import ActorType
from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social import featuring, pins
from social.ancestors import find_post
from storage.queries import follows, posts
from storage.tx import Tx

_NO_POST = "no post of theirs that can be pinned"


async def verify(signed: SignedActivity, fetcher: Fetcher) -> str:
    """The id of the post. It is fetched if somebody here follows who pins it.

    Only the owner changes a collection, and only with what is on the owner's own server (O04).
    """
    uri = own_and_featured(signed)
    if signed.signer.type is ActorType.GROUP:
        return uri  # its members' words come through it alone
    if await fetcher.db.read(_is_wanted, uri, signed.signer.id):
        await find_post(fetcher, uri)
    return uri


def own_and_featured(signed: SignedActivity) -> str:
    """The post of an Add or Remove, if the signer may say this of the own collection."""
    uri = signed.activity.object_id
    if uri is None:
        raise Dropped("the object has no id")
    if not pins.is_featured_of(signed.signer, signed.activity.target):
        raise Dropped("this is no collection that the sender may change")
    is_group = signed.signer.type is ActorType.GROUP  # which has what its members wrote
    if not is_group and origin_of(uri) != origin_of(signed.signer.uri):
        raise Dropped("the object lies on another server than its sender")
    return uri


def receive(tx: Tx, _node: Node, signed: SignedActivity, post_uri: str) -> str | None:
    """Pin it; an unknown post and somebody else's are the same."""
    if signed.signer.type is ActorType.GROUP:
        return featuring.receive(tx, community=signed.signer, post_uri=post_uri, on=True)
    return None if pins.receive_add(tx, signer=signed.signer, post_uri=post_uri) else _NO_POST


def _is_wanted(tx: Tx, uri: str, signer_id: int) -> bool:
    return posts.by_uri(tx, uri) is None and bool(follows.local_followers(tx, signer_id))
