"""Posts as Mastodon's Status.

A Status has a fixed part, the same for everybody who may read it and kept as bytes under the
versions that it depends on, and a viewer's part that is filled in each time: rights, flags and the
addresses of files are never cached.
"""

from collections.abc import Iterable
from typing import Final

import orjson

from domain.addressing import client_visibility
from domain.audience import Viewer
from domain.kinds import Acceptance
from domain.node import Node
from storage.queries.files import FileRow
from storage.views.actors import ActorView
from storage.views.posts import PostView, Tag, ViewerFlags
from web.mastodon.entities.accounts import JsonDict, account, mention
from web.mastodon.entities.lists import name_of
from web.mastodon.entities.media import filled, media, with_slots
from web.mastodon.entities.times import moment

STANDINGS: Final = {Acceptance.WAITING: "waiting", Acceptance.REFUSED: "refused"}
_NOBODY_QUOTES: Final = {"automatic": [], "manual": [], "current_user": "denied"}


def fixed_part(post: PostView, node: Node, viewer: Viewer) -> bytes:
    """What is the same for all viewers of one class: an open JSON object, its brace missing.

    Where it has files, `entities.media.filled` puts in the viewer's addresses. Of `viewer` only the
    class matters: whether it is a full member (figures of the author), and whether it may know of
    the post that is answered.
    """
    return orjson.dumps(_fixed(post, node, viewer))[:-1]


def _fixed(post: PostView, node: Node, viewer: Viewer) -> JsonDict:
    row = post.row
    visibility, local_only = client_visibility(row.audience, row.root_audience, quiet=row.quiet)
    fixed: JsonDict = {
        "id": str(row.id),
        "created_at": moment(row.created_at),
        "in_reply_to_id": _text(row.reply_to_id),
        "in_reply_to_account_id": _text(row.reply_to_author_id),
        "sensitive": row.sensitive,
        "spoiler_text": row.summary,
        "visibility": visibility if row.is_accepted else "private",
        "local_only": local_only,
        "language": row.language,
        "uri": row.uri,
        "url": row.url,
        "replies_count": row.replies_count,
        "reblogs_count": row.shares_count,
        "favourites_count": row.likes_count,
        "quotes_count": 0,
        "edited_at": None if row.edited_at is None else moment(row.edited_at),
        "content": row.content,
        "application": None if post.app_name is None else {"name": post.app_name, "website": None},
        "media_attachments": orjson.Fragment(with_slots(post.files)),
        "mentions": [mention(actor) for actor in post.mentioned],
        "tags": [tag(each, node) for each in post.tags],
        "emojis": [],
        "card": None,
        "poll": None,
        "quote": None,
        "quote_approval": _NOBODY_QUOTES,
        "tagged_collections": [],
        "account": account(post.author, node, viewer),
    }
    if not row.is_accepted:
        fixed["tertulia"] = _standing(post)
    return fixed


def _standing(post: PostView) -> JsonDict:
    """What became of words that a community elsewhere has not taken in, for their author.

    A field of ours, which apps ignore. Only what never changes of the community: it is kept.
    """
    place = post.place
    known = None
    if place is not None:
        known = {"id": str(place.id), "acct": place.acct, "list": name_of(place.id)}
    return {"standing": STANDINGS[post.row.acceptance], "community": known}


def _text(identifier: int | None) -> str | None:
    return None if identifier is None else str(identifier)


def tag(shown: Tag, node: Node) -> JsonDict:
    """A hashtag inside a Status; the name as clients compare it."""
    return {"name": shown.folded, "url": tag_url(node, shown.folded)}


def tag_url(node: Node, folded: str) -> str:
    """The page of a tag."""
    return f"{node.origin}/tags/{folded}"


def status(fixed: bytes, flags: ViewerFlags | None, shared: bytes | None = None) -> bytes:
    """A whole Status from its parts; without flags for somebody who is not signed in.

    `fixed` has the viewer's addresses in it; `shared` is the whole Status that this one shares.
    """
    parts = [fixed, b',"reblog":', shared or b"null"]
    if flags is not None:
        parts += [
            b',"favourited":true' if flags.liked else b',"favourited":false',
            b',"reblogged":true' if flags.shared else b',"reblogged":false',
            b',"muted":false,"bookmarked":false,"pinned":false,"filtered":[]',
        ]
    parts.append(b"}")
    return b"".join(parts)


def whole(post: PostView, node: Node, viewer: Viewer) -> bytes:
    """A Status rendered anew from a post that was loaded for this viewer."""
    flags = post.flags if viewer.actor else None
    shared = None if post.shared_post is None else whole(post.shared_post, node, viewer)
    fixed = filled(fixed_part(post, node, viewer), node, viewer.actor)
    return status(fixed, flags, shared)


def listing(statuses: Iterable[bytes]) -> bytes:
    """A JSON array of objects that are bytes already."""
    return b"[" + b",".join(statuses) + b"]"


def with_source(whole_status: bytes, text: str) -> bytes:
    """A deleted Status with what its author typed, to write it again (DELETE statuses)."""
    return whole_status[:-1] + b',"text":' + orjson.dumps(text) + b"}"


def source(post: PostView) -> JsonDict:
    """What the author typed, for the edit screen (StatusSource)."""
    return {"id": str(post.row.id), "text": post.row.source or "", "spoiler_text": post.row.summary}


def edit(
    author: ActorView,
    node: Node,
    viewer: Viewer,
    *,
    content: str,
    summary: str,
    sensitive: bool,
    made_at: int,
    files: tuple[FileRow, ...] = (),
) -> JsonDict:
    """One version of a post (StatusEdit). `made_at` in ms."""
    return {
        "content": content,
        "spoiler_text": summary,
        "sensitive": sensitive,
        "created_at": moment(made_at),
        "account": account(author, node, viewer),
        "poll": None,
        "quote": None,
        "media_attachments": [media(file, node, viewer.actor) for file in files],
        "emojis": [],
    }
