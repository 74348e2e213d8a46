"""Cards: what a community says of its members, and which node was given which (protocol §5).

Where the community lives, cards are made of what is known of its members. Elsewhere they are what
it said, and nothing outside that community looks at them.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Select, and_, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import KeyType
from storage.columns import Id, any_of
from storage.tables.actors import actors, keys
from storage.tables.communities import cards, cards_held
from storage.tx import Tx


class Card(Struct, frozen=True, gc=False):
    """One row of `cards`, in the order of its columns, with its member's id.

    `key_uri` and `key` (Ed25519, multibase) are None for a member on a plain server; `avatar` is an
    address at the community's node.
    """

    community_id: int
    actor_id: int
    handle: str
    domain: str
    name: str
    home: str
    avatar: str | None
    key_uri: str | None
    key: str | None
    version: int
    made_at: int
    uri: str


_COMMUNITY: Final = bindparam("community_id", type_=Id)
_CARD: Select[*tuple[Any, ...]] = select(*cards.c, actors.c.uri).join(
    actors, actors.c.id == cards.c.actor_id
)
_OF_MEMBERS: Final = _CARD.where(
    cards.c.community_id == _COMMUNITY, any_of(cards.c.actor_id, "ids")
).order_by(cards.c.actor_id)
_MISSING: Final = (
    _CARD.outerjoin(
        cards_held,
        and_(
            cards_held.c.community_id == cards.c.community_id,
            cards_held.c.actor_id == cards.c.actor_id,
            cards_held.c.origin_id == bindparam("origin_id", type_=Id),
        ),
    )
    .where(
        cards.c.community_id == _COMMUNITY,
        any_of(cards.c.actor_id, "ids"),
        actors.c.origin_id != bindparam("origin_id", type_=Id),
        or_(cards_held.c.version.is_(None), cards_held.c.version < cards.c.version),
    )
    .order_by(cards.c.actor_id)
)
_PUT = insert(cards).values({column.name: bindparam(column.name) for column in cards.c})
_UPSERT: Final = _PUT.on_conflict_do_update(
    index_elements=[cards.c.community_id, cards.c.actor_id],
    set_={
        column.name: _PUT.excluded[column.name]
        for column in cards.c
        if column.name not in {"community_id", "actor_id"}
    },
)
_HOLD = insert(cards_held).values({column.name: bindparam(column.name) for column in cards_held.c})
_HELD: Final = _HOLD.on_conflict_do_update(
    index_elements=[cards_held.c.community_id, cards_held.c.actor_id, cards_held.c.origin_id],
    set_={"version": _HOLD.excluded.version},
)
_FORGET: Final = delete(cards).where(
    cards.c.community_id == _COMMUNITY, any_of(cards.c.actor_id, "ids")
)
_FORGET_HELD: Final = delete(cards_held).where(
    cards_held.c.community_id == _COMMUNITY, cards_held.c.origin_id == bindparam("origin_id")
)
_COMMUNITIES: Final = (
    select(cards.c.community_id)
    .where(cards.c.actor_id == bindparam("actor_id", type_=Id))
    .order_by(cards.c.community_id)
)
_EVER: Final = select(keys.c.public).where(
    keys.c.actor_id == bindparam("actor_id", type_=Id),
    keys.c.uri == bindparam("uri"),
    keys.c.type == KeyType.ED25519,
)
_ANY_KEY: Final = (
    select(keys.c.uri)
    .where(
        keys.c.actor_id == bindparam("actor_id", type_=Id),
        keys.c.type == KeyType.ED25519,
        keys.c.retired_at.is_(None),
    )
    .limit(1)
)


def of_members(tx: Tx, community_id: int, actor_ids: Sequence[int]) -> list[Card]:
    """The cards of these members, those that there are."""
    if not actor_ids:
        return []
    rows = tx.all(_OF_MEMBERS, community_id=community_id, ids=list(actor_ids))
    return [Card(*row) for row in rows]


def by_member(tx: Tx, community_id: int, actor_id: int) -> Card | None:
    """One member's card."""
    return next(iter(of_members(tx, community_id, [actor_id])), None)


def missing(tx: Tx, community_id: int, origin_id: int, actor_ids: Sequence[int]) -> list[Card]:
    """Those of the cards that a node was not given in this version; never of its own people."""
    if not actor_ids:
        return []
    rows = tx.all(
        _MISSING, community_id=community_id, origin_id=origin_id, ids=sorted(set(actor_ids))
    )
    return [Card(*row) for row in rows]


def held(tx: Tx, community_id: int, origin_id: int, given: Iterable[Card]) -> None:
    """Remember that a node is given these cards. One that gets lost is asked for by the node."""
    tx.many(
        _HELD,
        [
            {
                "community_id": community_id,
                "actor_id": card.actor_id,
                "origin_id": origin_id,
                "version": card.version,
            }
            for card in given
        ],
    )


def put(
    tx: Tx,
    *,
    community_id: int,
    actor_id: int,
    handle: str,
    domain: str,
    name: str,
    home: str,
    avatar: str | None,
    key_uri: str | None,
    key: str | None,
    made_at: int,
) -> bool:
    """Write a member's card as it was at `made_at`; False if nothing is new, or it is older."""
    known = by_member(tx, community_id, actor_id)
    said = (handle, domain, name, home, avatar, key_uri, key)
    if known is not None and (said == _said(known) or made_at < known.made_at):
        return False
    tx.run(
        _UPSERT,
        community_id=community_id,
        actor_id=actor_id,
        handle=handle,
        domain=domain,
        name=name,
        home=home,
        avatar=avatar,
        key_uri=key_uri,
        key=key,
        version=1 if known is None else known.version + 1,
        made_at=made_at,
    )
    return True


def _said(card: Card) -> tuple[str | None, ...]:
    return (
        *(card.handle, card.domain, card.name, card.home),
        *(card.avatar, card.key_uri, card.key),
    )


def forget(tx: Tx, community_id: int, actor_ids: Iterable[int]) -> None:
    """Remove cards: a purge."""
    tx.change(_FORGET, community_id=community_id, ids=sorted(actor_ids))


def forget_held(tx: Tx, community_id: int, origin_id: int) -> None:
    """A node has forgotten everything of a community: it holds no card any more."""
    tx.change(_FORGET_HELD, community_id=community_id, origin_id=origin_id)


def communities_of(tx: Tx, actor_id: int) -> list[int]:
    """The communities that have a card of somebody."""
    return [row[0] for row in tx.all(_COMMUNITIES, actor_id=actor_id)]


def stated_key(tx: Tx, actor_id: int, uri: str) -> str | None:
    """An Ed25519 key that an actor lists or, if it lives here, ever listed (multibase).

    Only what the actor's own document said: never what a card says.
    """
    return tx.scalar(_EVER, actor_id=actor_id, uri=uri)


def states_a_key(tx: Tx, actor_id: int) -> bool:
    """Whether an actor's own document lists a key for proofs."""
    return tx.scalar(_ANY_KEY, actor_id=actor_id) is not None
