"""Accounts as the product makes them, with keys that sign nothing."""

from domain.kinds import Role
from federation.keyring import NewKeys
from social import accounts as use
from social import first_times
from storage.queries import accounts
from storage.tx import Tx
from tests.support.factories import NODE

KEYS = NewKeys(
    rsa_public="PEM", rsa_sealed=b"sealed rsa", ed25519_public="z6Mk", ed25519_sealed=b"sealed ed"
)


def create(
    tx: Tx, /, handle: str = "ana", email: str = "ana@mail.example", **changed: object
) -> int:
    values: dict[str, object] = {
        "node": NODE,
        "handle": handle,
        "email": email,
        "password_hash": "hash",
        "role": Role.MEMBER,
        "keys": KEYS,
    }
    made = use.create_account(tx, **(values | changed))  # type: ignore[arg-type]
    accounts.tell(tx, made, before=b"[]", now=first_times.EVERYTHING)
    return made
