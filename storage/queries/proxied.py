"""Pictures of other servers that belong to no post, as this node keeps them for a while.

A row is kept for each address that somebody here looked at; its bytes may be let go and fetched
again. Whoever may see the address may see the picture: it was fetched as anybody.
"""

from collections.abc import Collection
from hashlib import sha256
from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import BindParameter, Select, Text, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Number, Time, any_of
from storage.tables.files import proxied
from storage.tx import Tx


class ProxiedRow(Struct, frozen=True, gc=False):
    """One row of `proxied`, in the order of its columns. Times are ms UTC, the size bytes."""

    key: str
    url: str
    digest: str
    media_type: str
    size: int
    fetched_at: int | None
    used_at: int
    tried_at: int | None


_VIEW: Final[Select[*tuple[Any, ...]]] = select(*proxied.c)
_KEY: Final[BindParameter[str]] = bindparam("name", type_=Text)
_BY_KEY: Final = _VIEW.where(proxied.c.key == _KEY)
_insert: Final = insert(proxied).values({c.name: bindparam(c.name) for c in proxied.c})
_PUT: Final = _insert.on_conflict_do_update(
    index_elements=[proxied.c.key],
    set_={
        name: _insert.excluded[name]
        for name in ("digest", "media_type", "size", "fetched_at", "used_at", "tried_at")
    },
)
_FAILED: Final = _insert.on_conflict_do_update(
    index_elements=[proxied.c.key],
    set_={
        # Also what was known of it: nobody tries who has it, so its bytes were lost.
        name: _insert.excluded[name]
        for name in ("digest", "media_type", "size", "fetched_at", "tried_at")
    },
)
_USED: Final = (
    update(proxied).where(proxied.c.key == _KEY).values(used_at=bindparam("now", type_=Time))
)
_HELD: Final = select(func.coalesce(func.sum(proxied.c.size), 0))
_LIMIT: Final = bindparam("limit", type_=Number)
_OLDEST: Final = (
    select(proxied.c.key, proxied.c.size, proxied.c.used_at, proxied.c.digest)
    .order_by(proxied.c.used_at)
    .limit(_LIMIT)
)
_UNUSED: Final = (
    select(proxied.c.key).where(proxied.c.used_at <= bindparam("before", type_=Time)).limit(_LIMIT)
)
_FORGET: Final = delete(proxied).where(any_of(proxied.c.key, "names"))
_NEEDED: Final = select(proxied.c.digest).where(any_of(proxied.c.digest, "names"))


def key_of(url: str) -> str:
    """Under what an address is remembered."""
    return sha256(url.encode()).hexdigest()


def by_url(tx: Tx, url: str) -> ProxiedRow | None:
    """What is known of the picture at an address."""
    row = tx.first(_BY_KEY, name=key_of(url))
    return None if row is None else ProxiedRow(*row)


def came(tx: Tx, url: str, *, digest: str, media_type: str, size: int) -> ProxiedRow:
    """Its bytes are here now."""
    row = ProxiedRow(key_of(url), url, digest, media_type, size, tx.now, tx.now, None)
    tx.insert(_PUT, **_values(row))
    return row


def failed(tx: Tx, url: str) -> None:
    """It could not be had a moment ago, and its bytes are not here."""
    tx.insert(_FAILED, **_values(ProxiedRow(key_of(url), url, "", "", 0, None, tx.now, tx.now)))


def used(tx: Tx, url: str) -> None:
    """Somebody looked at it."""
    tx.change(_USED, name=key_of(url), now=tx.now)


def held(tx: Tx) -> int:
    """Bytes of all of them."""
    return int(tx.scalar(_HELD) or 0)


class Cached(NamedTuple):
    """A picture that may be let go."""

    key: str
    size: int
    used_at: int
    digest: str


def oldest(tx: Tx, limit: int) -> list[Cached]:
    """Those that nobody looked at for longest."""
    return [Cached(*row) for row in tx.all(_OLDEST, limit=limit)]


def unused(tx: Tx, before: int, limit: int) -> list[str]:
    """Keys of those that nobody looked at since a moment."""
    return [row[0] for row in tx.all(_UNUSED, before=before, limit=limit)]


def forget(tx: Tx, keys: list[str]) -> None:
    """Remove rows; the sweep removes their bytes if no other row needs them."""
    tx.change(_FORGET, names=sorted(keys))


def needed(tx: Tx, names: Collection[str]) -> set[str]:
    """Those of the blobs that a row here names."""
    return {row[0] for row in tx.all(_NEEDED, names=sorted(names))}


def _values(row: ProxiedRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ProxiedRow.__struct_fields__}
