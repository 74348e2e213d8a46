"""Keys of actors, ours and theirs; when a key was last asked for; nonces that were used."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import HERE, random64
from domain.kinds import ActorType, KeyType
from storage.columns import any_of
from storage.queries.actors import COLUMNS
from storage.tables.actors import actors, key_fetches, keys
from storage.tables.origins import nonces
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.keys import KeyView


class OwnKey(Struct, frozen=True, gc=False):
    """A key of an actor that lives here, its private half still sealed."""

    id: int
    actor_id: int
    uri: str
    sealed: bytes

    def __repr__(self) -> str:
        """Nothing of the secret, not even sealed."""
        return f"<OwnKey {self.id}>"


class StatedKey(Struct, frozen=True, gc=False):
    """A key that a remote actor's own document lists."""

    uri: str
    type: KeyType
    public: str


class KeyHolder(Struct, frozen=True, gc=False):
    """A remote key and the actor that lists it."""

    key: KeyView
    actor: ActorView


_KEY: Final = (keys.c.id, keys.c.actor_id, keys.c.uri, keys.c.type, keys.c.public)
_PUBLIC: Final = (
    select(*_KEY)
    .where(keys.c.actor_id == bindparam("actor_id"), keys.c.retired_at.is_(None))
    .order_by(keys.c.type, keys.c.created_at.desc())
)
_OWN: Final = (
    select(keys.c.id, keys.c.actor_id, keys.c.uri, keys.c.sealed_private)
    .where(
        any_of(keys.c.actor_id, "actor_ids"),
        keys.c.type == bindparam("type"),
        keys.c.sealed_private.is_not(None),
        keys.c.retired_at.is_(None),
    )
    .order_by(keys.c.created_at, keys.c.id)
)
_HOLDER: Final = (
    select(*_KEY, *COLUMNS)
    .join(actors, actors.c.id == keys.c.actor_id)
    .where(
        keys.c.uri == bindparam("uri"),
        keys.c.retired_at.is_(None),
        actors.c.origin_id != HERE,
    )
)
_INSERT: Final = insert(keys).values(
    id=bindparam("id"),
    actor_id=bindparam("actor_id"),
    uri=bindparam("uri"),
    type=bindparam("type"),
    public=bindparam("public"),
    sealed_private=bindparam("sealed"),
    created_at=bindparam("now"),
    fetched_at=bindparam("now"),
)
_RETIRE: Final = (
    update(keys)
    .where(
        keys.c.actor_id == bindparam("actor_id"),
        keys.c.sealed_private.is_not(None),
        keys.c.retired_at.is_(None),
    )
    .values(retired_at=bindparam("now"), sealed_private=None)
)
_EVER: Final = select(func.count(keys.c.id)).where(
    keys.c.actor_id == bindparam("actor_id"), keys.c.type == bindparam("type")
)
_WITH_KEYS: Final = (
    select(actors.c.id, actors.c.type)
    .where(
        actors.c.origin_id == HERE,
        actors.c.gone_at.is_(None),
        exists().where(
            keys.c.actor_id == actors.c.id,
            keys.c.sealed_private.is_not(None),
            keys.c.retired_at.is_(None),
        ),
    )
    .order_by(actors.c.id)
)
# A key id never passes to another actor: its URI lies on its actor's origin and names it as owner.
_STATED: Final = _INSERT.on_conflict_do_update(
    index_elements=[keys.c.uri],
    set_={
        "type": _INSERT.excluded.type,
        "public": _INSERT.excluded.public,
        "fetched_at": _INSERT.excluded.fetched_at,
        "retired_at": None,
    },
    where=keys.c.actor_id == _INSERT.excluded.actor_id,
)
_UNLIST: Final = delete(keys).where(
    keys.c.actor_id == bindparam("actor_id"),
    keys.c.sealed_private.is_(None),
    ~any_of(keys.c.uri, "uris"),
)


def public_keys(tx: Tx, actor_id: int) -> list[KeyView]:
    """What an actor's document shows: RSA before Ed25519, the newest first."""
    return [KeyView(*row) for row in tx.all(_PUBLIC, actor_id=actor_id)]


def own_keys(tx: Tx, actor_ids: Sequence[int], key_type: KeyType) -> dict[int, OwnKey]:
    """The newest key of this type of each of our actors."""
    rows = tx.all(_OWN, actor_ids=actor_ids, type=key_type)
    return {row[1]: OwnKey(row[0], row[1], row[2], row[3] or b"") for row in rows}


def holder(tx: Tx, uri: str) -> KeyHolder | None:
    """A remote key and its actor. Never one of ours: nobody signs as us from outside."""
    row = tx.first(_HOLDER, uri=uri)
    if row is None:
        return None
    return KeyHolder(KeyView(*row[: len(_KEY)]), ActorView(*row[len(_KEY) :]))


def insert_own_key(
    tx: Tx, *, actor_id: int, uri: str, key_type: KeyType, public: str, sealed: bytes
) -> None:
    """Store a new key of an actor that lives here; `sealed` is its private half, encrypted."""
    tx.run(
        _INSERT,
        id=random64(),
        actor_id=actor_id,
        uri=uri,
        type=key_type,
        public=public,
        sealed=sealed,
        now=tx.now,
    )


def retire_own_keys(tx: Tx, actor_id: int) -> bool:
    """Erase the private halves of an actor's keys, and list these no more; False if it had none.

    The row and its public half stay, so that the key's id is never given to another key.
    """
    return tx.change(_RETIRE, actor_id=actor_id, now=tx.now) > 0


def keys_ever(tx: Tx, actor_id: int, key_type: KeyType) -> int:
    """How many keys of this type an actor of ours has or had."""
    return tx.scalar(_EVER, actor_id=actor_id, type=key_type) or 0


def actors_with_keys(tx: Tx) -> list[tuple[int, ActorType]]:
    """Everybody who lives here and signs, the oldest first: (id, type)."""
    return tx.all(_WITH_KEYS)


def replace_stated_keys(tx: Tx, actor_id: int, stated: Iterable[StatedKey]) -> None:
    """Make a remote actor's keys those that its document lists now, and no others."""
    listed = list(stated)
    tx.change(_UNLIST, actor_id=actor_id, uris=[key.uri for key in listed])
    for key in listed:
        tx.run(
            _STATED,
            id=random64(),
            actor_id=actor_id,
            uri=key.uri,
            type=key.type,
            public=key.public,
            sealed=None,
            now=tx.now,
        )


# Documents that were just asked for, or could not be had (S19, S24).

_ASKED = insert(key_fetches).values(uri=bindparam("uri"), until=bindparam("until"))
_ASK: Final = _ASKED.on_conflict_do_update(
    index_elements=[key_fetches.c.uri],
    set_={"until": _ASKED.excluded.until},
    where=key_fetches.c.until <= bindparam("now"),
).returning(key_fetches.c.uri)
_REST: Final = _ASKED.on_conflict_do_update(
    index_elements=[key_fetches.c.uri], set_={"until": _ASKED.excluded.until}
)
_RESTS: Final = select(key_fetches.c.until).where(
    key_fetches.c.uri == bindparam("uri"), key_fetches.c.until > bindparam("now")
)
_AWAKE: Final = delete(key_fetches).where(key_fetches.c.until <= bindparam("now"))


def may_ask(tx: Tx, uri: str, pause_ms: int) -> bool:
    """Whether `uri` may be asked for now; if so, not again for `pause_ms`. One caller wins."""
    return tx.first(_ASK, uri=uri, until=tx.now + pause_ms, now=tx.now) is not None


def let_rest(tx: Tx, uri: str, pause_ms: int) -> None:
    """Do not ask for `uri` for `pause_ms`: it could not be had."""
    tx.run(_REST, uri=uri, until=tx.now + pause_ms)


def rests(tx: Tx, uri: str) -> bool:
    """Whether `uri` must not be asked for now."""
    return tx.first(_RESTS, uri=uri, now=tx.now) is not None


# Nonces of signatures between our nodes.

_USE: Final = (
    insert(nonces)
    .values(nonce=bindparam("nonce"), expires_at=bindparam("expires_at"))
    .on_conflict_do_nothing()
    .returning(nonces.c.nonce)
)
_EXPIRED: Final = delete(nonces).where(nonces.c.expires_at <= bindparam("now"))


def use_nonce(tx: Tx, nonce: str, expires_at: int) -> bool:
    """Whether this nonce is used for the first time; it is remembered until `expires_at`."""
    return tx.first(_USE, nonce=nonce, expires_at=expires_at) is not None


def sweep(tx: Tx) -> None:
    """Forget what no longer refuses anything."""
    tx.change(_AWAKE, now=tx.now)
    tx.change(_EXPIRED, now=tx.now)
