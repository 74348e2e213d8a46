"""Announce: somebody elsewhere shares a post."""

from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social.ancestors import find_post
from social.reactions import receive_share
from storage.queries import follows, posts
from storage.queries.posts import buried_by
from storage.tx import Tx


async def verify(signed: SignedActivity, fetcher: Fetcher) -> str:
    """The id of the post. One that is not known here is fetched from its own server.

    Only for a sharer whom somebody here follows: nobody else makes us ask other servers.
    """
    uri = signed.activity.object_id
    if uri is None:
        raise Dropped("the object has no id")
    if uri.startswith(f"{fetcher.node.origin}/"):
        return uri
    if not await fetcher.db.read(_known_or_wanted, uri, signed.signer.id):
        raise Dropped("nobody here follows who shares it")
    await find_post(fetcher, uri)
    return uri


def receive(tx: Tx, node: Node, signed: SignedActivity, post_uri: str) -> str | None:
    """Store the share, inside the post's own audience (O10)."""
    if buried_by(tx, signed.activity.id) == signed.signer.uri:
        return "it was undone before it arrived"
    shared = receive_share(
        tx,
        node=node,
        actor_id=signed.signer.id,
        post_uri=post_uri,
        uri=signed.activity.id,
        published=signed.activity.published,
    )
    return None if shared else "no post that they may share"


def _known_or_wanted(tx: Tx, uri: str, signer_id: int) -> bool:
    return posts.by_uri(tx, uri) is not None or bool(follows.local_followers(tx, signer_id))
