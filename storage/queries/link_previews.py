"""What is known of pages to which posts link, one row for an address and an audience."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.audience import Audience, Kind
from storage.columns import Enum8, Id, Number, Time, any_of
from storage.queries.ids import new_id
from storage.tables.link_previews import link_previews
from storage.tables.posts import posts
from storage.tx import Tx


class LinkPreview(Struct, frozen=True, gc=False):
    """One row of `link_previews`, in the order of its columns. Times are ms UTC, sizes pixels."""

    id: int
    key: str
    kind: Kind
    owner_id: int
    url: str
    title: str
    description: str
    provider_name: str
    provider_url: str
    author_name: str
    author_url: str
    image: str
    width: int
    height: int
    published_at: int | None
    created_at: int
    fetched_at: int | None
    tried_at: int | None

    @property
    def says_something(self) -> bool:
        """Whether there is anything to show of the page."""
        return self.fetched_at is not None and self.title != ""


SAID: Final = (
    *("title", "description", "provider_name", "provider_url", "author_name", "author_url"),
    *("image", "width", "height", "published_at"),
)
"""The columns that a page fills (`domain.web_pages.Said`)."""

MOST_TOUCHED: Final = 300
"""Posts that change in one statement because their page was looked at."""

_ID: Final = bindparam("key_id", type_=Id)
_NOW: Final = bindparam("now", type_=Time)
_VIEW: Final[Select[*tuple[Any, ...]]] = select(*link_previews.c)
_BY_ID: Final = _VIEW.where(link_previews.c.id == _ID)
_BY_IDS: Final = _VIEW.where(any_of(link_previews.c.id, "ids"))
_KNOWN: Final = _VIEW.where(
    link_previews.c.key == bindparam("key"),
    link_previews.c.kind == bindparam("kind", type_=Enum8(Kind)),
    link_previews.c.owner_id == bindparam("owner_id", type_=Id),
)
_ADD: Final = (
    insert(link_previews)
    .values({column.name: bindparam(column.name) for column in link_previews.c})
    .on_conflict_do_nothing()
)
_CAME: Final = (
    update(link_previews)
    .where(link_previews.c.id == _ID)
    .values({name: bindparam(name) for name in SAID} | {"fetched_at": _NOW, "tried_at": _NOW})
)
_FAILED: Final = update(link_previews).where(link_previews.c.id == _ID).values(tried_at=_NOW)
_LINKING: Final = (
    select(posts.c.id)
    .where(posts.c.link_id == _ID, posts.c.deleted_at.is_(None))
    .order_by(posts.c.id.desc())
    .limit(bindparam("limit", type_=Number))
)
_TOUCH: Final = update(posts).where(any_of(posts.c.id, "ids")).values(version=posts.c.version + 1)
_SET: Final = (
    update(posts)
    .where(posts.c.id == bindparam("post_id", type_=Id))
    .values(link_id=bindparam("link_id", type_=Id))
)
_of_a_post: Final = exists().where(posts.c.link_id == link_previews.c.id)
_UNUSED: Final = (
    select(link_previews.c.id)
    .where(and_(link_previews.c.created_at <= bindparam("before", type_=Time), ~_of_a_post))
    .limit(bindparam("limit", type_=Number))
)
# Asked again: somebody may have linked to it meanwhile.
_FORGET: Final = delete(link_previews).where(any_of(link_previews.c.id, "ids"), ~_of_a_post)
_FORGET_OWNER: Final = delete(link_previews).where(
    link_previews.c.kind == bindparam("kind", type_=Enum8(Kind)),
    link_previews.c.owner_id == bindparam("owner_id", type_=Id),
)


def key_of(url: str) -> str:
    """Under what an address is remembered."""
    return sha256(url.encode()).hexdigest()


def by_id(tx: Tx, preview_id: int) -> LinkPreview | None:
    """One row."""
    row = tx.first(_BY_ID, key_id=preview_id)
    return None if row is None else LinkPreview(*row)


def by_ids(tx: Tx, preview_ids: Iterable[int]) -> dict[int, LinkPreview]:
    """Rows by their ids. One statement."""
    return {row[0]: LinkPreview(*row) for row in tx.all(_BY_IDS, ids=sorted(preview_ids))}


def of(tx: Tx, url: str, audience: Audience) -> LinkPreview:
    """The row of an address for an audience, new if there was none."""
    known = {"key": key_of(url), "kind": audience.kind, "owner_id": audience.owner}
    row = tx.first(_KNOWN, **known)
    if row is None:
        texts = dict.fromkeys(SAID, "") | {"width": 0, "height": 0, "published_at": None}
        times = {"created_at": tx.now, "fetched_at": None, "tried_at": None}
        tx.insert(_ADD, **known, **texts, **times, id=new_id(tx), url=url)
        row = tx.one(_KNOWN, **known)
    return LinkPreview(*row)


def came(tx: Tx, preview_id: int, said: dict[str, Any]) -> None:
    """What the page says of itself, by the names in `SAID`."""
    tx.change(_CAME, key_id=preview_id, now=tx.now, **said)


def failed(tx: Tx, preview_id: int) -> None:
    """It could not be had a moment ago; what was known stays."""
    tx.change(_FAILED, key_id=preview_id, now=tx.now)


def linking(tx: Tx, preview_id: int, limit: int) -> list[int]:
    """The newest posts that show it."""
    return [row[0] for row in tx.all(_LINKING, key_id=preview_id, limit=limit)]


def touch(tx: Tx, preview_id: int) -> None:
    """Readers of the newest posts that show it see something else now; of older ones in time."""
    tx.change(_TOUCH, ids=sorted(linking(tx, preview_id, MOST_TOUCHED)))


def set_link(tx: Tx, post_id: int, preview_id: int | None) -> None:
    """Which preview a post shows from now on."""
    tx.change(_SET, post_id=post_id, link_id=preview_id)


def unused(tx: Tx, before: int, limit: int) -> list[int]:
    """Rows made before a moment to which no post links any more; reads only."""
    return [row[0] for row in tx.all(_UNUSED, before=before, limit=limit)]


def forget(tx: Tx, preview_ids: Iterable[int]) -> None:
    """Remove those of the rows that `unused` would still find."""
    tx.change(_FORGET, ids=sorted(preview_ids))


def forget_community(tx: Tx, community_id: int) -> None:
    """Remove what was linked in a community."""
    tx.change(_FORGET_OWNER, kind=Kind.COMMUNITY, owner_id=community_id)
