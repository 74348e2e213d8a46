"""Posts with what belongs to them: people named, tags, versions, copies elsewhere.

A share is a post of its own that points at the original and carries the original's
audience pairs, so that one predicate answers for both.
"""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns, text

from domain.audience import Kind
from domain.kinds import Acceptance, PostType
from storage.columns import Enum8, Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Posts(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    uri: Named[str] = Column(Text)
    url: Named[str] = Column(Text)
    origin_id: Named[int] = Column(Id)
    author_id: Named[int] = Column(Id)
    type: Named[PostType] = Column(Enum8(PostType))
    place_id: Named[int | None] = Column(Id)  # a community, or nothing: the author's profile
    share_of_id: Named[int | None] = Column(Id)
    # The pair (kind, owner), fixed when the post is made, and its root's (protocol §1).
    kind: Named[Kind] = Column(Enum8(Kind))
    owner_id: Named[int] = Column(Id)
    root_id: Named[int] = Column(Id)
    root_kind: Named[Kind] = Column(Enum8(Kind))
    root_owner_id: Named[int] = Column(Id)
    root_author_id: Named[int] = Column(Id)
    quiet: Named[bool] = Column(Flag())
    reply_to_id: Named[int | None] = Column(Id)
    reply_to_uri: Named[str | None] = Column(Text)  # kept while the parent is not here yet
    reply_to_author_id: Named[int | None] = Column(Id)
    content: Named[str] = Column(Text)  # clean HTML
    source: Named[str | None] = Column(Text)  # what the author typed; none for remote posts
    summary: Named[str] = Column(Text)  # the content warning, plain text
    sensitive: Named[bool] = Column(Flag())
    language: Named[str | None] = Column(Text)
    app_id: Named[int | None] = Column(Id)
    created_at: Named[int] = Column(Time)  # when its author made it
    stored_at: Named[int] = Column(Time)
    edited_at: Named[int | None] = Column(Time)
    deleted_at: Named[int | None] = Column(Time)
    replies_count: Named[int] = Column(Number)
    likes_count: Named[int] = Column(Number)
    shares_count: Named[int] = Column(Number)
    version: Named[int] = Column(Number)  # grows with every change that a reader can see
    # Anything but ACCEPTED is its author's alone: a community elsewhere has not taken it in.
    acceptance: Named[Acceptance] = Column(Enum8(Acceptance))
    title: Named[str] = Column(Text)  # of an Article, a Page, an Event …: plain text
    emojis: Named[bytes] = Column(LargeBinary)  # JSON: [[shortcode, address], …]; empty: none
    quote_uri: Named[str | None] = Column(Text)  # the post that it quotes (FEP-044f)
    quotes_count: Named[int] = Column(Number)
    context_uri: Named[str | None] = Column(Text)  # the thread's collection (FEP-7888)
    replies_uri: Named[str | None] = Column(Text)  # the collection of its answers
    quote_policy: Named[int] = Column(Number)  # whom its author lets quote it (domain.quotes)
    reactions: Named[bytes] = Column(LargeBinary)  # JSON: [[emoji, address, likes], …]; empty: none
    link_id: Named[int | None] = Column(Id)  # the preview of the page that it links to


posts = Table("posts", metadata, _Posts, sqlite_strict=True)
Index("uq_posts_uri", posts.c.uri, unique=True)
Index("ix_posts_author_id", posts.c.author_id, posts.c.id)
Index("ix_posts_root_id", posts.c.root_id, posts.c.id)
_answers = posts.c.reply_to_id.is_not(None)
_placed = posts.c.place_id.is_not(None)
Index("ix_posts_reply_to_id", posts.c.reply_to_id, sqlite_where=_answers, postgresql_where=_answers)
Index(
    "ix_posts_place_id",
    posts.c.place_id,
    posts.c.id,
    sqlite_where=_placed,
    postgresql_where=_placed,
)
Index("ix_posts_origin_id", posts.c.origin_id, posts.c.id)
Index(
    "ix_posts_reply_to_uri",
    posts.c.reply_to_uri,
    sqlite_where=posts.c.reply_to_uri.is_not(None),
    postgresql_where=posts.c.reply_to_uri.is_not(None),
)
_linking = posts.c.link_id.is_not(None)
Index(
    "ix_posts_link_id",
    posts.c.link_id,
    posts.c.id,
    sqlite_where=_linking,
    postgresql_where=_linking,
)
Index(
    "ix_posts_linking",
    posts.c.id,
    posts.c.link_id,
    sqlite_where=_linking,
    postgresql_where=_linking,
)
# One share per person and post.
Index(
    "uq_posts_share",
    posts.c.share_of_id,
    posts.c.author_id,
    unique=True,
    sqlite_where=posts.c.share_of_id.is_not(None) & posts.c.deleted_at.is_(None),
    postgresql_where=posts.c.share_of_id.is_not(None) & posts.c.deleted_at.is_(None),
)


class _Mentions(TypedColumns):
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    silent: Named[bool] = Column(Flag())  # addressed, but not named in the text


# The people named: they are part of a direct or followers audience.
mentions = Table("mentions", metadata, _Mentions, sqlite_strict=True, sqlite_with_rowid=False)
Index("ix_mentions_actor_id", mentions.c.actor_id, mentions.c.post_id)


class _PostTags(TypedColumns):
    tag: Named[str] = Column(Text, primary_key=True)  # folded
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    name: Named[str] = Column(Text)  # as written
    kind: Named[Kind] = Column(Enum8(Kind))  # the post's own


post_tags = Table("post_tags", metadata, _PostTags, sqlite_strict=True, sqlite_with_rowid=False)
Index("ix_post_tags_post_id", post_tags.c.post_id)
# What the world may know of has ways of its own: the time that a stranger's question takes tells
# nothing of everything else (protocol §1).
_of_the_world = text(f"kind = {Kind.PUBLIC:d}")
Index(
    "ix_post_tags_public",
    post_tags.c.kind,
    post_tags.c.tag,
    post_tags.c.post_id,
    sqlite_where=_of_the_world,
    postgresql_where=_of_the_world,
)
Index(
    "ix_posts_public",
    posts.c.kind,
    posts.c.id,
    sqlite_where=_of_the_world,
    postgresql_where=_of_the_world,
)


class _PostVersions(TypedColumns):
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    made_at: Named[int] = Column(Time, primary_key=True, autoincrement=False)
    content: Named[str] = Column(Text)
    source: Named[str | None] = Column(Text)
    summary: Named[str] = Column(Text)
    sensitive: Named[bool] = Column(Flag())
    raw: Named[bytes | None] = Column(LargeBinary)
    options: Named[str | None] = Column(Text)  # of its poll: JSON, the answers
    title: Named[str] = Column(Text)
    files: Named[str | None] = Column(Text)  # JSON: [[id, alt], …]; nothing: it had none


# What a post said before each edit; the newest version is the post's own row.
post_versions = Table("post_versions", metadata, _PostVersions, sqlite_strict=True)


class _Copies(TypedColumns):
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    inbox: Named[str] = Column(Text, primary_key=True)
    origin_id: Named[int] = Column(Id)


# Every inbox that a post was sent to: its Delete goes to each (design §5).
copies = Table("copies", metadata, _Copies, sqlite_strict=True, sqlite_with_rowid=False)


class _Tombstones(TypedColumns):
    uri: Named[str] = Column(Text, primary_key=True)
    author_uri: Named[str] = Column(Text)
    deleted_at: Named[int] = Column(Time)


# Objects that were deleted before they arrived: a Create after a Delete is ignored.
tombstones = Table("tombstones", metadata, _Tombstones, sqlite_strict=True)
