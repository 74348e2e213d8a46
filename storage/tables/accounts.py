"""Accounts (logins), their apps, tokens and browser sessions."""

from sqlalchemy import Column, Index, LargeBinary, Named, Table, Text, TypedColumns

from domain.kinds import AccountState, LinkPurpose, Role
from storage.columns import Enum8, Flag, Id, Number, Time
from storage.tables.metadata import metadata


class _Accounts(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)  # equals its actor's id
    email: Named[str] = Column(Text)
    email_folded: Named[str] = Column(Text)
    password_hash: Named[str] = Column(Text)  # argon2id; empty: no password login
    role: Named[Role] = Column(Enum8(Role))
    state: Named[AccountState] = Column(Enum8(AccountState))
    epoch: Named[int] = Column(Number)  # grows when a right ends; every long channel compares it
    default_visibility: Named[str] = Column(Text)
    default_sensitive: Named[bool] = Column(Flag())
    default_language: Named[str | None] = Column(Text)
    default_quote_policy: Named[str] = Column(Text)  # public, followers or nobody
    told: Named[bytes] = Column(LargeBinary)  # JSON: notices that were given once
    home_fresh_until: Named[int] = Column(Time)  # a date: home rows are written until then
    created_at: Named[int] = Column(Time)


accounts = Table("accounts", metadata, _Accounts, sqlite_strict=True)
Index("uq_accounts_email_folded", accounts.c.email_folded, unique=True)


class _Apps(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    client_id: Named[str] = Column(Text)
    secret_hash: Named[bytes] = Column(LargeBinary)
    name: Named[str] = Column(Text)
    website: Named[str | None] = Column(Text)
    redirect_uris: Named[str] = Column(Text)  # one a line
    scopes: Named[str] = Column(Text)
    created_at: Named[int] = Column(Time)


apps = Table("apps", metadata, _Apps, sqlite_strict=True)
Index("uq_apps_client_id", apps.c.client_id, unique=True)


class _Codes(TypedColumns):
    hash: Named[bytes] = Column(LargeBinary, primary_key=True)
    app_id: Named[int] = Column(Id)
    account_id: Named[int] = Column(Id)
    redirect_uri: Named[str] = Column(Text)
    scopes: Named[str] = Column(Text)
    challenge: Named[str | None] = Column(Text)  # PKCE S256
    expires_at: Named[int] = Column(Time)
    used_at: Named[int | None] = Column(Time)


codes = Table("codes", metadata, _Codes, sqlite_strict=True)


class _Tokens(TypedColumns):
    id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    hash: Named[bytes] = Column(LargeBinary)
    app_id: Named[int | None] = Column(Id)
    account_id: Named[int | None] = Column(Id)  # none: the token speaks for the app alone
    scopes: Named[str] = Column(Text)
    code_hash: Named[bytes | None] = Column(LargeBinary)  # a code used twice ends its tokens
    created_at: Named[int] = Column(Time)
    revoked_at: Named[int | None] = Column(Time)


tokens = Table("tokens", metadata, _Tokens, sqlite_strict=True)
Index("uq_tokens_hash", tokens.c.hash, unique=True)
Index("ix_tokens_account_id", tokens.c.account_id)
Index("ix_tokens_code_hash", tokens.c.code_hash)


class _Sessions(TypedColumns):
    hash: Named[bytes] = Column(LargeBinary, primary_key=True)
    account_id: Named[int] = Column(Id)
    epoch: Named[int] = Column(Number)
    csrf: Named[str] = Column(Text)
    created_at: Named[int] = Column(Time)
    expires_at: Named[int] = Column(Time)


sessions = Table("sessions", metadata, _Sessions, sqlite_strict=True)
Index("ix_sessions_account_id", sessions.c.account_id)


class _Links(TypedColumns):
    hash: Named[bytes] = Column(LargeBinary, primary_key=True)
    purpose: Named[LinkPurpose] = Column(Enum8(LinkPurpose))
    account_id: Named[int | None] = Column(Id)
    role: Named[Role] = Column(Enum8(Role))
    expires_at: Named[int] = Column(Time)
    used_at: Named[int | None] = Column(Time)


# One-use links: the first admin, invitations, password resets.
links = Table("links", metadata, _Links, sqlite_strict=True)


class _IdempotencyKeys(TypedColumns):
    account_id: Named[int] = Column(Id, primary_key=True, autoincrement=False)
    key: Named[str] = Column(Text, primary_key=True)
    post_id: Named[int] = Column(Id)
    created_at: Named[int] = Column(Time)


idempotency_keys = Table("idempotency_keys", metadata, _IdempotencyKeys, sqlite_strict=True)


class _Attempts(TypedColumns):
    subject: Named[str] = Column(Text, primary_key=True)  # "login:<hash>", "ip:<hash>"
    tat: Named[int] = Column(Time)  # GCRA: theoretical arrival time


attempts = Table("attempts", metadata, _Attempts, sqlite_strict=True)
