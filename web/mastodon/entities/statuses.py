"""Posts as Mastodon's Status.

A Status has a fixed part, the same for everybody who may read it and kept as bytes under the
versions that it depends on, and a viewer's part that is filled in each time: rights, flags and the
addresses of files are never cached.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import orjson

from domain.addressing import client_visibility
from domain.audience import Viewer
from domain.kinds import Acceptance
from domain.node import Node
from domain.quotes import QuotePolicy, linked, may_be_quoted, named
from domain.reactions import Tally, unpacked
from domain.text import with_title
from storage.queries.files import FileRow
from storage.views.actors import ActorView
from storage.views.posts import PostRow, PostView, QuoteView, Tag, ViewerFlags
from web.mastodon.entities import polls
from web.mastodon.entities.accounts import JsonDict, account, mention
from web.mastodon.entities.emojis import address, shown
from web.mastodon.entities.lists import name_of
from web.mastodon.entities.media import filled, media, with_slots
from web.mastodon.entities.times import moment

STANDINGS: Final = {
    Acceptance.WAITING: "waiting",
    Acceptance.REFUSED: "refused",
    Acceptance.WITHHELD: "withheld",
}
_NOBODY: Final[JsonDict] = {"automatic": [], "manual": []}
# Where the viewer's own standing goes: no text that anybody writes can hold this byte in JSON.
_STANDING: Final = b"\x02"
_DENIED: Final = b"denied"


def fixed_part(post: PostView, node: Node, viewer: Viewer) -> bytes:
    """What is the same for all viewers of one class: an open JSON object, its brace missing.

    Where it has files or a poll, `entities.media.filled` and `entities.polls.filled` put in the
    viewer's addresses and choices. Of `viewer` only the
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
        "quotes_count": row.quotes_count,
        "edited_at": None if row.edited_at is None else moment(row.edited_at),
        "content": with_title(row.title, with_link(row)),
        "application": None if post.app_name is None else {"name": post.app_name, "website": None},
        "media_attachments": orjson.Fragment(with_slots(post.files)),
        "mentions": [mention(actor) for actor in post.mentioned],
        "tags": [tag(each, node) for each in post.tags],
        "emojis": shown(row.emojis, node),
        "card": None,
        "poll": orjson.Fragment(polls.with_slot(post, node)),
        "quote_approval": orjson.Fragment(_approval(post)),
        "tagged_collections": [],
        "account": account(post.author, node, viewer),
    }
    ours = _standing(post) if not row.is_accepted else {}
    if row.reactions:
        ours["reactions"] = reactions(row, node)
    if ours:
        fixed["tertulia"] = ours
    return fixed


def reactions(row: PostRow, node: Node) -> list[JsonDict]:
    """With which emoji people like a post, and how many of them: figures, and no names."""
    return [reaction(tally, node) for tally in unpacked(row.reactions)]


def reaction(tally: Tally, node: Node) -> JsonDict:
    """One emoji of a post's reactions; pictures elsewhere come through this node alone."""
    url = None if tally.url is None else address(node, tally.url)
    return {"name": tally.emoji.strip(":"), "count": tally.count, "url": url}


def with_link(row: PostRow) -> str:
    """The words; ours begin with a link to what they quote, which apps hide where they show it."""
    return linked(row.quote_uri if row.is_local else None, row.content)


def _approval(post: PostView) -> bytes:
    """Who may quote the post (QuoteApproval), with a slot for the viewer's own standing."""
    row = post.row
    if post.shared_post is not None or not may_be_quoted(row.audience, row.root_audience):
        return orjson.dumps({**_NOBODY, "current_user": "denied"})
    automatic, manual = named(QuotePolicy(row.quote_policy))
    said = orjson.dumps({"automatic": automatic, "manual": manual})
    return said[:-1] + b',"current_user":"' + _STANDING + b'"}'


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


def status(
    fixed: bytes,
    flags: ViewerFlags | None,
    shared: bytes | None = None,
    *,
    quoted: bytes | None = None,
) -> bytes:
    """A whole Status from its parts; without flags for somebody who is not signed in.

    `fixed` has the viewer's addresses in it; `shared` is the whole Status that this one shares,
    `quoted` the whole Quote that is in it.
    """
    may_quote = _DENIED if flags is None else flags.may_quote.name.lower().encode()
    parts = [fixed.replace(_STANDING, may_quote), b',"reblog":', shared or b"null"]
    parts += [b',"quote":', (None if shared else quoted) or b"null"]
    if flags is not None:
        parts += [
            b',"favourited":true' if flags.liked else b',"favourited":false',
            b',"reblogged":true' if flags.shared else b',"reblogged":false',
            b',"pinned":true' if flags.pinned else b',"pinned":false',
            b',"muted":false,"bookmarked":false,"filtered":[]',
        ]
    parts.append(b"}")
    return b"".join(parts)


def whole(post: PostView, node: Node, viewer: Viewer) -> bytes:
    """A Status rendered anew from a post that was loaded for this viewer."""
    flags = post.flags if viewer.actor else None
    shared = None if post.shared_post is None else whole(post.shared_post, node, viewer)
    fixed = filled(fixed_part(post, node, viewer), node, viewer.actor)
    fixed = polls.filled(fixed, viewer.actor, polls.own_of(post))
    return status(fixed, flags, shared, quoted=quote(post.quote, node, viewer))


def quote(view: QuoteView | None, node: Node, viewer: Viewer) -> bytes | None:
    """What a post quotes (Quote); a ShallowQuote where it stands in a quoted post itself."""
    if view is None:
        return None
    state = b'{"state":' + orjson.dumps(view.state)
    if view.post is None and view.post_id is not None:
        return state + b',"quoted_status_id":' + orjson.dumps(str(view.post_id)) + b"}"
    shown = b"null" if view.post is None else whole(view.post, node, viewer)
    return state + b',"quoted_status":' + shown + b"}"


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
    emojis: bytes = b"",
    options: Sequence[str] = (),
) -> JsonDict:
    """One version of a post (StatusEdit). `made_at` in ms."""
    return {
        "content": content,
        "spoiler_text": summary,
        "sensitive": sensitive,
        "created_at": moment(made_at),
        "account": account(author, node, viewer),
        "poll": {"options": [{"title": name} for name in options]} if options else None,
        "quote": None,
        "media_attachments": [media(file, node, viewer.actor) for file in files],
        "emojis": shown(emojis, node),
    }
