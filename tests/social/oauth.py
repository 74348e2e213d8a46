"""What the tests of signing in share: people with a password, apps, wishes, codes."""

import base64
import hashlib

from domain.kinds import Role
from social import apps, passwords
from storage.database import Database
from storage.queries import accounts
from storage.tx import Tx
from tests.support.factories import add_person

PASSWORD = "a long enough password"
HASH = passwords.hash_now(PASSWORD)
URI = "https://app.example/callback"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-for-tests"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode()[:43]


def person(tx: Tx, handle: str = "ana", role: Role = Role.MEMBER) -> int:
    account = add_person(tx, handle, role=role)
    accounts.set_password(tx, account, HASH)
    return account


def new_app(tx: Tx, uris: str = URI, wanted: str = "read write follow push") -> apps.NewApp:
    return apps.insert_app(tx, name="Elk", redirect_uris=uris, wanted=wanted)


def wish(tx: Tx, app: apps.NewApp, **changed: str | None) -> apps.Wish:
    asked: dict[str, str | None] = {
        "client_id": app.app.client_id,
        "redirect_uri": URI,
        "response_type": "code",
        "wanted": "read write",
        "challenge": CHALLENGE,
        "challenge_method": "S256",
    }
    return apps.wish(tx, **(asked | changed))  # type: ignore[arg-type]


def grant(tx: Tx, app: apps.NewApp, account: int, **changed: str | None) -> str:
    return apps.grant(tx, wish=wish(tx, app, **changed), account_id=account)


async def redeem(db: Database, app: apps.NewApp, code: str, **changed: str | None) -> apps.Issued:
    asked: dict[str, str | None] = {
        "client_id": app.app.client_id,
        "client_secret": app.client_secret,
        "code": code,
        "redirect_uri": URI,
        "verifier": VERIFIER,
    }
    return await apps.redeem_code(db, **(asked | changed))  # type: ignore[arg-type]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now
