"""Actors, local and remote, and their keys."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from domain.ids import HERE
from domain.kinds import ActorType, KeyType, Limit
from storage.columns import Enum8, Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Actors(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    origin_id: Named[int] = Column(Id)
    uri: Named[str] = Column(Text)
    type: Named[ActorType] = Column(Enum8(ActorType))
    handle: Named[str] = Column(Text)
    handle_folded: Named[str] = Column(Text)
    domain: Named[str] = Column(Text)  # what stands after the @, with a port where there is one
    name: Named[str] = Column(Text)
    summary: Named[str] = Column(Text)  # clean HTML
    summary_source: Named[str] = Column(Text)  # what the person typed; empty for remote actors
    fields: Named[bytes] = Column(LargeBinary)  # JSON: [[name, clean HTML], …]
    url: Named[str] = Column(Text)
    avatar: Named[str | None] = Column(Text)
    header: Named[str | None] = Column(Text)
    inbox: Named[str] = Column(Text)
    shared_inbox: Named[str | None] = Column(Text)
    outbox: Named[str | None] = Column(Text)
    followers: Named[str | None] = Column(Text)
    following: Named[str | None] = Column(Text)
    locked: Named[bool] = Column(Flag())
    discoverable: Named[bool] = Column(Flag())
    indexable: Named[bool] = Column(Flag())
    public: Named[bool] = Column(Flag())  # may be looked up from outside (protocol §3)
    moved_to: Named[str | None] = Column(Text)
    also_known_as: Named[bytes] = Column(LargeBinary)  # JSON: [uri, …]
    followers_count: Named[int] = Column(Number)
    following_count: Named[int] = Column(Number)
    posts_count: Named[int] = Column(Number)  # public to the world only (protocol §8)
    last_post_at: Named[int | None] = Column(Time)  # public to the world only
    created_at: Named[int] = Column(Time)
    fetched_at: Named[int] = Column(Time)
    gone_at: Named[int | None] = Column(Time)
    version: Named[int] = Column(Number)  # grows with every change that a reader can see
    featured: Named[str | None] = Column(Text)  # the collection of pinned posts
    emojis: Named[bytes] = Column(LargeBinary)  # JSON: [[shortcode, address], …]; empty: none
    limited: Named[Limit] = Column(Enum8(Limit))  # what a moderator decided about it
    missing_since: Named[int | None] = Column(Time)  # its server says that there is no such actor
    automated: Named[bool] = Column(Flag())  # somebody here calls their account a bot
    hides_follows: Named[bool] = Column(Flag())  # whom they follow is for themselves alone
    avatar_text: Named[str | None] = Column(Text)  # what is on the pictures, for who cannot see
    header_text: Named[str | None] = Column(Text)


actors = Table("actors", metadata, _Actors, sqlite_strict=True)
Index("uq_actors_uri", actors.c.uri, unique=True)
Index("ix_actors_origin_id", actors.c.origin_id)
Index("ix_actors_handle_folded", actors.c.handle_folded, actors.c.domain)
# People and communities here share one handle space, and a handle is never given twice.
Index(
    "uq_actors_local_handle",
    actors.c.handle_folded,
    unique=True,
    sqlite_where=actors.c.origin_id == HERE,
    postgresql_where=actors.c.origin_id == HERE,
)


class _Keys(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    actor_id: Named[int] = Column(Id)
    uri: Named[str] = Column(Text)
    type: Named[KeyType] = Column(Enum8(KeyType))
    public: Named[str] = Column(Text)  # PEM for RSA, multibase for Ed25519
    sealed_private: Named[bytes | None] = Column(
        LargeBinary
    )  # encrypted with the data folder's key
    created_at: Named[int] = Column(Time)
    fetched_at: Named[int] = Column(Time)
    retired_at: Named[int | None] = Column(Time)


keys = Table("keys", metadata, _Keys, sqlite_strict=True)
Index("uq_keys_uri", keys.c.uri, unique=True)
Index("ix_keys_actor_id", keys.c.actor_id)


class _FailedKeys(TypedColumns):
    uri: Named[str] = Column(Text, primary_key=True)
    until: Named[int] = Column(Time)


# Keys that were just fetched or refused: at most one fetch per key in five minutes (S19, S24).
key_fetches = Table("key_fetches", metadata, _FailedKeys, sqlite_strict=True)
