"""The node's own custom emoji."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import any_of
from storage.tables.emojis import custom_emojis
from storage.tx import Tx


class EmojiRow(Struct, frozen=True, gc=False):
    """A custom emoji without its picture. `digest` is the picture's SHA-256, in hex."""

    shortcode: str
    digest: str
    category: str


_VIEW: Select[*tuple[Any, ...]] = select(
    custom_emojis.c.shortcode, custom_emojis.c.digest, custom_emojis.c.category
)
_ALL: Final = _VIEW.order_by(custom_emojis.c.category, custom_emojis.c.shortcode)
_NAMED: Final = _VIEW.where(any_of(custom_emojis.c.shortcode, "shortcodes")).order_by(
    custom_emojis.c.shortcode
)
_COUNT: Final = select(func.count()).select_from(custom_emojis)
_PICTURE: Final = select(custom_emojis.c.picture, custom_emojis.c.digest).where(
    custom_emojis.c.shortcode == bindparam("shortcode")
)
_NEW = insert(custom_emojis).values(
    shortcode=bindparam("shortcode"),
    picture=bindparam("picture"),
    digest=bindparam("digest"),
    category=bindparam("category"),
    created_at=bindparam("now"),
)
_PUT: Final = _NEW.on_conflict_do_update(
    index_elements=[custom_emojis.c.shortcode],
    set_={name: _NEW.excluded[name] for name in ("picture", "digest", "category")},
)
_DROP: Final = delete(custom_emojis).where(custom_emojis.c.shortcode == bindparam("shortcode"))


def all_emojis(tx: Tx) -> list[EmojiRow]:
    """Every custom emoji of this node, by category and name."""
    return [EmojiRow(*row) for row in tx.all(_ALL)]


def named(tx: Tx, shortcodes: Sequence[str]) -> list[EmojiRow]:
    """Those of these shortcodes that this node has a picture for."""
    return [EmojiRow(*row) for row in tx.all(_NAMED, shortcodes=list(shortcodes))]


def how_many(tx: Tx) -> int:
    """How many custom emoji there are."""
    return int(tx.scalar(_COUNT) or 0)


def picture(tx: Tx, shortcode: str) -> tuple[bytes, str] | None:
    """The PNG of an emoji and its digest; None if there is no such one any more."""
    found = tx.first(_PICTURE, shortcode=shortcode)
    return None if found is None else (bytes(found[0]), str(found[1]))


def put(tx: Tx, *, shortcode: str, picture: bytes, digest: str, category: str) -> None:
    """Keep an emoji, in place of one that was called so before."""
    tx.run(_PUT, shortcode=shortcode, picture=picture, digest=digest, category=category, now=tx.now)


def drop(tx: Tx, shortcode: str) -> bool:
    """Forget an emoji; False if there is none."""
    return tx.change(_DROP, shortcode=shortcode) > 0
