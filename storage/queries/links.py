"""One-use links: the first admin, invitations, password resets. Only hashes are stored."""

from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import LinkPurpose, Role
from storage.tables.accounts import links
from storage.tx import Tx


class LinkRow(Struct, frozen=True, gc=False):
    """What a link is good for."""

    purpose: LinkPurpose
    account_id: int | None
    role: Role
    expires_at: int


_INSERT: Final = insert(links).values(
    hash=bindparam("hash"),
    purpose=bindparam("purpose"),
    account_id=bindparam("account_id"),
    role=bindparam("role"),
    expires_at=bindparam("expires_at"),
)
_WHAT = (links.c.purpose, links.c.account_id, links.c.role, links.c.expires_at)
_USABLE = (
    links.c.hash == bindparam("hash"),
    links.c.used_at.is_(None),
    links.c.expires_at > bindparam("now"),
)
_FIND: Final = select(*_WHAT).where(*_USABLE)
_USE: Final = (
    update(links)
    .where(*_USABLE, links.c.purpose == bindparam("purpose"))
    .values(used_at=bindparam("now"))
    .returning(*_WHAT)
)
_DROP_FOR: Final = delete(links).where(
    links.c.account_id == bindparam("account_id"), links.c.purpose == bindparam("purpose")
)
_SWEEP: Final = delete(links).where(links.c.expires_at < bindparam("now"))


def insert_link(
    tx: Tx,
    *,
    hash_: bytes,
    purpose: LinkPurpose,
    role: Role,
    expires_at: int,
    account_id: int | None = None,
) -> None:
    """Store a link by the hash of its token."""
    tx.insert(
        _INSERT,
        hash=hash_,
        purpose=purpose,
        account_id=account_id,
        role=role,
        expires_at=expires_at,
    )


def find(tx: Tx, hash_: bytes) -> LinkRow | None:
    """A link that can still be used, without using it."""
    row = tx.first(_FIND, hash=hash_, now=tx.now)
    return None if row is None else LinkRow(*row)


def use(tx: Tx, hash_: bytes, purpose: LinkPurpose) -> LinkRow | None:
    """Use up a link for its own purpose; None if it was used, is over, or is for something else."""
    row = tx.first(_USE, hash=hash_, purpose=purpose, now=tx.now)
    return None if row is None else LinkRow(*row)


def drop_for(tx: Tx, account_id: int, purpose: LinkPurpose) -> None:
    """End the links of one purpose that were made for an account."""
    tx.change(_DROP_FOR, account_id=account_id, purpose=purpose)


def sweep(tx: Tx) -> int:
    """Drop links that are over; how many."""
    return tx.change(_SWEEP, now=tx.now)
