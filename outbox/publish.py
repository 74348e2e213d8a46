"""Publish: what happened here becomes a document and a job, in the same transaction.

Fan out (`outbox/fan_out.py`) later turns the job into deliveries, and `outbox/deliver.py`
sends them. A crash between the steps loses nothing: each leaves a row behind.

Who is reached follows the audience (protocol §1) and is decided here by kind; who of them
may still be reached is asked again when the deliveries are made and when they are sent.
"""

from collections.abc import Iterable

import msgspec
import orjson
from msgspec import Struct
from msgspec.structs import replace

from activitypub.render import activities as render
from activitypub.render import groups
from activitypub.render.actors import actor as render_actor
from activitypub.vocabulary import PUBLIC, JsonDict
from domain.audience import Kind
from domain.ids import HERE
from domain.kinds import ActorType
from domain.node import Node
from jobs.queue import enqueue
from outbox import open_communities, reactions
from outbox.addresses import address_of
from storage.queries.activities import insert_activity
from storage.queries.actors import application_of
from storage.queries.ids import new_id
from storage.queries.keys import public_keys
from storage.queries.likes import Liked
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.posts import PostView

FAN_OUT = "fan_out"
_SERVICES = frozenset({ActorType.APPLICATION, ActorType.SERVICE})


class Reach(Struct, frozen=True):
    """Whom a document is meant for, before addresses are looked up.

    `subject`: what the order of deliveries is about. `followers_of`: accepted followers of this
    actor. `holders_of`: every server that this actor is disclosed to. `actors`: these actors, each
    at the own inbox if `personal`. `copies_of`: every inbox that this post was sent to.
    `readers_of`: the post that whoever is reached must be able to read, asked when the deliveries
    are made. `remember`: the post whose copies are recorded. `names`: actors of ours who become
    known by it. `prove`: carry an integrity proof (FEP-8b32).
    """

    subject: str
    followers_of: int = 0
    holders_of: int = 0
    actors: tuple[int, ...] = ()
    personal: bool = False
    copies_of: int = 0
    remember: int = 0
    readers_of: int = 0
    names: tuple[int, ...] = ()
    prove: bool = False


def publish(
    tx: Tx,
    *,
    actor: ActorView,
    activity_id: int,
    document: JsonDict,
    reach: Reach,
    post_id: int | None = None,
    community_id: int | None = None,
) -> None:
    """Store a document of ours and queue its fan-out.

    `community_id`: handed in to that community; it goes no more once its author is no member.
    """
    insert_activity(
        tx,
        activity_id=activity_id,
        uri=str(document["id"]),
        actor_id=actor.id,
        post_id=post_id,
        community_id=community_id,
        body=orjson.dumps(document),
    )
    payload = {"activity": activity_id, "reach": msgspec.to_builtins(reach)}
    enqueue(tx, FAN_OUT, payload, order_key=f"fan_out {reach.subject}")


def post_created(tx: Tx, *, node: Node, post: PostView) -> None:
    """A post of ours was made: Create."""
    _post(tx, node, post, render.create)


def post_edited(tx: Tx, *, node: Node, post: PostView, also: Iterable[int] = ()) -> None:
    """A post of ours was edited: Update to everybody who may read it or has it.

    `also`: actors who found it by themselves, and took part.
    """
    _post(tx, node, post, render.update, copies_of=post.id, also=also)


def post_deleted(tx: Tx, *, node: Node, post: PostView) -> None:
    """A post of ours was deleted: Delete to every inbox that got it."""
    activity_id = new_id(tx)
    document = render.delete(node.activity(activity_id), post, address_of(tx, post))
    reach = Reach(subject=post.row.uri, copies_of=post.id)
    publish(tx, actor=post.author, activity_id=activity_id, document=document, reach=reach)
    open_communities.said(tx, post.row, activity_id)


def _post(
    tx: Tx,
    node: Node,
    post: PostView,
    shape: "render.PostShape",
    *,
    copies_of: int = 0,
    also: Iterable[int] = (),
) -> None:
    reach = _reach_of(tx, post, copies_of)
    if reach is None:
        return
    reach = replace(reach, actors=tuple(dict.fromkeys((*reach.actors, *also))))
    activity_id = new_id(tx)
    document = shape(node.activity(activity_id), post, node, address_of(tx, post))
    publish(
        tx,
        actor=post.author,
        activity_id=activity_id,
        document=document,
        reach=reach,
        post_id=post.id,
    )
    open_communities.said(tx, post.row, activity_id)


def _reach_of(tx: Tx, post: PostView, copies_of: int) -> Reach | None:
    """Where a post travels (protocol §1, table "leaves the node to"); nothing: nowhere."""
    row, named = post.row, [*post.mentioned, *post.silent]
    followers_of = _followers_reached(tx, post)
    actors = [actor.id for actor in named if not actor.is_local]
    if Kind.NODE in {row.kind, row.root_kind} or row.kind is Kind.COMMUNITY:
        return None  # kept here; a community's posts travel through the community
    if row.kind is Kind.NETWORK:
        # Sisters get ours whole; an answer in a sister's thread goes to that node alone, which
        # passes it on to its own sisters.
        actors = [] if row.owner_id == HERE else [application_of(tx, row.owner_id).id]
    if row.kind is Kind.FOLLOWERS and row.owner_id != row.author_id:
        actors.append(row.owner_id)  # the thread's owner
    if row.kind is Kind.PUBLIC and row.reply_to_author_id is not None:
        actors.append(row.reply_to_author_id)
    if row.kind is Kind.PUBLIC and row.place_id is not None:
        actors.append(row.place_id)  # a group elsewhere passes it on
    if not (followers_of or actors or copies_of):
        return None
    return Reach(
        subject=row.uri,
        followers_of=followers_of,
        actors=tuple(dict.fromkeys(actors)),
        copies_of=copies_of,
        readers_of=0 if row.kind is Kind.PUBLIC else post.id,
        remember=post.id,
        names=(row.author_id, *(actor.id for actor in named if actor.is_local)),
        prove=row.kind in {Kind.PUBLIC, Kind.NETWORK},
    )


def reach_of(tx: Tx, post: PostView) -> Reach | None:
    """Where a post or a share of ours may travel now; nothing: nowhere."""
    if post.row.share_of_id is not None:
        return _reach_of_share(tx, post)
    return _reach_of(tx, post, 0)


def _followers_reached(tx: Tx, post: PostView) -> int:
    row = post.row
    if row.kind is Kind.PUBLIC:
        return row.author_id
    if row.kind is Kind.FOLLOWERS and row.owner_id == row.author_id:
        return row.author_id
    if row.kind is Kind.NETWORK and row.owner_id == HERE:
        return application_of(tx, HERE).id  # our sisters' Application actors follow it
    return 0


def shared(tx: Tx, *, share: PostView) -> None:
    """One of ours shared a post: Announce."""
    if (reach := _reach_of_share(tx, share)) is None:
        return
    document = render.announce(share, address_of(tx, share))
    publish(
        tx,
        actor=share.author,
        activity_id=share.id,  # the share's own id is the activity's
        document=document,
        reach=reach,
        post_id=share.id,
    )


def unshared(tx: Tx, *, node: Node, share: PostView) -> None:
    """One of ours took a share back: Undo{Announce} to every inbox that got it."""
    if (reach := _reach_of_share(tx, share, copies_of=share.id)) is None:
        return
    activity_id = new_id(tx)
    document = render.undo_announce(node.activity(activity_id), share, address_of(tx, share))
    publish(tx, actor=share.author, activity_id=activity_id, document=document, reach=reach)


def _reach_of_share(tx: Tx, share: PostView, *, copies_of: int = 0) -> Reach | None:
    original = share.shared_post
    if original is None or share.row.kind not in {Kind.PUBLIC, Kind.NETWORK}:
        return None
    return Reach(
        subject=share.row.uri,
        followers_of=_followers_reached(tx, share),
        actors=() if original.author.is_local else (original.author.id,),
        copies_of=copies_of,
        readers_of=0 if copies_of or share.row.kind is Kind.PUBLIC else original.id,
        remember=0 if copies_of else share.id,
        names=(share.author.id, *([original.author.id] if original.author.is_local else [])),
    )


def liked(tx: Tx, *, actor: ActorView, post: PostView, like: Liked) -> None:
    """One of ours liked a post: Like, or EmojiReact, to its author alone."""
    place = open_communities.place_of(tx, post.row)
    if place is None and post.author.is_local:
        return
    # In a group all kinds of servers hear it, and every one of them knows a Like.
    knows = place is None and reactions.understood_by(tx, post.author)
    document = render.like(like, actor, post, as_react=knows)
    if place is not None:
        new = new_id(tx)
        _react_in(tx, place, actor=actor, post=post, activity_id=new, document=document)
    else:
        to_one(tx, actor, post.author, new_id(tx), document, subject=like.uri)


def unliked(tx: Tx, *, node: Node, actor: ActorView, post: PostView, like: Liked) -> None:
    """One of ours took a like back: Undo{Like}."""
    place = open_communities.place_of(tx, post.row)
    if place is None and post.author.is_local:
        return
    activity_id = new_id(tx)
    knows = place is None and reactions.understood_by(tx, post.author)
    uri = node.activity(activity_id)
    document = render.undo_like(uri, like, actor, post, as_react=knows)
    if place is not None:
        _react_in(tx, place, actor=actor, post=post, activity_id=activity_id, document=document)
    else:
        to_one(tx, actor, post.author, activity_id, document, subject=like.uri)


def _react_in(
    tx: Tx,
    place: ActorView,
    *,
    actor: ActorView,
    post: PostView,
    activity_id: int,
    document: JsonDict,
) -> None:
    """A reaction in an open community: to the post's author and the community, which passes it on.

    Both get it at once: the author's server need not follow the community.
    """
    elsewhere = tuple(one.id for one in (post.author, place) if not one.is_local)
    reach = Reach(subject=place.uri, actors=elsewhere, personal=True, names=(actor.id,), prove=True)
    said = open_communities.in_community(document, post, place)
    publish(tx, actor=actor, activity_id=activity_id, document=said, reach=reach)
    open_communities.said(tx, post.row, activity_id)


def follow_requested(tx: Tx, *, follower: ActorView, target: ActorView, follow_uri: str) -> None:
    """One of ours asks to follow somebody elsewhere: Follow."""
    document = render.follow(follow_uri, follower, target)
    to_one(tx, follower, target, new_id(tx), document, subject=_pair(follower, target))


def follow_undone(
    tx: Tx, *, node: Node, follower: ActorView, target: ActorView, follow_uri: str
) -> None:
    """One of ours stops following: Undo{Follow}."""
    activity_id = new_id(tx)
    document = render.undo_follow(node.activity(activity_id), follow_uri, follower, target)
    to_one(tx, follower, target, activity_id, document, subject=_pair(follower, target))


def follow_accepted(
    tx: Tx, *, node: Node, target: ActorView, follower: ActorView, follow_uri: str
) -> None:
    """One of ours lets somebody elsewhere follow: Accept{Follow}."""
    activity_id = new_id(tx)
    document = render.accept(node.activity(activity_id), follow_uri, target, follower)
    to_one(tx, target, follower, activity_id, document, subject=_pair(follower, target))


def follow_rejected(
    tx: Tx, *, node: Node, target: ActorView, follower: ActorView, follow_uri: str
) -> None:
    """One of ours refuses or removes a follower: Reject{Follow}."""
    activity_id = new_id(tx)
    document = render.reject(node.activity(activity_id), follow_uri, target, follower)
    to_one(tx, target, follower, activity_id, document, subject=_pair(follower, target))


def actor_updated(tx: Tx, *, node: Node, actor: ActorView) -> None:
    """A profile of ours changed: Update, to every server that knows it and to no other."""
    reach = Reach(subject=actor.uri, followers_of=actor.id, holders_of=actor.id, names=(actor.id,))
    _whole_actor(tx, node, actor, reach)


def keys_changed(tx: Tx, *, node: Node, actor: ActorView) -> None:
    """An actor of ours has other keys: Update, to every server that holds it."""
    reach = Reach(subject=actor.uri, followers_of=actor.id, holders_of=actor.id, names=(actor.id,))
    _whole_actor(tx, node, actor, reach)


def _whole_actor(tx: Tx, node: Node, actor: ActorView, reach: Reach) -> None:
    keys = public_keys(tx, actor.id)
    if not keys:
        return  # it never said anything
    activity_id = new_id(tx)
    known = is_known_to_anybody(actor)
    whole = render_actor(actor, keys, node, bio=known)  # sisters fetch it anew
    if (terms := open_communities.terms_of(tx, actor)) is not None:
        known, whole = True, groups.open_group(actor, keys, node, terms)
    to = PUBLIC if known else actor.followers or actor.uri
    document = render.update_actor(node.activity(activity_id), actor, whole, to)
    publish(tx, actor=actor, activity_id=activity_id, document=document, reach=reach)


def is_known_to_anybody(actor: ActorView) -> bool:
    """Whether the world may know of an actor of ours; who else holds it was told (protocol §3)."""
    return actor.public or actor.posts_count > 0 or actor.type in _SERVICES


def to_one(
    tx: Tx,
    sender: ActorView,
    receiver: ActorView,
    activity_id: int,
    document: JsonDict,
    *,
    subject: str,
) -> None:
    """Publish a document for one actor elsewhere, at that actor's own inbox."""
    reach = Reach(subject=subject, actors=(receiver.id,), personal=True, names=(sender.id,))
    publish(tx, actor=sender, activity_id=activity_id, document=document, reach=reach)


def _pair(follower: ActorView, target: ActorView) -> str:
    """What the order is about: all that goes between a community and a node goes in one."""
    for one in (target, follower):
        if one.type is ActorType.GROUP:
            return one.uri
    return f"{follower.uri} {target.uri}"
