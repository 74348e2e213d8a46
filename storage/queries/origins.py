"""Origins (other web servers), what was decided about domains, agreements, and node facts."""

from typing import Final

from msgspec import Struct
from sqlalchemy import and_, bindparam, delete, exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.addresses import canonical_host_of, literal_address
from domain.ids import HERE, random64
from domain.kinds import AgreementKind, RuleAction, SignatureScheme
from storage.columns import any_of
from storage.tables.origins import agreements, domain_rules, node_facts, origins
from storage.tx import Tx


class OriginRow(Struct, frozen=True, gc=False):
    """One row of `origins`, in the order of its columns. Times are ms UTC."""

    id: int
    origin: str
    software: str | None
    application_id: int | None
    scheme: SignatureScheme
    failures: int
    failing_since: int | None
    retry_at: int
    first_seen_at: int


class DomainRule(Struct, frozen=True, gc=False):
    """What an operator decided about a domain and everything below it."""

    pattern: str
    action: RuleAction
    reason: str
    created_at: int


_INSERT: Final = (
    insert(origins)
    .values(
        id=bindparam("id"),
        origin=bindparam("origin"),
        scheme=bindparam("scheme"),
        failures=0,
        retry_at=0,
        first_seen_at=bindparam("now"),
    )
    .on_conflict_do_nothing()
)
_BY_ORIGIN: Final = select(*tuple(origins.c)).where(origins.c.origin == bindparam("origin"))
_BY_ID: Final = select(*tuple(origins.c)).where(origins.c.id == bindparam("id"))
_ID_OF: Final = select(origins.c.id).where(origins.c.origin == bindparam("origin"))
_SET_SCHEME: Final = (
    update(origins).where(origins.c.id == bindparam("origin_id")).values(scheme=bindparam("scheme"))
)
_SET_SOFTWARE: Final = (
    update(origins)
    .where(origins.c.id == bindparam("origin_id"))
    .values(software=bindparam("software"))
)
_SET_APPLICATION: Final = (
    update(origins)
    .where(origins.c.id == bindparam("origin_id"))
    .values(application_id=bindparam("application_id"))
)


def origin_id(tx: Tx, origin: str) -> int:
    """The id of a canonical origin (`https://host[:port]`), made on first sight.

    Ids of other servers are random: nobody can count our partners from one.
    """
    known = tx.scalar(_ID_OF, origin=origin)
    if known is not None:
        return known
    tx.run(_INSERT, id=random64(), origin=origin, scheme=SignatureScheme.UNKNOWN, now=tx.now)
    return tx.one(_ID_OF, origin=origin)[0]


def insert_here(tx: Tx, origin: str) -> None:
    """Store our own origin under its fixed id, if it is not there yet."""
    tx.run(_INSERT, id=HERE, origin=origin, scheme=SignatureScheme.OURS, now=tx.now)


def by_id(tx: Tx, identifier: int) -> OriginRow | None:
    """An origin by its id."""
    row = tx.first(_BY_ID, id=identifier)
    return None if row is None else OriginRow(*row)


def by_origin(tx: Tx, origin: str) -> OriginRow | None:
    """An origin by its name, without making one."""
    row = tx.first(_BY_ORIGIN, origin=origin)
    return None if row is None else OriginRow(*row)


def remember_scheme(tx: Tx, identifier: int, scheme: SignatureScheme) -> None:
    """Keep which signatures an origin was seen to accept."""
    tx.change(_SET_SCHEME, origin_id=identifier, scheme=scheme)


def remember_software(tx: Tx, identifier: int, software: str) -> None:
    """Keep what an origin's NodeInfo says that it runs."""
    tx.change(_SET_SOFTWARE, origin_id=identifier, software=software)


def remember_application(tx: Tx, identifier: int, actor_id: int) -> None:
    """Keep which actor speaks for the server itself."""
    tx.change(_SET_APPLICATION, origin_id=identifier, application_id=actor_id)


# What was decided about domains.

_SET_RULE = insert(domain_rules).values(
    pattern=bindparam("pattern"),
    action=bindparam("action"),
    reason=bindparam("reason"),
    created_at=bindparam("now"),
)
_UPSERT_RULE: Final = _SET_RULE.on_conflict_do_update(
    index_elements=[domain_rules.c.pattern],
    set_={"action": _SET_RULE.excluded.action, "reason": _SET_RULE.excluded.reason},
)
_DROP_RULE: Final = delete(domain_rules).where(domain_rules.c.pattern == bindparam("pattern"))
_RULES: Final = select(*tuple(domain_rules.c)).order_by(domain_rules.c.pattern)
_MATCHING: Final = select(*tuple(domain_rules.c)).where(any_of(domain_rules.c.pattern, "patterns"))


def set_rule(tx: Tx, pattern: str, action: RuleAction, reason: str = "") -> None:
    """Allow or block a canonical `host[:port]`; the newest word counts."""
    tx.run(_UPSERT_RULE, pattern=pattern, action=action, reason=reason, now=tx.now)


def drop_rule(tx: Tx, pattern: str) -> bool:
    """Forget what was decided about a domain; whether there was anything."""
    return tx.change(_DROP_RULE, pattern=pattern) > 0


def rules(tx: Tx) -> list[DomainRule]:
    """Everything that was decided, by name."""
    return [DomainRule(*row) for row in tx.all(_RULES)]


def matching_rules(tx: Tx, authority: str) -> list[DomainRule]:
    """What was decided about `host[:port]`, its host on any port, and every domain above it.

    Whole labels only: a rule for `evil.example` says nothing about `notevil.example`.
    """
    return [DomainRule(*row) for row in tx.all(_MATCHING, patterns=_patterns(authority))]


def _patterns(authority: str) -> list[str]:
    host = canonical_host_of(authority)
    found = {authority, host}
    if host and literal_address(host) is None:
        labels = host.split(".")
        found.update(".".join(labels[start:]) for start in range(1, len(labels)))
    return sorted(found)


# Agreements.

_STANDS = and_(
    agreements.c.kind == AgreementKind.SISTER,
    agreements.c.active,
    or_(agreements.c.until.is_(None), agreements.c.until > bindparam("now")),
)
_IS_SISTER: Final = select(
    exists().where(agreements.c.origin_id == bindparam("origin_id")).where(_STANDS)
)


def is_sister(tx: Tx, identifier: int) -> bool:
    """Whether an agreement that stands makes this origin our sister."""
    return bool(tx.scalar(_IS_SISTER, origin_id=identifier, now=tx.now))


# Facts that are written once.

_FACT: Final = select(node_facts.c.value).where(node_facts.c.name == bindparam("name"))
_WRITE_FACT: Final = (
    insert(node_facts)
    .values(name=bindparam("name"), value=bindparam("value"))
    .on_conflict_do_nothing()
)


def fact(tx: Tx, name: str) -> str | None:
    """A fact about this node, or None before its first start."""
    return tx.scalar(_FACT, name=name)


def write_fact(tx: Tx, name: str, value: str) -> str:
    """Keep a fact unless there is one already; the one that holds."""
    tx.run(_WRITE_FACT, name=name, value=value)
    return tx.one(_FACT, name=name)[0]
