"""Signing in and out in a browser: what must be refused, and that the right way works."""

from collections.abc import Callable

import pytest

from social import accounts
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.web.visitor import PASSWORD, Shown, Visitor, Visitors, new_session, with_password
from web.pages.paths import own_path


@pytest.fixture
async def cleo(node: RunningNode) -> Person:
    """Somebody with a password."""
    return await with_password(node, "cleo")


async def is_in(visitor: Visitor) -> bool:
    return (await visitor.get("/settings")).status == 200


async def test_signing_in_by_name_or_address_and_out(visitors: Visitors, cleo: Person) -> None:
    for login in ("cleo", "@Cleo", "cleo@mail.example", " CLEO@mail.example "):
        visitor = visitors.stranger()
        assert not await is_in(visitor)
        entered = await visitor.sign_in(login)
        assert (entered.status, entered.location) == (303, "/"), entered.text
        assert await is_in(visitor)
    home = await visitor.get("/")
    left = await visitor.submit(home, "/sign-out")
    assert (left.status, left.location) == (303, "/")
    assert not await is_in(visitor)


async def test_a_page_for_members_leads_through_the_form_and_back(
    visitors: Visitors, cleo: Person
) -> None:
    visitor = visitors.stranger()
    asked = await visitor.get("/search?q=knots&x=a%26b")
    assert asked.status == 302
    form = await visitor.follow(asked)
    entered = await visitor.submit(form, "/sign-in", login="cleo", password=PASSWORD)
    assert entered.location == "/search?q=knots&x=a%26b"


OUTSIDE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/ /evil.example",
    "https://evil.example/",
    "HTTPS:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " /settings",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "/\u3002evil",
    "/x\r\nSet-Cookie: a=b",
    "/x\\..\\y",
    "/" + "a" * 5000,
]


@pytest.mark.parametrize("target", OUTSIDE)
def test_H08_next_outside_is_refused(target: str) -> None:
    assert own_path(target) == "/"


@pytest.mark.parametrize(
    "target", ["/", "/settings", "/search?q=%2F%2Fx", "/@ana/1#p1", "/a?b=//c"]
)
def test_H08_next_inside_is_kept(target: str) -> None:
    assert own_path(target) == target


async def test_H08_the_form_leads_nowhere_else(visitors: Visitors, cleo: Person) -> None:
    for target in ("//evil.example", "/\\evil.example", "https://evil.example/"):
        visitor = visitors.stranger()
        page = await visitor.ask("GET", "/sign-in", params={"next": target})
        assert page.fields("/sign-in")["next"] == "/"
        entered = await visitor.submit(
            page, "/sign-in", next=target, login="cleo", password=PASSWORD
        )
        assert (entered.status, entered.location) == (303, "/")


async def test_H08_not_found_pages_repeat_nothing(visitors: Visitors) -> None:
    visitor = visitors.stranger()
    for path in ("/%3Cscript%3Ealert(1)%3C/script%3E", "/%7B%7B7*7%7D%7D", "/@%3Cb%3Ex"):
        shown = await visitor.get(path, Accept="text/html")
        assert shown.status == 404
        assert "alert(1)" not in shown.html
        assert "7*7" not in shown.html
        assert "49" not in shown.text


def without(shown: Shown, *words: str) -> str:
    """The page without what the person typed and without this browser's own word."""
    html = shown.html.replace(shown.fields("/sign-in")["csrf"], "")
    for word in words:
        html = html.replace(f'value="{word}"', 'value=""')
    return html


async def test_A12_unknown_wrong_and_closed_look_the_same(
    node: RunningNode, visitors: Visitors, cleo: Person
) -> None:
    closed = await with_password(node, "dora")
    await node.db.write(accounts.disable, node=node.node, account_id=closed.id)
    tries = {"cleo": "not it", "nobody": PASSWORD, "dora": PASSWORD, "x@y.example": PASSWORD}
    answers = {
        (shown.status, without(shown, login))
        for login, password in tries.items()
        for shown in [await visitors.stranger().sign_in(login, password)]
    }
    assert len(answers) == 1
    assert next(iter(answers))[0] == 422
    assert (await visitors.stranger().sign_in("cleo")).status == 303


async def test_the_name_stays_in_the_form_and_the_password_does_not(
    visitors: Visitors, cleo: Person
) -> None:
    shown = await visitors.stranger().sign_in("cleo", "wrong words here")
    assert shown.fields("/sign-in")["login"] == "cleo"
    assert "wrong words here" not in shown.html


async def test_A18_a_form_without_this_browsers_word_is_refused(
    visitors: Visitors, cleo: Person
) -> None:
    visitor = visitors.stranger()
    right = {"login": "cleo", "password": PASSWORD, "next": "/"}
    assert (await visitor.post("/sign-in", **right)).status == 403
    await visitor.get("/sign-in")
    assert (await visitor.post("/sign-in", **right)).status == 403
    assert (await visitor.post("/sign-in", **right, csrf="x" * 43)).status == 403
    other = await visitors.stranger().get("/sign-in")
    word = other.fields("/sign-in")["csrf"]
    assert (await visitor.post("/sign-in", **right, csrf=word)).status == 403
    visitor.cookies["form"] = ""
    assert (await visitor.post("/sign-in", **right, csrf="")).status == 403
    assert (await visitor.sign_in("cleo")).status == 303


async def test_A18_another_site_cannot_send_the_form(visitors: Visitors, cleo: Person) -> None:
    visitor = visitors.stranger()
    page = await visitor.get("/sign-in")
    data = {**page.fields("/sign-in"), "login": "cleo", "password": PASSWORD}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = await visitor.ask("POST", "/sign-in", data=data, headers=headers)
        assert refused.status == 403
        assert visitor.session_cookie is None
    assert (await visitor.ask("POST", "/sign-in", data=data)).status == 303


async def test_A18_the_session_is_made_anew_and_dies_at_sign_out(
    visitors: Visitors, cleo: Person
) -> None:
    visitor = visitors.stranger()
    visitor.cookies["session"] = planted = "p" * 43
    await visitor.sign_in("cleo")
    first = visitor.session_cookie
    assert first not in {None, planted}
    again = await visitor.get("/sign-in")
    await visitor.submit(again, "/sign-in", login="cleo", password=PASSWORD)
    second = visitor.session_cookie
    assert second not in {None, first, planted}
    thief = visitors.stranger()
    for stolen in (planted, first):
        thief.cookies["session"] = stolen or ""
        assert not await is_in(thief)
    thief.cookies["session"] = second or ""
    assert await is_in(thief)
    await visitor.submit(await visitor.get("/"), "/sign-out")
    assert not await is_in(thief)


async def test_A18_sign_out_needs_the_sessions_word(visitors: Visitors, cleo: Person) -> None:
    visitor = visitors.stranger()
    await visitor.sign_in("cleo")
    assert (await visitor.post("/sign-out")).status == 403
    assert (await visitor.post("/sign-out", csrf="x" * 43)).status == 403
    assert (await visitor.get("/sign-out")).status == 405
    assert await is_in(visitor)


async def test_A18_two_sign_outs_at_once_both_end_well(visitors: Visitors, cleo: Person) -> None:
    visitor = visitors.stranger()
    await visitor.sign_in("cleo")
    home = await visitor.get("/")
    cookies = dict(visitor.cookies)
    assert (await visitor.submit(home, "/sign-out")).status == 303
    visitor.cookies = cookies
    assert (await visitor.submit(home, "/sign-out")).status == 303
    assert not await is_in(visitor)


async def test_A18_cookie_flags_without_https(visitors: Visitors, cleo: Person) -> None:
    visitor = visitors.stranger()
    page = await visitor.get("/sign-in")
    entered = await visitor.submit(page, "/sign-in", login="cleo", password=PASSWORD)
    for line in [*page.cookies, *entered.cookies]:
        assert "HttpOnly" in line
        assert "SameSite=Lax" in line
        assert "Path=/" in line
        assert "Domain" not in line


async def test_A18_cookie_flags_with_https(new_database_url: Callable[[], str]) -> None:
    url = new_database_url()
    folder = folder_beside(url) / "hq"
    async with (
        running_node(url, folder, origin="https://hq.localhost") as node,
        new_session() as session,
    ):
        await with_password(node, "cleo")
        visitor = Visitors(node, session).stranger()
        page = await visitor.get("/sign-in")
        entered = await visitor.submit(page, "/sign-in", login="cleo", password=PASSWORD)
        assert entered.status == 303
        lines = [*page.cookies, *entered.cookies]
        assert {line.partition("=")[0] for line in lines} == {"__Host-form", "__Host-session"}
        for line in lines:
            assert "Secure" in line
            assert "HttpOnly" in line
            assert "SameSite=Lax" in line
            assert "Path=/" in line
            assert "Domain" not in line
        assert await is_in(visitor)
        visitor.cookies["session"] = visitor.cookies.pop("__Host-session")
        assert not await is_in(visitor)


async def test_A13_too_many_tries_are_stopped_before_they_are_looked_at(
    new_database_url: Callable[[], str],
) -> None:
    url = new_database_url()
    folder = folder_beside(url) / "hq"
    async with running_node(url, folder, rate_limits="on") as node, new_session() as session:
        await with_password(node, "cleo")
        visitor = Visitors(node, session).stranger()
        page = await visitor.get("/sign-in")
        data = {**page.fields("/sign-in"), "login": "cleo", "password": "not it"}
        statuses = [
            (await visitor.ask("POST", "/sign-in", data=data, headers=forged)).status
            for number in range(10)
            for forged in [{"X-Forwarded-For": f"192.0.2.{number}"}]
        ]
        assert set(statuses) == {422}
        stopped = await visitor.submit(page, "/sign-in", login="cleo", password=PASSWORD)
        assert stopped.status == 429
        assert int(stopped.headers["Retry-After"]) > 0
        assert stopped.fields("/sign-in")["login"] == "cleo"


async def test_a_form_sent_after_the_session_ended_keeps_the_text(
    visitors: Visitors, cleo: Person
) -> None:
    visitor = visitors.stranger()
    await visitor.sign_in("cleo")
    home = await visitor.get("/")
    visitor.cookies.clear()
    shown = await visitor.submit(home, "/posts", text="Words that took an hour <b>")
    assert shown.status == 403
    kept = shown.tree.css_first("#kept")
    assert kept is not None
    assert kept.text() == "Words that took an hour <b>"
