"""OAuth for client programs: registration, authorization codes with PKCE, access tokens.

RFC 6749, 7636 (S256 only), 7009, and the choices of RFC 9700: redirect addresses match exactly,
codes live one minute and are used once, a code that comes twice ends the tokens it brought.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from domain.addresses import BadUrl, is_localhost, parse_url
from domain.errors import Invalid, Problem
from domain.ids import token as new_secret
from social import attempts, scopes
from social.attempts import APPS, Attempt, Pace
from social.signin import Identity, hashed
from storage.database import Database
from storage.queries import accounts, ids, tokens
from storage.queries.tokens import AppRow, CodeRow
from storage.tx import Tx

CODE_MS: Final = 60_000
OUT_OF_BAND: Final = "urn:ietf:wg:oauth:2.0:oob"
LONGEST_NAME: Final = 100
LONGEST_URI: Final = 2_000
MOST_URIS: Final = 10

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_STRANGE: Final = re.compile(r"[\x00-\x20\x7f-\x9f\\<>\"#]")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_RUNS_OR_READS: Final = frozenset(
    {"about", "blob", "data", "file", "filesystem", "ftp", "javascript", "mailto", "vbscript", "ws"}
)
"""Schemes that a browser would run, read or mail instead of handing them to an app."""


class OAuthProblem(Problem):
    """A refusal in the words of RFC 6749 §5.2: `error` is for programs, `message` for people."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


@dataclass(frozen=True, slots=True)
class NewApp:
    """An app that was just registered; its secret is shown this once."""

    app: AppRow
    client_secret: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What an app asks a person for, checked: safe to show and, on consent, to grant."""

    app: AppRow
    redirect_uri: str
    scopes: str
    challenge: str | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as its owner gets it, this once. `created_at` is in seconds."""

    token: str
    scopes: str
    created_at: int


async def register_app(
    db: Database,
    *,
    name: str,
    redirect_uris: str,
    wanted: str,
    website: str | None,
    address: str | None,
    pace: Pace = APPS,
) -> NewApp:
    """Register a client program; `redirect_uris` are separated by white space, usually one a line.

    `pace` limits how many come from one `address`; None switches that off.

    Raises:
        Invalid: a name or redirect address that cannot be used.
        TooMany: too many registrations from `address`.
    """
    if address is not None:
        await db.write(attempts.take, [Attempt("apps", address, pace)])
    return await db.write(
        insert_app, name=name, redirect_uris=redirect_uris, wanted=wanted, website=website
    )


def insert_app(
    tx: Tx, *, name: str, redirect_uris: str, wanted: str, website: str | None = None
) -> NewApp:
    """Store a client program. The name is kept as it came: clients compare it.

    Raises:
        Invalid: as `register_app`.
    """
    secret = new_secret()
    app = AppRow(
        id=ids.new_id(tx),
        client_id=new_secret(),
        secret_hash=hashed(secret),
        name=_checked_name(name),
        website=_checked_website(website),
        redirect_uris="\n".join(_checked_redirects(redirect_uris)),
        scopes=" ".join(scopes.parse(wanted)) or scopes.DEFAULT,
        created_at=tx.now,
    )
    tokens.insert_app(tx, app)
    return NewApp(app, secret)


def _checked_name(name: str) -> str:
    if not name.strip() or len(name) > LONGEST_NAME or _UNPRINTABLE.search(name):
        raise Invalid(f"An app needs a name of at most {LONGEST_NAME} characters", "client_name")
    return name


def _checked_website(website: str | None) -> str | None:
    try:
        return str(parse_url(website)) if website else None
    except BadUrl:
        return None


def _checked_redirects(text: str) -> list[str]:
    uris = list(dict.fromkeys(text.split()))
    if not uris or len(uris) > MOST_URIS:
        raise Invalid(f"An app needs one to {MOST_URIS} redirect addresses", "redirect_uris")
    if not all(map(_is_redirect, uris)):
        raise Invalid("This redirect address cannot be used", "redirect_uris")
    return uris


def _is_redirect(uri: str) -> bool:
    """Web addresses over https or on the person's own machine, and schemes of installed apps."""
    scheme = _SCHEME.match(uri)
    if scheme is None or len(uri) > LONGEST_URI or _STRANGE.search(uri):
        return False
    if scheme[1].lower() not in {"http", "https"}:
        return scheme[1].lower() not in _RUNS_OR_READS
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or is_localhost(host) or host in {"127.0.0.1", "::1"}


def wish(
    tx: Tx,
    *,
    client_id: str,
    redirect_uri: str,
    response_type: str,
    wanted: str,
    challenge: str | None,
    challenge_method: str | None,
) -> Wish:
    """Check an authorization request. Whatever is wrong is told on a page: nothing is redirected.

    Raises:
        OAuthProblem: unknown app, other redirect address, PKCE other than S256, more than
            the app registered for.
    """
    app = tokens.app_by_client(tx, client_id)
    if app is None:
        raise OAuthProblem("invalid_client", "This app is not known here")
    if redirect_uri not in app.redirect_uris.split("\n"):
        raise OAuthProblem("invalid_request", "The redirect address is not one of this app's")
    if response_type != "code":
        raise OAuthProblem("unsupported_response_type", "Only the code grant is offered")
    if challenge_method not in {None, "S256"} or (challenge is None) != (challenge_method is None):
        raise OAuthProblem("invalid_request", "Of PKCE, only S256 is offered")
    if challenge is not None and not _CHALLENGE.fullmatch(challenge):
        raise OAuthProblem("invalid_request", "The PKCE challenge is not one")
    return Wish(app, redirect_uri, _granted(app, wanted), challenge)


def _granted(app: AppRow, wanted: str) -> str:
    granted = " ".join(scopes.parse(wanted or scopes.DEFAULT))
    if not granted or not scopes.within(granted, app.scopes):
        raise OAuthProblem("invalid_scope", "The app asks for more than it registered for")
    return granted


def grant(tx: Tx, *, wish: Wish, account_id: int) -> str:
    """The person agrees: the code that the app may redeem within a minute."""
    code = new_secret()
    row = CodeRow(
        app_id=wish.app.id,
        account_id=account_id,
        redirect_uri=wish.redirect_uri,
        scopes=wish.scopes,
        challenge=wish.challenge,
        expires_at=tx.now + CODE_MS,
    )
    tokens.insert_code(tx, hashed(code), row)
    return code


def answer_to(redirect_uri: str, **answer: str | None) -> str:
    """The redirect address with the answer added to whatever query it has."""
    query = urlencode({name: value for name, value in answer.items() if value is not None})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}"


async def redeem_code(
    db: Database,
    *,
    client_id: str,
    client_secret: str | None,
    code: str,
    redirect_uri: str,
    verifier: str | None,
) -> Issued:
    """Turn a code into a token. Of any number of parallel calls, one succeeds.

    Raises:
        OAuthProblem: whatever does not fit; `invalid_client` for the app itself.
    """
    outcome = await db.write(
        _redeem,
        client_id=client_id,
        client_secret=client_secret,
        code=code,
        redirect_uri=redirect_uri,
        verifier=verifier,
    )
    if isinstance(outcome, OAuthProblem):
        raise outcome
    return outcome


def _redeem(
    tx: Tx,
    *,
    client_id: str,
    client_secret: str | None,
    code: str,
    redirect_uri: str,
    verifier: str | None,
) -> Issued | OAuthProblem:
    """A refusal is returned, not raised: the code stays used and its tokens stay revoked."""
    app = _client(tx, client_id, client_secret)
    hash_ = hashed(code)
    row = tokens.use_code(tx, hash_)
    if row is None:
        _end_tokens_of(tx, hash_)
        return _bad_grant()
    proven = _verifier_fits(row.challenge, verifier, confidential=client_secret is not None)
    fits = row.app_id == app.id and row.redirect_uri == redirect_uri and row.expires_at > tx.now
    account = accounts.by_id(tx, row.account_id)
    if not (fits and proven and account is not None and account.is_active):
        return _bad_grant()
    return issue(tx, app_id=app.id, account_id=row.account_id, granted=row.scopes, code_hash=hash_)


def _bad_grant() -> OAuthProblem:
    return OAuthProblem("invalid_grant", "The authorization code is not valid (any more)")


def _client(tx: Tx, client_id: str, client_secret: str | None) -> AppRow:
    app = tokens.app_by_client(tx, client_id)
    if app is None:
        raise OAuthProblem("invalid_client", "This app is not known here")
    if client_secret is not None and not hmac.compare_digest(
        hashed(client_secret), app.secret_hash
    ):
        raise OAuthProblem("invalid_client", "This app is not known here")
    return app


def _verifier_fits(challenge: str | None, verifier: str | None, *, confidential: bool) -> bool:
    """RFC 7636 §4.6. Without a secret there must be a challenge; with one, neither or both."""
    if challenge is None:
        return confidential and verifier is None
    if verifier is None or not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return hmac.compare_digest(made, challenge)


def _end_tokens_of(tx: Tx, code_hash: bytes) -> None:
    for account_id in tokens.revoke_of_code(tx, code_hash):
        _cut_channels(tx, account_id)


def _cut_channels(tx: Tx, account_id: int) -> None:
    """Make streams ask again; browsers stay signed in."""
    account = accounts.by_id(tx, account_id)
    if account is not None:
        accounts.grow_epoch(tx, account_id)
        tokens.carry_sessions(tx, account_id, old_epoch=account.epoch, new_epoch=account.epoch + 1)


def client_credentials(tx: Tx, *, client_id: str, client_secret: str, wanted: str) -> Issued:
    """A token that speaks for the app alone.

    Raises:
        OAuthProblem: unknown app, wrong secret, or more than it registered for.
    """
    app = _client(tx, client_id, client_secret)
    return issue(tx, app_id=app.id, account_id=None, granted=_granted(app, wanted))


def issue(
    tx: Tx,
    *,
    app_id: int | None,
    account_id: int | None,
    granted: str,
    code_hash: bytes | None = None,
) -> Issued:
    """Make an access token with scopes that were already decided."""
    secret = new_secret()
    tokens.insert_token(
        tx,
        token_id=ids.new_id(tx),
        hash_=hashed(secret),
        app_id=app_id,
        account_id=account_id,
        scopes=granted,
        code_hash=code_hash,
    )
    return Issued(secret, granted, tx.now // 1000)


def revoke(tx: Tx, *, client_id: str, client_secret: str | None, token: str) -> None:
    """End a token of this app. A token that is not there is as good as revoked (RFC 7009 §2.2).

    Raises:
        OAuthProblem: unknown app or wrong secret.
    """
    app = _client(tx, client_id, client_secret)
    ended = tokens.revoke(tx, hashed(token), app.id)
    if ended is not None and ended[0] is not None:
        _cut_channels(tx, ended[0])


def app_of(tx: Tx, identity: Identity) -> AppRow | None:
    """The app that a token was made for, if any."""
    return None if identity.app_id is None else tokens.app_by_id(tx, identity.app_id)
