"""Posts as Note documents."""

from activitypub.render.times import moment
from activitypub.vocabulary import POST_CONTEXT, PUBLIC, JsonDict
from domain.audience import Kind
from domain.node import Node
from storage.views.actors import ActorView
from storage.views.posts import PostView


def addressees(post: PostView, node: Node, network: str) -> tuple[list[str], list[str]]:
    """`to` and `cc` of a post of ours (protocol §1).

    `network` is the followers collection of our Application actor: our sisters follow it.
    """
    named = [actor.uri for actor in (*post.mentioned, *post.silent)]
    followers = [post.author.followers] if post.author.followers else []
    kind = post.row.kind
    if kind is Kind.PUBLIC:
        return (followers, [PUBLIC, *named]) if post.row.quiet else ([PUBLIC], [*followers, *named])
    if kind is Kind.NETWORK:
        return ([network], named)
    if kind is Kind.FOLLOWERS and post.row.owner_id == post.row.author_id:
        return (followers, named)
    return (named, [])


def note(post: PostView, node: Node, network: str) -> JsonDict:
    """A Note without a context of its own, ready to be put into an activity.

    The same `to` and `cc` stand on the activity and on the object: servers read either.
    """
    row = post.row
    to, cc = addressees(post, node, network)
    document: JsonDict = {
        "id": row.uri,
        "type": "Note",
        "attributedTo": post.author.uri,
        "content": row.content,
        "published": moment(row.created_at),
        "url": row.url,
        "to": to,
        "cc": cc,
        "sensitive": row.sensitive,
        "tag": [
            *map(_mention, post.mentioned),
            *(_hashtag(tag.name, tag.folded, node) for tag in post.tags),
        ],
    }
    if row.summary:
        document["summary"] = row.summary
    if row.language:
        document["contentMap"] = {row.language: row.content}
    if row.source is not None:
        document["source"] = {"content": row.source, "mediaType": "text/plain"}
    if parent := post.parent_uri or row.reply_to_uri:
        document["inReplyTo"] = parent
    if row.edited_at is not None:
        document["updated"] = moment(row.edited_at)
    return document


def document(post: PostView, node: Node, network: str) -> JsonDict:
    """A Note on its own."""
    return {"@context": POST_CONTEXT, **note(post, node, network)}


def tombstone(post: PostView) -> JsonDict:
    """What remains of a deleted post (ActivityPub §6.11)."""
    return {"id": post.row.uri, "type": "Tombstone"}


def _mention(actor: ActorView) -> JsonDict:
    return {"type": "Mention", "href": actor.uri, "name": f"@{actor.handle}@{actor.domain}"}


def _hashtag(name: str, folded: str, node: Node) -> JsonDict:
    return {"type": "Hashtag", "name": f"#{name}", "href": f"{node.origin}/tags/{folded}"}
