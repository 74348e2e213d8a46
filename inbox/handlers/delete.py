"""Delete: somebody elsewhere deleted a post of theirs, took back consent to a quote, or left."""

from activitypub.parse.fields import origin_of
from domain.node import Node
from federation.fetcher import Fetcher
from inbox import gathered
from inbox.signed import Dropped, SignedActivity
from social import plain, quoted
from social.departures import actor_left
from social.gathering import take_delete
from social.remote_changes import delete_remote_post
from storage.queries import actors
from storage.tx import Tx


async def verify(signed: SignedActivity, _fetcher: Fetcher) -> str:
    """The id of what is deleted, on the signer's own server; a Tombstone says no more."""
    uri = signed.activity.object_id
    if uri is None:
        raise Dropped("the object has no id")
    if origin_of(uri) != origin_of(signed.signer.uri):
        raise Dropped("the object lies on another server than its sender")
    return uri


def receive(tx: Tx, node: Node, signed: SignedActivity, uri: str) -> str | None:
    """Make it unreadable now; a Create that comes later is ignored."""
    if uri == signed.signer.uri:
        actor_left(tx, actor_id=signed.signer.id)
        return None
    if actors.by_uri(tx, uri) is not None:
        return "nobody deletes somebody else"
    community = gathered.meant(tx, signed, uri)
    if community is not None:
        how = gathered.given(signed)
        return take_delete(
            tx, node=node, community=community, uri=uri, signer=signed.signer, given=how
        )
    heard = plain.receive_delete(tx, node=node, uri=uri, signer=signed.signer)
    if heard is not None:
        return heard.reason
    known = quoted.revoked(tx, node=node, uri=uri, signer=signed.signer)
    if known is not None:
        return None if known else "nobody takes back somebody else's consent"
    deleted = delete_remote_post(tx, node=node, uri=uri, by_uri=signed.signer.uri)
    return None if deleted else "no post of theirs by that id"
