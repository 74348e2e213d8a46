"""What is said between a community and who wants to belong to it.

Everything carries the community's id as its order: an Accept never overtakes an Announce.
"""

from activitypub.groups import Terms
from activitypub.render import activities as render
from activitypub.render import groups
from activitypub.vocabulary import JsonDict
from domain.ids import HERE
from domain.kinds import ActorType
from domain.node import Node
from outbox.publish import Reach, publish
from storage.queries import plain_servers
from storage.queries.actors import application_of
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView


def asked(tx: Tx, *, person: ActorView, community: ActorView, follow_uri: str) -> None:
    """One of ours wants to belong to a community elsewhere: Follow."""
    document = render.follow(follow_uri, person, community)
    _send(tx, (person, community), new_id(tx), document)


def left(tx: Tx, *, node: Node, person: ActorView, community: ActorView, follow_uri: str) -> str:
    """One of ours leaves a community elsewhere, or asks no more: Undo{Follow}; its id."""
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = render.undo_follow(uri, follow_uri, person, community)
    _send(tx, (person, community), activity_id, document)
    return uri


def accepted(
    tx: Tx,
    *,
    node: Node,
    community: ActorView,
    person: ActorView,
    follow_uri: str,
    terms: Terms | None,
) -> None:
    """A community of ours takes somebody elsewhere in: Accept{Follow}; `terms`: for our nodes."""
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = groups.accept(uri, follow_uri, community, person, terms)
    _send(tx, (community, person), activity_id, document)


def rejected(
    tx: Tx,
    *,
    node: Node,
    community: ActorView,
    person: ActorView,
    follow_uri: str,
    reason: str = "",
) -> str:
    """A community of ours refuses somebody, or a membership ended: Reject{Follow}; its id."""
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = groups.reject(uri, follow_uri, community, person, reason)
    _send(tx, (community, person), activity_id, document)
    return uri


def shut_out(tx: Tx, *, community: ActorView, person: ActorView) -> None:
    """A membership ended where only this ends what a server shows: Block.

    It goes after the Reject, and stays until the person is let back.
    """
    plain_servers.shut_out(tx, community.id, person.id)
    _send(tx, (community, person), new_id(tx), groups.block(community, person))


def let_back(tx: Tx, *, node: Node, community: ActorView, person: ActorView) -> None:
    """Whoever was kept out may come again: Undo{Block}; nothing if they were not."""
    if not plain_servers.let_back(tx, community.id, person.id):
        return
    activity_id = new_id(tx)
    document = groups.undo_block(node.activity(activity_id), community, person)
    _send(tx, (community, person), activity_id, document)


def forgotten(tx: Tx, *, node: Node, community: ActorView, about: JsonDict) -> None:
    """What a community elsewhere had told this node is forgotten here: Accept, by the node itself.

    `about`: the Reject or Undo that ended the membership.
    """
    application = application_of(tx, HERE)
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = groups.forgotten(uri, application.uri, community.uri, about)
    _send(tx, (application, community), activity_id, document)


def invited(tx: Tx, *, node: Node, community: ActorView, person: ActorView, terms: Terms) -> None:
    """A community of ours invites somebody on another of our nodes: Invite."""
    activity_id = new_id(tx)
    document = groups.invite(node.activity(activity_id), community, person, terms)
    _send(tx, (community, person), activity_id, document)


def _send(
    tx: Tx, between: tuple[ActorView, ActorView], activity_id: int, document: JsonDict
) -> None:
    sender, receiver = between
    community = next(one for one in between if one.type is ActorType.GROUP)
    reach = Reach(subject=community.uri, actors=(receiver.id,), personal=True, names=(sender.id,))
    publish(tx, actor=sender, activity_id=activity_id, document=document, reach=reach)
