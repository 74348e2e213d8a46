"""What is put at the top of a page is told to those who may read it: Add and Remove."""

from typing import Literal

import orjson
from msgspec.structs import replace

from activitypub.render import featured as render
from activitypub.render.posts import Address
from domain.audience import Kind
from domain.node import Node
from outbox.addresses import address_of
from outbox.communities import member_inboxes
from outbox.fan_out import DELIVERIES
from outbox.publish import publish, reach_of
from storage.queries import deliveries
from storage.queries.activities import insert_activity
from storage.queries.disclosures import disclose
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView

Change = Literal["Add", "Remove"]


def changed(tx: Tx, *, node: Node, kind: Change, post: PostView) -> None:
    """A post of ours was pinned to its author's page, or is no longer.

    It goes where the post goes to followers; whoever was only named in it learns nothing, and what
    stays here stays here. After the post itself: deliveries about one object keep their order.
    """
    reach = reach_of(tx, post)
    if reach is None or not reach.followers_of:
        return
    reach = replace(reach, actors=(), remember=0, names=(post.author.id,), prove=False)
    if reach.readers_of == 0 and post.row.kind is not Kind.PUBLIC:
        return
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    target = node.collection(post.author.id, "featured")
    whole = address_of(tx, post)
    named = {actor.uri for actor in (*post.mentioned, *post.silent)}
    to = [one for one in whole.to if one not in named]
    cc = [one for one in whole.cc if one not in named]
    document = render.change(
        kind, uri, post.author, post_uri=post.row.uri, featured=target, address=Address(to, cc)
    )
    # With the post, so that the right to read it is asked again when this is sent.
    publish(
        tx,
        actor=post.author,
        activity_id=activity_id,
        document=document,
        reach=reach,
        post_id=post.id,
    )


def featured(tx: Tx, *, node: Node, community: ActorView, post: PostRow, kind: Change) -> None:
    """A community for members has a post at its top, or no more: told to its members' nodes.

    By the community itself, so it needs no proof; only where somebody may read the post, and in
    the one order of everything between a community and a node.
    """
    if post.stays_here:
        return
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = render.change(
        kind,
        uri,
        community,
        post_uri=post.uri,
        featured=node.collection(community.id, "featured"),
        address=Address([community.followers or community.uri], [], community.uri),
    )
    inboxes = member_inboxes(tx, node, community, post)
    insert_activity(
        tx,
        activity_id=activity_id,
        uri=uri,
        actor_id=community.id,
        post_id=post.id,
        community_id=community.id,
        body=orjson.dumps(document),
    )
    numbered = [(new_id(tx), inbox) for inbox in inboxes]
    deliveries.insert_deliveries(tx, activity_id, numbered, subject=community.uri)
    disclose(tx, [community.id], [inbox.origin_id for inbox in inboxes])
    if inboxes:
        tx.publish(DELIVERIES)
