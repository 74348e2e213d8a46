"""Communities as those who look at them may see them: whose they are, and who is in them."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, case, exists, false, or_, select, true

from domain.audience import Viewer
from domain.errors import NotFound
from domain.ids import HERE
from domain.kinds import Joining, Life, MembershipState, Preset
from storage.audience import BOUND, fixed, unblocked
from storage.columns import Id, Time
from storage.queries.actors import COLUMNS
from storage.tables.actors import actors
from storage.tables.communities import cards, communities, memberships
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.named import named_in
from storage.views.paging import Page, Paged
from storage.views.people import SEEN, Listed, as_seen

MOST_SHOWN: Final = 500
"""Communities, or people of one, on a page."""

_COMMUNITY = bindparam("community_id", type_=Id)
_ACTIVE: Final = and_(
    memberships.c.state == fixed(MembershipState.ACTIVE),
    or_(memberships.c.until.is_(None), memberships.c.until > bindparam("now", type_=Time)),
)
_MINE: Final = (
    select(*COLUMNS)
    .select_from(
        memberships.join(communities, communities.c.actor_id == memberships.c.community_id).join(
            actors, actors.c.id == communities.c.actor_id
        )
    )
    .where(memberships.c.actor_id == BOUND.actor, _ACTIVE, actors.c.gone_at.is_(None))
)
_ALL_MINE: Final = _MINE.order_by(actors.c.handle_folded, actors.c.id)
_ONE_OF_MINE: Final = _MINE.where(memberships.c.community_id == _COMMUNITY)
_belongs = exists().where(
    memberships.c.community_id == _COMMUNITY, memberships.c.actor_id == actors.c.id, _ACTIVE
)
# A community elsewhere tells of its members by cards; its own node asks the memberships alone.
_group = actors.alias("group_actor")
_told_of = exists().where(
    cards.c.community_id == _COMMUNITY,
    cards.c.actor_id == actors.c.id,
    _group.c.id == cards.c.community_id,
    _group.c.origin_id != fixed(HERE),
)
_MEMBERS: Final = Paged(
    select(*COLUMNS).where(
        or_(_belongs, _told_of), actors.c.gone_at.is_(None), unblocked(actors.c.id)
    ),
    actors.c.id,
)


class Community(Struct, frozen=True, gc=False):
    """A community for whoever looks at it. `belongs`: the viewer is an active member now."""

    actor: ActorView
    preset: Preset
    joining: Joining
    life: Life
    state: MembershipState | None
    belongs: bool

    @property
    def invited(self) -> bool:
        """Whether the viewer was asked to come in and has not answered."""
        return self.state is MembershipState.INVITED

    @property
    def asked(self) -> bool:
        """Whether the viewer asked to come in and has no answer yet."""
        return self.state is MembershipState.REQUESTED


_mine = memberships.alias("my_membership")
_standing = case(
    (
        and_(
            _mine.c.state == fixed(MembershipState.ACTIVE),
            or_(_mine.c.until.is_(None), _mine.c.until > bindparam("now", type_=Time)),
        ),
        true(),
    ),
    else_=false(),
)
_SHOWN: Select[*tuple[Any, ...]] = (
    select(
        communities.c.preset,
        communities.c.joining,
        communities.c.life,
        _mine.c.state,
        _standing.label("belongs"),
        *COLUMNS,
    )
    .select_from(
        communities.join(actors, actors.c.id == communities.c.actor_id).outerjoin(
            _mine,
            and_(_mine.c.community_id == communities.c.actor_id, _mine.c.actor_id == BOUND.actor),
        )
    )
    .where(actors.c.gone_at.is_(None), SEEN)
)
_ONE_SHOWN: Final = _SHOWN.where(communities.c.actor_id == _COMMUNITY)
_ALL_SHOWN: Final = _SHOWN.order_by(actors.c.handle_folded, actors.c.id).limit(fixed(MOST_SHOWN))


def about(tx: Tx, viewer: Viewer, community_id: int) -> Community | None:
    """What the viewer may know of a community; nothing where there is none, or not for them."""
    row = tx.first(_ONE_SHOWN, community_id=community_id, **_asking(tx, viewer))
    return None if row is None else _shown(viewer, row)


def all_shown(tx: Tx, viewer: Viewer) -> list[Community]:
    """The communities that the viewer may know of, by handle."""
    return [_shown(viewer, row) for row in tx.all(_ALL_SHOWN, **_asking(tx, viewer))]


def _shown(viewer: Viewer, row: tuple[Any, ...]) -> Community:
    preset, joining, life, state, belongs, *actor = row
    return Community(
        as_seen(viewer, ActorView(*actor)), preset, joining, life, state, bool(belongs)
    )


def _asking(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    return {"viewer_id": viewer.actor, "viewer_full": viewer.full, "now": tx.now}


_theirs = memberships.alias("their_membership")
_WITH: Final = _ALL_MINE.where(
    or_(
        exists().where(
            _theirs.c.community_id == memberships.c.community_id,
            _theirs.c.actor_id == bindparam("other_id", type_=Id),
            _theirs.c.state == fixed(MembershipState.ACTIVE),
            or_(_theirs.c.until.is_(None), _theirs.c.until > bindparam("now", type_=Time)),
        ),
        exists().where(
            actors.c.origin_id != fixed(HERE),
            cards.c.community_id == memberships.c.community_id,
            cards.c.actor_id == bindparam("other_id", type_=Id),
        ),
    )
)


def shared_with(tx: Tx, viewer: Viewer, actor_id: int) -> list[ActorView]:
    """The communities of the viewer's to which somebody belongs too, as far as is known here."""
    rows = tx.all(_WITH, viewer_id=viewer.actor, other_id=actor_id, now=tx.now)
    return [as_seen(viewer, ActorView(*row)) for row in rows]


def mine(tx: Tx, viewer: Viewer) -> list[ActorView]:
    """The communities in which the viewer is an active member, by handle."""
    rows = tx.all(_ALL_MINE, viewer_id=viewer.actor, now=tx.now)
    return [as_seen(viewer, ActorView(*row)) for row in rows]


def one_of_mine(tx: Tx, viewer: Viewer, community_id: int) -> ActorView:
    """A community in which the viewer is an active member.

    Raises:
        NotFound: there is none, or the viewer is none of its members now.
    """
    row = tx.first(_ONE_OF_MINE, community_id=community_id, viewer_id=viewer.actor, now=tx.now)
    if row is None:
        raise NotFound
    return as_seen(viewer, ActorView(*row))


def members(tx: Tx, viewer: Viewer, community_id: int, page: Page) -> list[Listed]:
    """Who is in a community of the viewer's, as far as this node knows.

    Raises:
        NotFound: the viewer is none of its members now.
    """
    one_of_mine(tx, viewer, community_id)
    params: dict[str, Any] = {"viewer_id": viewer.actor, "community_id": community_id}
    rows = _MEMBERS.rows(tx, page.clamped(MOST_SHOWN), params | {"now": tx.now})
    people = [ActorView(*row) for row in rows]
    return [
        Listed(actor.id, as_seen(viewer, actor)) for actor in named_in(tx, community_id, people)
    ]
