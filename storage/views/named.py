"""Names of people who are known by a community's card alone (protocol §5).

Such a person's own server was never asked: the card is believed inside its community and nowhere
else. So the same person may have another name in each community, and has none outside.
"""

from collections.abc import Sequence
from html import escape
from typing import Any, Final

import orjson
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, bindparam, exists, or_, select

from domain.audience import Viewer
from domain.kinds import MembershipState
from storage.audience import BOUND, fixed
from storage.columns import Id, Time, any_of
from storage.tables.actors import actors
from storage.tables.communities import cards, memberships
from storage.tx import Tx
from storage.views.actors import ActorView


class Name(Struct, frozen=True, gc=False):
    """What a card says of somebody; `home` is the organisation, plain text."""

    handle: str
    domain: str
    name: str
    home: str
    avatar: str | None


def columns(card: Any) -> tuple[ColumnElement[Any], ...]:
    """What a `Name` is made of, of `cards` or of an alias of it."""
    return card.c.handle, card.c.domain, card.c.name, card.c.home, card.c.avatar


def name_of(values: Sequence[Any]) -> Name | None:
    """The name in these columns; nothing where an outer join found no card."""
    return None if values[0] is None else Name(*values)


def named(actor: ActorView, card: Name | None) -> ActorView:
    """The person under the card's name, if that is all that is known of them."""
    if card is None or not actor.is_hearsay:
        return actor
    fields = orjson.dumps([["Organisation", escape(card.home)]]) if card.home else b"[]"
    return replace(
        actor,
        handle=card.handle,
        domain=card.domain,
        name=card.name,
        avatar=card.avatar,
        header=None,
        fields=fields,
    )


_ASKED = any_of(cards.c.actor_id, "ids")
_IN_COMMUNITY: Final = select(cards.c.actor_id, *columns(cards)).where(
    cards.c.community_id == bindparam("community_id", type_=Id), _ASKED
)


def _is_mine(membership: Any) -> ColumnElement[bool]:
    until = membership.c.until
    return and_(
        membership.c.actor_id == BOUND.actor,
        membership.c.state == fixed(MembershipState.ACTIVE),
        or_(until.is_(None), until > bindparam("now", type_=Time)),
    )


_IN_MINE: Final = (
    select(cards.c.actor_id, *columns(cards))
    .join(memberships, memberships.c.community_id == cards.c.community_id)
    .where(_is_mine(memberships), _ASKED)
    .order_by(cards.c.community_id.desc())
)
_told = cards.alias("told")
_my = memberships.alias("my")
IN_MY_COMMUNITIES: Final = exists(
    select(_told.c.actor_id)
    .join(_my, _my.c.community_id == _told.c.community_id)
    .where(_is_mine(_my), _told.c.actor_id == actors.c.id)
)
"""Whether a community of the viewer's tells of this row of `actors` (`viewer_id`, `now`)."""


def named_in(tx: Tx, community_id: int, people: list[ActorView]) -> list[ActorView]:
    """The same people under the names that they have in this community."""
    asked = [actor.id for actor in people if actor.is_hearsay]
    rows = tx.all(_IN_COMMUNITY, community_id=community_id, ids=asked) if asked else []
    return _with_names(people, rows)


def named_for(tx: Tx, viewer: Viewer, people: list[ActorView]) -> list[ActorView]:
    """The same people under the names that they have in communities of the viewer's."""
    asked = [actor.id for actor in people if actor.is_hearsay]
    rows = tx.all(_IN_MINE, viewer_id=viewer.actor, ids=asked, now=tx.now) if asked else []
    return _with_names(people, rows)


def _with_names(people: list[ActorView], rows: list[tuple[Any, ...]]) -> list[ActorView]:
    found = {row[0]: Name(*row[1:]) for row in rows}
    return [named(actor, found.get(actor.id)) for actor in people] if found else people
