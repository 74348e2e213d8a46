"""Communities and who belongs to them. Who may do what is decided by `social/`."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.ids import HERE
from domain.kinds import (
    Deed,
    History,
    Joining,
    Life,
    MembershipState,
    Preset,
    Relay,
    Way,
)
from domain.roles import CommunityRole
from storage.audience import fixed
from storage.columns import Id, Number, Time, any_of
from storage.queries.ids import new_id
from storage.tables.actors import actors
from storage.tables.communities import communities, community_log, memberships
from storage.tables.origins import agreed_communities, agreements
from storage.tables.posts import posts
from storage.tx import Tx


class CommunityRow(Struct, frozen=True, gc=False):
    """One row of `communities`, in the order of its columns. Times are ms UTC."""

    actor_id: int
    preset: Preset
    joining: Joining
    listed: bool
    history: History
    life: Life
    purpose: str
    keeps_words: bool
    relay: Relay
    relays_pictures: bool
    takes_wider: bool
    takes_back: bool
    created_at: int
    launched_at: int | None

    @property
    def is_members_only(self) -> bool:
        """Whether only active members read what is written in it."""
        return self.preset in {Preset.MEMBERS, Preset.PARTNERS}

    @property
    def is_for_the_world(self) -> bool:
        """Whether anybody reads what is written in it; so is every group of other servers."""
        return self.preset is Preset.WORLD


class MemberRow(Struct, frozen=True, gc=False):
    """One row of `memberships`, in the order of its columns. Times are ms UTC."""

    community_id: int
    actor_id: int
    state: MembershipState
    since: int
    until: int | None
    role: CommunityRole
    way: Way
    sponsor_id: int | None
    asked_at: int

    def is_active(self, now: int) -> bool:
        """Whether this membership gives rights at `now`."""
        ended = self.until is not None and self.until <= now
        return self.state is MembershipState.ACTIVE and not ended

    def is_ban_over(self, now: int) -> bool:
        """Whether somebody was shut out for a time that has passed."""
        ended = self.until is not None and self.until <= now
        return self.state is MembershipState.BANNED and ended


_NOW: Final = bindparam("now", type_=Time)
_COMMUNITY: Final = bindparam("community_id", type_=Id)
_ACTOR: Final = bindparam("actor_id", type_=Id)
_ACTIVE: Final = and_(
    memberships.c.state == fixed(MembershipState.ACTIVE),
    or_(memberships.c.until.is_(None), memberships.c.until > _NOW),
)
_ROW: Select[*tuple[Any, ...]] = select(*communities.c)
_MEMBER: Select[*tuple[Any, ...]] = select(*memberships.c)
_BY_ID: Final = _ROW.where(communities.c.actor_id == _COMMUNITY)
_BY_PAIR: Final = _MEMBER.where(
    memberships.c.community_id == _COMMUNITY, memberships.c.actor_id == _ACTOR
)
_ALL_HERE: Final = (
    _ROW.join(actors, actors.c.id == communities.c.actor_id)
    .where(actors.c.origin_id == fixed(HERE), actors.c.gone_at.is_(None))
    .order_by(actors.c.handle_folded)
)
_ACTIVE_OF: Final = _MEMBER.where(memberships.c.community_id == _COMMUNITY, _ACTIVE).order_by(
    memberships.c.actor_id
)
_HOW_MANY: Final = select(func.count()).where(memberships.c.community_id == _COMMUNITY, _ACTIVE)
_ALL_OF: Final = _MEMBER.where(memberships.c.community_id == _COMMUNITY).order_by(
    memberships.c.actor_id
)
_OF_ACTOR: Final = _MEMBER.where(memberships.c.actor_id == _ACTOR).order_by(
    memberships.c.community_id
)
_IS_MEMBER: Final = (
    select(memberships.c.actor_id)
    .join(communities, communities.c.actor_id == memberships.c.community_id)
    .where(memberships.c.community_id == _COMMUNITY, _ACTIVE, memberships.c.actor_id == _ACTOR)
)
_IS_ON_NODE: Final = _IS_MEMBER.where(memberships.c.way == fixed(Way.NODE))
_WRITTEN_IN: Final = (
    select(posts.c.id)
    .where(posts.c.author_id == _COMMUNITY, posts.c.share_of_id.is_not(None))
    .limit(1)
)
_ELSEWHERE: Final = (
    select(memberships.c.actor_id)
    .join(actors, actors.c.id == memberships.c.actor_id)
    .where(memberships.c.community_id == _COMMUNITY, _ACTIVE, actors.c.origin_id != fixed(HERE))
    .limit(1)
)
_MEMBERS_AT: Final = (
    _MEMBER.join(actors, actors.c.id == memberships.c.actor_id)
    .where(
        memberships.c.community_id == _COMMUNITY,
        _ACTIVE,
        actors.c.origin_id == bindparam("origin_id", type_=Id),
    )
    .order_by(memberships.c.actor_id)
)
_STEWARDS: Final = _ACTIVE_OF.where(memberships.c.role == fixed(CommunityRole.STEWARD))
_DUE: Final = (
    _MEMBER.where(memberships.c.state == fixed(MembershipState.ACTIVE), memberships.c.until <= _NOW)
    .order_by(memberships.c.community_id, memberships.c.actor_id)
    .limit(bindparam("limit", type_=Number))
)
_agreed = exists().where(agreed_communities.c.origin_id == agreements.c.origin_id)
_IS_AGREED: Final = select(agreements.c.since).where(
    agreements.c.origin_id == bindparam("origin_id", type_=Id),
    agreements.c.active,
    or_(agreements.c.until.is_(None), agreements.c.until > _NOW),
    or_(~_agreed, _agreed.where(agreed_communities.c.community_uri == bindparam("uri"))),
)
_INSERT: Final = (
    insert(communities)
    .values({column.name: bindparam(column.name) for column in communities.c})
    .on_conflict_do_nothing()
)
_UPDATE: Final = (
    update(communities)
    .where(communities.c.actor_id == bindparam("key"))
    .values(
        {
            column.name: bindparam(column.name)
            for column in communities.c
            if column.name not in {"actor_id", "created_at"}
        }
    )
)
_PUT: Final = insert(memberships).values(
    {column.name: bindparam(column.name) for column in memberships.c}
)
_UPSERT: Final = _PUT.on_conflict_do_update(
    index_elements=[memberships.c.community_id, memberships.c.actor_id],
    set_={
        column.name: _PUT.excluded[column.name]
        for column in memberships.c
        if column.name not in {"community_id", "actor_id"}
    },
)
_FORGET: Final = delete(memberships).where(
    memberships.c.community_id == _COMMUNITY, any_of(memberships.c.actor_id, "ids")
)
_LOG: Final = insert(community_log).values(
    {column.name: bindparam(column.name) for column in community_log.c}
)
_LOG_OF: Select[*tuple[Any, ...]] = (
    select(*community_log.c)
    .where(community_log.c.community_id == _COMMUNITY)
    .order_by(community_log.c.id)
)


class LogRow(Struct, frozen=True, gc=False):
    """One deed in a community; `by_id` 0 is the operator on the command line."""

    id: int
    community_id: int
    deed: Deed
    by_id: int
    about_id: int
    reason: str
    at: int


def by_id(tx: Tx, community_id: int) -> CommunityRow | None:
    """A community here or elsewhere by its actor's id."""
    row = tx.first(_BY_ID, community_id=community_id)
    return None if row is None else CommunityRow(*row)


def all_here(tx: Tx) -> list[CommunityRow]:
    """The communities of this node, by handle."""
    return [CommunityRow(*row) for row in tx.all(_ALL_HERE)]


def insert_community(tx: Tx, row: CommunityRow) -> None:
    """Keep a community, unless it is known."""
    tx.run(_INSERT, **{name: getattr(row, name) for name in CommunityRow.__struct_fields__})


def update_community(tx: Tx, row: CommunityRow) -> None:
    """Change what is written about a community."""
    values = {name: getattr(row, name) for name in CommunityRow.__struct_fields__}
    del values["actor_id"], values["created_at"]
    tx.change(_UPDATE, key=row.actor_id, **values)


def member(tx: Tx, community_id: int, actor_id: int) -> MemberRow | None:
    """How somebody stands to a community, whatever the state."""
    row = tx.first(_BY_PAIR, community_id=community_id, actor_id=actor_id)
    return None if row is None else MemberRow(*row)


def put_member(tx: Tx, row: MemberRow) -> None:
    """Write a membership as it is from now on."""
    tx.run(_UPSERT, **{name: getattr(row, name) for name in MemberRow.__struct_fields__})


def forget_members(tx: Tx, community_id: int, actor_ids: Iterable[int]) -> None:
    """Remove rows altogether: requests that were refused, or a purge."""
    tx.change(_FORGET, community_id=community_id, ids=sorted(actor_ids))


def active_members(tx: Tx, community_id: int) -> list[MemberRow]:
    """Everybody who belongs to the community now. On other nodes: of their own people."""
    return [MemberRow(*row) for row in tx.all(_ACTIVE_OF, community_id=community_id, now=tx.now)]


def how_many(tx: Tx, community_id: int) -> int:
    """How many belong to the community now."""
    return tx.scalar(_HOW_MANY, community_id=community_id, now=tx.now) or 0


def members(tx: Tx, community_id: int) -> list[MemberRow]:
    """Everybody who ever asked, was invited or belonged."""
    return [MemberRow(*row) for row in tx.all(_ALL_OF, community_id=community_id)]


def members_at(tx: Tx, community_id: int, origin_id: int) -> list[MemberRow]:
    """Active members who live on one origin (FEP-8fcf's partial collection)."""
    rows = tx.all(_MEMBERS_AT, community_id=community_id, origin_id=origin_id, now=tx.now)
    return [MemberRow(*row) for row in rows]


def of_actor(tx: Tx, actor_id: int) -> list[MemberRow]:
    """How somebody stands to every community."""
    return [MemberRow(*row) for row in tx.all(_OF_ACTOR, actor_id=actor_id)]


def is_member(tx: Tx, community_id: int, actor_id: int) -> bool:
    """Whether somebody is an active member now."""
    return (
        tx.scalar(_IS_MEMBER, community_id=community_id, actor_id=actor_id, now=tx.now) is not None
    )


def is_member_on_node(tx: Tx, community_id: int, actor_id: int) -> bool:
    """Whether somebody is an active member on another of our nodes: such get Announces."""
    params = {"community_id": community_id, "actor_id": actor_id}
    return tx.scalar(_IS_ON_NODE, **params, now=tx.now) is not None


def stewards(tx: Tx, community_id: int) -> list[MemberRow]:
    """Those who take care of a community now."""
    return [MemberRow(*row) for row in tx.all(_STEWARDS, community_id=community_id, now=tx.now)]


def due(tx: Tx, limit: int) -> list[MemberRow]:
    """Memberships whose end date has come and that are not closed yet."""
    return [MemberRow(*row) for row in tx.all(_DUE, now=tx.now, limit=limit)]


def is_agreed(tx: Tx, community_uri: str, origin_id: int) -> bool:
    """Whether an agreement with this origin stands and is about this community, or about any."""
    return tx.first(_IS_AGREED, uri=community_uri, origin_id=origin_id, now=tx.now) is not None


def has_members_elsewhere(tx: Tx, community_id: int) -> bool:
    """Whether a member lives on another server."""
    return tx.scalar(_ELSEWHERE, community_id=community_id, now=tx.now) is not None


def was_written_in(tx: Tx, community_id: int) -> bool:
    """Whether a community ever took anything in."""
    return tx.scalar(_WRITTEN_IN, community_id=community_id) is not None


def log(
    tx: Tx, community_id: int, deed: Deed, *, by_id: int, about_id: int = 0, reason: str = ""
) -> None:
    """Write down who did what to whom, and why."""
    tx.insert(
        _LOG,
        id=new_id(tx),
        community_id=community_id,
        deed=deed,
        by_id=by_id,
        about_id=about_id,
        reason=reason,
        at=tx.now,
    )


def log_of(tx: Tx, community_id: int) -> list[LogRow]:
    """What was done in a community, oldest first."""
    return [LogRow(*row) for row in tx.all(_LOG_OF, community_id=community_id)]
