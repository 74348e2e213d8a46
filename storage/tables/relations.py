"""Who follows, likes and blocks whom and what."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

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


follows = Table("follows", metadata, _Follows, sqlite_strict=True)
Index("uq_follows_pair", follows.c.follower_id, follows.c.target_id, unique=True)
Index("ix_follows_target_id", follows.c.target_id, follows.c.state, follows.c.id)


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
