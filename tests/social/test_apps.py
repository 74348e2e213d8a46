"""Client programs: registration, codes with PKCE, tokens, revocation (security.md A01-A20)."""

import asyncio

import pytest

from domain.errors import Invalid, TooMany
from domain.kinds import AccountState
from social import apps, scopes, signin
from social.apps import OAuthProblem
from storage.database import Database
from storage.queries import accounts
from storage.tx import Tx
from tests.social.oauth import CHALLENGE, URI, Clock, grant, new_app, person, redeem, wish

# Apps and redirect addresses.


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/callback",
        "http://127.0.0.1:8090/",
        "http://localhost:3000/cb",
        "http://phone.localhost/cb",
        "urn:ietf:wg:oauth:2.0:oob",
        "tuba://auth_code",
        "icecubesapp://",
        "oauth2redirect://com.keylesspalace.tusky/",
        "https://elk.example/api/hq/oauth/https%3A%2F%2Felk.example",
    ],
)
def test_A20_the_redirects_of_real_clients_are_registered(tx: Tx, uri: str) -> None:
    assert new_app(tx, uri).app.redirect_uris == uri


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example/1",
        "http://app.example/cb",
        "http://127.0.0.1.evil.example/",
        "https://user@app.example/",
        "https://app.example/#fragment",
        "https:///nohost",
        "https://app.example\\@evil.example/",
        "https://app.example/\x7f",
        "/relative",
        "app.example/cb",
        "",
        "x:" + "a" * 2000,
        " ".join(f"https://app.example/{i}" for i in range(11)),
    ],
)
def test_A20_a_redirect_that_runs_or_leads_astray_is_refused(tx: Tx, uri: str) -> None:
    with pytest.raises(Invalid):
        new_app(tx, uri)


@pytest.mark.parametrize("name", ["", "   ", "a" * 101, "Elk\x00", "Elk\n", "Elk\u202etxt"])
def test_A20_an_app_name_that_misleads_is_refused(tx: Tx, name: str) -> None:
    with pytest.raises(Invalid):
        apps.insert_app(tx, name=name, redirect_uris=URI, wanted="read")


def test_A20_a_name_is_kept_as_it_came_and_a_website_only_if_it_is_one(tx: Tx) -> None:
    name = "<script>alert(1)</script> & Söhne"
    made = apps.insert_app(
        tx, name=name, redirect_uris=URI, wanted="read", website="javascript:alert(1)"
    ).app
    assert (made.name, made.website) == (name, None)
    good = apps.insert_app(
        tx, name="Elk", redirect_uris=URI, wanted="", website="https://elk.example"
    ).app
    assert (good.website, good.scopes) == ("https://elk.example/", "read")


async def test_A20_ten_thousand_apps_are_refused_after_the_fifth(database: Database) -> None:
    async def register(address: str | None) -> None:
        await apps.register_app(
            database,
            name="Elk",
            redirect_uris=URI,
            wanted="read",
            website=None,
            address=address,
        )

    for _ in range(5):
        await register("192.0.2.1")
    with pytest.raises(TooMany) as refused:
        await register("192.0.2.1")
    assert 0 < (refused.value.retry_after or 0) <= 120
    await register("192.0.2.2")
    await register(None)


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/callback/",
        "https://app.example/callback?x=1",
        "https://app.example/callback#x",
        "https://app.example/Callback",
        "https://APP.example/callback",
        "https://app.example:443/callback",
        "http://app.example/callback",
        "https://sub.app.example/callback",
        "https://app.example.evil.example/callback",
        "https://user@app.example/callback",
        "https://evil.example/",
        "",
        URI + "\n" + URI,
    ],
)
def test_A01_a_redirect_other_than_the_registered_is_refused(tx: Tx, uri: str) -> None:
    app = new_app(tx)
    with pytest.raises(OAuthProblem) as refused:
        wish(tx, app, redirect_uri=uri)
    assert refused.value.error == "invalid_request"


def test_A01_each_registered_redirect_is_accepted(tx: Tx) -> None:
    app = new_app(tx, f"{URI}\ntuba://auth_code")
    assert wish(tx, app).redirect_uri == URI
    assert wish(tx, app, redirect_uri="tuba://auth_code").redirect_uri == "tuba://auth_code"


def test_an_unknown_app_and_another_response_type_are_refused(tx: Tx) -> None:
    app = new_app(tx)
    with pytest.raises(OAuthProblem, match="not known"):
        wish(tx, app, client_id="nobody")
    with pytest.raises(OAuthProblem) as refused:
        wish(tx, app, response_type="token")
    assert refused.value.error == "unsupported_response_type"


@pytest.mark.parametrize(
    ("uri", "answer"),
    [
        (URI, f"{URI}?code=1&state=s+t"),
        (f"{URI}?a=b", f"{URI}?a=b&code=1&state=s+t"),
        ("icecubesapp://", "icecubesapp://?code=1&state=s+t"),
    ],
)
def test_the_answer_is_added_to_whatever_the_address_has(uri: str, answer: str) -> None:
    assert apps.answer_to(uri, code="1", state="s t", error=None) == answer


# Codes and PKCE.


@pytest.mark.parametrize(
    ("challenge", "method"),
    [
        (CHALLENGE, "plain"),
        (CHALLENGE, None),
        (None, "S256"),
        (CHALLENGE[:-1], "S256"),
        (CHALLENGE + "=", "S256"),
        ("", "S256"),
    ],
)
def test_A02_pkce_other_than_s256_is_refused(
    tx: Tx, challenge: str | None, method: str | None
) -> None:
    with pytest.raises(OAuthProblem):
        wish(tx, new_app(tx), challenge=challenge, challenge_method=method)


@pytest.mark.parametrize(
    ("challenge", "changed", "fits"),
    [
        (CHALLENGE, {}, True),
        (CHALLENGE, {"client_secret": None}, True),
        (None, {"verifier": None}, True),
        (CHALLENGE, {"verifier": None}, False),  # removed on the way
        (CHALLENGE, {"verifier": "x" * 43}, False),
        (CHALLENGE, {"verifier": CHALLENGE}, False),  # as if it were "plain"
        (None, {}, False),  # stripped from the authorization request
        (None, {"client_secret": None, "verifier": None}, False),  # a public client without PKCE
    ],
)
async def test_A02_a_code_needs_its_verifier(
    database: Database, challenge: str | None, changed: dict[str, str | None], fits: bool
) -> None:
    def prepare(tx: Tx) -> tuple[apps.NewApp, str]:
        app = new_app(tx)
        method = "S256" if challenge else None
        account = person(tx)
        return app, grant(tx, app, account, challenge=challenge, challenge_method=method)

    app, code = await database.write(prepare)
    if fits:
        assert (await redeem(database, app, code, **changed)).token
        return
    with pytest.raises(OAuthProblem) as refused:
        await redeem(database, app, code, **changed)
    assert refused.value.error == "invalid_grant"


async def test_A03_a_code_used_again_is_refused_and_ends_its_tokens(database: Database) -> None:
    def prepare(tx: Tx) -> tuple[apps.NewApp, str, int]:
        app, account = new_app(tx), person(tx)
        return app, grant(tx, app, account), account

    app, code, account = await database.write(prepare)
    issued = await redeem(database, app, code)
    before = await database.read(signin.identify, issued.token)
    assert before is not None
    assert before.account_id == account
    with pytest.raises(OAuthProblem):
        await redeem(database, app, code)
    assert await database.read(signin.identify, issued.token) is None
    after = await database.read(accounts.by_id, account)
    assert after is not None
    assert after.epoch > before.epoch


async def test_A03_a_code_of_another_client_or_redirect_is_refused(database: Database) -> None:
    def prepare(tx: Tx) -> tuple[apps.NewApp, apps.NewApp, list[str]]:
        app, other, account = new_app(tx), new_app(tx), person(tx)
        return app, other, [grant(tx, app, account) for _ in range(5)]

    app, other, codes = await database.write(prepare)
    with pytest.raises(OAuthProblem):
        await redeem(database, other, codes[0])
    with pytest.raises(OAuthProblem):
        await redeem(database, app, codes[1], redirect_uri="https://app.example/other")
    with pytest.raises(OAuthProblem) as refused:
        await redeem(database, app, codes[2], client_secret="wrong")
    assert refused.value.error == "invalid_client"
    with pytest.raises(OAuthProblem):
        await redeem(database, app, "no such code")
    assert (await redeem(database, app, codes[3])).scopes == "read write"


@pytest.mark.parametrize(("age", "fits"), [(59_000, True), (60_000, False), (61_000, False)])
async def test_A03_a_code_is_good_for_a_minute(database_url: str, age: int, fits: bool) -> None:
    clock = Clock()
    database = await Database.open(database_url, clock=clock)
    try:

        def prepare(tx: Tx) -> tuple[apps.NewApp, str]:
            app, account = new_app(tx), person(tx)
            return app, grant(tx, app, account)

        app, code = await database.write(prepare)
        clock.now += age
        if fits:
            assert (await redeem(database, app, code)).token
        else:
            with pytest.raises(OAuthProblem):
                await redeem(database, app, code)
    finally:
        await database.close(timeout=5)


@pytest.mark.both
async def test_A03_of_twenty_parallel_redemptions_one_succeeds(database: Database) -> None:
    def prepare(tx: Tx) -> tuple[apps.NewApp, str]:
        app, account = new_app(tx), person(tx)
        return app, grant(tx, app, account)

    app, code = await database.write(prepare)
    results = await asyncio.gather(
        *(redeem(database, app, code) for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, apps.Issued) for result in results) == 1
    assert sum(isinstance(result, OAuthProblem) for result in results) == 19


async def test_A03_a_code_of_a_closed_account_is_refused(database: Database) -> None:
    def prepare(tx: Tx) -> tuple[apps.NewApp, str]:
        app, account = new_app(tx), person(tx)
        code = grant(tx, app, account)
        accounts.set_state(tx, account, AccountState.DISABLED)
        return app, code

    app, code = await database.write(prepare)
    with pytest.raises(OAuthProblem):
        await redeem(database, app, code)


# Scopes.


@pytest.mark.parametrize(
    ("granted", "needed", "allowed"),
    [
        ("read", "read:statuses", True),
        ("read write", "write:media", True),
        ("follow", "write:follows", True),
        ("follow", "read:mutes", True),
        ("read:accounts", "profile", True),
        ("read", "profile", True),
        ("push", "push", True),
        ("read", "write:statuses", False),
        ("read:statuses", "read:accounts", False),
        ("read:statuses", "read", False),
        ("follow", "write:statuses", False),
        ("follow", "read:statuses", False),
        ("write", "push", False),
        ("profile", "read:accounts", False),
        ("", "read", False),
        ("reader", "read", False),
    ],
)
def test_A04_scopes_cover_their_own_part_and_nothing_else(
    granted: str, needed: str, allowed: bool
) -> None:
    assert scopes.covers(granted, needed) is allowed


def test_A04_an_app_gets_no_more_than_it_registered_for(tx: Tx) -> None:
    app = new_app(tx, wanted="read")
    with pytest.raises(OAuthProblem) as refused:
        wish(tx, app, wanted="read write")
    assert refused.value.error == "invalid_scope"
    with pytest.raises(OAuthProblem):
        wish(tx, app, wanted="admin:write")
    assert wish(tx, app, wanted="read:statuses read:accounts").scopes == (
        "read:statuses read:accounts"
    )


def test_every_scope_that_clients_ask_for_is_granted(tx: Tx) -> None:
    assert new_app(tx).app.scopes == "read write follow push"
    assert scopes.parse("read write admin:read read") == ["read", "write"]
