"""Members on plain servers who do not want to be sent what somebody writes in a community.

They know people by the name that a post begins with. Nobody is told.
"""

from collections.abc import Sequence

from domain.errors import Invalid, NotAllowed, NotFound
from domain.handles import fold
from domain.kinds import Way
from social import notices
from storage.queries import actors, cards, communities, plain_servers
from storage.tx import Tx
from storage.views.actors import ActorView


def communities_of(tx: Tx, person: ActorView) -> list[ActorView]:
    """Communities of this node that send somebody their posts one by one."""
    rows = communities.of_actor(tx, person.id)
    wanted = [row.community_id for row in rows if row.way is Way.PLAIN and row.is_active(tx.now)]
    return [one for one in actors.views(tx, wanted) if one.is_local and one.gone_at is None]


def mute(tx: Tx, *, sender: ActorView, places: Sequence[ActorView], name: str, on: bool) -> str:
    """Send no more of one author's posts to `sender`, or again; what to answer.

    Raises:
        NotAllowed: they get no posts one by one from there.
        NotFound, Invalid: nobody there has that name, or several have.
    """
    if not places:
        raise NotAllowed("This is for members of a community here who live on another server")
    found = [(place, one) for place in places for one in _called(tx, place.id, name)]
    found = [(place, one) for place, one in found if one != sender.id]
    if not found:
        raise NotFound(f"I know nobody called {name} there")
    if len({one for _, one in found}) > 1:
        raise Invalid(f"Several people are called {name}. Write the community too, or the handle")
    for place, author_id in found:
        if on:
            plain_servers.mute(tx, place.id, sender.id, author_id)
        else:
            plain_servers.unmute(tx, place.id, sender.id, author_id)
    where = " and ".join(notices.shown_name(place) for place, _ in found)
    if on:
        return f"You are not sent any more what {name} writes in {where}. Nobody is told."
    return f"You are sent again what {name} writes in {where}."


def _called(tx: Tx, community_id: int, name: str) -> list[int]:
    """Members whom the community's cards call so, by handle or name."""
    ids = [one.actor_id for one in communities.active_members(tx, community_id)]
    wanted = name.casefold()
    return [
        card.actor_id
        for card in cards.of_members(tx, community_id, ids)
        if fold(card.handle) == fold(name) or card.name.casefold() == wanted
    ]
