"""Activities for a community: who takes them, and what it is told of how they came."""

from typing import Final

from domain.node import Node
from inbox.signed import SignedActivity
from social.gathering import Given, community_meant, refuse_unproven
from storage.queries import posts
from storage.tx import Tx
from storage.views.actors import ActorView

__all__ = ["Given", "answer_unproven", "given", "meant"]


_ANSWERED: Final = frozenset({"Create", "Like", "EmojiReact"})


def given(signed: SignedActivity) -> Given:
    """The activity as a community judges it."""
    activity = signed.activity
    return Given(
        uri=activity.id,
        to=activity.to,
        cc=activity.cc,
        audience=activity.audience,
        body=signed.body,
        proven=signed.proven,
        received_at=signed.received_at,
        said_with=activity.said_with,
    )


def meant(tx: Tx, signed: SignedActivity, post_uri: str | None) -> ActorView | None:
    """The community that an activity about this post is for; None: it goes the ordinary way."""
    about = posts.by_uri(tx, post_uri) if post_uri is not None else None
    if about is None and not signed.activity.audience:
        return None
    return community_meant(tx, signed.activity.audience, signed.signer, about)


def answer_unproven(tx: Tx, *, node: Node, signed: SignedActivity) -> None:
    """Tell a member whose words or like came with a proof that does not fit; nobody else."""
    if signed.activity.type not in _ANSWERED:
        return
    community = community_meant(tx, signed.activity.audience, signed.signer)
    if community is not None:
        refuse_unproven(
            tx, node=node, community=community, signer=signed.signer, given=given(signed)
        )
