"""Votes of ours, each to whoever counts and nobody else; and figures, to whoever has the poll."""

import orjson

from activitypub.render import polls as render
from domain.audience import Kind
from domain.node import Node
from outbox import communities as announcing
from outbox.publish import Reach, post_edited, publish, to_one
from storage.queries import polls
from storage.queries.activities import insert_activity
from storage.queries.ids import new_id
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView


def voted(
    tx: Tx, *, node: Node, voter: ActorView, author: ActorView, poll: PostRow, name: str
) -> str:
    """One of ours chose an answer in a poll elsewhere: Create, to its author; the activity's id."""
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = render.vote(uri, voter, poll_uri=poll.uri, name=name, to=author, at=tx.now)
    to_one(tx, voter, author, activity_id, document, subject=poll.uri)
    return uri


def voted_in(
    tx: Tx, *, node: Node, community: ActorView, voter: ActorView, poll: PostRow, name: str
) -> str:
    """The same in a community elsewhere, which counts: to it alone, with a proof."""
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = render.vote(
        *(uri, voter), poll_uri=poll.uri, name=name, to=community, at=tx.now, in_community=True
    )
    reach = Reach(
        subject=community.uri, actors=(community.id,), personal=True, names=(voter.id,), prove=True
    )
    publish(
        tx,
        actor=voter,
        activity_id=activity_id,
        document=document,
        reach=reach,
        post_id=poll.id,
        community_id=community.id,
    )
    return uri


def tallied(tx: Tx, *, node: Node, post: PostView) -> None:
    """A poll of ours has other figures: Update to everybody who may read it or has it.

    Whoever voted in what anybody may read hears of it too, followed or not.
    """
    if not post.row.stays_here:
        voters = polls.voters_elsewhere(tx, post.id) if post.row.kind is Kind.PUBLIC else ()
        post_edited(tx, node=node, post=post, also=voters)


def tallied_in(tx: Tx, *, node: Node, community: ActorView, post: PostView) -> None:
    """The same in a community of this node, which tells its members in its own words."""
    if post.poll is None:
        return
    activity_id = new_id(tx)
    uri = node.activity(activity_id)
    document = render.tally(uri, community, poll_uri=post.row.uri, poll=post.poll, at=tx.now)
    insert_activity(
        tx,
        activity_id=activity_id,
        uri=uri,
        actor_id=community.id,
        post_id=post.id,
        community_id=community.id,
        body=orjson.dumps(document),
    )
    announcing.took_in(
        tx, node=node, community=community, subject_post=post.row, activity=activity_id
    )
