"""Accounts: logins with a role, a state and a rights epoch."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, case, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.handles import fold
from domain.ids import HERE
from domain.kinds import AccountState, Role
from storage.columns import any_of
from storage.tables.accounts import accounts, attempts
from storage.tables.actors import actors
from storage.tx import Tx


class AccountRow(Struct, frozen=True, gc=False):
    """One row of `accounts`, in the order of its columns. Times are ms UTC."""

    id: int
    email: str
    email_folded: str
    password_hash: str
    role: Role
    state: AccountState
    epoch: int
    default_visibility: str
    default_sensitive: bool
    default_language: str | None
    default_quote_policy: str
    told: bytes
    home_fresh_until: int
    created_at: int

    def __repr__(self) -> str:
        """Nothing private: rows end up in tracebacks."""
        return f"<AccountRow {self.id}>"

    @property
    def is_active(self) -> bool:
        """Whether this account may sign in."""
        return self.state is AccountState.ACTIVE


_ROW = select(*tuple(accounts.c))
_BY_ID: Final = _ROW.where(accounts.c.id == bindparam("id"))
_BY_EMAIL: Final = _ROW.where(accounts.c.email_folded == bindparam("email"))
_BY_HANDLE: Final = _ROW.join(actors, actors.c.id == accounts.c.id).where(
    actors.c.handle_folded == bindparam("handle"), actors.c.origin_id == HERE
)
_INSERT: Final = (
    insert(accounts)
    .values(
        id=bindparam("id"),
        email=bindparam("email"),
        email_folded=bindparam("email_folded"),
        password_hash=bindparam("password_hash"),
        role=bindparam("role"),
        state=AccountState.ACTIVE,
        epoch=1,
        default_visibility=bindparam("default_visibility"),
        default_sensitive=False,
        default_quote_policy="public",
        told=b"[]",
        home_fresh_until=0,
        created_at=bindparam("now"),
    )
    .on_conflict_do_nothing()
    .returning(accounts.c.id)
)


def by_id(tx: Tx, account_id: int) -> AccountRow | None:
    """An account by its id, which is its actor's."""
    row = tx.first(_BY_ID, id=account_id)
    return None if row is None else AccountRow(*row)


def by_email(tx: Tx, folded: str) -> AccountRow | None:
    """An account by its folded e-mail address."""
    row = tx.first(_BY_EMAIL, email=folded)
    return None if row is None else AccountRow(*row)


def by_handle(tx: Tx, handle: str) -> AccountRow | None:
    """An account by its actor's handle."""
    row = tx.first(_BY_HANDLE, handle=fold(handle))
    return None if row is None else AccountRow(*row)


def insert_account(
    tx: Tx, *, account_id: int, email: str, email_folded: str, password_hash: str, role: Role
) -> bool:
    """Store an account; False if its e-mail address is taken."""
    row = tx.first(
        _INSERT,
        id=account_id,
        email=email,
        email_folded=email_folded,
        password_hash=password_hash,
        role=role,
        default_visibility="public",
        now=tx.now,
    )
    return row is not None


_THIS = accounts.c.id == bindparam("account_id")
_GROW = {"epoch": accounts.c.epoch + 1}
_SET_ROLE: Final = update(accounts).where(_THIS).values({"role": bindparam("role")} | _GROW)
_SET_STATE: Final = update(accounts).where(_THIS).values({"state": bindparam("state")} | _GROW)
_SET_PASSWORD: Final = (
    update(accounts).where(_THIS).values({"password_hash": bindparam("password_hash")} | _GROW)
)
_FORGET_LOGIN: Final = (
    update(accounts)
    .where(_THIS)
    .values(email=bindparam("email"), email_folded=bindparam("email"), password_hash="", told=b"[]")
)
_REHASH: Final = (
    update(accounts)
    .where(_THIS, accounts.c.password_hash == bindparam("old"))
    .values(password_hash=bindparam("new"))
)
_GROW_EPOCH: Final = update(accounts).where(_THIS).values(_GROW)
_SET_DEFAULTS: Final = (
    update(accounts)
    .where(_THIS)
    .values(
        default_visibility=bindparam("default_visibility"),
        default_sensitive=bindparam("default_sensitive"),
        default_language=bindparam("default_language"),
        default_quote_policy=bindparam("default_quote_policy"),
    )
)


_TOLD: Final = select(accounts.c.told).where(_THIS)
_TELL: Final = (
    update(accounts)
    .where(_THIS, accounts.c.told == bindparam("before"))
    .values(told=bindparam("now"))
    .returning(accounts.c.id)
)


def told(tx: Tx, account_id: int) -> bytes | None:
    """The notices that an account was given once, in JSON; None for an actor without account."""
    found: bytes | None = tx.scalar(_TOLD, account_id=account_id)
    return found


def tell(tx: Tx, account_id: int, *, before: bytes, now: bytes) -> bool:
    """Keep what an account was told; False if it was told something else meanwhile."""
    return tx.first(_TELL, account_id=account_id, before=before, now=now) is not None


def set_role(tx: Tx, account_id: int, role: Role) -> None:
    """Change what an account may do; its epoch grows."""
    tx.change(_SET_ROLE, account_id=account_id, role=role)


def set_state(tx: Tx, account_id: int, state: AccountState) -> None:
    """Let an account in or keep it out; its epoch grows."""
    tx.change(_SET_STATE, account_id=account_id, state=state)


def set_password(tx: Tx, account_id: int, password_hash: str) -> None:
    """Store another password's hash; the epoch grows."""
    tx.change(_SET_PASSWORD, account_id=account_id, password_hash=password_hash)


def forget_login(tx: Tx, account_id: int) -> None:
    """Keep neither the e-mail address nor the password of somebody who left for good."""
    nobody = f"deleted {account_id}"  # no address: addresses are unique
    tx.change(_FORGET_LOGIN, account_id=account_id, email=nobody)


def rehash(tx: Tx, account_id: int, *, old: str, new: str) -> None:
    """Store the same password under newer parameters, unless it was changed meanwhile."""
    tx.change(_REHASH, account_id=account_id, old=old, new=new)


def grow_epoch(tx: Tx, account_id: int) -> None:
    """Cut every long-lived channel of an account: one of its rights ended."""
    tx.change(_GROW_EPOCH, account_id=account_id)


def set_defaults(
    tx: Tx,
    account_id: int,
    *,
    visibility: str,
    sensitive: bool,
    language: str | None,
    quote_policy: str,
) -> None:
    """What a new post starts with, in the words of the client API."""
    tx.change(
        _SET_DEFAULTS,
        account_id=account_id,
        default_visibility=visibility,
        default_sensitive=sensitive,
        default_language=language,
        default_quote_policy=quote_policy,
    )


_ACTIVE = accounts.c.state == AccountState.ACTIVE
_EPOCHS: Final = select(
    accounts.c.id, case((_ACTIVE, accounts.c.epoch), else_=0).label("epoch")
).where(any_of(accounts.c.id, "ids"))
_FULL: Final = select(accounts.c.id).where(
    any_of(accounts.c.id, "ids"), accounts.c.role >= Role.MEMBER, _ACTIVE
)
_IS_ADMIN = (accounts.c.role == Role.ADMIN) & _ACTIVE
_ANY_ADMIN: Final = select(exists().where(_IS_ADMIN))
_OTHER_ADMIN: Final = select(exists().where(_IS_ADMIN, accounts.c.id != bindparam("account_id")))
_ADMINS: Final = select(accounts.c.id).where(_IS_ADMIN).order_by(accounts.c.id)
_COUNT: Final = select(func.count(accounts.c.id))


def epochs(tx: Tx, account_ids: Sequence[int]) -> dict[int, int]:
    """The epochs of accounts, 0 for those that may not sign in; unknown ids are left out."""
    return dict(tx.all(_EPOCHS, ids=account_ids)) if account_ids else {}


def full_members(tx: Tx, account_ids: Sequence[int]) -> set[int]:
    """Which of these actors are full members of this node: active, and no guests."""
    return {row[0] for row in tx.all(_FULL, ids=account_ids)} if account_ids else set()


def is_full_member(tx: Tx, actor_id: int) -> bool:
    """Whether this actor is a full member of this node."""
    return bool(full_members(tx, [actor_id]))


def any_admin(tx: Tx) -> bool:
    """Whether somebody can administer this node."""
    return bool(tx.scalar(_ANY_ADMIN))


def admins(tx: Tx) -> list[int]:
    """Who can administer this node."""
    return [row[0] for row in tx.all(_ADMINS)]


def other_admin(tx: Tx, account_id: int) -> bool:
    """Whether somebody other than this account can administer this node."""
    return bool(tx.scalar(_OTHER_ADMIN, account_id=account_id))


def count(tx: Tx) -> int:
    """How many accounts there are."""
    return tx.scalar(_COUNT) or 0


# Attempts: GCRA in one statement, so that parallel tries cannot slip through together.

_NOW = bindparam("now", type_=attempts.c.tat.type)
_STEP = bindparam("step", type_=attempts.c.tat.type)
_ROOM = bindparam("room", type_=attempts.c.tat.type)
_TAKE: Final = (
    insert(attempts)
    .values(subject=bindparam("subject"), tat=_NOW + _STEP)
    .on_conflict_do_update(
        index_elements=[attempts.c.subject],
        set_={"tat": case((attempts.c.tat > _NOW, attempts.c.tat), else_=_NOW) + _STEP},
        where=attempts.c.tat <= _NOW + _ROOM,
    )
    .returning(attempts.c.tat)
)
_TAT: Final = select(attempts.c.tat).where(attempts.c.subject == bindparam("subject"))
_FORGET: Final = delete(attempts).where(attempts.c.subject == bindparam("subject"))
_SWEEP: Final = delete(attempts).where(attempts.c.tat < bindparam("now"))


def take_attempt(tx: Tx, subject: str, *, burst: int, step: int) -> int:
    """Count one attempt: 0 if it may be made, else how many ms to wait.

    `burst` attempts at once, then one every `step` ms (generic cell rate algorithm).
    """
    room = (burst - 1) * step
    if tx.first(_TAKE, subject=subject, now=tx.now, step=step, room=room) is not None:
        return 0
    tat = tx.scalar(_TAT, subject=subject) or tx.now
    return max(1, tat - room - tx.now)


def forget_attempts(tx: Tx, subject: str) -> None:
    """Start anew after a success."""
    tx.change(_FORGET, subject=subject)


def sweep_attempts(tx: Tx) -> int:
    """Drop what limits nobody any more; how many rows."""
    return tx.change(_SWEEP, now=tx.now)
