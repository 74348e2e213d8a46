"""How the world is told what was done in an open community of ours (FEP-1b12).

In the words of whoever did it, if the world may know of them, else in the community's own.
"""

from collections.abc import Callable

from activitypub.render import moderation as render
from activitypub.render.groups import moderators_url
from activitypub.vocabulary import JsonDict
from domain.node import Node
from outbox import open_communities as out
from social.standing import OPERATOR
from storage.queries import actors, communities, disclosures, ids
from storage.tx import Tx
from storage.views.actors import ActorView

Shape = Callable[[str, ActorView, ActorView], JsonDict]
"""A deed as a document, from its id, the community, and who does it."""


def role_changed(
    tx: Tx,
    *,
    node: Node,
    community_id: int,
    actor_id: int,
    by_id: int,
    steward: bool,
    body: bytes = b"",
) -> None:
    """Somebody takes care of an open community from now on, or no more: tell who follows it."""
    row, community = communities.by_id(tx, community_id), actors.by_id(tx, community_id)
    person = actors.by_id(tx, actor_id)
    if row is None or community is None or person is None or not row.is_for_the_world:
        return
    if not may_be_named(tx, person):
        return
    target, shaped = moderators_url(community), listing(steward)
    tell(
        *(tx, node, community, by_id),
        lambda uri, place, by: shaped(uri, place, by, person.uri, target=target),
        body=body,
    )


def listing(on: bool) -> Callable[..., JsonDict]:
    """The shape of adding something to a collection of the community, or of taking it away."""
    return render.listed if on else render.unlisted


def tell(
    tx: Tx,
    node: Node,
    community: ActorView,
    by_id: int,
    shape: Shape,
    *,
    post_id: int = 0,
    body: bytes = b"",
) -> None:
    """Tell who follows the community: as it came, or in the words of whoever did it here."""
    if body:
        out.pass_on(tx, community, post_id=post_id, body=body)
        return
    by = _speaker(tx, community, by_id)
    document = shape(node.activity(ids.new_id(tx)), community, by)
    out.act(tx, community, by=by, document=document, post_id=post_id)


def _speaker(tx: Tx, community: ActorView, by_id: int) -> ActorView:
    """Who says it: the steward, if the world may know of them, else the community itself."""
    by = actors.by_id(tx, by_id) if by_id != OPERATOR else None
    return by if by is not None and by.is_local and may_be_named(tx, by) else community


def may_be_named(tx: Tx, person: ActorView) -> bool:
    """Whether anybody may learn of somebody: who lives elsewhere, or is known to the world."""
    if not person.is_local:
        return True
    known = person.public or person.posts_count > 0
    return known or disclosures.is_disclosed_to_plain(tx, person.id)
