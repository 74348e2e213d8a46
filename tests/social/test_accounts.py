"""Accounts: roles, reserved and released handles, epochs, one-use links (A15-A17, Z04)."""

import asyncio
from functools import partial

import pytest

from domain.errors import Conflict, Invalid, NotFound
from domain.kinds import AccountState, KeyType, LinkPurpose, Role
from social import accounts as use
from social import apps, emails, signin
from storage.database import Database
from storage.queries import accounts, actors, follows, keys
from storage.tx import Tx
from tests.social.people import create
from tests.support.factories import (
    NODE,
    add_actor,
    add_follow,
    add_remote,
)


def test_an_account_comes_with_an_actor_and_its_keys(tx: Tx) -> None:
    account = create(tx, "Ana.Maria")
    actor = actors.by_id(tx, account)
    assert actor is not None
    assert (actor.uri, actor.handle, actor.domain) == (
        f"https://here.example/a/{account}",
        "Ana.Maria",
        "here.example",
    )
    assert actor.is_local
    assert not actor.public
    assert actor.url == "https://here.example/@Ana.Maria"
    assert str(account) not in actor.url
    stored = keys.own_keys(tx, [account], KeyType.RSA)[account]
    assert (stored.uri, stored.sealed) == (f"{actor.uri}#main-key", b"sealed rsa")
    assert keys.own_keys(tx, [account], KeyType.ED25519)[account].sealed == b"sealed ed"
    row = use.account_of(tx, "@ana.maria")
    assert (row.id, row.role, row.state, row.epoch) == (
        account,
        Role.MEMBER,
        AccountState.ACTIVE,
        1,
    )
    assert "ana@mail.example" not in repr(row)


@pytest.mark.parametrize(
    "handle",
    [
        *("tertulia", "node", "admin", "Admin", "a_d_m_i_n", "me", "here"),
        *("", "ana maria", "ana@x", "x" * 31, "ána", "-ana", "ana."),
    ],
)
def test_a_handle_that_misleads_is_refused(tx: Tx, handle: str) -> None:
    with pytest.raises(Invalid):
        create(tx, handle)


def test_a_taken_handle_or_address_is_refused_in_any_case(tx: Tx) -> None:
    create(tx, "ana", "ana@mail.example")
    with pytest.raises(Conflict) as by_handle:
        create(tx, "ANA", "other@mail.example")
    with pytest.raises(Conflict) as by_address:
        create(tx, "bo", "Ana@Mail.Example")
    assert by_handle.value.message == by_address.value.message


def test_a_released_handle_is_never_given_again(tx: Tx) -> None:
    account = create(tx, "ana")
    actors.mark_gone(tx, account)
    with pytest.raises(Conflict):
        create(tx, "ana", "other@mail.example")
    community = add_actor(tx, "welders")
    assert community
    with pytest.raises(Conflict):
        create(tx, "Welders", "third@mail.example")


def test_a_handle_of_another_server_is_free_here(tx: Tx) -> None:
    add_remote(tx, "ana")
    assert create(tx, "ana")


@pytest.mark.both
async def test_Z09_of_parallel_accounts_with_one_handle_one_is_made(database: Database) -> None:
    results = await asyncio.gather(
        *(database.write(create, "ana", f"ana{number}@mail.example") for number in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 7


@pytest.mark.parametrize(
    "address",
    [
        '"ana bo"@mail.example',
        "ana(comment)@mail.example",
        "ana%evil.example@mail.example",
        "ana@evil.example@mail.example",
        "ana@mäil.example",
        "ana@mail.example.",
        "ana@mail.example\n",
        "ana@mail.example\nBcc: all@mail.example",
        " ana@mail.example",
        "ana@[127.0.0.1]",
        "ana@localhost",
        "@mail.example",
        "ana@",
        "ana..bo@mail.example",
        ".ana@mail.example",
        "ana@-mail.example",
        "ana@mail..example",
        "a" * 65 + "@mail.example",
        "ana@" + "a." * 130 + "example",
        "ana",
        "",
    ],
)
def test_A17_an_address_that_can_be_read_in_two_ways_is_refused(tx: Tx, address: str) -> None:
    with pytest.raises(Invalid):
        create(tx, email=address)


@pytest.mark.parametrize(
    "address", ["ana@mail.example", "Ana.Maria+learn@sub.mail-1.example", "a_b-c'd@x.co"]
)
def test_A17_a_plain_address_is_accepted(tx: Tx, address: str) -> None:
    assert create(tx, email=address)
    assert accounts.by_email(tx, emails.fold(address)) is not None


# Rights that end.


def test_a_new_role_holds_at_once_and_browsers_stay(tx: Tx) -> None:
    create(tx, "boss", "boss@mail.example", role=Role.ADMIN)
    account = create(tx)
    secret = signin.begin_session(tx, account_id=account)
    token = apps.issue(tx, app_id=None, account_id=account, granted="read").token
    before = signin.identify(tx, token)
    assert before is not None
    use.set_role(tx, node=NODE, account_id=account, role=Role.MODERATOR)
    after = signin.identify(tx, token)
    assert after is not None
    assert (after.role, after.epoch) == (Role.MODERATOR, before.epoch + 1)
    session = signin.open_session(tx, secret)
    assert session is not None
    assert session.identity.role is Role.MODERATOR
    use.set_role(tx, node=NODE, account_id=account, role=Role.MODERATOR)
    assert accounts.epochs(tx, [account]) == {account: after.epoch}


def test_a_closed_account_is_out_everywhere(tx: Tx) -> None:
    account = create(tx)
    secret = signin.begin_session(tx, account_id=account)
    token = apps.issue(tx, app_id=None, account_id=account, granted="read").token
    reset = use.reset_link(tx, account_id=account)
    use.disable(tx, node=NODE, account_id=account)
    assert signin.identify(tx, token) is None
    assert signin.open_session(tx, secret) is None
    assert accounts.epochs(tx, [account]) == {account: 0}
    assert not accounts.is_full_member(tx, account)
    with pytest.raises(NotFound):
        use.redeem_reset(tx, secret=reset, password_hash="new")
    with pytest.raises(Conflict):
        create(tx)


def test_another_password_ends_tokens_sessions_and_codes(tx: Tx) -> None:
    account = create(tx)
    other = create(tx, "bo", "bo@mail.example")
    secret = signin.begin_session(tx, account_id=account)
    token = apps.issue(tx, app_id=None, account_id=account, granted="read").token
    neighbour = apps.issue(tx, app_id=None, account_id=other, granted="read").token
    use.reset_password(tx, account_id=account, password_hash="new")
    assert signin.identify(tx, token) is None
    assert signin.open_session(tx, secret) is None
    assert signin.identify(tx, neighbour) is not None
    row = accounts.by_id(tx, account)
    assert row is not None
    assert (row.password_hash, row.epoch) == ("new", 2)


def test_the_last_admin_stays(tx: Tx) -> None:
    boss = create(tx, "boss", "boss@mail.example", role=Role.ADMIN)
    with pytest.raises(Conflict):
        use.disable(tx, node=NODE, account_id=boss)
    with pytest.raises(Conflict):
        use.set_role(tx, node=NODE, account_id=boss, role=Role.MEMBER)
    second = create(tx, "vice", "vice@mail.example", role=Role.ADMIN)
    use.disable(tx, node=NODE, account_id=boss)
    with pytest.raises(Conflict):
        use.disable(tx, node=NODE, account_id=second)


@pytest.mark.both
async def test_Z09_two_admins_cannot_close_each_other(database: Database) -> None:
    def prepare(tx: Tx) -> tuple[int, int]:
        return (
            create(tx, "boss", "boss@mail.example", role=Role.ADMIN),
            create(tx, "vice", "vice@mail.example", role=Role.ADMIN),
        )

    pair = await database.write(prepare)
    results = await asyncio.gather(
        *(database.write(use.disable, node=NODE, account_id=one) for one in pair),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Conflict) for result in results) == 1


def test_whoever_becomes_a_guest_parts_from_the_members(tx: Tx) -> None:
    ana, bo = create(tx), create(tx, "bo", "bo@mail.example")
    helper = add_actor(tx, "tertulia")
    far = add_remote(tx, "zoe")
    add_follow(tx, ana, bo)
    add_follow(tx, bo, ana)
    add_follow(tx, ana, helper)
    add_follow(tx, far, ana)
    use.set_role(tx, node=NODE, account_id=ana, role=Role.GUEST)
    assert not follows.is_following(tx, ana, bo)
    assert not follows.is_following(tx, bo, ana)
    assert follows.is_following(tx, ana, helper)
    assert follows.is_following(tx, far, ana)


def test_nobody_of_that_name_is_not_found(tx: Tx) -> None:
    add_actor(tx, "helperlike")
    for name in ("nobody", "helperlike", ""):
        with pytest.raises(NotFound):
            use.account_of(tx, name)
    for act in (partial(use.disable, node=NODE), use.reset_link):
        with pytest.raises(NotFound):
            act(tx, account_id=12)


# Links.


def redeem(tx: Tx, secret: str, handle: str = "ana") -> int:
    return use.redeem_link(
        tx,
        node=NODE,
        secret=secret,
        handle=handle,
        email=f"{handle}@mail.example",
        password_hash="hash",
        keys=None,
    )


def test_the_first_admin_comes_by_a_link_once(tx: Tx) -> None:
    first, second = use.first_admin_link(tx), use.first_admin_link(tx)
    assert first is not None
    assert second is not None
    assert (
        use.link_for(tx, secret=first, purposes=frozenset({LinkPurpose.FIRST_ADMIN})).role
        is Role.ADMIN
    )
    boss = redeem(tx, first)
    row = accounts.by_id(tx, boss)
    assert row is not None
    assert row.role is Role.ADMIN
    for secret in (first, second):
        with pytest.raises(NotFound):
            redeem(tx, secret, "evil")
    with pytest.raises(NotFound):
        use.link_for(tx, secret=second, purposes=frozenset({LinkPurpose.FIRST_ADMIN}))
    assert use.first_admin_link(tx) is None


def test_A15_a_link_is_refused_twice_late_for_others_and_for_other_purposes(tx: Tx) -> None:
    ana, bo = create(tx), create(tx, "bo", "bo@mail.example")
    invitation = use.invite(tx, role=Role.MEMBER)
    reset = use.reset_link(tx, account_id=ana)
    with pytest.raises(NotFound):
        use.redeem_reset(tx, secret=invitation, password_hash="new")
    with pytest.raises(NotFound):
        redeem(tx, reset, "cy")
    with pytest.raises(NotFound):
        use.link_for(tx, secret=reset, purposes=frozenset({LinkPurpose.INVITE}))
    with pytest.raises(NotFound):
        redeem(tx, "nothing like it", "cy")
    assert use.redeem_reset(tx, secret=reset, password_hash="new") == ana
    untouched = accounts.by_id(tx, bo)
    assert untouched is not None
    assert untouched.password_hash == "hash"
    with pytest.raises(NotFound):
        use.redeem_reset(tx, secret=reset, password_hash="newer")
    late = use.reset_link(tx, account_id=ana)
    tx.now += use.RESET_MS
    with pytest.raises(NotFound):
        use.redeem_reset(tx, secret=late, password_hash="newer")


def test_A15_a_newer_reset_link_ends_the_older(tx: Tx) -> None:
    ana = create(tx)
    older, newer = use.reset_link(tx, account_id=ana), use.reset_link(tx, account_id=ana)
    with pytest.raises(NotFound):
        use.redeem_reset(tx, secret=older, password_hash="new")
    assert use.redeem_reset(tx, secret=newer, password_hash="new") == ana


@pytest.mark.both
async def test_A16_of_twenty_parallel_uses_of_an_invitation_one_succeeds(
    database: Database,
) -> None:
    secret = await database.write(use.invite, role=Role.GUEST)
    results = await asyncio.gather(
        *(database.write(redeem, secret, f"ana{number}") for number in range(20)),
        return_exceptions=True,
    )
    made = [result for result in results if isinstance(result, int)]
    assert len(made) == 1
    assert sum(isinstance(result, NotFound) for result in results) == 19
    row = await database.read(accounts.by_id, made[0])
    assert row is not None
    assert row.role is Role.GUEST, "the role is the invitation's"


async def test_A16_an_invitation_outlives_a_handle_that_was_taken(database: Database) -> None:
    await database.write(create)
    secret = await database.write(use.invite, role=Role.MEMBER)
    with pytest.raises(Conflict):
        await database.write(redeem, secret, "ana")
    assert await database.write(redeem, secret, "bo")


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ADMIN])
def test_A16_nobody_is_invited_into_power(tx: Tx, role: Role) -> None:
    with pytest.raises(Invalid):
        use.invite(tx, role=role)
    assert use.invite(tx, role=Role.MEMBER)
