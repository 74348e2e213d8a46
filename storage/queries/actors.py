"""Actors, local and remote: found by id, address or handle; made and refreshed.

Nothing here asks who is looking: callers hold an id from a viewer-scoped query, or use
`storage/views/people.py`.
"""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import bindparam, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.handles import fold
from domain.ids import HERE, random64
from domain.kinds import ActorType, FollowState, Limit
from storage.columns import any_of
from storage.tables.actors import actors
from storage.tables.communities import communities
from storage.tables.origins import origins
from storage.tables.relations import follows
from storage.tx import Tx
from storage.views.actors import ActorView

COLUMNS: Final = tuple(column for column in actors.c if column.name != "handle_folded")
"""What an `ActorView` is made of, in its order."""


class NewActor(Struct, frozen=True, gc=False, kw_only=True):
    """An actor that is about to live here. Addresses come from `domain.node.Node`."""

    id: int
    uri: str
    type: ActorType
    handle: str
    domain: str
    name: str
    url: str
    inbox: str
    shared_inbox: str
    outbox: str
    followers: str
    following: str
    summary: str = ""
    locked: bool = False
    discoverable: bool = True
    public: bool = False


class ActorRecord(Struct, frozen=True, gc=False, kw_only=True):
    """A remote actor as its own server describes it, checked and cleaned by the caller."""

    origin_id: int
    uri: str
    type: ActorType
    handle: str
    domain: str
    name: str
    url: str
    inbox: str
    summary: str = ""  # clean HTML
    fields: bytes = b"[]"
    avatar: str | None = None
    header: str | None = None
    shared_inbox: str | None = None
    outbox: str | None = None
    followers: str | None = None
    following: str | None = None
    locked: bool = False
    discoverable: bool = False
    indexable: bool = False
    moved_to: str | None = None
    also_known_as: bytes = b"[]"
    created_at: int = 0
    featured: str | None = None
    emojis: bytes = b""  # JSON: [[shortcode, address], …]; empty: none
    avatar_text: str | None = None
    header_text: str | None = None


_VIEW = select(*COLUMNS)
_BY_ID: Final = _VIEW.where(actors.c.id == bindparam("id"))
_BY_IDS: Final = _VIEW.where(any_of(actors.c.id, "ids"))
_BY_URI: Final = _VIEW.where(actors.c.uri == bindparam("uri"))
_BY_URIS: Final = _VIEW.where(any_of(actors.c.uri, "uris"))
_LOCAL: Final = _VIEW.where(
    actors.c.handle_folded == bindparam("handle"), actors.c.origin_id == HERE
)
# A name can pass from one remote actor to another: the youngest word of its server counts. What a
# community's card says (fetched_at 0) is no word of its server.
_REMOTE: Final = (
    _VIEW.where(
        actors.c.handle_folded == bindparam("handle"),
        actors.c.domain == bindparam("domain"),
        actors.c.origin_id != HERE,
        actors.c.fetched_at > 0,
    )
    .order_by(actors.c.gone_at.is_not(None), actors.c.fetched_at.desc(), actors.c.id)
    .limit(1)
)
_APPLICATION: Final = _VIEW.join(origins, origins.c.application_id == actors.c.id).where(
    origins.c.id == bindparam("origin_id")
)


def by_id(tx: Tx, identifier: int) -> ActorView | None:
    """An actor by its id."""
    row = tx.first(_BY_ID, id=identifier)
    return None if row is None else ActorView(*row)


def by_uri(tx: Tx, uri: str) -> ActorView | None:
    """An actor by its ActivityPub id."""
    row = tx.first(_BY_URI, uri=uri)
    return None if row is None else ActorView(*row)


def by_uris(tx: Tx, uris: Sequence[str]) -> list[ActorView]:
    """Those of these ActivityPub ids that are known, in no particular order."""
    if len(uris) > 1:
        return [ActorView(*row) for row in tx.all(_BY_URIS, uris=uris)]
    found = (by_uri(tx, uri) for uri in uris)  # one alone is the usual case, and needs no list
    return [actor for actor in found if actor is not None]


def local_by_handle(tx: Tx, handle: str) -> ActorView | None:
    """Who has this handle here; upper and lower case are the same."""
    row = tx.first(_LOCAL, handle=fold(handle))
    return None if row is None else ActorView(*row)


def by_acct(tx: Tx, handle: str, domain: str) -> ActorView | None:
    """Who is known elsewhere as `handle@domain`. The domain is canonical, with its port if any."""
    row = tx.first(_REMOTE, handle=fold(handle), domain=domain)
    return None if row is None else ActorView(*row)


def application_of(tx: Tx, origin_id: int) -> ActorView:
    """The Application actor that speaks for a server; for HERE it exists from the first start.

    Raises:
        LookupError: it is not known.
    """
    row = tx.first(_APPLICATION, origin_id=origin_id)
    if row is None:
        raise LookupError("no Application actor is known for this origin")
    return ActorView(*row)


def views(tx: Tx, identifiers: Sequence[int]) -> list[ActorView]:
    """Actors in the order of their ids as given; unknown ids are left out."""
    if not identifiers:
        return []
    found = {row[0]: ActorView(*row) for row in tx.all(_BY_IDS, ids=identifiers)}
    return [found[identifier] for identifier in identifiers if identifier in found]


# How everybody begins, here or elsewhere.
_BEGINNING: Final[dict[str, Any]] = {
    "summary_source": "",
    "followers_count": 0,
    "following_count": 0,
    "posts_count": 0,
    "version": 1,
    "limited": Limit.NONE,
    "automated": False,
    "hides_follows": False,
}
_LOCAL_FIELDS = (
    *("id", "uri", "type", "handle", "handle_folded", "domain", "name", "summary", "url", "inbox"),
    *("shared_inbox", "outbox", "followers", "following", "locked", "discoverable", "public"),
)
_INSERT: Final = (
    insert(actors)
    .values(
        _BEGINNING
        | {name: bindparam(name) for name in _LOCAL_FIELDS}
        | {
            "origin_id": HERE,
            "fields": b"[]",
            "indexable": False,
            "also_known_as": b"[]",
            "created_at": bindparam("now"),
            "fetched_at": bindparam("now"),
            "emojis": b"",
        }
    )
    .on_conflict_do_nothing()
    .returning(actors.c.id)
)


def insert_actor(tx: Tx, new: NewActor) -> bool:
    """Store an actor that lives here; False if its handle is taken, or ever was."""
    values = {name: getattr(new, name) for name in _LOCAL_FIELDS if name != "handle_folded"}
    row = tx.first(_INSERT, **values, handle_folded=fold(new.handle), now=tx.now)
    return row is not None


_REMOTE_FIELDS = (
    *("type", "handle", "handle_folded", "domain", "name", "summary", "fields", "url", "avatar"),
    *("header", "inbox", "shared_inbox", "outbox", "followers", "following", "locked"),
    *("discoverable", "indexable", "moved_to", "also_known_as", "featured", "emojis"),
    *("avatar_text", "header_text"),
)
_NEW = insert(actors).values(
    _BEGINNING
    | {name: bindparam(name) for name in ("id", "origin_id", "uri", "created_at", *_REMOTE_FIELDS)}
    | {"public": False, "fetched_at": bindparam("now")}
)
# An actor never moves to another origin: whoever answers for its URI does so from there.
_UPSERT: Final = _NEW.on_conflict_do_update(
    index_elements=[actors.c.uri],
    set_={name: _NEW.excluded[name] for name in (*_REMOTE_FIELDS, "fetched_at")}
    | {"version": actors.c.version + 1, "missing_since": None},
    where=actors.c.origin_id == _NEW.excluded.origin_id,
).returning(actors.c.id)


def upsert_remote_actor(tx: Tx, record: ActorRecord) -> int:
    """Store what another server says about its actor; the actor's id here.

    Raises:
        ValueError: the actor lives here, or is known from another origin.
    """
    if record.origin_id == HERE:
        raise ValueError("our own actors are not described by others")
    values = {name: getattr(record, name) for name in _REMOTE_FIELDS if name != "handle_folded"}
    row = tx.first(
        _UPSERT,
        **values,
        id=random64(),
        origin_id=record.origin_id,
        uri=record.uri,
        handle_folded=fold(record.handle),
        created_at=record.created_at or tx.now,
        now=tx.now,
    )
    if row is None:
        raise ValueError("this actor is known from another origin")
    return int(row[0])


_HEARSAY: Final = (
    insert(actors)
    .values(
        _BEGINNING
        | {name: bindparam(name) for name in ("id", "origin_id", "uri", "handle", "handle_folded")}
        | {
            "domain": bindparam("domain"),
            "url": bindparam("uri"),
            "type": ActorType.PERSON,
            "name": "",
            "summary": "",
            "fields": b"[]",
            "inbox": "",
            "locked": True,
            "discoverable": False,
            "indexable": False,
            "public": False,
            "also_known_as": b"[]",
            "created_at": bindparam("now"),
            "fetched_at": 0,
            "emojis": b"",
        }
    )
    .on_conflict_do_nothing()
)


def insert_hearsay(tx: Tx, *, origin_id: int, uri: str, handle: str, domain: str) -> None:
    """Make a row for somebody of whom only a community's card tells, unless there is one.

    Without inbox, keys or a name: nothing is ever sent or asked there, nothing that is signed there
    is believed for it, and by its handle it is found nowhere. Names stand on the cards. Once its
    own server describes the actor, that takes the row's place (`upsert_remote_actor`).
    """
    tx.run(
        _HEARSAY,
        id=random64(),
        origin_id=origin_id,
        uri=uri,
        handle=handle,
        handle_folded=fold(handle),
        domain=domain,
        now=tx.now,
    )


_TOUCH: Final = (
    update(actors).where(actors.c.id == bindparam("actor_id")).values(version=actors.c.version + 1)
)


def touch(tx: Tx, actor_id: int) -> None:
    """Something that is shown beside the actor's words changed elsewhere: a card."""
    tx.change(_TOUCH, actor_id=actor_id)


_PROFILE_FIELDS = (
    *("name", "summary", "summary_source", "fields"),
    *("locked", "discoverable", "indexable", "public", "emojis", "avatar", "header"),
    *("automated", "hides_follows", "avatar_text", "header_text"),
)
_UPDATE: Final = (
    update(actors)
    .where(actors.c.id == bindparam("actor_id"), actors.c.origin_id == HERE)
    .values({name: bindparam(name) for name in _PROFILE_FIELDS} | {"version": actors.c.version + 1})
)
_GONE: Final = (
    update(actors)
    .where(actors.c.id == bindparam("actor_id"), actors.c.gone_at.is_(None))
    .values(gone_at=bindparam("now"), version=actors.c.version + 1)
)
_ACCEPTED = follows.c.state == FollowState.ACCEPTED
# Belonging to a community is nobody's business outside it: no figure tells of it (G05).
_COUNT_FOLLOWERS = (
    select(func.count(follows.c.id))
    .where(
        follows.c.target_id == bindparam("actor_id"),
        _ACCEPTED,
        ~exists().where(communities.c.actor_id == follows.c.target_id),
    )
    .scalar_subquery()
)
_COUNT_FOLLOWING = (
    select(func.count(follows.c.id))
    .where(
        follows.c.follower_id == bindparam("actor_id"),
        _ACCEPTED,
        ~exists().where(communities.c.actor_id == follows.c.target_id),
    )
    .scalar_subquery()
)
_RECOUNT: Final = (
    update(actors)
    .where(actors.c.id == bindparam("actor_id"))
    .values(
        followers_count=_COUNT_FOLLOWERS,
        following_count=_COUNT_FOLLOWING,
        version=actors.c.version + 1,
    )
)


def update_profile(
    tx: Tx,
    actor_id: int,
    *,
    name: str,
    summary: str,
    summary_source: str,
    fields: bytes,
    locked: bool,
    discoverable: bool,
    indexable: bool,
    public: bool,
    emojis: bytes = b"",
    avatar: str | None = None,
    header: str | None = None,
    automated: bool = False,
    hides_follows: bool = False,
    avatar_text: str | None = None,
    header_text: str | None = None,
) -> None:
    """Store how a person here presents herself."""
    tx.change(
        _UPDATE,
        actor_id=actor_id,
        name=name,
        summary=summary,
        summary_source=summary_source,
        fields=fields,
        locked=locked,
        discoverable=discoverable,
        indexable=indexable,
        public=public,
        emojis=emojis,
        avatar=avatar,
        header=header,
        automated=automated,
        hides_follows=hides_follows,
        avatar_text=avatar_text,
        header_text=header_text,
    )


def mark_gone(tx: Tx, actor_id: int) -> bool:
    """Remember that an actor ended; the row stays, so the handle is never given again."""
    return tx.change(_GONE, actor_id=actor_id, now=tx.now) > 0


def recount_follows(tx: Tx, *actor_ids: int) -> None:
    """Count followers and followed anew: figures that heal themselves, two index ranges each.

    In the order of the ids, so that two transactions cannot wait for each other.
    """
    for actor_id in sorted(set(actor_ids)):
        tx.change(_RECOUNT, actor_id=actor_id)
