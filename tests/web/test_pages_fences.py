"""Fences of every page: headers, forms of other sites, sessions, and addresses of apps."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from social import accounts
from social.passwords import hash_now
from storage.queries import accounts as rows
from tests.support.nodes import Person, RunningNode, running_node
from tests.web.browsing import Browser, Seen, browsing
from web.pages.tables import ROUTES
from web.routes import Access, Route

PASSWORD = "three wet umbrellas"
REGISTERED = "https://app.example/callback?from=hq"
POSTS = [route for route in ROUTES if route.method == "POST"]
GETS = [route for route in ROUTES if route.method == "GET"]
FENCES = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


@pytest.fixture
async def stranger(node: RunningNode) -> AsyncIterator[Browser]:
    """A browser in which nobody is signed in."""
    async with browsing(node) as browser:
        yield browser


@pytest.fixture
async def at_ana(node: RunningNode, ana: Person) -> AsyncIterator[Browser]:
    """Ana's browser; she has a password."""
    await node.db.write(rows.rehash, ana.id, old="", new=hash_now(PASSWORD))
    async with browsing(node, ana) as browser:
        yield browser


async def filled_in(pattern: str, ana: Person) -> str:
    """An address of this pattern at which there is something."""
    post = await ana.say("Something to look at")
    secret = await ana.node.db.write(accounts.first_admin_link)
    about = {"{acct}/{id}": f"ana/{post['id']}", "{acct}": "ana", "{token}": str(secret)}
    about |= {"people/{id}": f"people/{ana.id}", "{id}": post["id"], "{tag}": "bread"}
    for name, value in (about | {"{name}": "style.css"}).items():
        pattern = pattern.replace(name, value)
    return pattern


def check_fences(seen: Seen) -> None:
    """The headers that every page carries (H11)."""
    for name, value in FENCES.items():
        assert seen.headers.getall(name) == [value], name
    (policy,) = seen.headers.getall("Content-Security-Policy")
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy
    assert "script-src" not in rules
    assert seen.page.css("script, style, [style]") == []


@pytest.mark.parametrize("route", GETS, ids=lambda route: route.path)
async def test_H11_every_page_has_its_fences(
    ana: Person, at_ana: Browser, stranger: Browser, route: Route
) -> None:
    path = await filled_in(route.path, ana)
    pages = 0
    for browser in (at_ana, stranger):
        seen = await browser.open(path)
        assert seen.status < 500
        assert seen.headers["X-Content-Type-Options"] == "nosniff"
        if seen.headers.get("Content-Type", "").startswith("text/html"):
            check_fences(seen)
            pages += 1
    files = {"/static/{name}", "/favicon.ico", "/robots.txt"}
    ways = {"/posts/{id}", "/posts"}
    assert pages or route.path in files | ways


@pytest.mark.parametrize("path", ["/nothing", "/@nobody", "/oauth/authorize"])
async def test_H11_pages_that_refuse_have_them_too(stranger: Browser, path: str) -> None:
    seen = await stranger.ask("GET", path, headers={"Accept": "text/html"})
    assert seen.status in {400, 404}
    check_fences(seen)


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
@pytest.mark.parametrize("word", [None, "", "x" * 43])
async def test_CSRF_a_form_without_the_word_changes_nothing(
    ana: Person, at_ana: Browser, route: Route, word: str | None
) -> None:
    path = await filled_in(route.path, ana)
    before = await _state(ana)
    sent = {"text": "forged", "readers": "everyone", "name": "forged", "decision": "allow"}
    seen = await at_ana.ask("POST", path, data=sent if word is None else sent | {"csrf": word})
    assert seen.status == 403
    check_fences(seen)
    assert await _state(ana) == before
    assert (await at_ana.open("/settings")).status == 200


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
async def test_CSRF_a_form_of_another_site_is_refused_even_with_the_word(
    ana: Person, at_ana: Browser, route: Route, headers: dict[str, str]
) -> None:
    path = await filled_in(route.path, ana)
    before = await _state(ana)
    csrf = (await at_ana.open("/settings")).form("/settings")["csrf"]
    sent = {"csrf": csrf, "text": "forged", "readers": "everyone", "name": "forged"}
    seen = await at_ana.ask("POST", path, data=sent, headers=headers)
    assert seen.status == 403
    assert await _state(ana) == before


async def test_CSRF_our_own_form_is_taken(ana: Person, at_ana: Browser, node: RunningNode) -> None:
    csrf = (await at_ana.open("/")).form("/posts")["csrf"]
    sent = {"csrf": csrf, "text": "really meant", "readers": "everyone"}
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": node.origin}
    assert (await at_ana.ask("POST", "/posts", data=sent, headers=headers)).to == "/"
    assert "really meant" in (await ana.home())[0]["content"]


async def test_CSRF_signing_in_needs_a_form_of_ours(at_ana: Browser, stranger: Browser) -> None:
    sent = {"login": "ana", "password": PASSWORD}
    for word in ({}, {"csrf": "x" * 43}):
        assert (await stranger.ask("POST", "/sign-in", data=sent | word)).status == 403
    form = (await at_ana.open("/sign-in")).form("/sign-in")
    await stranger.open("/sign-in")
    theirs = sent | {"csrf": form["csrf"]}
    assert (await stranger.ask("POST", "/sign-in", data=theirs)).status == 403
    assert (await stranger.submit("/sign-in", **sent)).to == "/"


async def _state(person: Person) -> object:
    mine = await person.get("/api/v1/accounts/verify_credentials")
    wrote = await person.get(f"/api/v1/accounts/{person.id}/statuses")
    return mine, [(post["id"], post["favourites_count"], post["content"]) for post in wrote]


# Signing in.


async def test_A12_nobody_and_a_wrong_password_look_alike(
    at_ana: Browser, stranger: Browser, node: RunningNode, bo: Person
) -> None:
    await node.db.write(rows.rehash, bo.id, old="", new=hash_now(PASSWORD))
    await node.db.write(accounts.disable, account_id=bo.id)
    answers = []
    for login in ("ana", "nobody", "ana@mail.example", "x@mail.example", "bo"):
        await stranger.open("/sign-in")
        right = PASSWORD if login == "bo" else "another password"
        seen = await stranger.submit("/sign-in", login=login, password=right)
        assert seen.form("/sign-in")["login"] == login
        assert right not in seen.source
        _, headers, source = seen.compared()
        headers.pop("Content-Length")
        answers.append((seen.status, headers, source.replace(f'value="{login}"', "")))
    assert answers.count(answers[0]) == len(answers)
    assert answers[0][0] == 422
    await stranger.open("/sign-in")
    assert (await stranger.submit("/sign-in", login="@ANA", password=PASSWORD)).to == "/"


async def test_A18_a_session_is_made_anew_at_every_sign_in(
    at_ana: Browser, stranger: Browser
) -> None:
    stranger.hold(session="planted-by-somebody")
    seen = []
    for _ in range(2):
        await stranger.open("/sign-in")
        assert (await stranger.submit("/sign-in", login="ana", password=PASSWORD)).to == "/"
        seen.append(stranger.cookies()["session"])
    assert len({"planted-by-somebody", *seen}) == 3
    assert (await stranger.open("/settings")).status == 200
    stranger.hold(session=seen[0])
    assert (await stranger.open("/settings")).to.startswith("/sign-in")


async def test_A18_a_copied_cookie_is_dead_after_signing_out(
    at_ana: Browser, stranger: Browser, node: RunningNode, ana: Person
) -> None:
    stranger.hold(**at_ana.cookies())
    assert (await stranger.open("/settings")).status == 200
    async with browsing(node, ana) as elsewhere:
        await at_ana.open("/")
        assert (await at_ana.submit("/sign-out")).to == "/"
        assert "session" not in at_ana.cookies()
        assert (await stranger.open("/settings")).to.startswith("/sign-in")
        assert (await elsewhere.open("/settings")).status == 200


async def test_A18_a_closed_account_has_no_pages(
    at_ana: Browser, node: RunningNode, ana: Person
) -> None:
    assert (await at_ana.open("/settings")).status == 200
    await node.db.write(accounts.disable, account_id=ana.id)
    assert (await at_ana.open("/settings")).to.startswith("/sign-in")


async def test_A18_cookies_are_bound_to_this_host_over_https(
    new_database_url: Callable[[], str], tmp_path: Path
) -> None:
    more = {"origin": "https://hq.example", "allow_private_networks": ""}
    async with running_node(new_database_url(), tmp_path / "hq", **more) as node:
        ana = await node.person("ana")
        await node.db.write(rows.rehash, ana.id, old="", new=hash_now(PASSWORD))
        async with browsing(node) as browser:
            form = await browser.open("/sign-in")
            (given,) = form.headers.getall("Set-Cookie")
            csrf = form.form("/sign-in")["csrf"]
            seen = await browser.ask(
                "POST",
                "/sign-in",
                data={"login": "ana", "password": PASSWORD, "csrf": csrf},
                headers={"Cookie": given.partition(";")[0], "Origin": "https://hq.example"},
            )
    made = next(set_ for set_ in seen.headers.getall("Set-Cookie") if "-session=" in set_)
    for cookie, name in ((given, "__Host-form="), (made, "__Host-session=")):
        assert cookie.startswith(name)
        flags = set(cookie.split("; ")[1:])
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= flags
        assert not any(flag.startswith("Domain") for flag in flags)


# Where an app's code goes.

NOT_REGISTERED = [
    "https://app.example/callback",
    "https://app.example/callback?from=hq&x=1",
    "https://app.example/callback/more?from=hq",
    "https://app.example/callback?from=hq#x",
    "https://app.example.evil.example/callback?from=hq",
    "https://sub.app.example/callback?from=hq",
    "https://app.example@evil.example/callback?from=hq",
    "https://ana@app.example/callback?from=hq",
    "https://app.example:444/callback?from=hq",
    "http://app.example/callback?from=hq",
    "https://APP.example/callback?from=hq",
    "https://app.example/Callback?from=hq",
    "https://app.example/x/../callback?from=hq",
    "https://evil.example/",
    "urn:ietf:wg:oauth:2.0:oob",
    "javascript:alert(1)",
    "/",
    "",
]


async def _asked(node: RunningNode, redirect_uri: str, **more: str) -> dict[str, str]:
    app = {"client_name": "Notes", "redirect_uris": REGISTERED, "scopes": "read"}
    made = (await node.ask("POST", "/api/v1/apps", json=app)).json
    asked = {"response_type": "code", "client_id": made["client_id"], "scope": "read"}
    return asked | {"redirect_uri": redirect_uri, "state": "the state"} | more


@pytest.mark.parametrize("address", NOT_REGISTERED)
async def test_A01_any_other_address_is_a_page_and_no_redirect(
    node: RunningNode, at_ana: Browser, stranger: Browser, address: str
) -> None:
    asked = await _asked(node, address)
    csrf = (await at_ana.open("/settings")).form("/settings")["csrf"]
    agreed = asked | {"csrf": csrf, "decision": "allow"}
    for seen in (
        await at_ana.ask("GET", "/oauth/authorize", params=asked),
        await stranger.ask("GET", "/oauth/authorize", params=asked),
        await at_ana.ask("POST", "/oauth/authorize", data=agreed),
        await at_ana.ask("POST", "/oauth/authorize", data=agreed | {"decision": "deny"}),
    ):
        assert (seen.status, seen.to) == (400, "")
        assert "not one of this app" in seen.text
        assert not seen.page.css("a[href*=evil]")


@pytest.mark.parametrize(
    "wrong", [{"client_id": "x"}, {"response_type": "token"}, {"scope": "write"}]
)
async def test_A01_nothing_else_that_is_wrong_redirects(
    node: RunningNode, at_ana: Browser, wrong: dict[str, str]
) -> None:
    asked = await _asked(node, REGISTERED, **wrong)
    seen = await at_ana.ask("GET", "/oauth/authorize", params=asked)
    assert (seen.status, seen.to) == (400, "")


async def test_A01_the_registered_address_gets_the_answer(
    node: RunningNode, at_ana: Browser
) -> None:
    asked = await _asked(node, REGISTERED)
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items())
    seen = await at_ana.open(f"/oauth/authorize?{query}")
    policy = seen.headers["Content-Security-Policy"]
    assert "form-action 'self' https://app.example;" in policy
    denied = await at_ana.submit("/oauth/authorize", decision="deny")
    assert denied.to == f"{REGISTERED}&error=access_denied&state=the+state"
    allowed = await at_ana.submit("/oauth/authorize", decision="allow")
    assert allowed.status == 303
    assert allowed.to.startswith(f"{REGISTERED}&code=")
    assert allowed.to.endswith("&state=the+state")
    assert {route.access for route in ROUTES} == {Access.BROWSER, Access.SIGNED_IN}
