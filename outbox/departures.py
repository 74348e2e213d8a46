"""Somebody is gone: of ours, every server that knows of them is told, and no other; of somebody
elsewhere, a community of ours takes back what it does not keep.
"""

import orjson

from activitypub.render.activities import delete
from activitypub.render.departures import delete_actor
from activitypub.vocabulary import PUBLIC
from domain.node import Node
from outbox.addresses import address_of
from outbox.communities import took_in
from outbox.publish import Reach, is_known_to_anybody, publish
from storage.queries.activities import insert_activity
from storage.queries.ids import new_id
from storage.queries.keys import public_keys
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostView


def left(tx: Tx, *, node: Node, actor: ActorView) -> None:
    """Delete of an actor, to every server that it is disclosed to (protocol §3)."""
    if not public_keys(tx, actor.id):
        return  # it never said anything
    activity_id = new_id(tx)
    to = PUBLIC if is_known_to_anybody(actor) else actor.followers or actor.uri
    document = delete_actor(node.activity(activity_id), actor, to)
    reach = Reach(subject=actor.uri, followers_of=actor.id, holders_of=actor.id)
    publish(tx, actor=actor, activity_id=activity_id, document=document, reach=reach)


def taken_back_for(tx: Tx, *, node: Node, community: ActorView, post: PostView) -> None:
    """A community of ours does not show a post any more, whoever wrote it: Delete by itself."""
    activity_id = new_id(tx)
    document = delete(node.activity(activity_id), post, address_of(tx, post))
    document["actor"] = community.uri
    insert_activity(
        tx,
        activity_id=activity_id,
        uri=str(document["id"]),
        actor_id=community.id,
        post_id=post.id,
        community_id=community.id,
        body=orjson.dumps(document),
    )
    took_in(tx, node=node, community=community, subject_post=post.row, activity=activity_id)
