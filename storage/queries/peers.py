"""Servers that members of this node may know it talks to.

Those with an agreement, and those from which something public to the world is here. A server with
whose people one community alone has to do is that community's business.
"""

from typing import Final

from sqlalchemy import bindparam, exists, or_, select

from domain.audience import Kind
from domain.ids import HERE
from storage.audience import fixed
from storage.columns import Number, Time
from storage.tables.origins import agreements, origins
from storage.tables.posts import posts
from storage.tx import Tx

MOST: Final = 5_000

_NOW: Final = bindparam("now", type_=Time)
_agreed = exists().where(
    agreements.c.origin_id == origins.c.id,
    agreements.c.active,
    or_(agreements.c.until.is_(None), agreements.c.until > _NOW),
)
_public = exists().where(
    posts.c.origin_id == origins.c.id,
    posts.c.kind == fixed(Kind.PUBLIC),
    posts.c.deleted_at.is_(None),
)
_PEERS: Final = (
    select(origins.c.origin)
    .where(origins.c.id != fixed(HERE), or_(_agreed, _public))
    .order_by(origins.c.origin)
    .limit(bindparam("limit", type_=Number))
)


def peers(tx: Tx) -> list[str]:
    """Their names (`host[:port]`), in order; reads only, and slowly."""
    return [row[0].partition("://")[2] for row in tx.all(_PEERS, now=tx.now, limit=MOST)]
