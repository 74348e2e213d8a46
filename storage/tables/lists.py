"""Lists that people make of those whom they follow. A community is a list without a row here."""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from domain.kinds import RepliesPolicy
from storage.columns import Enum8, Flag, Id, Time
from storage.tables.metadata import metadata


class _Lists(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)  # whose list it is
    title: Named[str] = Column(Text)
    replies_policy: Named[RepliesPolicy] = Column(Enum8(RepliesPolicy))
    exclusive: Named[bool] = Column(Flag())  # its members' posts stand here and not at home
    created_at: Named[int] = Column(Time)


lists = Table("lists", metadata, _Lists, sqlite_strict=True)
Index("ix_lists_actor_id", lists.c.actor_id, lists.c.id)


class _ListMembers(TypedColumns):
    id: Named[int] = Column(Id)  # what pages of them go by
    list_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    member_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)


list_members = Table(
    "list_members", metadata, _ListMembers, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_list_members_member_id", list_members.c.member_id, list_members.c.list_id)
