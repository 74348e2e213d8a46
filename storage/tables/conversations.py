"""Direct posts as conversations: one for each person here, thread and circle of people."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from storage.columns import Flag, Id
from storage.tables.metadata import metadata


class _Conversations(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)  # whose list of conversations it stands in
    root_id: Named[int] = Column(Id)
    people: Named[str] = Column(Text)  # ids of all who take part, sorted, with commas between
    circle: Named[bytes] = Column(LargeBinary)  # SHA-256 of `people`, which no index can hold
    last_post_id: Named[int] = Column(Id)  # what pages go by
    unread: Named[bool] = Column(Flag())


conversations = Table("conversations", metadata, _Conversations, sqlite_strict=True)
Index(
    "uq_conversations_circle",
    conversations.c.actor_id,
    conversations.c.root_id,
    conversations.c.circle,
    unique=True,
)
Index("ix_conversations_last", conversations.c.actor_id, conversations.c.last_post_id)
Index("ix_conversations_root_id", conversations.c.root_id)


class _DirectPosts(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    conversation_id: Named[int] = Column(Id)  # 0: its conversation was taken off the list


# Which direct posts somebody here wrote or got: a hint, the page asks the predicate again.
direct_posts = Table(
    "direct_posts", metadata, _DirectPosts, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_direct_posts_post_id", direct_posts.c.post_id)
Index("ix_direct_posts_conversation_id", direct_posts.c.conversation_id, direct_posts.c.post_id)
