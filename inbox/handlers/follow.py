"""Follow and Join: somebody elsewhere asks to follow one of ours, or to belong to a community."""

from msgspec import Struct

from domain.kinds import ActorType, Way
from domain.node import Node
from federation.fetcher import Fetcher
from federation.software import find_software
from inbox.signed import Dropped, SignedActivity
from social import memberships
from social.follows import receive_follow
from social.standing import way_of
from storage.queries import actors
from storage.queries.posts import buried_by
from storage.tx import Tx

_NOBODY = "there is nobody of that id"


class Wish(Struct, frozen=True):
    """Whom they ask, by id; `way`: how a community's posts would reach them, for a community."""

    target: str
    way: Way | None = None


async def verify(signed: SignedActivity, fetcher: Fetcher) -> Wish:
    """Whom they ask to follow, who has to live here.

    For a community their server is asked what it is: some kinds would show to others what a
    member sees (protocol §5).
    """
    target = signed.activity.object_id
    if target is None or not target.startswith(f"{fetcher.node.origin}/"):
        raise Dropped("whom they ask to follow does not live here")
    if not await fetcher.db.read(_is_community, target):
        return Wish(target)
    await find_software(fetcher, signed.signer.origin_id)
    way = await fetcher.db.read(way_of, signed.signer)
    return Wish(target, way or Way.PLAIN)


async def verify_join(signed: SignedActivity, fetcher: Fetcher) -> Wish:
    """The same, for communities alone."""
    wish = await verify(signed, fetcher)
    if wish.way is None:
        raise Dropped("there is nothing of that id to join")
    return wish


def receive(tx: Tx, node: Node, signed: SignedActivity, wish: Wish) -> str | None:
    """Store the request, or the follow; an unknown target and a block look the same."""
    target = actors.by_uri(tx, wish.target)
    if target is None or not target.is_local or target.is_hidden:
        return _NOBODY
    if buried_by(tx, signed.activity.id) == signed.signer.uri:
        return "it was undone before it arrived"
    if wish.way is not None:
        return memberships.asked(
            tx,
            node=node,
            actor=signed.signer,
            community_id=target.id,
            uri=signed.activity.id,
            way=wish.way,
        )
    receive_follow(
        tx,
        node=node,
        follower_id=signed.signer.id,
        target_id=target.id,
        uri=signed.activity.id,
    )
    return None


def _is_community(tx: Tx, uri: str) -> bool:
    target = actors.by_uri(tx, uri)
    return target is not None and target.is_local and target.type is ActorType.GROUP
