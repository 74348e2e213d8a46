"""Keys by which an app says "the same post again", kept for an hour (Mastodon API)."""

from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from storage.columns import Time
from storage.tables.accounts import idempotency_keys
from storage.tx import Tx

KEPT_MS: Final = 3600 * 1000

_NEW = insert(idempotency_keys).values(
    account_id=bindparam("account_id"),
    key=bindparam("key"),
    post_id=bindparam("post_id"),
    created_at=bindparam("now"),
)
_CLAIM: Final = _NEW.on_conflict_do_update(
    index_elements=[idempotency_keys.c.account_id, idempotency_keys.c.key],
    set_={"post_id": _NEW.excluded.post_id, "created_at": _NEW.excluded.created_at},
    where=idempotency_keys.c.created_at <= bindparam("cutoff", type_=Time),
).returning(idempotency_keys.c.post_id)
_KNOWN: Final = select(idempotency_keys.c.post_id).where(
    idempotency_keys.c.account_id == bindparam("account_id"),
    idempotency_keys.c.key == bindparam("key"),
)
_SWEEP: Final = delete(idempotency_keys).where(
    idempotency_keys.c.created_at <= bindparam("cutoff", type_=Time)
)


def claim(tx: Tx, account_id: int, key: str, post_id: int) -> int:
    """`post_id` if the key is new, else the post that it stands for since less than an hour.

    Of two units that come at the same time, the second waits for the first.
    """
    known = {"account_id": account_id, "key": key}
    row = tx.first(_CLAIM, **known, post_id=post_id, now=tx.now, cutoff=tx.now - KEPT_MS)
    return post_id if row is not None else tx.one(_KNOWN, **known)[0]


def sweep(tx: Tx) -> int:
    """Forget keys older than an hour; how many."""
    return tx.change(_SWEEP, cutoff=tx.now - KEPT_MS)
