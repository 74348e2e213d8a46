"""What is said in open communities of ours, passed on once it had its effect here (FEP-1b12).

A Create, Update, Delete, reaction or Undo is done as any other of its kind. If it is about a post
in an open community of ours, the community then announces the very activity to its followers; but
first it is asked whether its actor may say anything there at all.
"""

from typing import Any, Final

from msgspec import Struct

from activitypub.parse.activities import inner_activity
from activitypub.parse.posts import NoteDocument
from domain.node import Node
from inbox.signed import Handler, SignedActivity
from social import open_communities
from storage.queries import likes, posts
from storage.tx import Tx
from storage.views.posts import PostRow

#: Bytes of an activity that is passed on: it has to fit into an Announce.
LARGEST: Final = 200 << 10
_WORDS: Final = frozenset({"Create", "Update"})
_REACTIONS: Final = frozenset({"Like", "EmojiReact"})


class _About(Struct, frozen=True):
    """What an activity is about, before it has its effect: the post, and whether they like it."""

    post: PostRow | None
    liked: bool = False


def passing_on(handler: Handler[Any]) -> Handler[Any]:
    """A handler for a type of activity that is said in communities as well."""

    def receive(tx: Tx, node: Node, signed: SignedActivity, meaning: Any) -> str | None:
        if not _may_concern(node, signed, meaning):
            return handler.receive(tx, node, signed, meaning)
        about = _about(tx, signed)
        refused = _refusal(tx, signed, meaning, about)
        if refused is not None:
            return refused
        reason = handler.receive(tx, node, signed, meaning)
        if reason is None:
            _heard(tx, node, signed, meaning, about)
        return reason

    return Handler(handler.verify, receive, handler.at_once)


def _may_concern(node: Node, signed: SignedActivity, meaning: Any) -> bool:
    """Whether it may be about a community of ours: most new posts name nobody here."""
    if signed.activity.type != "Create":
        return True
    if not isinstance(meaning, NoteDocument):
        return False
    named = (*meaning.addressees, *(each.href for each in meaning.mentions))
    here = f"{node.origin}/"
    return meaning.in_reply_to is not None or any(uri.startswith(here) for uri in named)


def _about(tx: Tx, signed: SignedActivity) -> _About:
    activity, signer = signed.activity, signed.signer
    if activity.type == "Create":
        return _About(None)
    if activity.type != "Undo":
        post = posts.by_uri(tx, activity.object_id) if activity.object_id is not None else None
    else:
        inner = inner_activity(activity)
        if inner.type not in {None, *_REACTIONS}:
            return _About(None)
        liked = likes.post_liked_by(tx, signer.id, inner.id) if inner.id is not None else None
        post = posts.by_id(tx, liked) if liked is not None else None
        if post is None and inner.object_id is not None:
            post = posts.by_uri(tx, inner.object_id)
    if post is None or post.place_id is None or activity.type in _WORDS:
        return _About(post)
    return _About(post, likes.uri_of(tx, signer.id, post.id) is not None)


def _refusal(tx: Tx, signed: SignedActivity, meaning: Any, about: _About) -> str | None:
    """Why they may not say this there. What takes back is never refused."""
    kind, signer = signed.activity.type, signed.signer
    if kind in {"Delete", "Undo"}:
        return None
    if isinstance(meaning, NoteDocument) and about.post is None:
        parent = posts.by_uri(tx, meaning.in_reply_to) if meaning.in_reply_to else None
        return open_communities.refusal(tx, signer, about=parent, answers=True)
    return open_communities.refusal(tx, signer, about=about.post, answers=False)


def _heard(tx: Tx, node: Node, signed: SignedActivity, meaning: Any, about: _About) -> None:
    """It had its effect: pass it on if it is news."""
    body, kind = signed.body or b"", signed.activity.type
    if kind in _WORDS and not isinstance(meaning, NoteDocument):
        return
    post = posts.by_uri(tx, meaning.id) if kind in _WORDS else about.post
    community = open_communities.hosted(tx, post)
    if community is None or post is None or not 0 < len(body) <= LARGEST:
        return
    if kind in _WORDS:
        new = open_communities.take_in(
            tx, node=node, row=post, received_at=signed.received_at, body=body
        )
        if new or kind == "Create":
            return
    elif kind in {*_REACTIONS, "Undo"}:
        likes_it = likes.uri_of(tx, signed.signer.id, post.id) is not None
        if likes_it is about.liked:
            return
    open_communities.pass_on(tx, community, post_id=post.id, body=body)
