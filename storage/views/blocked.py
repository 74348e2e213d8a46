"""Whom somebody blocks or mutes, for their own eyes."""

from typing import Final

from msgspec import Struct
from sqlalchemy import select

from domain.audience import Viewer
from storage.audience import BOUND
from storage.queries.actors import COLUMNS
from storage.queries.mutes import STANDS
from storage.tables.actors import actors
from storage.tables.relations import blocks, mutes
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.named import named_for
from storage.views.paging import Page, Paged
from storage.views.people import MOST, Listed, as_seen


class Muted(Struct, frozen=True, gc=False):
    """One line of the list of mutes; `until` in ms UTC, None has no end."""

    cursor: int
    actor: ActorView
    until: int | None


_BLOCKED: Final = Paged(
    select(blocks.c.id.label("cursor"), *COLUMNS)
    .select_from(blocks.join(actors, actors.c.id == blocks.c.blocked_id))
    .where(blocks.c.blocker_id == BOUND.actor, actors.c.gone_at.is_(None)),
    blocks.c.id,
)
_MUTED: Final = Paged(
    select(mutes.c.id.label("cursor"), mutes.c.until, *COLUMNS)
    .select_from(mutes.join(actors, actors.c.id == mutes.c.muted_id))
    .where(mutes.c.muter_id == BOUND.actor, STANDS, actors.c.gone_at.is_(None)),
    mutes.c.id,
)


def blocked(tx: Tx, viewer: Viewer, page: Page) -> list[Listed]:
    """Whom the viewer blocks, the newest first; also whom they may not know of otherwise."""
    rows = _BLOCKED.rows(tx, page.clamped(MOST), {"viewer_id": viewer.actor})
    named = by_id(named_for(tx, viewer, [ActorView(*row[1:]) for row in rows]))
    return [Listed(row[0], as_seen(viewer, named[row[1]])) for row in rows if row[1] in named]


def muted(tx: Tx, viewer: Viewer, page: Page) -> list[Muted]:
    """Whom the viewer mutes now, the newest first; also whom they may not know of otherwise."""
    params = {"viewer_id": viewer.actor, "now": tx.now}
    rows = _MUTED.rows(tx, page.clamped(MOST), params)
    named = by_id(named_for(tx, viewer, [ActorView(*row[2:]) for row in rows]))
    return [
        Muted(row[0], as_seen(viewer, named[row[2]]), row[1]) for row in rows if row[2] in named
    ]
