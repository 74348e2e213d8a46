"""Activities as documents. Each is complete, with its addressees and an id of its own."""

from collections.abc import Callable, Sequence

from activitypub.render.posts import Address, is_on_behalf, note, speaker, tombstone
from activitypub.render.reactions import REACTION_CONTEXT, reacts
from activitypub.render.times import moment
from activitypub.vocabulary import (
    ACTIVITYSTREAMS,
    ACTOR_CONTEXT,
    CARDS,
    COMMUNITY_CONTEXT,
    COPIES,
    ON_BEHALF_OF,
    POST_CONTEXT,
    JsonDict,
)
from domain.node import Node
from storage.queries.likes import Liked
from storage.views.actors import ActorView
from storage.views.posts import PostView


def create(uri: str, post: PostView, node: Node, address: Address) -> JsonDict:
    """Create{Note}."""
    return _of_post("Create", uri, post, node, address)


def update(uri: str, post: PostView, node: Node, address: Address) -> JsonDict:
    """Update{Note}; the Note says when it was edited."""
    return _of_post("Update", uri, post, node, address)


def _of_post(kind: str, uri: str, post: PostView, node: Node, address: Address) -> JsonDict:
    return {
        **_said(kind, uri, post, address),
        "published": moment(post.row.edited_at or post.row.created_at),
        "object": note(post, node, address),
    }


def _said(kind: str, uri: str, post: PostView, address: Address) -> JsonDict:
    """What an activity about a post of ours begins with; in a community it names that."""
    document: JsonDict = {
        "@context": POST_CONTEXT,
        "id": uri,
        "type": kind,
        "actor": speaker(post, address),
        "to": address.to,
        "cc": address.cc,
    }
    if address.community is not None:
        document |= {"@context": COMMUNITY_CONTEXT, "audience": address.community}
    if is_on_behalf(post):
        document[ON_BEHALF_OF] = post.author.uri
    return document


def delete(uri: str, post: PostView, address: Address) -> JsonDict:
    """Delete{Tombstone}, to everybody who got the post."""
    return {**_said("Delete", uri, post, address), "object": tombstone(post)}


def announce(share: PostView, address: Address) -> JsonDict:
    """Announce of a post by its id. The share's own id is the activity's id."""
    original = share.shared_post
    assert original is not None
    return {
        "@context": ACTIVITYSTREAMS,
        "id": share.row.uri,
        "type": "Announce",
        "actor": share.author.uri,
        "published": moment(share.row.created_at),
        "to": address.to,
        "cc": address.cc,
        "object": original.row.uri,
    }


def undo_announce(uri: str, share: PostView, address: Address) -> JsonDict:
    """Undo{Announce}, with the share embedded so that nobody must look it up."""
    inner = announce(share, address)
    inner.pop("@context")
    return _undo(uri, share.author, inner, address.to, address.cc)


def like(liked: Liked, actor: ActorView, post: PostView, *, as_react: bool = False) -> JsonDict:
    """Like of a post, to its author alone; `as_react`: as an EmojiReact if it has an emoji."""
    document: JsonDict = {
        "@context": REACTION_CONTEXT if liked.said_with.emoji else ACTIVITYSTREAMS,
        "id": liked.uri,
        "actor": actor.uri,
        "to": [post.author.uri],
        "object": post.row.uri,
    }
    return document | reacts(liked.said_with, as_react=as_react)


def undo_like(
    uri: str, liked: Liked, actor: ActorView, post: PostView, *, as_react: bool = False
) -> JsonDict:
    """Undo{Like}."""
    inner = like(liked, actor, post, as_react=as_react)
    context = inner.pop("@context")
    return _undo(uri, actor, inner, inner["to"]) | {"@context": context}


def like_in(liked: Liked, community: ActorView, actor: ActorView, post_uri: str) -> JsonDict:
    """Like of a post in a community, to the community alone; in its words for plain members."""
    return {
        "@context": COMMUNITY_CONTEXT,
        "id": liked.uri,
        **reacts(liked.said_with, as_react=True),
        **_by_or_for(community, actor),
        "to": [community.uri],
        "audience": community.uri,
        "object": post_uri,
    }


def undo_like_in(
    uri: str, liked: Liked, community: ActorView, actor: ActorView, post_uri: str
) -> JsonDict:
    """Undo of such a Like."""
    inner = like_in(liked, community, actor, post_uri)
    context = inner.pop("@context")
    return {
        "@context": context,
        "id": uri,
        "type": "Undo",
        **_by_or_for(community, actor),
        "to": [community.uri],
        "audience": community.uri,
        "object": inner,
    }


def _by_or_for(community: ActorView, actor: ActorView) -> JsonDict:
    if actor.is_local:
        return {"actor": actor.uri}
    return {"actor": community.uri, ON_BEHALF_OF: actor.uri}


def not_taken_in(
    uri: str, refused_uri: str, community: ActorView, author: ActorView, reason: str
) -> JsonDict:
    """Reject of a Create or a Like: the community does not take it in; `summary` says why."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Reject",
        "actor": community.uri,
        "to": [author.uri],
        "object": refused_uri,
        "summary": reason,
    }


def passed_on(
    uri: str,
    community: ActorView,
    inner: JsonDict,
    at: int,
    cards: list[JsonDict],
    *,
    copies: Sequence[JsonDict] = (),
    thread: str | None = None,
) -> JsonDict:
    """Announce of an activity as it was proven, with the cards of those it names (protocol §5).

    `copies`: where the community keeps the files that are named inside. `thread`: the collection
    that it belongs to (FEP-7888).
    """
    document: JsonDict = {
        "@context": COMMUNITY_CONTEXT,
        "id": uri,
        "type": "Announce",
        "actor": community.uri,
        "published": moment(at),
        "to": [community.followers],
        "audience": community.uri,
        "object": inner,
    }
    if cards:
        document[CARDS] = cards
    if copies:
        document[COPIES] = list(copies)
    if thread is not None:
        document["context"] = thread
    return document


def follow(uri: str, follower: ActorView, target: ActorView) -> JsonDict:
    """Follow: asked for until it is accepted."""
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Follow",
        "actor": follower.uri,
        "to": [target.uri],
        "object": target.uri,
    }


def undo_follow(uri: str, follow_uri: str, follower: ActorView, target: ActorView) -> JsonDict:
    """Undo{Follow}."""
    inner = follow(follow_uri, follower, target)
    inner.pop("@context")
    return _undo(uri, follower, inner, inner["to"])


def accept(uri: str, follow_uri: str, target: ActorView, follower: ActorView) -> JsonDict:
    """Accept{Follow}: the Follow is embedded, for servers that match it by its parts."""
    return _answer("Accept", uri, follow_uri, target, follower)


def reject(uri: str, follow_uri: str, target: ActorView, follower: ActorView) -> JsonDict:
    """Reject{Follow}: refuses a request, and ends a follow that was accepted."""
    return _answer("Reject", uri, follow_uri, target, follower)


def _answer(
    kind: str, uri: str, follow_uri: str, target: ActorView, follower: ActorView
) -> JsonDict:
    inner = follow(follow_uri, follower, target)
    inner.pop("@context")
    return {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": kind,
        "actor": target.uri,
        "to": [follower.uri],
        "object": inner,
    }


def update_actor(uri: str, actor: ActorView, document: JsonDict, to: str) -> JsonDict:
    """Update of an actor of ours; `document` is the whole actor, `to` who may know of it."""
    inner = {name: value for name, value in document.items() if name != "@context"}
    return {
        "@context": ACTOR_CONTEXT,
        "id": uri,
        "type": "Update",
        "actor": actor.uri,
        "to": [to],
        "object": inner,
    }


def _undo(uri: str, actor: ActorView, inner: JsonDict, to: object, cc: object = None) -> JsonDict:
    document: JsonDict = {
        "@context": ACTIVITYSTREAMS,
        "id": uri,
        "type": "Undo",
        "actor": actor.uri,
        "to": to,
        "object": inner,
    }
    if cc:
        document["cc"] = cc
    return document


PostShape = Callable[[str, PostView, Node, Address], JsonDict]
