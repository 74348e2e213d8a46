"""Apps, authorization codes, access tokens and browser sessions. Only hashes are stored."""

from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.kinds import AccountState, Role
from storage.tables.accounts import accounts, apps, codes, sessions, tokens
from storage.tx import Tx


class AppRow(Struct, frozen=True, gc=False):
    """A registered client program, in the order of its columns."""

    id: int
    client_id: str
    secret_hash: bytes
    name: str
    website: str | None
    redirect_uris: str  # one a line
    scopes: str
    created_at: int


class CodeRow(Struct, frozen=True, gc=False):
    """An authorization code that was just used up."""

    app_id: int
    account_id: int
    redirect_uri: str
    scopes: str
    challenge: str | None
    expires_at: int


class TokenRow(Struct, frozen=True, gc=False):
    """A token that is valid now, with the standing of its account if it has one."""

    id: int
    app_id: int | None
    account_id: int | None
    scopes: str
    created_at: int
    role: Role | None
    state: AccountState | None
    epoch: int | None


class SessionRow(Struct, frozen=True, gc=False):
    """A browser session that is valid now."""

    account_id: int
    epoch: int
    csrf: str
    expires_at: int
    role: Role


# Apps.

_INSERT_APP: Final = insert(apps).values({column.name: bindparam(column.name) for column in apps.c})
_APP: Final = select(*tuple(apps.c)).where(apps.c.id == bindparam("id"))
_APP_BY_CLIENT: Final = select(*tuple(apps.c)).where(apps.c.client_id == bindparam("client_id"))


def insert_app(tx: Tx, row: AppRow) -> None:
    """Store an app."""
    tx.insert(_INSERT_APP, **{name: getattr(row, name) for name in row.__struct_fields__})


def app_by_id(tx: Tx, app_id: int) -> AppRow | None:
    """An app by its id."""
    row = tx.first(_APP, id=app_id)
    return None if row is None else AppRow(*row)


def app_by_client(tx: Tx, client_id: str) -> AppRow | None:
    """An app by the name that it calls itself in OAuth."""
    row = tx.first(_APP_BY_CLIENT, client_id=client_id)
    return None if row is None else AppRow(*row)


# Codes.

_INSERT_CODE: Final = insert(codes).values(
    {column.name: bindparam(column.name) for column in codes.c if column.name != "used_at"}
)
_USE_CODE: Final = (
    update(codes)
    .where(codes.c.hash == bindparam("hash"), codes.c.used_at.is_(None))
    .values(used_at=bindparam("now"))
    .returning(
        *(codes.c.app_id, codes.c.account_id, codes.c.redirect_uri),
        *(codes.c.scopes, codes.c.challenge, codes.c.expires_at),
    )
)
_DROP_CODES: Final = delete(codes).where(codes.c.account_id == bindparam("account_id"))
_SWEEP_CODES: Final = delete(codes).where(codes.c.expires_at < bindparam("moment"))


def insert_code(tx: Tx, hash_: bytes, code: CodeRow) -> None:
    """Store an authorization code."""
    tx.insert(
        _INSERT_CODE,
        hash=hash_,
        **{name: getattr(code, name) for name in code.__struct_fields__},
    )


def use_code(tx: Tx, hash_: bytes) -> CodeRow | None:
    """Use up a code: of any number of parallel calls, exactly one gets it."""
    row = tx.first(_USE_CODE, hash=hash_, now=tx.now)
    return None if row is None else CodeRow(*row)


def drop_codes(tx: Tx, account_id: int) -> None:
    """End the codes that an account has given out."""
    tx.change(_DROP_CODES, account_id=account_id)


def sweep_codes(tx: Tx, moment: int) -> int:
    """Drop codes that expired before `moment` (ms UTC); how many."""
    return tx.change(_SWEEP_CODES, moment=moment)


# Tokens.

_INSERT_TOKEN: Final = insert(tokens).values(
    {column.name: bindparam(column.name) for column in tokens.c if column.name != "revoked_at"}
)
_TOKEN_COLUMNS = (
    *(tokens.c.id, tokens.c.app_id, tokens.c.account_id, tokens.c.scopes, tokens.c.created_at),
    *(accounts.c.role, accounts.c.state, accounts.c.epoch),
)
_TOKEN: Final = (
    select(*_TOKEN_COLUMNS)
    .select_from(tokens.outerjoin(accounts, accounts.c.id == tokens.c.account_id))
    .where(tokens.c.hash == bindparam("hash"), tokens.c.revoked_at.is_(None))
)
_TOKEN_BY_ID: Final = (
    select(*_TOKEN_COLUMNS)
    .select_from(tokens.outerjoin(accounts, accounts.c.id == tokens.c.account_id))
    .where(tokens.c.id == bindparam("id"), tokens.c.revoked_at.is_(None))
)
# A writer that holds this lock makes a revocation wait for it, and the other way round (A08).
_HOLD_TOKEN: Final = (
    select(tokens.c.id)
    .where(tokens.c.id == bindparam("id"), tokens.c.revoked_at.is_(None))
    .with_for_update(read=True)
)
_HOLD_ACCOUNT: Final = (
    select(accounts.c.epoch, accounts.c.role)
    .where(accounts.c.id == bindparam("id"), accounts.c.state == AccountState.ACTIVE)
    .with_for_update(read=True)
)
_REVOKE: Final = (
    update(tokens)
    .where(
        tokens.c.hash == bindparam("hash"),
        tokens.c.app_id == bindparam("app_id"),
        tokens.c.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("now"))
    .returning(tokens.c.account_id)
)
_REVOKE_CODE: Final = (
    update(tokens)
    .where(tokens.c.code_hash == bindparam("code_hash"), tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
    .returning(tokens.c.account_id)
)
_REVOKE_ALL: Final = (
    update(tokens)
    .where(tokens.c.account_id == bindparam("account_id"), tokens.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)


def insert_token(
    tx: Tx,
    *,
    token_id: int,
    hash_: bytes,
    app_id: int | None,
    account_id: int | None,
    scopes: str,
    code_hash: bytes | None = None,
) -> None:
    """Store an access token."""
    tx.insert(
        _INSERT_TOKEN,
        id=token_id,
        hash=hash_,
        app_id=app_id,
        account_id=account_id,
        scopes=scopes,
        code_hash=code_hash,
        created_at=tx.now,
    )


def token(tx: Tx, hash_: bytes) -> TokenRow | None:
    """A token that was not revoked, by its hash."""
    row = tx.first(_TOKEN, hash=hash_)
    return None if row is None else TokenRow(*row)


def token_by_id(tx: Tx, token_id: int) -> TokenRow | None:
    """A token that was not revoked, by its id: for channels that live long."""
    row = tx.first(_TOKEN_BY_ID, id=token_id)
    return None if row is None else TokenRow(*row)


def hold_token(tx: Tx, token_id: int) -> bool:
    """Whether a token is still valid, kept so until this unit ends. Only in a unit that writes."""
    return tx.first(_HOLD_TOKEN, id=token_id) is not None


def hold_account(tx: Tx, account_id: int) -> tuple[int, Role] | None:
    """An active account's epoch and role, kept until this unit ends. Only in a unit that writes."""
    return tx.first(_HOLD_ACCOUNT, id=account_id)


def revoke(tx: Tx, hash_: bytes, app_id: int) -> tuple[int | None] | None:
    """End a token of this app; whose it was, or None if there was nothing to end."""
    return tx.first(_REVOKE, hash=hash_, app_id=app_id, now=tx.now)


def revoke_of_code(tx: Tx, code_hash: bytes) -> list[int]:
    """End the tokens that a code brought; the accounts that lost one."""
    ended = tx.all(_REVOKE_CODE, code_hash=code_hash, now=tx.now)
    return sorted({account for (account,) in ended if account is not None})


def revoke_all(tx: Tx, account_id: int) -> int:
    """End every token of an account; how many."""
    return tx.change(_REVOKE_ALL, account_id=account_id, now=tx.now)


# Browser sessions.

_INSERT_SESSION: Final = insert(sessions).values(
    {column.name: bindparam(column.name) for column in sessions.c}
)
_SESSION: Final = (
    select(
        *(sessions.c.account_id, accounts.c.epoch, sessions.c.csrf, sessions.c.expires_at),
        accounts.c.role,
    )
    .join(accounts, accounts.c.id == sessions.c.account_id)
    .where(
        sessions.c.hash == bindparam("hash"),
        sessions.c.expires_at > bindparam("now"),
        sessions.c.epoch == accounts.c.epoch,
        accounts.c.state == AccountState.ACTIVE,
    )
)
_DROP_SESSION: Final = delete(sessions).where(sessions.c.hash == bindparam("hash"))
_DROP_SESSIONS: Final = delete(sessions).where(sessions.c.account_id == bindparam("account_id"))
_CARRY: Final = (
    update(sessions)
    .where(
        sessions.c.account_id == bindparam("account_id"), sessions.c.epoch == bindparam("old_epoch")
    )
    .values(epoch=bindparam("new_epoch"))
)
_SWEEP_SESSIONS: Final = delete(sessions).where(sessions.c.expires_at < bindparam("now"))


def insert_session(
    tx: Tx, *, hash_: bytes, account_id: int, epoch: int, csrf: str, expires_at: int
) -> None:
    """Store a browser session."""
    tx.insert(
        _INSERT_SESSION,
        hash=hash_,
        account_id=account_id,
        epoch=epoch,
        csrf=csrf,
        created_at=tx.now,
        expires_at=expires_at,
    )


def session(tx: Tx, hash_: bytes) -> SessionRow | None:
    """A session that is valid now: not over, of the present epoch, of an active account."""
    row = tx.first(_SESSION, hash=hash_, now=tx.now)
    return None if row is None else SessionRow(*row)


def drop_session(tx: Tx, hash_: bytes) -> None:
    """End a session."""
    tx.change(_DROP_SESSION, hash=hash_)


def drop_sessions(tx: Tx, account_id: int) -> None:
    """End every session of an account."""
    tx.change(_DROP_SESSIONS, account_id=account_id)


def carry_sessions(tx: Tx, account_id: int, *, old_epoch: int, new_epoch: int) -> None:
    """Keep browser sessions across an epoch that grew for another reason."""
    tx.change(_CARRY, account_id=account_id, old_epoch=old_epoch, new_epoch=new_epoch)


def sweep_sessions(tx: Tx) -> int:
    """Drop sessions that are over; how many."""
    return tx.change(_SWEEP_SESSIONS, now=tx.now)
