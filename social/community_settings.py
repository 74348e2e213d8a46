"""The settings of a community, changed by its stewards or the operator (protocol §4, §5).

None of them lets more people read what was written before: see docs/decisions/0015.
"""

from msgspec.structs import replace

from domain.communities import READ_BY_ALL, bio, check_name
from domain.community_settings import SWITCHES, Value, Wishes, sentence, word
from domain.errors import NotAllowed
from domain.kinds import Deed, History, MembershipState, Way
from domain.node import Node
from domain.permissions import Action
from outbox import publish
from social import admission
from social.communities import community_here, set_purpose
from social.standing import authorise
from storage.queries import actors, communities
from storage.queries.communities import CommunityRow
from storage.tx import Tx

NEVER_WIDER = (
    "What was written here was written for those who belonged to it then. It can be read by fewer"
    " people later, never by more; for a longer memory, found another community"
)


def change(tx: Tx, *, node: Node, community_id: int, wishes: Wishes, by_id: int) -> list[str]:
    """Change what is wished; sentences that say what holds from now on, none if nothing changed.

    Raises:
        NotFound: there is no such community here.
        NotAllowed: `by_id` is no steward, or it would let more people read what was written.
        Invalid: a name or a purpose that cannot be.
    """
    tx.lock(f"community {community_id}")
    row = community_here(tx, community_id)
    authorise(tx, community_id, by_id, Action.MANAGE_MEMBERS)
    _check_history(tx, row, wishes.history)
    said: list[str] = []
    if wishes.purpose is not None and wishes.purpose.strip() != row.purpose:
        set_purpose(tx, community_id=community_id, purpose=wishes.purpose, by_id=by_id)
        row = community_here(tx, community_id)
        _tell_world(tx, node, row)
        said.append(f"Its purpose: {row.purpose}")
    if wishes.name is not None:
        said += _rename(tx, node, community_id, wishes.name, by_id)
    said += _set(tx, row, wishes, by_id)
    if wishes.history is not None or wishes.purpose is not None:
        _tell_nodes(tx, node, community_id)
    return said


def _check_history(tx: Tx, row: CommunityRow, wish: History | None) -> None:
    if wish is History.SINCE_JOINING and row.is_for_the_world:
        raise NotAllowed(READ_BY_ALL)
    wider = wish is History.ALL and row.history is History.SINCE_JOINING
    if wider and communities.was_written_in(tx, row.actor_id):
        raise NotAllowed(NEVER_WIDER)


def _set(tx: Tx, row: CommunityRow, wishes: Wishes, by_id: int) -> list[str]:
    values = {
        "relay": (row.relay, wishes.relay),
        "history": (row.history, wishes.history),
        "pictures": (row.relays_pictures, wishes.relays_pictures),
        "wider": (row.takes_wider, wishes.takes_wider),
        "keeps-words": (row.keeps_words, wishes.keeps_words),
        "takes-back": (row.takes_back, wishes.takes_back),
    }
    new = {name: wish for name, (now, wish) in values.items() if wish is not None and wish != now}
    if not new:
        return []
    columns = {SWITCHES.get(name, name): value for name, value in new.items()}
    communities.update_community(tx, replace(row, **columns))
    for name, value in new.items():
        reason = f"{name} {word(value)}"
        communities.log(tx, row.actor_id, Deed.SETTING, by_id=by_id, reason=reason)
    return [sentence(name, value) for name, value in new.items()]


def _rename(tx: Tx, node: Node, community_id: int, wish: str, by_id: int) -> list[str]:
    actor, row = actors.by_id(tx, community_id), community_here(tx, community_id)
    name = check_name(wish)
    if actor is None or actor.name == name:
        return []
    actors.update_profile(
        tx,
        community_id,
        name=name,
        summary=bio(row.purpose, row.joining),
        summary_source="",
        fields=actor.fields,
        locked=actor.locked,
        discoverable=actor.discoverable,
        indexable=actor.indexable,
        public=actor.public,
    )
    communities.log(tx, community_id, Deed.SETTING, by_id=by_id, reason="name")
    after = actors.by_id(tx, community_id)
    if after is not None:
        publish.actor_updated(tx, node=node, actor=after)
    return [f"It is called {name} now."]


def _tell_world(tx: Tx, node: Node, row: CommunityRow) -> None:
    actor = actors.by_id(tx, row.actor_id)
    if row.is_for_the_world and actor is not None:
        publish.actor_updated(tx, node=node, actor=actor)


def _tell_nodes(tx: Tx, node: Node, community_id: int) -> None:
    """Nodes where members live decide by the terms too what is shown: Accept once more."""
    for member in communities.active_members(tx, community_id):
        if member.way is not Way.NODE or member.state is not MembershipState.ACTIVE:
            continue
        case = admission.case_of(tx, node=node, community_id=community_id, actor_id=member.actor_id)
        admission.accept_elsewhere(tx, case, member, admission.follow_uri(tx, case))


def shown(tx: Tx, community_id: int) -> list[str]:
    """The settings of a community, one in a line, with what each means."""
    row = community_here(tx, community_id)
    if row.is_for_the_world:  # nothing is kept from anybody
        return ["It is open to the world: anybody reads it, on any server."]
    values: dict[str, Value] = {
        "relay": row.relay,
        "pictures": row.relays_pictures,
        "wider": row.takes_wider,
        "takes-back": row.takes_back,
        "keeps-words": row.keeps_words,
        "history": row.history,
    }
    return [f"{name} {word(value)}: {sentence(name, value)}" for name, value in values.items()]
