"""Polls beside their posts: what may be chosen, who chose what, and what a community told of it.

Figures are kept where votes are counted, and are told to everybody else: so they stand in columns
of their own, and are not summed up from the votes that are known here.
"""

from sqlalchemy import Column, Index, Named, Table, Text, TypedColumns

from storage.columns import Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Polls(TypedColumns):
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    multiple: Named[bool] = Column(Flag())
    hides_totals: Named[bool] = Column(Flag())  # figures are shown once it has ended
    ends_at: Named[int | None] = Column(Time)
    closed_at: Named[int | None] = Column(Time)  # ended, and whoever voted here was told
    voters: Named[int | None] = Column(Number)  # people; none: nobody tells
    told_at: Named[int] = Column(Time)  # when figures were last told to others, or by others


polls = Table("polls", metadata, _Polls, sqlite_strict=True)


class _PollOptions(TypedColumns):
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    number: Named[int] = Column(Number, primary_key=True, autoincrement=False)  # from 0
    name: Named[str] = Column(Text)  # plain text
    as_sent: Named[str] = Column(Text)  # what a vote has to say, where it is not the name
    votes: Named[int] = Column(Number)


poll_options = Table(
    "poll_options", metadata, _PollOptions, sqlite_strict=True, sqlite_with_rowid=False
)


class _Votes(TypedColumns):
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    # The option's number where several may be chosen, else 0: so one choice each is the key's rule.
    slot: Named[int] = Column(Number, primary_key=True, autoincrement=False)
    number: Named[int] = Column(Number)
    uri: Named[str] = Column(Text)  # the activity that brought it, or took it elsewhere
    created_at: Named[int] = Column(Time)


votes = Table("votes", metadata, _Votes, sqlite_strict=True, sqlite_with_rowid=False)
Index("ix_votes_actor_id", votes.c.actor_id)


class _Tallies(TypedColumns):
    community_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    post_uri: Named[str] = Column(Text, primary_key=True)
    told_at: Named[int] = Column(Time)
    figures: Named[str] = Column(Text)  # JSON: [closed, voters, [name, …], [votes, …]]


# The newest figures that a community elsewhere told of a poll, before or after the poll itself
# came: any order of its announcements ends in the same figures.
tallies = Table("tallies", metadata, _Tallies, sqlite_strict=True, sqlite_with_rowid=False)
