"""Posts as Note documents."""

from typing import Final, NamedTuple

from activitypub.render import emojis, quotes
from activitypub.render.files import attachment
from activitypub.render.polls import question
from activitypub.render.times import moment
from activitypub.vocabulary import (
    ACTIVITYSTREAMS,
    COMMUNITY_CONTEXT,
    ON_BEHALF_OF,
    POST_CONTEXT,
    JsonDict,
)
from domain.audience import Kind
from domain.node import Node
from domain.quotes import linked
from domain.text import with_title
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView

#: Collections beside a post of ours (ActivityPub §5.7, §5.8; FEP-7458). In a community its thread
#: is the one list, and a letter has none.
_BESIDE: Final = ("replies", "likes", "shares")
_LISTS_ANSWERS: Final = frozenset({Kind.PUBLIC, Kind.NETWORK, Kind.FOLLOWERS})


class Address(NamedTuple):
    """Whom a document is addressed to; the same on the activity and on the object.

    `community`: the id of the community that a post is written in (AS2 Vocabulary `audience`).
    """

    to: list[str]
    cc: list[str]
    community: str | None = None


def note(post: PostView, node: Node, address: Address) -> JsonDict:
    """A Note without a context of its own, ready to be put into an activity."""
    row = post.row
    content = words(row)
    document: JsonDict = {
        "id": row.uri,
        "type": "Note",
        "attributedTo": speaker(post, address),
        "content": content,
        "published": moment(row.created_at),
        "url": row.url,
        "to": address.to,
        "cc": address.cc,
        "sensitive": row.sensitive,
        "tag": [
            *map(_mention, post.mentioned),
            *(_hashtag(tag.name, tag.folded, node) for tag in post.tags),
            *emojis.tags(row.emojis),
        ],
    }
    if post.poll is not None:
        document |= question(post.poll)
    if address.community is not None:
        document["audience"] = address.community
    if is_on_behalf(post):
        document[ON_BEHALF_OF] = post.author.uri
    document |= quotes.said(post) | quotes.policy(post)
    if row.summary:
        document["summary"] = row.summary
    if row.language:
        document["contentMap"] = {row.language: content}
    if row.source is not None:
        document["source"] = {"content": row.source, "mediaType": "text/plain"}
    if parent := post.parent_uri or row.reply_to_uri:
        document["inReplyTo"] = parent
    if row.edited_at is not None:
        document["updated"] = moment(row.edited_at)
    document |= _around(row, node)
    if post.files:
        document["attachment"] = [attachment(file, node) for file in post.files]
    return document


def _around(row: PostRow, node: Node) -> JsonDict:
    """The thread that it belongs to (FEP-7888), and the collections beside it."""
    found: JsonDict = {"context": row.context_uri} if row.context_uri is not None else {}
    if row.kind in _LISTS_ANSWERS:
        found |= {name: node.beside_post(row.id, name) for name in _BESIDE}
    return found


def words(row: PostRow) -> str:
    """What a post says, for who knows no titles and no quotes: both stand before the words."""
    quoted = row.quote_uri if row.is_local else None  # others' words have it already
    return with_title(row.title, linked(quoted, row.content))


def document(post: PostView, node: Node, address: Address) -> JsonDict:
    """A Note on its own."""
    context = COMMUNITY_CONTEXT if address.community is not None else POST_CONTEXT
    return {"@context": context, **note(post, node, address)}


def is_on_behalf(post: PostView) -> bool:
    """Whether a community says this for a member on a plain server: kept here, by nobody here."""
    return post.row.is_local and not post.author.is_local


def speaker(post: PostView, address: Address) -> str:
    """Who says it on the wire: the author, or the community for its author (protocol §5)."""
    return address.community or "" if is_on_behalf(post) else post.author.uri


def tombstone(post: PostView) -> JsonDict:
    """What remains of a deleted post (ActivityPub §6.11)."""
    return {"id": post.row.uri, "type": "Tombstone"}


def gone(uri: str) -> JsonDict:
    """The same on its own, for who asks at the post's address."""
    return {"@context": ACTIVITYSTREAMS, "id": uri, "type": "Tombstone"}


def _mention(actor: ActorView) -> JsonDict:
    return {"type": "Mention", "href": actor.uri, "name": f"@{actor.handle}@{actor.domain}"}


def _hashtag(name: str, folded: str, node: Node) -> JsonDict:
    return {"type": "Hashtag", "name": f"#{name}", "href": f"{node.origin}/tags/{folded}"}
