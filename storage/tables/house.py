"""What the operator tells everybody: announcements, rules, longer texts."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from domain.house import House
from storage.columns import Enum8, Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Announcements(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    source: Named[str] = Column(Text)  # as it was typed
    content: Named[str] = Column(Text)  # clean HTML
    emojis: Named[bytes] = Column(LargeBinary)  # JSON: [[shortcode, address], …]
    for_members: Named[bool] = Column(Flag())  # guests are not told
    all_day: Named[bool] = Column(Flag())  # starts_at and ends_at are days
    starts_at: Named[int | None] = Column(Time)  # what it is about
    ends_at: Named[int | None] = Column(Time)  # when it is taken down
    created_at: Named[int] = Column(Time)
    updated_at: Named[int] = Column(Time)
    removed_at: Named[int | None] = Column(Time)  # the words are gone then


announcements = Table("announcements", metadata, _Announcements, sqlite_strict=True)


class _Dismissals(TypedColumns):
    account_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    announcement_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)


# Who has seen an announcement and wants to see it no more: nobody else's business.
dismissals = Table(
    "announcement_dismissals", metadata, _Dismissals, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_announcement_dismissals_announcement_id", dismissals.c.announcement_id)


class _Reactions(TypedColumns):
    announcement_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    emoji: Named[str] = Column(Text, primary_key=True)  # one emoji, or a shortcode of this node
    account_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    created_at: Named[int] = Column(Time)


reactions = Table(
    "announcement_reactions", metadata, _Reactions, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_announcement_reactions_account_id", reactions.c.account_id)


class _Rules(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    place: Named[int] = Column(Number)  # they stand in this order
    text: Named[str] = Column(Text)
    hint: Named[str] = Column(Text)
    removed_at: Named[int | None] = Column(Time)  # reports may still name it


rules = Table("rules", metadata, _Rules, sqlite_strict=True)


class _Texts(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    kind: Named[House] = Column(Enum8(House))
    source: Named[str] = Column(Text)  # as it was typed
    content: Named[str] = Column(Text)  # clean HTML
    holds_from: Named[str] = Column(Text)  # a day, "2026-11-22"
    created_at: Named[int] = Column(Time)


texts = Table("texts", metadata, _Texts, sqlite_strict=True)
# A text that is given again for the same day takes the place of the one before.
Index("uq_texts_kind_holds_from", texts.c.kind, texts.c.holds_from, unique=True)
