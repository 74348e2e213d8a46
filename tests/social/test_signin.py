"""Passwords, browser sessions, attempts, one-use links (security.md A12-A18)."""

import asyncio
from collections.abc import Callable
from statistics import median
from time import process_time

import pytest

from domain.errors import Invalid, TooMany
from domain.kinds import AccountState, LinkPurpose, Role
from social import apps, attempts, passwords, signin
from social.attempts import Attempt, Pace
from social.passwords import Passwords
from social.signin import SignedOut, WrongLogin
from storage.database import Database
from storage.queries import accounts, links
from storage.tx import Tx
from tests.social.oauth import HASH, PASSWORD, new_app, person
from tests.support.factories import add_person

# Sessions.


def test_A18_signing_in_never_takes_a_cookie_over(tx: Tx) -> None:
    account = person(tx)
    planted = signin.begin_session(tx, account_id=account)
    secret = signin.begin_session(tx, account_id=account, old_secret=planted)
    assert secret != planted
    assert signin.open_session(tx, planted) is None
    session = signin.open_session(tx, secret)
    assert session is not None
    assert session.identity.account_id == account
    assert session.csrf not in {secret, ""}


def test_A18_a_session_is_over_after_signing_out(tx: Tx) -> None:
    secret = signin.begin_session(tx, account_id=person(tx))
    assert signin.open_session(tx, secret) is not None
    signin.end_session(tx, secret)
    signin.end_session(tx, secret)
    assert signin.open_session(tx, secret) is None


def test_A18_a_session_ends_with_its_time_its_epoch_and_its_account(tx: Tx) -> None:
    account = person(tx)
    secret = signin.begin_session(tx, account_id=account)
    start = tx.now
    tx.now = start + signin.SESSION_MS - 1
    assert signin.open_session(tx, secret) is not None
    tx.now = start + signin.SESSION_MS
    assert signin.open_session(tx, secret) is None
    tx.now = start
    accounts.grow_epoch(tx, account)
    assert signin.open_session(tx, secret) is None
    again = signin.begin_session(tx, account_id=account)
    accounts.set_state(tx, account, AccountState.DISABLED)
    assert signin.open_session(tx, again) is None
    with pytest.raises(WrongLogin):
        signin.begin_session(tx, account_id=account)


def test_A18_a_session_confirms_until_its_epoch_grows(tx: Tx) -> None:
    account = person(tx)
    session = signin.open_session(tx, signin.begin_session(tx, account_id=account))
    assert session is not None
    signin.confirm(tx, session.identity)
    accounts.grow_epoch(tx, account)
    with pytest.raises(SignedOut):
        signin.confirm(tx, session.identity)


# Signing in.


@pytest.fixture
def hasher() -> Passwords:
    return Passwords(2)


async def test_people_sign_in_by_handle_or_address(database: Database, hasher: Passwords) -> None:
    account = await database.write(person)
    for login in ("ana", "@Ana", "ANA@mail.example", " ana@mail.example "):
        secret = await signin.sign_in(
            database, hasher, login=login, password=PASSWORD, address="192.0.2.1"
        )
        session = await database.read(signin.open_session, secret)
        assert session is not None
        assert session.identity.account_id == account


async def test_A12_unknown_wrong_and_closed_say_the_same(
    database: Database, hasher: Passwords
) -> None:
    def prepare(tx: Tx) -> None:
        person(tx)
        accounts.set_state(tx, person(tx, "closed"), AccountState.DISABLED)
        add_person(tx, "nopassword")

    await database.write(prepare)
    messages = set()
    for login, password in [
        ("nobody", PASSWORD),
        ("nobody@mail.example", PASSWORD),
        ("ana", "wrong password"),
        ("closed", PASSWORD),
        ("nopassword", ""),
        ("nopassword", PASSWORD),
        ("ana", PASSWORD + "x" * 100_000),
        ("", ""),
    ]:
        with pytest.raises(WrongLogin) as refused:
            await signin.sign_in(database, hasher, login=login, password=password, address=None)
        messages.add(refused.value.message)
    assert len(messages) == 1


async def test_A12_an_unknown_name_takes_as_long_as_a_wrong_password(hasher: Passwords) -> None:
    """The same argon2 work is done for both; a coarse bound, since machines are noisy.

    Counted in processor time: what else the machine does meanwhile makes no difference.
    """

    async def took(stored: str | None) -> float:
        start = process_time()
        assert not (await hasher.verify(stored, "wrong password")).fits
        return process_time() - start

    await took(None)
    pairs = [(await took(HASH), await took(None)) for _ in range(7)]
    known, unknown = (median(column) for column in zip(*pairs, strict=True))
    assert 0.4 < unknown / known < 2.5


async def test_A13_the_eleventh_try_is_refused_whatever_the_address(
    database: Database, hasher: Passwords
) -> None:
    await database.write(person)

    async def attempt(number: int, password: str = "wrong password") -> None:
        await signin.sign_in(
            database, hasher, login="Ana", password=password, address=f"192.0.2.{number}"
        )

    for number in range(10):
        with pytest.raises(WrongLogin):
            await attempt(number)
    with pytest.raises(TooMany):
        await attempt(11)
    with pytest.raises(TooMany):
        await attempt(12, PASSWORD)


async def test_A13_a_name_that_nobody_has_is_limited_alike(
    database: Database, hasher: Passwords
) -> None:
    results = await asyncio.gather(
        *(
            signin.sign_in(
                database, hasher, login="nobody", password="x", address=f"192.0.2.{number}"
            )
            for number in range(12)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(result, TooMany) for result in results) == 2
    assert sum(isinstance(result, WrongLogin) for result in results) == 10


async def test_A13_one_address_cannot_try_everybody(
    database: Database, hasher: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "ADDRESS", Pace(3, 600))
    for number in range(3):
        with pytest.raises(WrongLogin):
            await signin.sign_in(
                database, hasher, login=f"n{number}", password="x", address="192.0.2.1"
            )
    with pytest.raises(TooMany):
        await signin.sign_in(database, hasher, login="n4", password="x", address="192.0.2.1")


async def test_A13_a_success_starts_the_name_anew(database: Database, hasher: Passwords) -> None:
    await database.write(person)
    for _ in range(2):
        for _ in range(8):
            with pytest.raises(WrongLogin):
                await signin.sign_in(
                    database, hasher, login="ana", password="x", address="192.0.2.1"
                )
        await signin.sign_in(database, hasher, login="ana", password=PASSWORD, address="192.0.2.9")


def test_A13_attempts_come_back_with_time(tx: Tx) -> None:
    attempt = Attempt("login", "ana", Pace(2, 60))
    attempts.take(tx, [attempt])
    attempts.take(tx, [attempt])
    with pytest.raises(TooMany) as refused:
        attempts.take(tx, [attempt])
    assert refused.value.retry_after == 60
    tx.now += 60_000
    attempts.take(tx, [attempt])
    with pytest.raises(TooMany):
        attempts.take(tx, [attempt])
    assert "ana" not in attempt.subject
    tx.now += 10_000_000
    assert accounts.sweep_attempts(tx) == 1


@pytest.mark.both
async def test_A13_parallel_tries_do_not_slip_through(database: Database) -> None:
    attempt = Attempt("login", "ana", Pace(5, 600))
    results = await asyncio.gather(
        *(database.write(attempts.take, [attempt]) for _ in range(30)), return_exceptions=True
    )
    assert sum(result is None for result in results) == 5


async def test_an_older_hash_is_renewed_at_sign_in(database: Database, hasher: Passwords) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)

    def prepare(tx: Tx) -> int:
        account = person(tx)
        accounts.set_password(tx, account, old)
        return account

    account = await database.write(prepare)
    await signin.sign_in(database, hasher, login="ana", password=PASSWORD, address=None)
    row = await database.read(accounts.by_id, account)
    assert row is not None
    assert row.password_hash != old
    await signin.sign_in(database, hasher, login="ana", password=PASSWORD, address=None)


async def test_a_password_changed_while_it_was_verified_is_refused(database: Database) -> None:
    account = await database.write(person)

    class Slow(Passwords):
        async def verify(self, stored: str | None, password: str) -> passwords.Verdict:
            verdict = await super().verify(stored, password)
            await database.write(accounts.set_password, account, passwords.hash_now("another one"))
            return verdict

    with pytest.raises(WrongLogin):
        await signin.sign_in(database, Slow(1), login="ana", password=PASSWORD, address=None)


# Passwords.


@pytest.mark.parametrize(
    "password", ["short", "x" * 257, "password", "PASSWORD", "aaaaaaaaaa", "ana@mail.example"]
)
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        passwords.check(password, "ana", "ana@mail.example")


def test_a_good_password_is_accepted() -> None:
    assert passwords.check(PASSWORD, "ana") == PASSWORD


async def test_hashes_differ_and_fit_their_own_password_only(hasher: Passwords) -> None:
    one, other = await hasher.hash(PASSWORD), await hasher.hash(PASSWORD)
    assert one != other
    assert one.startswith("$argon2id$")
    assert (await hasher.verify(one, PASSWORD)).fits
    assert not (await hasher.verify(one, PASSWORD + " ")).fits
    assert not (await hasher.verify("not a hash", PASSWORD)).fits


# Links.


def test_A15_a_link_serves_its_own_purpose_once_and_in_time(tx: Tx) -> None:
    def make(hash_: bytes) -> None:
        links.insert_link(
            tx,
            hash_=hash_,
            purpose=LinkPurpose.INVITE,
            role=Role.MEMBER,
            expires_at=tx.now + 1000,
        )

    make(b"one")
    assert links.use(tx, b"one", LinkPurpose.RESET) is None
    assert links.use(tx, b"other", LinkPurpose.INVITE) is None
    assert links.use(tx, b"one", LinkPurpose.INVITE) is not None
    assert links.use(tx, b"one", LinkPurpose.INVITE) is None
    make(b"two")
    tx.now += 1000
    assert links.find(tx, b"two") is None
    assert links.use(tx, b"two", LinkPurpose.INVITE) is None


def test_secrets_of_signing_in_have_no_meaning(tx: Tx) -> None:
    makers: list[Callable[[], str]] = [
        lambda: signin.begin_session(tx, account_id=account),
        lambda: apps.issue(tx, app_id=None, account_id=account, granted="read").token,
        lambda: new_app(tx).client_secret,
    ]
    account = person(tx)
    assert all(len(make()) >= 43 for make in makers)
