"""Who may still be sent what a community says, asked when it is sent; and who is a member there."""

from collections.abc import Sequence

from msgspec.structs import replace

from activitypub.synchronization import header
from outbox.sharing import still_may
from storage.audience import readers_among
from storage.queries import actors, communities, posts
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
    """The deliveries, a community's Announces with what FEP-8fcf says of the members there now."""
    said: dict[tuple[int, int], str] = {}
    for one in due:
        if _is_announce(one) and (one.actor_id, one.origin_id) not in said:
            said[one.actor_id, one.origin_id] = _collection(tx, one.actor_id, one.origin_id)
    return [
        replace(one, collection=said[one.actor_id, one.origin_id]) if _is_announce(one) else one
        for one in due
    ]


def _is_announce(delivery: Delivery) -> bool:
    return delivery.actor_id == delivery.community_id and delivery.recipient_id is None


def _collection(tx: Tx, community_id: int, origin_id: int) -> str:
    community = actors.by_id(tx, community_id)
    if community is None or community.followers is None:
        return ""
    return header(community.followers, sync_url(community), uris_at(tx, community_id, origin_id))


def sync_url(community: ActorView) -> str:
    """Where a community lists its members of the server that asks."""
    return f"{community.followers}_sync"


def uris_at(tx: Tx, community_id: int, origin_id: int) -> list[str]:
    """The ids of active members who live on one server, in order."""
    found = communities.members_at(tx, community_id, origin_id)
    return sorted(view.uri for view in actors.views(tx, [one.actor_id for one in found]))
