"""The words of posts, for searching them (docs/decisions/0030).

One table that means the same on both databases. Whoever reads it asks the audience predicate of the
post beside it: a word found says nothing of who may know. The post's audience stands beside each
word all the same: whoever is no full member seeks only among what may be theirs, so that the time
that a search takes tells nothing of what is not (protocol §1).
"""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns, text

from domain.audience import Kind
from storage.columns import Enum8, Id
from storage.tables.metadata import metadata

# In the order of its bytes on both databases: the beginning of a word is a range of them.
_WORD = Text().with_variant(Text(collation="C"), "postgresql")


class _PostWords(TypedColumns):
    word: Named[str] = Column(_WORD, primary_key=True)  # folded (domain.words)
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    # The post's own pair, which no edit changes.
    kind: Named[Kind] = Column(Enum8(Kind))
    owner_id: Named[int] = Column(Id)


post_words = Table("post_words", metadata, _PostWords, sqlite_strict=True, sqlite_with_rowid=False)
Index("ix_post_words_post_id", post_words.c.post_id)
_audible = text(f"kind <> {Kind.NETWORK:d} AND kind <> {Kind.NODE:d}")
# Without what exists for full members alone: on most nodes that is nearly everything.
Index(
    "ix_post_words_audience",
    post_words.c.kind,
    post_words.c.owner_id,
    post_words.c.word,
    post_words.c.post_id,
    sqlite_where=_audible,
    postgresql_where=_audible,
)


class _Unread(TypedColumns):
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)


# Posts that are new or say something else now: their words are written in batches, by a job or
# before somebody searches.
unread_posts = Table("unread_posts", metadata, _Unread, sqlite_strict=True)
