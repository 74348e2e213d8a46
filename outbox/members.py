"""Who may still be sent what a community says, asked when it is sent; and who is a member there."""

from collections.abc import Sequence

from msgspec.structs import replace

from activitypub.synchronization import header
from outbox.sharing import still_may
from storage.audience import readers_among
from storage.queries import activities, actors, communities, follows, posts
from storage.queries.deliveries import Delivery
from storage.queries.relay_notes import EVERYBODY_THERE
from storage.tx import Tx
from storage.views.actors import ActorView


def still_due(tx: Tx, delivery: Delivery, post_id: int | None) -> bool:
    """Whether the right to what a delivery brings still stands (protocol §6).

    Words handed in: their author is an active member. A community's: whoever it is for is one (the
    recipient, or somebody at that server) and may read the post. A deleted post goes nowhere.
    """
    community_id = delivery.community_id
    if community_id is None:
        return True
    if post_id is not None and _is_gone(tx, post_id):
        return False
    if delivery.actor_id != community_id:
        return communities.is_member(tx, community_id, delivery.actor_id)
    if delivery.recipient_id == EVERYBODY_THERE:
        return still_may(tx, community_id, delivery.origin_id, post_id or 0)
    if delivery.recipient_id is not None:
        members = [delivery.recipient_id]
        if not communities.is_member(tx, community_id, delivery.recipient_id):
            return False
    else:
        found = communities.members_at(tx, community_id, delivery.origin_id)
        members = [one.actor_id for one in found]
    return bool(members if post_id is None else readers_among(tx, post_id, members))


def _is_gone(tx: Tx, post_id: int) -> bool:
    row = posts.by_id(tx, post_id)
    return row is None or row.deleted_at is not None


def with_collections(tx: Tx, due: Sequence[Delivery]) -> list[Delivery]:
    """The deliveries, with what FEP-8fcf says of those who live at their server now.

    A community's Announces tell of its members there; what is for somebody's followers alone, of
    those followers. Nobody there is said too: a server that believes in somebody learns better.
    """
    ordinary = {one.activity_id for one in due if one.community_id is None}
    private = activities.to_followers(tx, ordinary) if ordinary else set()
    said: dict[tuple[int, int], str] = {}
    told: list[Delivery] = []
    for one in due:
        pair = one.actor_id, one.origin_id
        if _is_announce(one):
            said[pair] = said.get(pair) or _members_there(tx, *pair)
        elif one.activity_id in private:
            said[pair] = said.get(pair) or _followers_there(tx, *pair)
        else:
            told.append(one)
            continue
        told.append(replace(one, collection=said[pair]))
    return told


def _is_announce(delivery: Delivery) -> bool:
    return delivery.actor_id == delivery.community_id and delivery.recipient_id is None


def _members_there(tx: Tx, community_id: int, origin_id: int) -> str:
    community = actors.by_id(tx, community_id)
    return _said(community, uris_at(tx, community_id, origin_id))


def _followers_there(tx: Tx, actor_id: int, origin_id: int) -> str:
    actor = actors.by_id(tx, actor_id)
    return _said(actor, follows.followers_from(tx, actor_id, origin_id))


def _said(actor: ActorView | None, uris: Sequence[str]) -> str:
    if actor is None or actor.followers is None:
        return ""
    return header(actor.followers, sync_url(actor), uris)


def sync_url(actor: ActorView) -> str:
    """Where an actor of ours lists the followers, or members, of the server that asks."""
    return f"{actor.followers}_sync"


def uris_at(tx: Tx, community_id: int, origin_id: int) -> list[str]:
    """The ids of active members who live on one server, in order."""
    found = communities.members_at(tx, community_id, origin_id)
    return sorted(view.uri for view in actors.views(tx, [one.actor_id for one in found]))
