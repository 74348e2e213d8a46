"""Activities for a community: who takes them, and what it is told of how they came."""

from inbox.signed import SignedActivity
from social.gathering import Given, community_meant
from storage.queries import posts
from storage.tx import Tx
from storage.views.actors import ActorView

__all__ = ["Given", "given", "meant"]


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
    )


def meant(tx: Tx, signed: SignedActivity, post_uri: str | None) -> ActorView | None:
    """The community that an activity about this post is for; None: it goes the ordinary way."""
    about = posts.by_uri(tx, post_uri) if post_uri is not None else None
    if about is None and not signed.activity.audience:
        return None
    return community_meant(tx, signed.activity.audience, signed.signer, about)
