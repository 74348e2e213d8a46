"""What a post is, as rows say it: its own columns, and with what a page shows beside it.

`storage/views/posts.py` loads them.
"""

from typing import Final

from msgspec import Struct

from domain.audience import Audience, Kind
from domain.filters import Match
from domain.ids import HERE
from domain.kinds import Acceptance, PostType
from domain.quotes import Standing
from storage.queries.files import FileRow
from storage.queries.link_previews import LinkPreview
from storage.queries.polls import Poll
from storage.views.actors import ActorView


class PostRow(Struct, frozen=True, gc=False):
    """One row of `posts`, in the order of its columns. Times are ms UTC."""

    id: int
    uri: str
    url: str
    origin_id: int
    author_id: int
    type: PostType
    place_id: int | None
    share_of_id: int | None
    kind: Kind
    owner_id: int
    root_id: int
    root_kind: Kind
    root_owner_id: int
    root_author_id: int
    quiet: bool
    reply_to_id: int | None
    reply_to_uri: str | None
    reply_to_author_id: int | None
    content: str
    source: str | None
    summary: str
    sensitive: bool
    language: str | None
    app_id: int | None
    created_at: int
    stored_at: int
    edited_at: int | None
    deleted_at: int | None
    replies_count: int
    likes_count: int
    shares_count: int
    version: int
    acceptance: Acceptance = Acceptance.ACCEPTED
    title: str = ""
    emojis: bytes = b""
    quote_uri: str | None = None
    quotes_count: int = 0
    context_uri: str | None = None
    replies_uri: str | None = None
    quote_policy: int = 0
    reactions: bytes = b""
    link_id: int | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether others than its author may come to read it (protocol §5)."""
        return self.acceptance is Acceptance.ACCEPTED

    @property
    def is_local(self) -> bool:
        """Whether this post was written here."""
        return self.origin_id == HERE

    @property
    def audience(self) -> Audience:
        """The post's own pair."""
        return Audience(self.kind, self.owner_id)

    @property
    def root_audience(self) -> Audience:
        """The pair in the root's place: both must admit a reader."""
        return Audience(self.root_kind, self.root_owner_id)

    @property
    def stays_here(self) -> bool:
        """Whether only people who live here may read it: it never leaves this node."""
        return Kind.NODE in {self.kind, self.root_kind}

    @property
    def is_world_public(self) -> bool:
        """Whether anybody may read it, signed in or not."""
        return self.kind is Kind.PUBLIC and self.root_kind is Kind.PUBLIC


class Tag(Struct, frozen=True, gc=False):
    """A hashtag: the folded form that is compared, and the form as written."""

    folded: str
    name: str


# What one viewer did to a post, as the bits of one number: `ViewerFlags.marks`, `Entry.marks`.
LIKED: Final = 1
SHARED: Final = 2
PINNED: Final = 4
BOOKMARKED: Final = 8
MUTED: Final = 16
MARKS: Final = LIKED | SHARED | PINNED | BOOKMARKED | MUTED


class ViewerFlags(Struct, frozen=True, gc=False):
    """What one viewer did to a post. Never cached."""

    liked: bool = False
    shared: bool = False
    pinned: bool = False  # at the top of the viewer's own page, or of its community's
    may_quote: Standing = Standing.DENIED
    bookmarked: bool = False
    muted: bool = False  # nothing more is told of its thread
    filtered: tuple[Match, ...] = ()  # which of the viewer's filters match its words

    @property
    def marks(self) -> int:
        """What the viewer did, as bits."""
        liked, shared, pinned = LIKED * self.liked, SHARED * self.shared, PINNED * self.pinned
        return liked | shared | pinned | BOOKMARKED * self.bookmarked | MUTED * self.muted


class QuoteView(Struct, frozen=True, gc=False):
    """What a post quotes, as one viewer sees it.

    `state`: in the words of the Mastodon API (Quote.state). `post_id` and `post` are there only
    where the viewer may read the quoted post; `post` alone is missing where a quote is not opened.
    `authorization_uri`: for other servers, the author's consent.
    """

    state: str
    uri: str
    post_id: int | None
    post: "PostView | None" = None
    authorization_uri: str | None = None


class PostView(Struct, frozen=True, gc=False):
    """A post with its author and its neighbourhood, loaded for one viewer."""

    row: PostRow
    author: ActorView
    mentioned: tuple[ActorView, ...] = ()  # named in the text, in the order of their ids
    silent: tuple[ActorView, ...] = ()  # addressed without being named
    tags: tuple[Tag, ...] = ()
    parent_uri: str | None = None
    shared_post: "PostView | None" = None
    app_name: str | None = None
    flags: ViewerFlags = ViewerFlags()
    place: ActorView | None = None  # the community where it was written
    files: tuple[FileRow, ...] = ()  # whose bytes are here
    poll: Poll | None = None
    quote: QuoteView | None = None
    link: LinkPreview | None = None  # what the page says to which it links

    @property
    def id(self) -> int:
        """The post's id."""
        return self.row.id

    @property
    def shown(self) -> "PostView":
        """The post whose words are shown: the shared one, or this one."""
        return self.shared_post or self
