"""Whom somebody blocks, for their own eyes."""

from typing import Final

from sqlalchemy import select

from domain.audience import Viewer
from storage.audience import BOUND
from storage.queries.actors import COLUMNS
from storage.tables.actors import actors
from storage.tables.relations import blocks
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.named import named_for
from storage.views.paging import Page, Paged
from storage.views.people import MOST, Listed, as_seen

_LIST: Final = Paged(
    select(blocks.c.id.label("cursor"), *COLUMNS)
    .select_from(blocks.join(actors, actors.c.id == blocks.c.blocked_id))
    .where(blocks.c.blocker_id == BOUND.actor, actors.c.gone_at.is_(None)),
    blocks.c.id,
)


def blocked(tx: Tx, viewer: Viewer, page: Page) -> list[Listed]:
    """Whom the viewer blocks, the newest first; also whom they may not know of otherwise."""
    rows = _LIST.rows(tx, page.clamped(MOST), {"viewer_id": viewer.actor})
    named = by_id(named_for(tx, viewer, [ActorView(*row[1:]) for row in rows]))
    return [Listed(row[0], as_seen(viewer, named[row[1]])) for row in rows if row[1] in named]
