"""Posts as Mastodon's Status.

A Status has a fixed part, the same for everybody who may read it and kept as bytes under the
versions that it depends on, and a viewer's part that is filled in each time: rights, flags and the
addresses of files are never cached.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, NamedTuple, NotRequired, TypedDict, cast
from urllib.parse import quote as quote_path

import orjson

from domain.addressing import client_visibility
from domain.audience import Viewer
from domain.filters import Match
from domain.kinds import Acceptance
from domain.node import Node
from domain.quotes import QuotePolicy, linked, may_be_quoted, named
from domain.quotes import Standing as Quotable
from domain.reactions import Tally, unpacked
from domain.text import with_title
from storage.views.post_rows import BOOKMARKED, LIKED, MUTED, PINNED, SHARED
from storage.views.posts import PostRow, PostView, QuoteView, Tag
from web.fragments import Fragment
from web.mastodon.entities import polls
from web.mastodon.entities.accounts import (
    Account,
    JsonDict,
    Mention,
    Visibility,
    account,
    mention,
)
from web.mastodon.entities.emojis import CustomEmoji, address, shown
from web.mastodon.entities.filters import FilterResult, result
from web.mastodon.entities.formats import OWN, Address, Count, Id, Moment, OwnFlag
from web.mastodon.entities.link_previews import PreviewCard, card
from web.mastodon.entities.lists import name_of
from web.mastodon.entities.media import MediaAttachment, with_slots
from web.mastodon.entities.media import filled as with_addresses
from web.mastodon.entities.times import moment

Standing = Literal["waiting", "refused", "withheld"]
State = Literal[
    "pending",
    "accepted",
    "rejected",
    "revoked",
    "deleted",
    "unauthorized",
    "blocked_account",
    "blocked_domain",
    "muted_account",
]


class PostApplication(TypedDict):
    """With what a post was written."""

    name: str
    website: Address | None


class StatusTag(TypedDict):
    """A hashtag inside a Status."""

    name: str
    url: Address


class QuoteApproval(TypedDict):
    """Who may quote a post, and whether the viewer may."""

    automatic: list[str]
    manual: list[str]
    current_user: Literal["automatic", "manual", "denied", "unknown"]


class ReactionTally(TypedDict):
    """How many like a post with one emoji."""

    name: str
    count: Count
    url: Address | None


class PersonsReaction(ReactionTally):
    """Who likes a post with one emoji, as far as the reader may see them; whether the reader is."""

    me: bool
    accounts: list[Account]


class Community(TypedDict):
    """Where words wait to be taken in."""

    id: Id
    acct: str
    list: str


class Ours(TypedDict):
    """What Mastodon's API has no field for."""

    standing: NotRequired[Standing]
    community: NotRequired[Community | None]
    reactions: NotRequired[list[ReactionTally]]


class Fixed(TypedDict):
    """What is the same for everybody who may read a post."""

    id: Id
    created_at: Moment
    in_reply_to_id: Id | None
    in_reply_to_account_id: Id | None
    sensitive: bool
    spoiler_text: str
    visibility: Visibility
    local_only: bool
    language: str | None
    uri: Address
    url: Address
    replies_count: Count
    reblogs_count: Count
    favourites_count: Count
    quotes_count: Count
    edited_at: Moment | None
    content: str
    application: PostApplication | None
    media_attachments: list[MediaAttachment]
    mentions: list[Mention]
    tags: list[StatusTag]
    emojis: list[CustomEmoji]
    card: PreviewCard | None
    poll: polls.Poll | None
    quote_approval: QuoteApproval
    tagged_collections: list[None]
    account: Account
    tertulia: NotRequired[Ours]


class Quote(TypedDict):
    """What a post quotes: whole, or inside what is quoted itself as an id alone."""

    state: State
    quoted_status: NotRequired["Status | None"]
    quoted_status_id: NotRequired[Id | None]


class Status(Fixed):
    """A post as somebody reads it; the flags are the reader's."""

    reblog: "Status | None"
    quote: Quote | None
    favourited: NotRequired[OwnFlag]
    reblogged: NotRequired[OwnFlag]
    pinned: NotRequired[OwnFlag]
    muted: NotRequired[OwnFlag]
    bookmarked: NotRequired[OwnFlag]
    filtered: NotRequired[Annotated[list[FilterResult], OWN]]


class DeletedStatus(Status):
    """What was deleted, with the words as they were typed."""

    text: str


STANDINGS: Final[dict[Acceptance, Standing]] = {
    Acceptance.WAITING: "waiting",
    Acceptance.REFUSED: "refused",
    Acceptance.WITHHELD: "withheld",
}
_NOBODY: Final[JsonDict] = {"automatic": [], "manual": []}
# Where the viewer's own standing goes: no text that anybody writes can hold this byte in JSON.
_STANDING: Final = b"\x02"
_MAY_QUOTE: Final = {int(one): one.name.lower().encode() for one in Quotable}


def fixed_part(post: PostView, node: Node, viewer: Viewer) -> Fragment:
    """What is the same for all viewers of one class: an open JSON object, its brace missing.

    Around the viewer's own standing. Where it has files or a poll, `filled` puts in the viewer's
    addresses and choices. Of `viewer` only the class matters: whether it is a full member (figures
    of the author), and whether it may know of the post that is answered.
    """
    said = orjson.dumps(_fixed(post, node, viewer))[:-1]
    has_slots = bool(post.files) or post.poll is not None
    return Fragment(tuple(said.split(_STANDING)), has_slots)


def filled(
    fixed: Fragment, node: Node, viewer_id: int, chosen: Mapping[int, tuple[int, ...]]
) -> Fragment:
    """A fixed part with one reader's addresses, and with what they chose in polls, by post."""
    return Fragment(
        tuple(
            polls.filled(with_addresses(part, node, viewer_id), viewer_id, chosen)
            for part in fixed.parts
        )
    )


def ready(piece: bytes) -> Any:
    """JSON that is bytes already, where the type of the whole says what it is."""
    return orjson.Fragment(piece)


def _fixed(post: PostView, node: Node, viewer: Viewer) -> Fixed:
    row = post.row
    visibility, local_only = client_visibility(row.audience, row.root_audience, quiet=row.quiet)
    fixed: Fixed = {
        "id": str(row.id),
        "created_at": moment(row.created_at),
        "in_reply_to_id": _text(row.reply_to_id),
        "in_reply_to_account_id": _text(row.reply_to_author_id),
        "sensitive": row.sensitive,
        "spoiler_text": row.summary,
        "visibility": cast("Visibility", visibility) if row.is_accepted else "private",
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
        "media_attachments": ready(with_slots(post.files)),
        "mentions": [mention(actor) for actor in post.mentioned],
        "tags": [tag(each, node) for each in post.tags],
        "emojis": shown(row.emojis, node),
        "card": card(post.link, node),
        "poll": ready(polls.with_slot(post, node)),
        "quote_approval": ready(_approval(post)),
        "tagged_collections": [],
        "account": account(post.author, node, viewer),
    }
    ours: Ours = _standing(post) if not row.is_accepted else {}
    if row.reactions:
        ours["reactions"] = reactions(row, node)
    if ours:
        fixed["tertulia"] = ours
    return fixed


def reactions(row: PostRow, node: Node) -> list[ReactionTally]:
    """With which emoji people like a post, and how many of them: figures, and no names."""
    return [reaction(tally, node) for tally in unpacked(row.reactions)]


def reaction(tally: Tally, node: Node) -> ReactionTally:
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


def _standing(post: PostView) -> Ours:
    """What became of words that a community elsewhere has not taken in, for their author.

    A field of ours, which apps ignore. Only what never changes of the community: it is kept.
    """
    place = post.place
    known: Community | None = None
    if place is not None:
        known = {"id": str(place.id), "acct": place.acct, "list": name_of(place.id)}
    return {"standing": STANDINGS[post.row.acceptance], "community": known}


def _text(identifier: int | None) -> str | None:
    return None if identifier is None else str(identifier)


def tag(shown: Tag, node: Node) -> StatusTag:
    """A hashtag inside a Status; the name as clients compare it."""
    return {"name": shown.folded, "url": tag_url(node, shown.folded)}


def tag_url(node: Node, folded: str) -> str:
    """The page of a tag."""
    return f"{node.origin}/tags/{quote_path(folded, safe='')}"


class OwnWords(NamedTuple):
    """What a Status says of its reader: as what they may quote it, and what they did to it.

    `end` is the whole end of one that shares and quotes nothing and that no filter matches.
    """

    may_quote: bytes
    marks: bytes
    end: bytes


@lru_cache(maxsize=256)
def own_words(marks: int, may_quote: int) -> OwnWords:
    """What is said of a reader, by bits (`storage.views.post_rows`) and a `Standing`: 128 ways."""
    said = {
        "favourited": marks & LIKED,
        "reblogged": marks & SHARED,
        "pinned": marks & PINNED,
        "muted": marks & MUTED,
        "bookmarked": marks & BOOKMARKED,
    }
    flags = "".join(f',"{name}":{"true" if is_so else "false"}' for name, is_so in said.items())
    ending = f'{_ALONE}{flags},"filtered":[]}}'
    return OwnWords(_MAY_QUOTE[may_quote], f'{flags},"filtered":'.encode(), ending.encode())


_ALONE: Final = ',"reblog":null,"quote":null'
STRANGER: Final = OwnWords(_MAY_QUOTE[Quotable.DENIED], b"", f"{_ALONE}}}".encode())
"""Nobody who is signed in: there is nothing to say of them."""


def status(
    fixed: Fragment,
    own: OwnWords,
    shared: bytes | None = None,
    *,
    quoted: bytes | None = None,
    filtered: Sequence[Match] = (),
) -> bytes:
    """A whole Status from its parts.

    `fixed` has the viewer's addresses in it; `shared` is the whole Status that this one shares,
    `quoted` the whole Quote that is in it, `filtered` which of the reader's filters match it.
    """
    said = own.may_quote.join(fixed.parts)
    if shared is None and quoted is None and not filtered:
        return said + own.end
    parts = [said, b',"reblog":', shared or b"null"]
    parts += [b',"quote":', (None if shared else quoted) or b"null"]
    if own.marks:
        parts += [own.marks, orjson.dumps([result(match) for match in filtered])]
    parts.append(b"}")
    return b"".join(parts)


def whole(post: PostView, node: Node, viewer: Viewer) -> bytes:
    """A Status rendered anew from a post that was loaded for this viewer."""
    flags = post.flags
    own = own_words(flags.marks, flags.may_quote) if viewer.actor else STRANGER
    shared = None if post.shared_post is None else whole(post.shared_post, node, viewer)
    fixed = filled(fixed_part(post, node, viewer), node, viewer.actor, polls.own_of(post))
    quoted = quote(post.quote, node, viewer)
    return status(fixed, own, shared, quoted=quoted, filtered=flags.filtered)


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
    return b"[%b]" % b",".join(statuses)


def with_source(whole_status: bytes, text: str) -> bytes:
    """A deleted Status with what its author typed, to write it again (DELETE statuses)."""
    return whole_status[:-1] + b',"text":' + orjson.dumps(text) + b"}"
