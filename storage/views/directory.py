"""People whom somebody may want to know: the directory, suggestions, and who knows whom already.

Each list is made of people whom the viewer may know of (`people.SEEN`) and of ties that the viewer
may see anyway: whom friends follow, who is in one's communities. Nobody's activity is looked at,
and no order says who is more diligent or better liked (protocol §8).
"""

from collections.abc import Collection
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select

from domain.audience import Viewer
from domain.ids import HERE
from domain.kinds import (
    AccountState,
    ActorType,
    FollowState,
    Life,
    Limit,
    MembershipState,
    Role,
)
from domain.node import HELPER_HANDLE
from storage.audience import BOUND, fixed, unblocked, viewer_params, welcome
from storage.columns import Flag, Id, Number, any_of
from storage.queries.actors import COLUMNS
from storage.tables.accounts import accounts
from storage.tables.actors import actors
from storage.tables.communities import communities, memberships
from storage.tables.endorsements import endorsements
from storage.tables.relations import follows
from storage.tables.suggestions import dismissed_suggestions
from storage.tx import Tx
from storage.views.actors import ActorView
from storage.views.named import named_for
from storage.views.paging import Page, Paged
from storage.views.people import NO_SECRET, SEEN, THERE, Listed, as_seen, people, person, standing

MOST: Final = 80
"""People per page at most (Mastodon API)."""
DEEPEST: Final = 10_000
"""How far pages go by offset: beyond it is nothing."""
MOST_FAMILIAR: Final = 20
"""People whom one knows among somebody's followers, at most."""

_ACCEPTED: Final = fixed(FollowState.ACCEPTED)
_LIMIT: Final = bindparam("limit", type_=Number)
_OFFSET: Final = bindparam("offset", type_=Number)
# Who may be come across: there, seen, wanted by the viewer, silenced by nobody, not moved away.
_MET: Final = (
    THERE,
    SEEN,
    welcome(actors.c.id),
    actors.c.limited == fixed(Limit.NONE),
    actors.c.moved_to.is_(None),
    actors.c.type != fixed(ActorType.APPLICATION),
)

_here: Final = actors.c.origin_id == fixed(HERE)
_group_here: Final = and_(_here, actors.c.type == fixed(ActorType.GROUP))
_offered = communities.alias("offered")
# People say of themselves whether they want to be found; of our communities that is `listed`.
_WANTED: Final = or_(
    and_(actors.c.discoverable, ~_group_here),
    and_(
        _group_here,
        exists(
            select(_offered.c.actor_id).where(
                _offered.c.actor_id == actors.c.id,
                _offered.c.listed,
                _offered.c.life != fixed(Life.PLANNING),
            )
        ),
    ),
)


def _signs_in(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether this is nobody of ours, or somebody who may sign in and of whom `more` is true."""
    theirs = select(accounts.c.id).where(
        accounts.c.id == actors.c.id, accounts.c.state == fixed(AccountState.ACTIVE), *more
    )
    person_here = and_(_here, actors.c.type == fixed(ActorType.PERSON))
    return or_(~person_here, exists(theirs))


def _asking(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    known = viewer_params(viewer)
    return {"viewer_id": known["viewer_id"], "viewer_full": viewer.full, "now": tx.now}


def _seen(tx: Tx, viewer: Viewer, rows: list[tuple[Any, ...]]) -> list[ActorView]:
    found = named_for(tx, viewer, [ActorView(*row) for row in rows])
    return [as_seen(viewer, actor) for actor in found]


# The directory.

_LISTED: Final[Select[*tuple[Any, ...]]] = (
    select(*COLUMNS)
    .where(
        *_MET,
        _WANTED,
        _signs_in(),
        or_(~bindparam("local", type_=Flag()), _here),
    )
    .limit(_LIMIT)
    .offset(_OFFSET)
)
_BY_NAME: Final = _LISTED.order_by(
    func.lower(func.coalesce(func.nullif(actors.c.name, ""), actors.c.handle)), actors.c.id
)
_NEWEST: Final = _LISTED.order_by(actors.c.created_at.desc(), actors.c.id.desc())


def directory(
    tx: Tx,
    viewer: Viewer,
    *,
    newest: bool = False,
    local: bool = False,
    limit: int = 40,
    offset: int = 0,
) -> list[ActorView]:
    """People and communities that want to be found, by name, or those who came last first."""
    if offset > DEEPEST:
        return []
    paged = {"limit": max(1, min(limit, MOST)), "offset": max(0, offset)}
    statement = _NEWEST if newest else _BY_NAME
    return _seen(tx, viewer, tx.all(statement, local=local, **paged, **_asking(tx, viewer)))


# Suggestions.

_tie: Final = (
    exists()
    .where(follows.c.follower_id == BOUND.actor, follows.c.target_id == actors.c.id)
    .correlate_except(follows)
)
_dismissed: Final = exists().where(
    dismissed_suggestions.c.actor_id == BOUND.actor,
    dismissed_suggestions.c.other_id == actors.c.id,
)
_mine = memberships.alias("my_place")
_theirs = memberships.alias("their_place")
_community = actors.alias("community")
_own = memberships.alias("own_place")
_NOT_NEWS = (MembershipState.REQUESTED, MembershipState.BANNED)
_placed: Final = exists().where(
    _own.c.actor_id == BOUND.actor,
    _own.c.community_id == actors.c.id,
    or_(standing(_own), *(_own.c.state == fixed(state) for state in _NOT_NEWS)),
)
_NEW: Final = (
    *_MET,
    _WANTED,
    # Guests are followed by nobody.
    _signs_in(accounts.c.role >= fixed(Role.MEMBER)),
    actors.c.id != BOUND.actor,
    actors.c.handle_folded != HELPER_HANDLE,
    ~_tie,
    ~_dismissed,
)
_forth = follows.alias("forth")
_beyond = follows.alias("beyond")
_friend = actors.alias("friend")
_BY_FRIENDS: Final = (
    select(actors.c.id, func.count(_forth.c.target_id))
    .select_from(
        _forth.join(_friend, _friend.c.id == _forth.c.target_id)
        .join(_beyond, _beyond.c.follower_id == _friend.c.id)
        .join(actors, actors.c.id == _beyond.c.target_id)
    )
    .where(
        _forth.c.follower_id == BOUND.actor,
        _forth.c.state == _ACCEPTED,
        _beyond.c.state == _ACCEPTED,
        ~_friend.c.hides_follows,
        *_NEW,
        # Who is in a community is nobody's business outside.
        actors.c.type != fixed(ActorType.GROUP),
    )
    .group_by(actors.c.id)
    .order_by(func.count(_forth.c.target_id).desc(), actors.c.id)
    .limit(_LIMIT)
)
_BESIDE_ME: Final = (
    select(actors.c.id, func.min(_community.c.name))
    .select_from(
        _mine.join(_theirs, _theirs.c.community_id == _mine.c.community_id)
        .join(actors, actors.c.id == _theirs.c.actor_id)
        .join(_community, _community.c.id == _mine.c.community_id)
    )
    .where(_mine.c.actor_id == BOUND.actor, standing(_mine), standing(_theirs), *_NEW)
    .group_by(actors.c.id)
    .order_by(actors.c.id)
    .limit(_LIMIT)
)
_TO_JOIN: Final = (
    select(actors.c.id)
    .select_from(actors.join(communities, communities.c.actor_id == actors.c.id))
    .where(
        *_NEW,
        communities.c.listed,
        communities.c.life == fixed(Life.ACTIVE),
        _here,
        ~_placed,
    )
    .order_by(actors.c.handle_folded, actors.c.id)
    .limit(_LIMIT)
)
_HERE_TOO: Final = (
    select(actors.c.id)
    .where(*_NEW, BOUND.full, _here)
    .where(actors.c.type == fixed(ActorType.PERSON))
    .order_by(actors.c.created_at.desc(), actors.c.id.desc())
    .limit(_LIMIT)
)


class Candidate(Struct, frozen=True, gc=False):
    """Somebody to get to know, and why.

    `friends`: how many of those whom the viewer follows follow them; `community`: the name of one
    in which both are; `to_join`: it is a community itself; none of these: a colleague.
    """

    actor_id: int
    friends: int = 0
    community: str = ""
    to_join: bool = False


def candidates(tx: Tx, viewer: Viewer, limit: int) -> list[Candidate]:
    """Whom the viewer may want to follow; ties first, then communities, then newcomers here."""
    asking = {**_asking(tx, viewer), "limit": limit}
    friends = [Candidate(*row) for row in tx.all(_BY_FRIENDS, **asking)]
    beside = [Candidate(one, community=name) for one, name in tx.all(_BESIDE_ME, **asking)]
    to_join = [Candidate(row[0], to_join=True) for row in tx.all(_TO_JOIN, **asking)]
    here = [Candidate(row[0]) for row in tx.all(_HERE_TOO, **asking)]
    found: dict[int, Candidate] = {}
    for each in (*friends, *beside, *to_join, *here):
        found.setdefault(each.actor_id, each)
    return list(found.values())[:limit]


# Who knows whom.

# So many for each of those asked about: nobody's many followers hide the few of another.
_nearest = (
    select(
        _beyond.c.target_id.label("of_id"),
        actors.c.id.label("friend_id"),
        func.row_number()
        .over(partition_by=_beyond.c.target_id, order_by=_beyond.c.id.desc())
        .label("place"),
    )
    .select_from(
        _forth.join(_beyond, _beyond.c.follower_id == _forth.c.target_id).join(
            actors, actors.c.id == _forth.c.target_id
        )
    )
    .where(
        _forth.c.follower_id == BOUND.actor,
        _forth.c.state == _ACCEPTED,
        any_of(_beyond.c.target_id, "ids"),
        _beyond.c.state == _ACCEPTED,
        THERE,
        SEEN,
        welcome(actors.c.id),
        actors.c.type != fixed(ActorType.GROUP),
        ~actors.c.hides_follows,
    )
    .subquery("nearest")
)
_FAMILIAR: Final[Select[*tuple[Any, ...]]] = (
    select(_nearest.c.of_id, *COLUMNS)
    .select_from(_nearest.join(actors, actors.c.id == _nearest.c.friend_id))
    .where(_nearest.c.place <= fixed(MOST_FAMILIAR))
    .order_by(_nearest.c.of_id, _nearest.c.place)
)


def familiar_followers(
    tx: Tx, viewer: Viewer, actor_ids: Collection[int]
) -> dict[int, list[ActorView]]:
    """Whom the viewer follows among the followers of each of these, the newest first.

    Of whom the viewer may not know is left out; of communities are told none (see `followers`).
    """
    asked = people(tx, viewer, list(actor_ids))
    persons = [one.id for one in asked if one.type is not ActorType.GROUP and not one.hides_follows]
    rows = tx.all(_FAMILIAR, ids=persons, **_asking(tx, viewer)) if persons else []
    known = {actor.id: actor for actor in _seen(tx, viewer, [row[1:] for row in rows])}
    found: dict[int, list[ActorView]] = {actor.id: [] for actor in asked}
    for row in rows:
        found[row[0]].append(known[row[1]])
    return found


# Endorsements: one stands while its follow does.

_kept = follows.alias("kept")
_ENDORSED: Final = Paged(
    select(endorsements.c.id.label("cursor"), *COLUMNS)
    .select_from(
        endorsements.join(actors, actors.c.id == endorsements.c.target_id).join(
            _kept,
            and_(
                _kept.c.follower_id == endorsements.c.actor_id,
                _kept.c.target_id == endorsements.c.target_id,
                _kept.c.state == _ACCEPTED,
            ),
        )
    )
    .where(
        endorsements.c.actor_id == bindparam("actor_id", type_=Id),
        THERE,
        SEEN,
        NO_SECRET,
        unblocked(actors.c.id),
    ),
    endorsements.c.id,
)


def endorsed(tx: Tx, viewer: Viewer, actor_id: int, page: Page) -> list[Listed]:
    """Whom somebody recommends, the newest first, as far as the viewer may know of them.

    Raises:
        NotFound: the viewer may not know of who recommends.
    """
    person(tx, viewer, actor_id)
    params = {"actor_id": actor_id, **_asking(tx, viewer)}
    rows = _ENDORSED.rows(tx, page.clamped(MOST), params)
    found = _seen(tx, viewer, [row[1:] for row in rows])
    return [Listed(row[0], actor) for row, actor in zip(rows, found, strict=True)]
