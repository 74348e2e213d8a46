"""Agreements with other nodes: what was agreed, and since when, until when."""

from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.agreements import Terms
from domain.ids import HERE
from domain.kinds import AgreementKind, Directory, MembershipState
from storage.columns import Id, Time, any_of
from storage.tables.actors import actors
from storage.tables.communities import communities, memberships
from storage.tables.origins import agreed_communities, agreements, origins
from storage.tx import Tx


class AgreementRow(Struct, frozen=True, gc=False):
    """One row of `agreements`, in the order of its columns. Times are ms UTC."""

    origin_id: int
    kind: AgreementKind
    since: int
    until: int | None
    active: bool
    uri: str
    directory: Directory
    contact: str
    ended_at: int | None

    def stands(self, now: int) -> bool:
        """Whether the agreement holds at `now`."""
        return self.active and (self.until is None or self.until > now)


class Between(Struct, frozen=True, gc=False):
    """A membership, wish or invitation of one node's person in a community of the other."""

    community_id: int
    community_uri: str
    community_origin: int
    actor_id: int


class Agreed(Struct, frozen=True, gc=False):
    """An agreement with the name of the other node."""

    origin: str
    row: AgreementRow


_NOW: Final = bindparam("now", type_=Time)
_ORIGIN: Final = bindparam("origin_id", type_=Id)
_STANDS: Final = and_(
    agreements.c.active, or_(agreements.c.until.is_(None), agreements.c.until > _NOW)
)
_ROW: Select[*tuple[Any, ...]] = select(*agreements.c)
_FIND: Final = _ROW.where(agreements.c.origin_id == _ORIGIN)
_NAMED: Final = _ROW.join(origins, origins.c.id == agreements.c.origin_id).where(
    any_of(origins.c.origin, "names")
)
_WITH_NAMES: Select[*tuple[Any, ...]] = select(origins.c.origin, *agreements.c).join(
    origins, origins.c.id == agreements.c.origin_id
)
_ALL: Final = _WITH_NAMES.order_by(origins.c.origin)
_STANDING: Final = select(
    exists().where(
        origins.c.id == agreements.c.origin_id, any_of(origins.c.origin, "names"), _STANDS
    )
)
_HEARD: Final = select(
    exists().where(
        origins.c.id == agreements.c.origin_id,
        any_of(origins.c.origin, "names"),
        or_(
            agreements.c.active,
            agreements.c.ended_at > bindparam("recently", type_=Time),
        ),
    )
)
_OVERDUE: Final = _ROW.where(agreements.c.active, agreements.c.until <= _NOW).order_by(
    agreements.c.origin_id
)
_PUT: Final = insert(agreements).values(
    {column.name: bindparam(column.name) for column in agreements.c}
)
_UPSERT: Final = _PUT.on_conflict_do_update(
    index_elements=[agreements.c.origin_id],
    set_={
        column.name: _PUT.excluded[column.name]
        for column in agreements.c
        if column.name != "origin_id"
    },
)
_END: Final = (
    update(agreements)
    .where(agreements.c.origin_id == _ORIGIN, agreements.c.active)
    .values(active=False, ended_at=bindparam("ended_at", type_=Time))
)
_COMMUNITIES: Final = select(agreed_communities.c.community_uri).where(
    agreed_communities.c.origin_id == _ORIGIN
)
_FORGET: Final = delete(agreed_communities).where(agreed_communities.c.origin_id == _ORIGIN)
_ADD: Final = (
    insert(agreed_communities)
    .values(origin_id=bindparam("origin_id"), community_uri=bindparam("community_uri"))
    .on_conflict_do_nothing()
)


_community, _person = actors.alias("community"), actors.alias("person")
_BETWEEN: Final = (
    select(
        memberships.c.community_id,
        _community.c.uri,
        _community.c.origin_id,
        memberships.c.actor_id,
    )
    .join(_community, _community.c.id == memberships.c.community_id)
    .join(_person, _person.c.id == memberships.c.actor_id)
    .where(
        or_(
            memberships.c.state == MembershipState.ACTIVE,
            memberships.c.state == MembershipState.REQUESTED,
            memberships.c.state == MembershipState.INVITED,
        ),
        or_(
            and_(_community.c.origin_id == HERE, _person.c.origin_id == _ORIGIN),
            and_(_community.c.origin_id == _ORIGIN, _person.c.origin_id == HERE),
        ),
    )
    .order_by(memberships.c.community_id, memberships.c.actor_id)
)


_COMMUNITIES_AT: Final = (
    select(communities.c.actor_id)
    .join(actors, actors.c.id == communities.c.actor_id)
    .where(actors.c.origin_id == _ORIGIN)
    .order_by(communities.c.actor_id)
)


def find(tx: Tx, origin_id: int) -> AgreementRow | None:
    """The agreement with a node, whether it stands or ended."""
    row = tx.first(_FIND, origin_id=origin_id)
    return None if row is None else AgreementRow(*row)


def with_authority(tx: Tx, authority: str) -> AgreementRow | None:
    """The agreement with the node at `host[:port]`, one that stands before one that ended."""
    rows = [AgreementRow(*row) for row in tx.all(_NAMED, names=_names(authority))]
    return max(rows, key=lambda row: row.active, default=None)


def everything(tx: Tx) -> list[Agreed]:
    """All agreements, by the names of the other nodes."""
    return [Agreed(row[0], AgreementRow(*row[1:])) for row in tx.all(_ALL)]


def is_standing(tx: Tx, authority: str) -> bool:
    """Whether an agreement with the node at `host[:port]` holds now."""
    return bool(tx.scalar(_STANDING, names=_names(authority), now=tx.now))


def is_heard(tx: Tx, authority: str, *, since: int) -> bool:
    """Whether there is an agreement with the node there, or one that ended after `since`."""
    return bool(tx.scalar(_HEARD, names=_names(authority), recently=since))


def overdue(tx: Tx) -> list[AgreementRow]:
    """Agreements whose end has come and was not acted upon."""
    return [AgreementRow(*row) for row in tx.all(_OVERDUE, now=tx.now)]


def put(tx: Tx, row: AgreementRow, communities: frozenset[str]) -> None:
    """Store an agreement with the communities that it is about (none: any)."""
    tx.run(_UPSERT, **{name: getattr(row, name) for name in row.__struct_fields__})
    tx.change(_FORGET, origin_id=row.origin_id)
    rows = [{"origin_id": row.origin_id, "community_uri": uri} for uri in sorted(communities)]
    if rows:
        tx.many(_ADD, rows)


def end(tx: Tx, origin_id: int, *, at: int) -> bool:
    """End an agreement; False if it had ended before."""
    return tx.change(_END, origin_id=origin_id, ended_at=at) > 0


def communities_of(tx: Tx, origin_id: int) -> frozenset[str]:
    """The communities that an agreement is about; none: any."""
    return frozenset(row[0] for row in tx.all(_COMMUNITIES, origin_id=origin_id))


def terms_of(tx: Tx, row: AgreementRow) -> Terms:
    """The points of a stored agreement."""
    return Terms(
        kind=row.kind,
        directory=row.directory,
        communities=communities_of(tx, row.origin_id),
        until=row.until,
        contact=row.contact,
    )


def memberships_between(tx: Tx, origin_id: int) -> list[Between]:
    """Who of either node belongs, or is about to belong, to a community of the other."""
    return [Between(*row) for row in tx.all(_BETWEEN, origin_id=origin_id)]


def communities_at(tx: Tx, origin_id: int) -> list[int]:
    """The communities of another node that are known here."""
    return [row[0] for row in tx.all(_COMMUNITIES_AT, origin_id=origin_id)]


def _names(authority: str) -> list[str]:
    """The origins that a `host[:port]` can be."""
    return [f"https://{authority}", f"http://{authority}"]
