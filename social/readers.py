"""Somebody as a reader: whether an actor whom we only name may read a post.

For posts that are about to be stored; whoever asks for a post is asked by the SQL twin.
"""

from collections.abc import Sequence
from dataclasses import replace

from domain.audience import PostFacts, Viewer, may_read
from storage.facts import StoredFacts
from storage.queries import accounts, actors, cards
from storage.tx import Tx
from storage.views.actors import ActorView


def viewer_for(tx: Tx, actor: ActorView) -> Viewer:
    """The viewer that an actor is: a full member, a guest, or somebody of another server."""
    if actor.is_local:
        return Viewer.local(actor.id, full=accounts.is_full_member(tx, actor.id))
    return Viewer.remote(actor.id, actor.origin_id)


def may(tx: Tx, actor: ActorView, post: PostFacts) -> bool:
    """Whether the actor may read a post with these facts."""
    return may_read(viewer_for(tx, actor), post, StoredFacts(tx))


def reached(tx: Tx, people: Sequence[ActorView], post: PostFacts, place_id: int | None) -> set[int]:
    """Those of the people named who get to read a post, once its community has taken it in.

    A community elsewhere tells of its members by cards: this node knows the memberships of its own
    people alone. Who is known by a card only is nobody outside that community: nothing can be
    delivered there (protocol §3).
    """
    post = replace(post, accepted=True)
    place = actors.by_id(tx, place_id) if place_id is not None else None
    if place is None:
        return {one.id for one in people if not one.is_hearsay and may(tx, one, post)}
    told: set[int] = set()
    if not place.is_local:
        elsewhere = [one.id for one in people if not one.is_local]
        told = {card.actor_id for card in cards.of_members(tx, place.id, elsewhere)}
    return {one.id for one in people if one.id in told or may(tx, one, post)}
