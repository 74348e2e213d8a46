"""Communities: what they are, who belongs to them, and what left the node on their behalf."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from domain.kinds import (
    Deed,
    History,
    Joining,
    Life,
    MembershipState,
    Openness,
    Preset,
    Relay,
    Way,
)
from domain.roles import CommunityRole
from storage.columns import Enum8, Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Communities(TypedColumns):
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    preset: Named[Preset] = Column(Enum8(Preset))
    joining: Named[Joining] = Column(Enum8(Joining))
    listed: Named[bool] = Column(Flag())
    history: Named[History] = Column(Enum8(History))
    life: Named[Life] = Column(Enum8(Life))
    purpose: Named[str] = Column(Text)
    keeps_words: Named[bool] = Column(Flag())  # a leaver's words stay as "former member"
    relay: Named[Relay] = Column(Enum8(Relay))
    relays_pictures: Named[bool] = Column(Flag())
    takes_wider: Named[bool] = Column(Flag())  # answers that a member's own followers see too
    takes_back: Named[bool] = Column(Flag())  # notes are deleted at whoever is removed
    created_at: Named[int] = Column(Time)
    launched_at: Named[int | None] = Column(Time)


# Communities that live here, and those elsewhere that somebody here belongs to or asked to join.
communities = Table("communities", metadata, _Communities, sqlite_strict=True)


class _Memberships(TypedColumns):
    community_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    state: Named[MembershipState] = Column(Enum8(MembershipState))
    since: Named[int] = Column(Time)
    until: Named[int | None] = Column(Time)  # a guest's or external member's end date
    role: Named[CommunityRole] = Column(Enum8(CommunityRole))
    way: Named[Way] = Column(Enum8(Way))
    sponsor_id: Named[int | None] = Column(Id)
    asked_at: Named[int] = Column(Time)


# The community's node decides; other nodes keep the rows of their own people only.
memberships = Table(
    "memberships", metadata, _Memberships, sqlite_strict=True, sqlite_with_rowid=False
)
Index("ix_memberships_actor_id", memberships.c.actor_id, memberships.c.community_id)


class _Cards(TypedColumns):
    community_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    handle: Named[str] = Column(Text)
    domain: Named[str] = Column(Text)  # of the handle
    name: Named[str] = Column(Text)
    home: Named[str] = Column(Text)  # the organisation's name
    avatar: Named[str | None] = Column(Text)
    key_uri: Named[str | None] = Column(Text)  # none: a member on a plain server
    key: Named[str | None] = Column(Text)  # Ed25519, multibase
    version: Named[int] = Column(Number)
    made_at: Named[int] = Column(Time)


# What a community says of its members (protocol §5): believed inside that community alone.
cards = Table("cards", metadata, _Cards, sqlite_strict=True, sqlite_with_rowid=False)
Index("ix_cards_actor_id", cards.c.actor_id)


class _CardsHeld(TypedColumns):
    community_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    origin_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    version: Named[int] = Column(Number)


# Which card, in which version, was put into an Announce to which node.
cards_held = Table("cards_held", metadata, _CardsHeld, sqlite_strict=True, sqlite_with_rowid=False)


class _Heard(TypedColumns):
    community_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    uri: Named[str] = Column(Text, primary_key=True)  # of a like, or of a post that was deleted
    about: Named[str] = Column(Text)  # the id of the post that is liked
    undone: Named[bool] = Column(Flag())
    heard_at: Named[int] = Column(Time)
    emoji: Named[str] = Column(Text)  # what it was said with; empty: a plain like
    emoji_url: Named[str | None] = Column(Text)


# What members elsewhere liked and took back, as a community announced it: every order of the
# same announcements ends in the same rows.
heard = Table("heard", metadata, _Heard, sqlite_strict=True, sqlite_with_rowid=False)
Index("ix_heard_about", heard.c.community_id, heard.c.about)


class _Proven(TypedColumns):
    post_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    body: Named[bytes] = Column(LargeBinary)
    key_uri: Named[str | None] = Column(Text)  # the key that the proof verifies with: its owner may
    key: Named[str | None] = Column(Text)  # have another one by the time somebody reads this up
    made_at: Named[int] = Column(Time)


# The newest Create or Update of a community's post with its author's proof, for late members.
proven = Table("proven", metadata, _Proven, sqlite_strict=True)


class _RelayNotes(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    token: Named[str] = Column(Text)  # the unguessable part of its address
    community_id: Named[int] = Column(Id)
    post_id: Named[int] = Column(Id)
    actor_id: Named[int] = Column(Id)  # the one recipient; 0: all members on that server
    origin_id: Named[int] = Column(Id)
    relay: Named[Relay] = Column(Enum8(Relay))  # how it was sent: it never says more than then
    published_at: Named[int] = Column(Time)
    retired_at: Named[int | None] = Column(Time)


# One note per post and member on a plain server, or for all members there
# (private-groups-observed.md, rules 1-2).
relay_notes = Table("relay_notes", metadata, _RelayNotes, sqlite_strict=True)
Index("uq_relay_notes_token", relay_notes.c.token, unique=True)
Index("ix_relay_notes_post_id", relay_notes.c.post_id, relay_notes.c.actor_id)
Index("ix_relay_notes_actor_id", relay_notes.c.actor_id, relay_notes.c.community_id)
Index("ix_relay_notes_origin_id", relay_notes.c.origin_id, relay_notes.c.actor_id)


class _RelayMutes(TypedColumns):
    community_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    member_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    author_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)


# Whose posts a member on a plain server does not want to be sent: the helper was told.
relay_mutes = Table(
    "relay_mutes", metadata, _RelayMutes, sqlite_strict=True, sqlite_with_rowid=False
)


class _PlainWords(TypedColumns):
    uri: Named[str] = Column(Text, primary_key=True)  # the note's id on its author's server
    post_id: Named[int] = Column(Id)
    actor_id: Named[int] = Column(Id)
    openness: Named[Openness] = Column(Enum8(Openness))


# Posts here that members on plain servers wrote there.
plain_words = Table("plain_words", metadata, _PlainWords, sqlite_strict=True)
Index("ix_plain_words_post_id", plain_words.c.post_id)


class _Purges(TypedColumns):
    uri: Named[str] = Column(Text, primary_key=True)  # the activity that asked for it
    origin_id: Named[int] = Column(Id)
    community_id: Named[int] = Column(Id)  # 0: everything of an agreement that ended
    actor_id: Named[int] = Column(Id)  # whose membership ended; 0: the whole node's
    asked_at: Named[int] = Column(Time)
    acknowledged_at: Named[int | None] = Column(Time)


# What other servers were asked to forget, and which of them said that they did (protocol §6).
purges = Table("purges", metadata, _Purges, sqlite_strict=True)
Index("ix_purges_community_id", purges.c.community_id, purges.c.origin_id)


class _CommunityLog(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    community_id: Named[int] = Column(Id)
    deed: Named[Deed] = Column(Enum8(Deed))
    by_id: Named[int] = Column(Id)  # 0: the operator, on the command line
    about_id: Named[int] = Column(Id)
    reason: Named[str] = Column(Text)
    at: Named[int] = Column(Time)


community_log = Table("community_log", metadata, _CommunityLog, sqlite_strict=True)
Index("ix_community_log_community_id", community_log.c.community_id, community_log.c.id)
