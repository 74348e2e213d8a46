"""Who of ours is known to which origin: a stored fact (protocol §3)."""

from collections.abc import Iterable

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import SignatureScheme
from domain.node import SOFTWARE as OUR_SOFTWARE
from storage.tables.origins import disclosures, origins
from storage.tx import Tx

_DISCLOSE = (
    insert(disclosures)
    .values(
        actor_id=bindparam("actor_id"), origin_id=bindparam("origin_id"), since=bindparam("since")
    )
    .on_conflict_do_nothing(index_elements=["actor_id", "origin_id"])
)
_IS_DISCLOSED = select(disclosures.c.since).where(
    disclosures.c.actor_id == bindparam("actor_id"),
    disclosures.c.origin_id == bindparam("origin_id"),
)


def disclose(tx: Tx, actor_ids: Iterable[int], origin_ids: Iterable[int]) -> None:
    """Record that these actors of ours become known to these origins."""
    origins = sorted(set(origin_ids))
    rows = [
        {"actor_id": actor_id, "origin_id": origin_id, "since": tx.now}
        for actor_id in sorted(set(actor_ids))
        for origin_id in origins
    ]
    if rows:
        tx.many(_DISCLOSE, rows)


def is_disclosed(tx: Tx, actor_id: int, origin_id: int) -> bool:
    """Whether this origin has had anything by or naming this actor."""
    return tx.first(_IS_DISCLOSED, actor_id=actor_id, origin_id=origin_id) is not None


_DISCLOSED_TO_PLAIN = (
    select(disclosures.c.since)
    .join(origins, origins.c.id == disclosures.c.origin_id)
    .where(
        disclosures.c.actor_id == bindparam("actor_id"),
        func.coalesce(origins.c.software, "") != OUR_SOFTWARE,
        origins.c.scheme != SignatureScheme.OURS,  # its inbox asks for signatures as ours do
    )
    .limit(1)
)


def is_disclosed_to_plain(tx: Tx, actor_id: int) -> bool:
    """Whether a server that cannot sign its look-ups as we do knows this actor already."""
    return tx.first(_DISCLOSED_TO_PLAIN, actor_id=actor_id) is not None
