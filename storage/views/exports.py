"""What somebody takes along to another server: whom they follow, their lists, whom they avoid.

Everything here is the person's own. Each entry comes with the id of whom or what it is about. Who
is known by a community's card alone has no address by which another server could find them, and is
left out.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import FromClause, Select, and_, bindparam, or_, select

from domain.audience import Viewer
from domain.csv_lists import Said
from domain.ids import HERE
from domain.kinds import FollowState, ImportKind
from domain.node import HELPER_HANDLE
from storage.audience import fixed
from storage.columns import Id
from storage.queries import bookmarks, domain_blocks
from storage.queries.mutes import STANDS
from storage.tables.actors import actors
from storage.tables.lists import list_members, lists
from storage.tables.relations import blocks, follows, mutes
from storage.tx import Tx
from storage.views.paging import Page

Entry = tuple[int, Said]

_ME: Final = bindparam("actor_id", type_=Id)
_addressable: Final = and_(
    actors.c.gone_at.is_(None),
    or_(actors.c.origin_id == fixed(HERE), actors.c.fetched_at > fixed(0)),
    or_(actors.c.origin_id != fixed(HERE), actors.c.handle_folded != HELPER_HANDLE),
)


def _people(base: FromClause, whom: Any, *more: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(actors.c.id, actors.c.handle, actors.c.domain, *more)
        .select_from(base.join(actors, actors.c.id == whom))
        .where(_addressable)
    )


_FOLLOWS: Final = (
    _people(follows, follows.c.target_id, follows.c.shares, follows.c.notify, follows.c.languages)
    .where(follows.c.follower_id == _ME, follows.c.state == fixed(FollowState.ACCEPTED))
    .order_by(follows.c.id)
)
_LISTS: Final = (
    _people(
        list_members.join(lists, lists.c.id == list_members.c.list_id),
        list_members.c.member_id,
        lists.c.title,
    )
    .where(lists.c.actor_id == _ME)
    .order_by(lists.c.id, list_members.c.id)
)
_BLOCKS: Final = (
    _people(blocks, blocks.c.blocked_id).where(blocks.c.blocker_id == _ME).order_by(blocks.c.id)
)
# What ends by itself ends here: another server would keep it for good.
_MUTES: Final = (
    _people(mutes, mutes.c.muted_id, mutes.c.notifications)
    .where(mutes.c.muter_id == _ME, STANDS, mutes.c.until.is_(None))
    .order_by(mutes.c.id)
)


def _follows(tx: Tx, viewer: Viewer) -> list[Entry]:
    return [
        (
            row[0],
            {
                "account": f"{row[1]}@{row[2]}",
                "shares": row[3],
                "notify": row[4],
                "languages": row[5].split(),
            },
        )
        for row in tx.all(_FOLLOWS, actor_id=viewer.actor)
    ]


def _lists(tx: Tx, viewer: Viewer) -> list[Entry]:
    return [
        (row[0], {"list": row[3], "account": f"{row[1]}@{row[2]}"})
        for row in tx.all(_LISTS, actor_id=viewer.actor)
    ]


def _blocks(tx: Tx, viewer: Viewer) -> list[Entry]:
    return [
        (row[0], {"account": f"{row[1]}@{row[2]}"})
        for row in tx.all(_BLOCKS, actor_id=viewer.actor)
    ]


def _mutes(tx: Tx, viewer: Viewer) -> list[Entry]:
    return [
        (row[0], {"account": f"{row[1]}@{row[2]}", "notifications": row[3]})
        for row in tx.all(_MUTES, actor_id=viewer.actor, now=tx.now)
    ]


def _domains(tx: Tx, viewer: Viewer) -> list[Entry]:
    return [(0, {"domain": domain}) for domain in domain_blocks.of(tx, viewer.actor)]


def _bookmarks(tx: Tx, viewer: Viewer) -> list[Entry]:
    """What may still be read, the newest first."""
    found: list[Entry] = []
    page = Page(limit=1000)
    while lines := bookmarks.uris(tx, viewer, page):
        found += [(key, {"uri": uri}) for key, uri in lines]
        page = Page(max_id=lines[-1][0], limit=1000)
    return found


_OF: Final[dict[ImportKind, Callable[[Tx, Viewer], list[Entry]]]] = {
    ImportKind.FOLLOWS: _follows,
    ImportKind.LISTS: _lists,
    ImportKind.BLOCKS: _blocks,
    ImportKind.MUTES: _mutes,
    ImportKind.DOMAIN_BLOCKS: _domains,
    ImportKind.BOOKMARKS: _bookmarks,
}


def entries(tx: Tx, viewer: Viewer, kind: ImportKind) -> list[Entry]:
    """Everything of one kind that is the viewer's, as a list says it, with whom it is about.

    Of bookmarks and servers the number says nothing of use. Reads only, and may be long.
    """
    return _OF[kind](tx, viewer)
