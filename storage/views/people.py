"""People, as far as the one who looks may see them: one person, a search, followers, followed.

Full members see everybody that this node knows. Everybody else sees the helper, and those of our
people who may be looked up from outside (protocol §3). A guest sees herself too, whoever belongs to
a community of hers, wrote to her or was named beside her, and whom she follows or is followed by.
Of people elsewhere the anonymous see nobody: they are here because somebody here looked at them
(docs/decisions/0009). Hidden communities, and people of whom only a community's cards tell, are
there for that community alone. Not found and not allowed are the same answer.
"""

from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, func, or_, select

from domain.audience import Viewer
from domain.errors import NotFound
from domain.handles import fold
from domain.ids import HERE
from domain.kinds import ActorType, FollowState, Life, Limit, MembershipState, Preset
from domain.node import HELPER_HANDLE
from storage.audience import BOUND, fixed, unblocked
from storage.columns import Id, Number, Time, any_of
from storage.queries import actors as stored_actors
from storage.queries import communities as stored
from storage.queries.actors import COLUMNS
from storage.tables.actors import actors
from storage.tables.communities import communities, memberships
from storage.tables.posts import mentions, posts
from storage.tables.relations import blocks, follows
from storage.tx import Tx
from storage.views.actors import ActorView, by_id
from storage.views.named import IN_MY_COMMUNITIES, named_for
from storage.views.paging import Page, Paged

MOST: Final = 80
"""People per page at most (Mastodon API)."""

DEEPEST: Final = 10_000
"""How far a search goes by offset: beyond it is nothing."""


class Listed(Struct, frozen=True, gc=False):
    """One line of a list of people. `cursor` is what its pages go by: a follow's own id."""

    cursor: int
    actor: ActorView


_helper = actors.c.handle_folded == HELPER_HANDLE
_open = communities.alias("open_to_all")
# What is open to the world is there for everybody, once it has begun.
_is_open = exists(
    select(_open.c.actor_id).where(
        _open.c.actor_id == actors.c.id,
        _open.c.preset == fixed(Preset.WORLD),
        _open.c.life != fixed(Life.PLANNING),
    )
)
_outside = and_(
    actors.c.origin_id == fixed(HERE),
    or_(
        actors.c.public,
        actors.c.posts_count > fixed(0),
        _helper,
        and_(actors.c.type == fixed(ActorType.GROUP), _is_open),
    ),
)
_mine = memberships.alias("mine")
_theirs = memberships.alias("theirs")


def standing(membership: Any) -> ColumnElement[bool]:
    """Whether a membership holds now."""
    until = membership.c.until
    return and_(
        membership.c.state == fixed(MembershipState.ACTIVE),
        or_(until.is_(None), until > bindparam("now", type_=Time)),
    )


# A community is known to those who belong to it, were invited, or asked to join.
_CONCERNED = (MembershipState.INVITED, MembershipState.REQUESTED)
_concerns_me = exists(
    select(_mine.c.community_id).where(
        _mine.c.actor_id == BOUND.actor,
        _mine.c.community_id == actors.c.id,
        or_(standing(_mine), *(_mine.c.state == fixed(state) for state in _CONCERNED)),
    )
)
_group = communities.alias("group_seen")
_is_community = exists(select(_group.c.actor_id).where(_group.c.actor_id == actors.c.id))
_hidden = exists(
    select(_group.c.actor_id).where(_group.c.actor_id == actors.c.id, ~_group.c.listed)
)
# The community itself, and whoever belongs to it as well.
_shares_a_community = or_(
    _concerns_me,
    exists(
        select(_mine.c.community_id)
        .join(_theirs, _theirs.c.community_id == _mine.c.community_id)
        .where(
            _mine.c.actor_id == BOUND.actor,
            _theirs.c.actor_id == actors.c.id,
            standing(_mine),
            standing(_theirs),
        )
    ),
)
_tied = follows.alias("tied")
_follows = exists(
    select(_tied.c.id).where(
        _tied.c.state == fixed(FollowState.ACCEPTED),
        or_(
            and_(_tied.c.follower_id == BOUND.actor, _tied.c.target_id == actors.c.id),
            and_(_tied.c.target_id == BOUND.actor, _tied.c.follower_id == actors.c.id),
        ),
    )
)
_to_me = mentions.alias("to_me")
_beside = mentions.alias("beside")
_wrote = exists(
    select(posts.c.id)
    .join(_to_me, _to_me.c.post_id == posts.c.id)
    .where(
        _to_me.c.actor_id == BOUND.actor,
        posts.c.author_id == actors.c.id,
        posts.c.deleted_at.is_(None),
    )
)
_named_beside = exists(
    select(posts.c.id)
    .join(_to_me, _to_me.c.post_id == posts.c.id)
    .join(_beside, _beside.c.post_id == posts.c.id)
    .where(
        _to_me.c.actor_id == BOUND.actor,
        _beside.c.actor_id == actors.c.id,
        posts.c.deleted_at.is_(None),
    )
)
SEEN: Final = and_(
    or_(
        BOUND.full,
        actors.c.id == BOUND.actor,
        _outside,
        and_(
            BOUND.actor > fixed(0),
            or_(_shares_a_community, IN_MY_COMMUNITIES, _follows, _wrote, _named_beside),
        ),
    ),
    or_(actors.c.fetched_at > fixed(0), actors.c.origin_id == fixed(HERE), IN_MY_COMMUNITIES),
    or_(actors.c.type != fixed(ActorType.GROUP), ~_hidden, _concerns_me),
)
"""Whether the viewer may know of this row of `actors` (parameters as `_asking` gives them)."""

THERE: Final = and_(actors.c.gone_at.is_(None), actors.c.limited < fixed(Limit.SUSPENDED))
"""Whether this row of `actors` is still somebody."""
_PERSON: Final = select(*COLUMNS).where(actors.c.id == bindparam("id"), SEEN)
_PEOPLE: Final = select(*COLUMNS).where(any_of(actors.c.id, "ids"), SEEN, THERE)
_BY_ACCT: Final = (
    select(*COLUMNS)
    .where(
        actors.c.handle_folded == bindparam("handle"),
        actors.c.domain == bindparam("domain"),
        SEEN,
        THERE,
    )
    .order_by(actors.c.origin_id != HERE, actors.c.fetched_at.desc())
    .limit(1)
)


def person(tx: Tx, viewer: Viewer, actor_id: int) -> ActorView:
    """One person, with the figures that the viewer may see.

    Raises:
        NotFound: there is nobody, or the viewer may not know of them.
    """
    row = tx.first(_PERSON, id=actor_id, **_asking(tx, viewer))
    if row is None or ActorView(*row).is_hidden:
        raise NotFound
    return _seen(tx, viewer, [ActorView(*row)])[0]


def people(tx: Tx, viewer: Viewer, actor_ids: list[int]) -> list[ActorView]:
    """Those whom the viewer may see, in the order asked for."""
    if not actor_ids:
        return []
    rows = tx.all(_PEOPLE, ids=actor_ids, **_asking(tx, viewer))
    found = by_id(_seen(tx, viewer, [ActorView(*row) for row in rows]))
    return [found[one] for one in dict.fromkeys(actor_ids) if one in found]


def by_acct(tx: Tx, viewer: Viewer, handle: str, domain: str) -> ActorView:
    """Who has `handle@domain`; our own people under the node's handle domain.

    Raises:
        NotFound: there is nobody, or the viewer may not know of them.
    """
    row = tx.first(_BY_ACCT, handle=fold(handle), domain=domain, **_asking(tx, viewer))
    if row is None:
        raise NotFound
    return _seen(tx, viewer, [ActorView(*row)])[0]


def moved_to(tx: Tx, viewer: Viewer, actor: ActorView) -> ActorView | None:
    """The account that this one leads to, if it is known and the viewer may know of it."""
    if actor.moved_to is None:
        return None
    there = stored_actors.by_uri(tx, actor.moved_to)
    found = people(tx, viewer, [there.id]) if there is not None else []
    return found[0] if found else None


def as_seen(viewer: Viewer, actor: ActorView) -> ActorView:
    """The same person without the figures that this viewer may not see (protocol §8)."""
    if viewer.full or viewer.actor == actor.id:
        return actor
    return replace(actor, followers_count=0, following_count=0)


def _seen(tx: Tx, viewer: Viewer, found: list[ActorView]) -> list[ActorView]:
    """The same people as this viewer sees them, under the names that they have for the viewer."""
    return [as_seen(viewer, actor) for actor in named_for(tx, viewer, found)]


def _asking(tx: Tx, viewer: Viewer) -> dict[str, Any]:
    return {"viewer_id": viewer.actor, "viewer_full": viewer.full, "now": tx.now}


# Lists.

_ACCEPTED = follows.c.state == FollowState.ACCEPTED
_PENDING = follows.c.state == FollowState.PENDING


# To which communities somebody belongs is known in those communities.
NO_SECRET: Final = or_(
    bindparam("actor_id", type_=Id) == BOUND.actor,
    actors.c.type != fixed(ActorType.GROUP),
    ~_is_community,
    _concerns_me,
)


def _listing(mine: Any, theirs: Any, state: Any) -> Paged:
    statement = (
        select(follows.c.id.label("cursor"), *COLUMNS)
        .select_from(follows.join(actors, actors.c.id == theirs))
        .where(
            mine == bindparam("actor_id", type_=Id),
            state,
            THERE,
            SEEN,
            NO_SECRET,
            unblocked(actors.c.id),
        )
    )
    return Paged(statement, follows.c.id)


_FOLLOWERS: Final = _listing(follows.c.target_id, follows.c.follower_id, _ACCEPTED)
_FOLLOWING: Final = _listing(follows.c.follower_id, follows.c.target_id, _ACCEPTED)
_REQUESTS: Final = _listing(follows.c.target_id, follows.c.follower_id, _PENDING)


def followers(tx: Tx, viewer: Viewer, actor_id: int, page: Page) -> list[Listed]:
    """Accepted followers, the newest first. A community's are for its members.

    Raises:
        NotFound: the viewer may not know of this person.
    """
    of = person(tx, viewer, actor_id)
    if of.type is ActorType.GROUP and not _may_know_members(tx, viewer, actor_id):
        return []
    if _keeps_to_themselves(of, viewer):
        return []
    return _listed(tx, _FOLLOWERS, viewer, page, {"actor_id": actor_id, **_asking(tx, viewer)})


def _keeps_to_themselves(of: ActorView, viewer: Viewer) -> bool:
    """Whether somebody shows to nobody else whom they follow, and who follows them."""
    return of.hides_follows and of.id != viewer.actor


def _may_know_members(tx: Tx, viewer: Viewer, community_id: int) -> bool:
    """Groups of other servers that are no communities of anybody here are as public as they say."""
    known = stored.by_id(tx, community_id) is not None
    return not known or stored.is_member(tx, community_id, viewer.actor)


def following(tx: Tx, viewer: Viewer, actor_id: int, page: Page) -> list[Listed]:
    """Whom this person follows, the newest first.

    Raises:
        NotFound: the viewer may not know of this person.
    """
    if _keeps_to_themselves(person(tx, viewer, actor_id), viewer):
        return []
    return _listed(tx, _FOLLOWING, viewer, page, {"actor_id": actor_id, **_asking(tx, viewer)})


def requests(tx: Tx, viewer: Viewer, page: Page) -> list[Listed]:
    """Who asks to follow the viewer, the newest first.

    Whoever asks shows who they are by asking, also to a guest.
    """
    asking = {**_asking(tx, viewer), "viewer_full": True}
    return _listed(tx, _REQUESTS, viewer, page, {"actor_id": viewer.actor, **asking})


def _listed(
    tx: Tx, listing: Paged, viewer: Viewer, page: Page, params: dict[str, Any]
) -> list[Listed]:
    rows = listing.rows(tx, page.clamped(MOST), params)
    return [Listed(row[0], as_seen(viewer, ActorView(*row[1:]))) for row in rows]


# Search.

_TERM: BindParameter[str] = bindparam("term")
_name = func.lower(actors.c.name)
_matches = or_(
    actors.c.handle_folded.like(bindparam("start"), escape="\\"),
    _name.like(bindparam("start"), escape="\\"),
    _name.like(bindparam("word"), escape="\\"),
    # SQLite's lower() knows only a-z: a name that begins with Ä is asked for as typed, too.
    actors.c.name.like(bindparam("typed"), escape="\\"),
    actors.c.name.like(bindparam("typed_word"), escape="\\"),
)
_FOLLOWED = exists().where(
    follows.c.follower_id == BOUND.actor, follows.c.target_id == actors.c.id, _ACCEPTED
)
_BLOCKED = exists().where(blocks.c.blocker_id == BOUND.actor, blocks.c.blocked_id == actors.c.id)
# Who did not say elsewhere that strangers may find them (`discoverable`) is found like that, too,
# and by those with whom they share a community. Communities are looked for by everybody.
_may_be_found = or_(
    actors.c.origin_id == fixed(HERE),
    actors.c.discoverable,
    actors.c.type == fixed(ActorType.GROUP),
    actors.c.handle_folded == _TERM,
    _FOLLOWED,
    _shares_a_community,
    IN_MY_COMMUNITIES,
)
_SEARCH: Final = (
    select(*COLUMNS)
    .where(
        _matches,
        THERE,
        SEEN,
        # Whom one blocks is found by the whole handle: apps look there to take a block back.
        or_(unblocked(actors.c.id), and_(actors.c.handle_folded == _TERM, _BLOCKED)),
        actors.c.type != ActorType.APPLICATION,
        # Who is silenced is found by who follows them, or knows the whole handle.
        or_(actors.c.limited == fixed(Limit.NONE), actors.c.handle_folded == _TERM, _FOLLOWED),
        _may_be_found,
    )
    .order_by(
        actors.c.handle_folded != _TERM,
        actors.c.origin_id != HERE,
        actors.c.handle_folded,
        actors.c.id,
    )
    .limit(bindparam("limit", type_=Number))
    .offset(bindparam("offset", type_=Number))
)
_SEARCH_FOLLOWED: Final = _SEARCH.where(_FOLLOWED)


def search(
    tx: Tx, viewer: Viewer, text: str, *, limit: int, offset: int = 0, followed: bool = False
) -> list[ActorView]:
    """People whose handle or name begins with `text`, or whose name has a word that does.

    `followed`: only those whom the viewer follows. The best match comes first, then our own.
    People elsewhere who do not want to be discovered are found by their whole handle, by whoever
    follows them, and in the communities that they share with the viewer.
    """
    typed = text.strip()
    if not typed or offset > DEEPEST:
        return []
    capital = _escaped(typed[0].upper() + typed[1:])
    rows = tx.all(
        _SEARCH_FOLLOWED if followed else _SEARCH,
        term=fold(typed),
        start=f"{_escaped(typed.lower())}%",
        word=f"% {_escaped(typed.lower())}%",
        typed=f"{capital}%",
        typed_word=f"% {capital}%",
        limit=max(1, min(limit, MOST)),
        offset=max(0, offset),
        **_asking(tx, viewer),
    )
    return _seen(tx, viewer, [ActorView(*row) for row in rows])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
