"""Listed posts, narrowed: by several tags at once, by where they were written, to those with files.

The plain pages are in `storage/views/timelines.py`; these hold the same rights and rules.
"""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select

from domain.audience import Viewer
from storage.columns import Number, any_of
from storage.tables.posts import post_tags
from storage.tx import Tx
from storage.views.entries import (
    FIRST_HAND,
    FROM_HERE,
    LISTED,
    NO_FOREIGN_REPLY,
    WITH_FILES,
    Entry,
    entries_of,
    flag,
    pages_of,
    post,
)
from storage.views.paging import Page, Paged
from storage.views.timelines import local_page, public_page, remote_page, tag_page


class Narrowing(Struct, frozen=True):
    """Which of the listed posts somebody wants. Tags are folded.

    `also`: posts with one of these are wanted too; `all_of`: those that have all of these; `none`:
    those that have none of these. `local`: written here; `remote`: elsewhere; `local` outweighs.
    """

    local: bool = False
    remote: bool = False
    only_media: bool = False
    also: tuple[str, ...] = ()
    all_of: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether the plain page of a tag answers it."""
        return self in {Narrowing(), Narrowing(local=True)}


def _with_files(*where: ColumnElement[bool]) -> Paged:
    return pages_of(post, post.c.id, *where, LISTED, FIRST_HAND, NO_FOREIGN_REPLY, WITH_FILES)


_PUBLIC: Final = _with_files()
_LOCAL: Final = _with_files(FROM_HERE)
_REMOTE: Final = _with_files(~FROM_HERE)


def public(tx: Tx, viewer: Viewer, page: Page, *, wish: Narrowing) -> list[Entry]:
    """Listed posts, from here, from elsewhere or both; with files alone.

    Whoever is no full member finds what was written here and nothing else.
    """
    if not wish.only_media:
        plain = local_page if wish.local else remote_page if wish.remote else public_page
        return plain(tx, viewer, page)
    if wish.local:
        return entries_of(tx, _LOCAL, viewer, page)
    if not viewer.full:
        return [] if wish.remote else entries_of(tx, _LOCAL, viewer, page)
    return entries_of(tx, _REMOTE if wish.remote else _PUBLIC, viewer, page)


def _tagged(name: str) -> ColumnElement[bool]:
    return and_(post_tags.c.post_id == post.c.id, any_of(post_tags.c.tag, name))


_COUNT_OF_ALL: Final = bindparam("count_of_all", type_=Number)
_TAGS: Final = pages_of(
    post,
    post.c.id,
    post.c.id.in_(select(post_tags.c.post_id).where(any_of(post_tags.c.tag, "one_of"))),
    or_(
        _COUNT_OF_ALL == 0,
        select(func.count()).where(_tagged("all_of")).correlate(post).scalar_subquery()
        == _COUNT_OF_ALL,
    ),
    ~exists().where(_tagged("none_of")).correlate_except(post_tags),
    or_(flag("from_elsewhere"), FROM_HERE),
    or_(flag("from_here"), ~FROM_HERE),
    or_(flag("without_files"), WITH_FILES),
    LISTED,
    FIRST_HAND,
)


def tagged(tx: Tx, viewer: Viewer, page: Page, *, tag: str, wish: Narrowing) -> list[Entry]:
    """Listed posts with this tag (folded), answers too, as far as they are wanted."""
    if wish.is_plain:
        return tag_page(tx, viewer, page, tag=tag, local=wish.local)
    all_of = _each_once(wish.all_of)
    asked: dict[str, Any] = {
        "one_of": _each_once((tag, *wish.also)),
        "all_of": all_of,
        "count_of_all": len(all_of),
        "none_of": _each_once(wish.none),
        # Only full members come across what was written elsewhere.
        "from_elsewhere": viewer.full and not wish.local,
        "from_here": wish.local or not wish.remote,
        "without_files": not wish.only_media,
    }
    return entries_of(tx, _TAGS, viewer, page, **asked)


def _each_once(tags: Collection[str]) -> list[str]:
    return sorted(set(tags))
