"""A post as readers need it, with everything that a page shows beside it.

Posts are loaded for a viewer, and what the viewer may not read is not there. Five statements load
one post or forty, with the posts that they share.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    exists,
    false,
    select,
    true,
    union_all,
)

from domain.audience import Audience, Kind, Viewer
from domain.errors import NotFound
from domain.ids import HERE
from domain.kinds import Acceptance, PostType
from storage.audience import BOUND, alive, readable, viewer_params
from storage.columns import any_of
from storage.queries import files
from storage.queries.actors import views
from storage.queries.files import FileRow
from storage.tables.accounts import apps
from storage.tables.communities import cards
from storage.tables.posts import mentions, post_tags, posts
from storage.tables.relations import likes
from storage.tx import Tx
from storage.views import named
from storage.views.actors import ActorView, by_id
from storage.views.named import Name


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


class ViewerFlags(Struct, frozen=True, gc=False):
    """What one viewer did to a post. Never cached."""

    liked: bool = False
    shared: bool = False


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

    @property
    def id(self) -> int:
        """The post's id."""
        return self.row.id

    @property
    def shown(self) -> "PostView":
        """The post whose words are shown: the shared one, or this one."""
        return self.shared_post or self


COLUMNS: Final = tuple(posts.c)
"""What a `PostRow` is made of, in its order."""

_parent: Final = posts.alias("parent")


def liked_by(post_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer likes the post."""
    return (
        exists()
        .where(likes.c.actor_id == BOUND.actor, likes.c.post_id == post_id)
        .correlate_except(likes)
    )


def shared_by(post_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether the viewer shares the post."""
    mine = posts.alias("mine")
    return (
        exists()
        .where(mine.c.share_of_id == post_id, mine.c.author_id == BOUND.actor, alive(mine))
        .correlate_except(mine)
    )


def _wanted() -> Any:
    """The ids asked for, and those of the posts that they share."""
    inner = posts.alias("wanted")
    asked = any_of(inner.c.id, "ids")
    shares = select(inner.c.share_of_id).where(asked, inner.c.share_of_id.is_not(None))
    return union_all(select(inner.c.id).where(asked), shares)


def _statement(
    condition: ColumnElement[bool],
    *more: ColumnElement[Any],
    beside: tuple[FromClause, ColumnElement[bool]] | None = None,
) -> Select[*tuple[Any, ...]]:
    joined = posts.outerjoin(_parent, _parent.c.id == posts.c.reply_to_id).outerjoin(
        apps, apps.c.id == posts.c.app_id
    )
    if beside is not None:
        joined = joined.outerjoin(*beside)
    return (
        select(*COLUMNS, _parent.c.uri, apps.c.name, *more)
        .select_from(joined)
        .where(posts.c.id.in_(_wanted()), condition)
    )


def parent_shown(parent: Any) -> ColumnElement[bool]:
    """Whether the viewer may know of the post that is answered; `parent` is outer-joined.

    As a CASE: in a result column SQLite works out all of an AND, in a condition only what it must.
    """
    known = and_(parent.c.id.is_not(None), alive(parent), readable(parent))
    return case((known, true()), else_=false())


# Who is known by a community's card alone has that name in it: authors and those named.
_card: Final = cards.alias("card")
_with_card: Final = and_(
    _card.c.community_id == posts.c.place_id, _card.c.actor_id == posts.c.author_id
)
_FOR_VIEWER: Final = _statement(
    and_(alive(posts), readable(posts)),
    parent_shown(_parent).label("parent_shown"),
    liked_by(posts.c.id).label("liked"),
    shared_by(posts.c.id).label("shared"),
    *named.columns(_card),
    beside=(_card, _with_card),
)
_FOR_DELIVERY: Final = _statement(true())
_place: Final = posts.alias("place")
_MENTIONS: Final = (
    select(mentions.c.post_id, mentions.c.actor_id, mentions.c.silent, *named.columns(_card))
    .select_from(
        mentions.join(_place, _place.c.id == mentions.c.post_id).outerjoin(
            _card,
            and_(
                _card.c.community_id == _place.c.place_id, _card.c.actor_id == mentions.c.actor_id
            ),
        )
    )
    .where(any_of(mentions.c.post_id, "ids"))
    .order_by(mentions.c.post_id, mentions.c.actor_id)
)
_TAGS: Final = (
    select(post_tags.c.post_id, post_tags.c.tag, post_tags.c.name)
    .where(any_of(post_tags.c.post_id, "ids"))
    .order_by(post_tags.c.post_id, post_tags.c.tag)
)
_WIDTH: Final = len(COLUMNS)


class _Found(Struct, gc=False):
    """A row and what the same statement told about it."""

    row: PostRow
    parent_uri: str | None
    app_name: str | None
    flags: ViewerFlags = ViewerFlags()
    author_name: Name | None = None


def load(tx: Tx, ids: Sequence[int], viewer: Viewer) -> list[PostView]:
    """Those of the posts that the viewer may read, in the order of `ids`.

    A share is there only together with the post that it shares. Five statements, however many.
    """
    rows = tx.all(_FOR_VIEWER, ids=list(ids), **viewer_params(viewer), now=tx.now)
    return _assembled(tx, ids, [_for_viewer(row) for row in rows])


def visible(tx: Tx, post_id: int, viewer: Viewer) -> PostView:
    """One post for one viewer. Raises NotFound, whatever the reason."""
    found = load(tx, (post_id,), viewer)
    if not found:
        raise NotFound
    return found[0]


def for_delivery(tx: Tx, post_id: int) -> PostView:
    """A post without a viewer, for the outbox alone; deleted ones too. Raises NotFound."""
    rows = tx.all(_FOR_DELIVERY, ids=[post_id])
    found = _assembled(tx, (post_id,), [_unasked(row) for row in rows])
    if not found:
        raise NotFound
    return found[0]


def _for_viewer(columns: tuple[Any, ...]) -> _Found:
    uri, app, parent_is_shown, liked, shared, *card = columns[_WIDTH:]
    row = PostRow(*columns[:_WIDTH])
    if not parent_is_shown and (row.reply_to_id or row.reply_to_author_id):
        row = replace(row, reply_to_id=None, reply_to_author_id=None)
    flags = ViewerFlags(bool(liked), bool(shared))
    parent_uri = uri if parent_is_shown else row.reply_to_uri
    return _Found(row, parent_uri, app, flags, named.name_of(card))


def _unasked(columns: tuple[Any, ...]) -> _Found:
    uri, app = columns[_WIDTH:]
    row = PostRow(*columns[:_WIDTH])
    return _Found(row, uri or row.reply_to_uri, app)


def _assembled(tx: Tx, ids: Iterable[int], found: list[_Found]) -> list[PostView]:
    beside = _beside(tx, found)
    single = {item.row.id: item for item in found}
    views_by_id: dict[int, PostView] = {}
    for identifier in dict.fromkeys(ids):
        view = _view(identifier, single, beside)
        if view is not None:
            views_by_id[identifier] = view
    return list(views_by_id.values())


_Mentioned = tuple[int, Name | None]


class _Beside(Struct, gc=False):
    """What stands beside the posts of a page: people, tags and files, by post."""

    people: dict[int, ActorView]
    named: dict[int, list[_Mentioned]]
    silent: dict[int, list[_Mentioned]]
    tags: dict[int, list[Tag]]
    files: dict[int, list[FileRow]]


def _beside(tx: Tx, found: list[_Found]) -> _Beside:
    ids = [item.row.id for item in found]
    mentioned: dict[int, list[_Mentioned]] = {}
    silent: dict[int, list[_Mentioned]] = {}
    tags: dict[int, list[Tag]] = {}
    people = {item.row.author_id for item in found}
    people |= {item.row.place_id for item in found if item.row.place_id is not None}
    for post_id, actor_id, is_silent, *card in tx.all(_MENTIONS, ids=ids):
        here = silent if is_silent else mentioned
        here.setdefault(post_id, []).append((actor_id, named.name_of(card)))
        people.add(actor_id)
    for post_id, folded, name in tx.all(_TAGS, ids=ids):
        tags.setdefault(post_id, []).append(Tag(folded, name))
    attached = files.of_posts(tx, ids)
    return _Beside(by_id(views(tx, sorted(people))), mentioned, silent, tags, attached)


def _view(identifier: int, single: dict[int, _Found], beside: _Beside) -> PostView | None:
    item = single.get(identifier)
    if item is None or item.row.author_id not in beside.people:
        return None
    original: PostView | None = None
    if item.row.share_of_id is not None:
        original = _view(item.row.share_of_id, single, beside)
        if original is None:
            return None
    return PostView(
        item.row,
        named.named(beside.people[item.row.author_id], item.author_name),
        _people(beside, beside.named.get(identifier)),
        _people(beside, beside.silent.get(identifier)),
        tuple(beside.tags.get(identifier, ())),
        item.parent_uri,
        original,
        item.app_name,
        original.flags if original else item.flags,
        beside.people.get(item.row.place_id or 0),
        tuple(file for file in beside.files.get(identifier, ()) if file.is_here),
    )


def _people(beside: _Beside, mentioned: list[_Mentioned] | None) -> tuple[ActorView, ...]:
    return tuple(
        named.named(beside.people[each], card)
        for each, card in mentioned or ()
        if each in beside.people
    )
