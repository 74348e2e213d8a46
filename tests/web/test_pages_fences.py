"""Fences of every page: headers, and forms that another site sends."""

from collections.abc import AsyncIterator

import pytest

from social import accounts
from social.passwords import hash_now
from storage.queries import accounts as rows
from tests.support.nodes import Person, RunningNode
from tests.web.visitor import Shown, Visitor, browsing
from web.pages.tables import ROUTES
from web.routes import Route

PASSWORD = "three wet umbrellas"
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
async def at_ana(node: RunningNode, ana: Person) -> AsyncIterator[Visitor]:
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
    about |= {"{date}": "2026-11-22"}
    for name, value in (about | {"{name}": "style.css"}).items():
        pattern = pattern.replace(name, value)
    return pattern


def check_fences(seen: Shown) -> None:
    """The headers that every page carries (H11)."""
    for name, value in FENCES.items():
        assert seen.headers.getall(name) == [value], name
    (policy,) = seen.headers.getall("Content-Security-Policy")
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in policy
    assert "script-src" not in rules
    assert seen.tree.css("script, style, [style]") == []


@pytest.mark.parametrize("route", GETS, ids=lambda route: route.path)
async def test_H11_every_page_has_its_fences(
    ana: Person, at_ana: Visitor, stranger: Visitor, route: Route
) -> None:
    path = await filled_in(route.path, ana)
    pages = 0
    for browser in (at_ana, stranger):
        seen = await browser.get(path)
        assert seen.status < 500
        assert seen.headers["X-Content-Type-Options"] == "nosniff"
        if seen.headers.get("Content-Type", "").startswith("text/html"):
            check_fences(seen)
            pages += 1
    files = {"/static/{name}", "/favicon.ico", "/robots.txt"}
    ways = {"/posts/{id}", "/posts"}
    assert pages or route.path in files | ways


@pytest.mark.parametrize("path", ["/nothing", "/@nobody", "/oauth/authorize"])
async def test_H11_pages_that_refuse_have_them_too(stranger: Visitor, path: str) -> None:
    seen = await stranger.ask("GET", path, headers={"Accept": "text/html"})
    assert seen.status in {400, 404}
    check_fences(seen)


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
@pytest.mark.parametrize("word", [None, "", "x" * 43])
async def test_CSRF_a_form_without_the_word_changes_nothing(
    ana: Person, at_ana: Visitor, route: Route, word: str | None
) -> None:
    path = await filled_in(route.path, ana)
    before = await _state(ana)
    sent = {"text": "forged", "readers": "everyone", "name": "forged", "decision": "allow"}
    seen = await at_ana.ask("POST", path, data=sent if word is None else sent | {"csrf": word})
    assert seen.status == 403
    check_fences(seen)
    assert await _state(ana) == before
    assert (await at_ana.get("/settings")).status == 200


@pytest.mark.parametrize("route", POSTS, ids=lambda route: route.path)
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}]
)
async def test_CSRF_a_form_of_another_site_is_refused_even_with_the_word(
    ana: Person, at_ana: Visitor, route: Route, headers: dict[str, str]
) -> None:
    path = await filled_in(route.path, ana)
    before = await _state(ana)
    csrf = (await at_ana.get("/settings")).fields("/settings")["csrf"]
    sent = {"csrf": csrf, "text": "forged", "readers": "everyone", "name": "forged"}
    seen = await at_ana.ask("POST", path, data=sent, headers=headers)
    assert seen.status == 403
    assert await _state(ana) == before


async def test_CSRF_our_own_form_is_taken(ana: Person, at_ana: Visitor, node: RunningNode) -> None:
    csrf = (await at_ana.get("/")).fields("/posts")["csrf"]
    sent = {"csrf": csrf, "text": "really meant", "readers": "everyone"}
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": node.origin}
    assert (await at_ana.ask("POST", "/posts", data=sent, headers=headers)).location == "/"
    assert "really meant" in (await ana.home())[0]["content"]


async def test_CSRF_signing_in_needs_a_form_of_ours(at_ana: Visitor, stranger: Visitor) -> None:
    sent = {"login": "ana", "password": PASSWORD}
    for word in ({}, {"csrf": "x" * 43}):
        assert (await stranger.ask("POST", "/sign-in", data=sent | word)).status == 403
    form = (await at_ana.get("/sign-in")).fields("/sign-in")
    await stranger.get("/sign-in")
    theirs = sent | {"csrf": form["csrf"]}
    assert (await stranger.ask("POST", "/sign-in", data=theirs)).status == 403
    assert (await stranger.send("/sign-in", **sent)).location == "/"


async def _state(person: Person) -> object:
    mine = await person.get("/api/v1/accounts/verify_credentials")
    wrote = await person.get(f"/api/v1/accounts/{person.id}/statuses")
    return mine, [(post["id"], post["favourites_count"], post["content"]) for post in wrote]


async def test_A18_a_closed_account_has_no_pages(
    at_ana: Visitor, node: RunningNode, ana: Person
) -> None:
    assert (await at_ana.get("/settings")).status == 200
    await node.db.write(accounts.disable, node=node.node, account_id=ana.id)
    assert (await at_ana.get("/settings")).location.startswith("/sign-in")
