"""Who follows, likes, blocks and mutes whom and what, and what somebody noted about whom."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns, text

from domain.kinds import FollowState
from storage.columns import Enum8, Flag, Id, Time
from storage.tables.metadata import metadata


class _Follows(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    follower_id: Named[int] = Column(Id)
    target_id: Named[int] = Column(Id)
    state: Named[FollowState] = Column(Enum8(FollowState))
    uri: Named[str] = Column(Text)  # the Follow activity's id
    shares: Named[bool] = Column(Flag())  # also what the target shares
    notify: Named[bool] = Column(Flag())
    created_at: Named[int] = Column(Time)
    accepted_at: Named[int | None] = Column(Time)  # since when the follower reads; None: pending
    languages: Named[str] = Column(Text)  # "de fr": what the follower wants; empty: whatever comes


follows = Table("follows", metadata, _Follows, sqlite_strict=True)
Index("uq_follows_pair", follows.c.follower_id, follows.c.target_id, unique=True)
Index("ix_follows_target_id", follows.c.target_id, follows.c.state, follows.c.id)
# Few want to be told of each post: who does is found without looking at all followers.
Index(
    "ix_follows_notify",
    follows.c.target_id,
    sqlite_where=text("notify = 1"),
    postgresql_where=text("notify"),
)


class _Likes(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)
    post_id: Named[int] = Column(Id)
    uri: Named[str] = Column(Text)
    created_at: Named[int] = Column(Time)
    emoji: Named[str] = Column(Text)  # what it was said with; empty: a plain like
    emoji_url: Named[str | None] = Column(Text)  # the picture of a custom emoji


likes = Table("likes", metadata, _Likes, sqlite_strict=True)
Index("uq_likes_pair", likes.c.actor_id, likes.c.post_id, unique=True)
Index("ix_likes_post_id", likes.c.post_id, likes.c.id)


class _Blocks(TypedColumns):
    id: Named[int] = Column(Id)  # what pages of the list go by
    blocker_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    blocked_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    created_at: Named[int] = Column(Time)
    uri: Named[str | None] = Column(Text)  # the Block activity's id, if another server was told


blocks = Table("blocks", metadata, _Blocks, sqlite_strict=True, sqlite_with_rowid=False)
Index("ix_blocks_blocked_id", blocks.c.blocked_id, blocks.c.blocker_id)


class _Mutes(TypedColumns):
    id: Named[int] = Column(Id)  # what pages of the list go by
    muter_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    muted_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    notifications: Named[bool] = Column(Flag())  # whether these are kept away as well
    until: Named[int | None] = Column(Time)  # None: until it is taken back
    created_at: Named[int] = Column(Time)


mutes = Table("mutes", metadata, _Mutes, sqlite_strict=True, sqlite_with_rowid=False)
Index("ix_mutes_muted_id", mutes.c.muted_id, mutes.c.muter_id)


class _DomainBlocks(TypedColumns):
    id: Named[int] = Column(Id)  # what pages of the list go by
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    domain: Named[str] = Column(Text, primary_key=True)  # as `actors.domain`
    created_at: Named[int] = Column(Time)


# Servers that one person wants to see nothing of; what the node refuses is in `domain_rules`.
domain_blocks = Table(
    "domain_blocks", metadata, _DomainBlocks, sqlite_strict=True, sqlite_with_rowid=False
)


class _Notes(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    about_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    text: Named[str] = Column(Text)


# What somebody wrote about somebody else for their own eyes.
notes = Table("account_notes", metadata, _Notes, sqlite_strict=True, sqlite_with_rowid=False)
Index("ix_account_notes_about_id", notes.c.about_id)
