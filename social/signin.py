"""Who somebody is: access tokens, browser sessions, and signing in with a password.

Every answer is asked of the database again: a right that ended a moment ago is over now.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from domain.audience import ANONYMOUS, Viewer
from domain.errors import NotAllowed
from domain.ids import token as new_secret
from domain.kinds import AccountState, Role
from social import attempts, emails
from social.attempts import ADDRESS, LOGIN, Attempt
from social.passwords import Passwords
from social.scopes import ALL, covers
from storage.database import Database
from storage.queries import accounts, tokens
from storage.queries.accounts import AccountRow
from storage.tx import Tx

__all__ = [
    "Identity",
    "Session",
    "SignedOut",
    "WrongLogin",
    "begin_session",
    "confirm",
    "covers",
    "end_session",
    "hashed",
    "identify",
    "identify_again",
    "identify_token",
    "open_session",
    "sign_in",
    "viewer_of",
]

SESSION_MS: Final = 14 * 24 * 3600 * 1000


class SignedOut(NotAllowed):
    """The token or session ended between the question and the act (A08)."""

    default = "The access token is invalid"


class WrongLogin(NotAllowed):
    """Nobody has that name, or the password is another, or the account is closed: one sentence."""

    default = "This name and password do not belong together"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, and what for.

    `account_id` is None and `actor_id` 0 where a token speaks for an app alone; `token_id` is 0 in
    a browser session, which has every scope. `epoch` is the account's when it was asked: whoever
    keeps a channel open compares it every two seconds.
    """

    account_id: int | None
    actor_id: int
    role: Role
    scopes: str
    token_id: int
    epoch: int
    app_id: int | None

    @property
    def is_full(self) -> bool:
        """Whether this is a full member of the node: no guest, no app."""
        return self.account_id is not None and self.role >= Role.MEMBER


@dataclass(frozen=True, slots=True)
class Session:
    """A browser session; every form repeats its `csrf` word."""

    identity: Identity
    csrf: str
    expires_at: int  # ms UTC


def hashed(secret: str) -> bytes:
    """What is stored of a token, code or link: with 256 random bits, one SHA-256 is enough."""
    return hashlib.sha256(secret.encode()).digest()


def viewer_of(identity: Identity | None) -> Viewer:
    """The one who reads, for the audience predicate."""
    if identity is None or not identity.actor_id:
        return ANONYMOUS
    return Viewer.local(identity.actor_id, full=identity.is_full)


def identify(tx: Tx, token: str) -> Identity | None:
    """Who holds this access token; None if it is unknown or revoked, or the account closed."""
    return _identity(tokens.token(tx, hashed(token)))


def identify_token(tx: Tx, token_id: int) -> Identity | None:
    """Who holds the token with this id now; None once it ended."""
    return _identity(tokens.token_by_id(tx, token_id))


def identify_again(tx: Tx, identity: Identity) -> Identity | None:
    """The same token's standing now, for channels that live long; None once it ended."""
    return identify_token(tx, identity.token_id)


def _identity(row: tokens.TokenRow | None) -> Identity | None:
    if row is None:
        return None
    if row.account_id is None:
        return Identity(None, 0, Role.GUEST, row.scopes, row.id, 0, row.app_id)
    if row.state is not AccountState.ACTIVE or row.role is None or row.epoch is None:
        return None
    return Identity(
        account_id=row.account_id,
        actor_id=row.account_id,
        role=row.role,
        scopes=row.scopes,
        token_id=row.id,
        epoch=row.epoch,
        app_id=row.app_id,
    )


def confirm(tx: Tx, identity: Identity) -> None:
    """Make sure, first thing in a unit that writes, that the right to do so still stands (A08).

    On PostgreSQL the rows stay locked until the unit ends, so that a revocation which answered
    200 has nothing behind it; on SQLite the writer is alone.

    Raises:
        SignedOut: the token was revoked, the account closed, or its role changed.
    """
    if identity.token_id and not tokens.hold_token(tx, identity.token_id):
        raise SignedOut
    if identity.account_id is None:
        return
    standing = tokens.hold_account(tx, identity.account_id)
    if standing is None or standing[1] is not identity.role:
        raise SignedOut
    if not identity.token_id and standing[0] != identity.epoch:
        raise SignedOut


def open_session(tx: Tx, secret: str) -> Session | None:
    """The browser session behind a cookie, unless it ended."""
    row = tokens.session(tx, hashed(secret))
    if row is None:
        return None
    identity = Identity(
        account_id=row.account_id,
        actor_id=row.account_id,
        role=row.role,
        scopes=ALL,
        token_id=0,
        epoch=row.epoch,
        app_id=None,
    )
    return Session(identity, row.csrf, row.expires_at)


def begin_session(tx: Tx, *, account_id: int, old_secret: str | None = None) -> str:
    """Start a browser session; the cookie's value.

    A cookie that the browser held before is ended and never taken over (A18).

    Raises:
        WrongLogin: the account was closed meanwhile.
    """
    account = accounts.by_id(tx, account_id)
    if account is None or not account.is_active:
        raise WrongLogin
    if old_secret is not None:
        tokens.drop_session(tx, hashed(old_secret))
    secret = new_secret()
    tokens.insert_session(
        tx,
        hash_=hashed(secret),
        account_id=account_id,
        epoch=account.epoch,
        csrf=new_secret(),
        expires_at=tx.now + SESSION_MS,
    )
    return secret


def end_session(tx: Tx, secret: str) -> None:
    """Sign a browser out; a copied cookie is worth nothing afterwards."""
    tokens.drop_session(tx, hashed(secret))


async def sign_in(
    db: Database,
    passwords: Passwords,
    *,
    login: str,
    password: str,
    address: str | None,
    old_secret: str | None = None,
) -> str:
    """Sign in with a handle or e-mail address; the value of the session cookie.

    Attempts are counted per name and per `address` before anything is verified; None switches
    that off (`rate_limits = off`). Unknown, wrong and closed take as long and say the same (A12).

    Raises:
        WrongLogin: the pair does not fit.
        TooMany: too many attempts; it says how long to wait.
    """
    name = emails.fold(login.removeprefix("@"))
    by_name = Attempt("login", name, LOGIN)
    if address is not None:
        await db.write(attempts.take, [by_name, Attempt("address", address, ADDRESS)])
    account = await db.read(_find, name=name)
    stored = account.password_hash if account is not None and account.is_active else None
    verdict = await passwords.verify(stored, password)
    if account is None or not verdict.fits:
        raise WrongLogin
    return await db.write(
        _signed_in,
        account=account,
        rehashed=verdict.rehashed,
        old_secret=old_secret,
        by_name=by_name,
    )


def _find(tx: Tx, *, name: str) -> AccountRow | None:
    return accounts.by_email(tx, name) if "@" in name else accounts.by_handle(tx, name)


def _signed_in(
    tx: Tx, *, account: AccountRow, rehashed: str | None, old_secret: str | None, by_name: Attempt
) -> str:
    now = accounts.by_id(tx, account.id)
    if now is None or now.password_hash != account.password_hash:
        raise WrongLogin
    if rehashed is not None:
        accounts.rehash(tx, account.id, old=account.password_hash, new=rehashed)
    attempts.forget(tx, by_name)
    return begin_session(tx, account_id=account.id, old_secret=old_secret)
