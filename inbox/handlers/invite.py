"""Invite: a community elsewhere invites somebody here (AS2 Vocabulary, Invite)."""

from activitypub.groups import Terms
from activitypub.parse.groups import parse_terms
from domain.kinds import ActorType
from domain.node import Node
from federation.fetcher import Fetcher
from inbox.signed import Dropped, SignedActivity
from social.memberships import invited
from storage.queries import actors
from storage.tx import Tx


async def verify(signed: SignedActivity, _fetcher: Fetcher) -> Terms:
    """What the community says of itself. A community invites into itself alone."""
    if signed.signer.type is not ActorType.GROUP:
        raise Dropped("only communities invite")
    if signed.activity.object_id != signed.signer.uri:
        raise Dropped("it invites into something else")
    return parse_terms(signed.activity.result)


def receive(tx: Tx, node: Node, signed: SignedActivity, terms: Terms) -> str | None:
    """Tell whoever of ours is addressed, once, how to accept."""
    people = [one for one in actors.by_uris(tx, signed.activity.to) if one.is_local]
    told = [
        invited(tx, node=node, community=signed.signer, actor_id=one.id, terms=terms)
        for one in people
    ]
    return None if any(told) else "there is nobody to invite"
