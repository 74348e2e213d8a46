"""Access tokens: whose they are, what they allow, and that they end (security.md A04, A08)."""

import asyncio

import pytest

from domain.audience import ANONYMOUS, ViewerKind
from domain.kinds import AccountState, Role
from social import apps, signin
from social.apps import OAuthProblem
from social.signin import SignedOut
from storage.database import Database
from storage.queries import accounts, origins, tokens
from storage.tx import Tx
from tests.social.oauth import new_app, person


def test_a_token_speaks_for_its_person_with_its_scopes(tx: Tx) -> None:
    account = person(tx, role=Role.MODERATOR)
    issued = apps.issue(tx, app_id=None, account_id=account, granted="read")
    identity = signin.identify(tx, issued.token)
    assert identity is not None
    assert (identity.account_id, identity.actor_id, identity.role) == (
        account,
        account,
        Role.MODERATOR,
    )
    assert identity.scopes == "read"
    assert identity.is_full
    viewer = signin.viewer_of(identity)
    assert (viewer.kind, viewer.actor, viewer.full) == (ViewerKind.LOCAL, account, True)
    assert signin.identify_again(tx, identity) == identity


def test_a_guests_token_is_no_full_member(tx: Tx) -> None:
    guest = person(tx, role=Role.GUEST)
    issued = apps.issue(tx, app_id=None, account_id=guest, granted="read")
    identity = signin.identify(tx, issued.token)
    assert identity is not None
    assert not identity.is_full
    assert not signin.viewer_of(identity).full


def test_client_credentials_speak_for_the_app_alone(tx: Tx) -> None:
    app = new_app(tx)
    issued = apps.client_credentials(
        tx, client_id=app.app.client_id, client_secret=app.client_secret, wanted="read"
    )
    identity = signin.identify(tx, issued.token)
    assert identity is not None
    assert (identity.account_id, identity.actor_id) == (None, 0)
    assert signin.viewer_of(identity) is ANONYMOUS
    assert not identity.is_full
    assert apps.app_of(tx, identity) == app.app
    with pytest.raises(OAuthProblem):
        apps.client_credentials(
            tx, client_id=app.app.client_id, client_secret="wrong", wanted="read"
        )


def test_a_token_is_stored_as_a_hash_only(tx: Tx) -> None:
    issued = apps.issue(tx, app_id=None, account_id=person(tx), granted="read")
    row = tokens.token(tx, signin.hashed(issued.token))
    assert row is not None
    assert issued.token not in repr(row)
    assert tokens.token(tx, issued.token.encode()) is None


@pytest.mark.parametrize("token", ["", "nobody", "\x00", "é" * 40])
def test_an_unknown_token_is_nobody(tx: Tx, token: str) -> None:
    assert signin.identify(tx, token) is None


def test_A08_a_revoked_token_is_over_at_once(tx: Tx) -> None:
    app, account = new_app(tx), person(tx)
    secret = signin.begin_session(tx, account_id=account)
    issued = apps.issue(tx, app_id=app.app.id, account_id=account, granted="read")
    identity = signin.identify(tx, issued.token)
    assert identity is not None
    signin.confirm(tx, identity)
    apps.revoke(
        tx,
        client_id=app.app.client_id,
        client_secret=app.client_secret,
        token=issued.token,
    )
    assert signin.identify(tx, issued.token) is None
    assert signin.identify_again(tx, identity) is None
    with pytest.raises(SignedOut):
        signin.confirm(tx, identity)
    assert accounts.epochs(tx, [account])[account] > identity.epoch
    assert signin.open_session(tx, secret) is not None, "a browser stays signed in"


def test_A08_nobody_revokes_the_token_of_another_app(tx: Tx) -> None:
    app, other, account = new_app(tx), new_app(tx), person(tx)
    issued = apps.issue(tx, app_id=app.app.id, account_id=account, granted="read")
    apps.revoke(
        tx,
        client_id=other.app.client_id,
        client_secret=other.client_secret,
        token=issued.token,
    )
    assert signin.identify(tx, issued.token) is not None
    with pytest.raises(OAuthProblem):
        apps.revoke(tx, client_id=app.app.client_id, client_secret="wrong", token=issued.token)


@pytest.mark.both
async def test_A08_no_write_by_a_token_is_stored_after_its_revocation(
    database: Database,
) -> None:
    """Writers confirm first: once the revocation has answered, nothing more of theirs appears."""

    def prepare(tx: Tx) -> tuple[apps.NewApp, apps.Issued]:
        app, account = new_app(tx), person(tx)
        return app, apps.issue(tx, app_id=app.app.id, account_id=account, granted="write")

    app, issued = await database.write(prepare)
    identity = await database.read(signin.identify, issued.token)
    assert identity is not None

    def act(tx: Tx, name: str) -> None:
        signin.confirm(tx, identity)
        origins.write_fact(tx, name, "written")

    def written(tx: Tx) -> int:
        return sum(origins.fact(tx, f"act {number}") is not None for number in range(40))

    async def revoke() -> int:
        await database.write(
            apps.revoke,
            client_id=app.app.client_id,
            client_secret=app.client_secret,
            token=issued.token,
        )
        return await database.read(written)

    await database.write(act, "act 0")
    acts = [asyncio.ensure_future(database.write(act, f"act {n}")) for n in range(1, 20)]
    revoked = asyncio.ensure_future(revoke())
    acts += [asyncio.ensure_future(database.write(act, f"act {n}")) for n in range(20, 39)]
    seen = await revoked
    await asyncio.gather(*acts, return_exceptions=True)
    with pytest.raises(SignedOut):
        await database.write(act, "act 39")
    assert await database.read(written) == seen >= 1


def test_a_right_that_changed_is_noticed_before_writing(tx: Tx) -> None:
    account = person(tx)
    issued = apps.issue(tx, app_id=None, account_id=account, granted="write")
    identity = signin.identify(tx, issued.token)
    assert identity is not None
    signin.confirm(tx, identity)
    accounts.set_role(tx, account, Role.GUEST)
    with pytest.raises(SignedOut):
        signin.confirm(tx, identity)
    accounts.set_role(tx, account, Role.MEMBER)
    accounts.set_state(tx, account, AccountState.DISABLED)
    with pytest.raises(SignedOut):
        signin.confirm(tx, identity)
    assert signin.identify(tx, issued.token) is None
