"""Every page: shown to whom it is for, and not there for anybody else."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from domain.kinds import Role
from social import accounts
from tests.social.oauth import CHALLENGE
from tests.support.nodes import Person, RunningNode, running_node
from tests.web.browsing import Browser, Seen, browsing

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
SIGNED_IN = ("/search", "/notifications", "/follow-requests", "/settings", "/tags/bread", "/posts")


@pytest.fixture
async def stranger(node: RunningNode) -> AsyncIterator[Browser]:
    """A browser in which nobody is signed in."""
    async with browsing(node) as browser:
        yield browser


@pytest.fixture
async def at_ana(node: RunningNode, ana: Person) -> AsyncIterator[Browser]:
    """Ana's browser."""
    async with browsing(node, ana) as browser:
        yield browser


async def shown(browser: Browser, path: str) -> Seen:
    seen = await browser.open(path)
    assert (seen.status, seen.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert seen.page.css_first("h1") is not None
    return seen


async def post_path(person: Person, text: str, **more: str) -> str:
    status = await person.say(text, **more)
    return f"/@{person.handle}/{status['id']}"


async def test_the_front_page_tells_a_stranger_what_this_is(stranger: Browser) -> None:
    seen = await shown(stranger, "/")
    assert "Any app for Mastodon" in seen.text
    assert seen.page.css_first("input[type=password]") is not None


async def test_about_and_sign_in_are_for_everybody(stranger: Browser, at_ana: Browser) -> None:
    for browser in (stranger, at_ana):
        assert "rankings" in (await shown(browser, "/about")).text
        assert "Password" in (await shown(browser, "/sign-in")).text


@pytest.mark.parametrize("path", SIGNED_IN)
async def test_a_stranger_is_asked_to_sign_in_first(stranger: Browser, path: str) -> None:
    seen = await stranger.open(f"{path}?q=a%26b&max_id=7")
    assert seen.status == 302
    form = (await stranger.open(seen.to)).form("/sign-in")
    assert form["next"] == f"{path}?q=a%26b&max_id=7"


@pytest.mark.parametrize("path", ["/search", "/search?q=bo", "/notifications", "/settings"])
async def test_who_is_signed_in_gets_the_page(at_ana: Browser, bo: Person, path: str) -> None:
    await shown(at_ana, path)


async def test_home_shows_the_posts_of_people_one_follows(
    at_ana: Browser, ana: Person, bo: Person
) -> None:
    await ana.follow(bo)
    await bo.say("How do you keep sourdough at night?")
    seen = await shown(at_ana, "/")
    assert "How do you keep sourdough at night?" in seen.text
    assert "Everyone at work" in seen.text


async def test_home_has_pages_of_older_posts(at_ana: Browser, ana: Person) -> None:
    for number in range(23):
        await ana.say(f"Loaf number {number} of the week")
    first = await shown(at_ana, "/")
    older = first.page.css_first("a[rel=next]")
    assert older is not None
    assert "Loaf number 0 of" not in first.text
    second = await shown(at_ana, older.attributes["href"] or "")
    assert "Loaf number 0 of" in second.text
    newer = second.page.css_first("a[rel=prev]")
    assert newer is not None
    assert "Loaf number 22 of" in (await shown(at_ana, newer.attributes["href"] or "")).text


async def test_a_profile_and_a_post_with_its_thread(
    at_ana: Browser, ana: Person, bo: Person
) -> None:
    question = await bo.say("Who knows about rye?", spoiler_text="Flour")
    answer = await ana.say("@bo I do", in_reply_to_id=question["id"])
    profile = await shown(at_ana, "/@bo")
    assert "Who knows about rye?" in profile.text
    assert "/people/" in profile.source
    for post, path in ((question, "bo"), (answer, "ana")):
        seen = await shown(at_ana, f"/@{path}/{post['id']}")
        assert "Who knows about rye?" in seen.text
        assert "I do" in seen.text
        assert "1 answer" in seen.text
    assert (await at_ana.open(f"/posts/{question['id']}")).to == f"/@bo/{question['id']}"


async def test_a_tag_shows_its_posts(at_ana: Browser, bo: Person) -> None:
    await bo.say("Slow dough #Bread")
    assert "Slow dough" in (await shown(at_ana, "/tags/bread")).text
    assert (await at_ana.open("/tags/Bread")).to == "/tags/bread"
    assert (await at_ana.open("/search?q=%23Bread")).to == "/tags/bread"
    assert (await at_ana.open("/tags/no%20tag")).status == 404


async def test_search_finds_people(at_ana: Browser, bo: Person) -> None:
    assert "@bo" in (await shown(at_ana, "/search?q=bo")).text
    assert "Nobody and nothing was found" in (await shown(at_ana, "/search?q=zzyzx")).text


async def test_notifications_say_what_happened(at_ana: Browser, ana: Person, bo: Person) -> None:
    mine = await ana.say("A thing I found out")
    await bo.follow(ana)
    await bo.post(f"/api/v1/statuses/{mine['id']}/favourite")
    await bo.say("@ana thank you for that")
    said = (await shown(at_ana, "/notifications")).text
    for sentence in ("follows you", "likes your post", "wrote to you", "thank you for that"):
        assert sentence in said


async def test_who_asks_to_follow_waits_for_an_answer(
    node: RunningNode, at_ana: Browser, ana: Person, bo: Person
) -> None:
    assert "Nobody is waiting" in (await shown(at_ana, "/follow-requests")).text
    await ana.ask("PATCH", "/api/v1/accounts/update_credentials", json={"locked": True})
    async with browsing(node, bo) as at_bo:
        await at_bo.open("/@ana")
        assert (await at_bo.submit(f"/people/{ana.id}/follow")).to == "/@ana"
        assert "You asked to follow" in (await shown(at_bo, "/@ana")).text
        assert "@bo" in (await shown(at_ana, "/follow-requests")).text
        assert (await at_ana.submit(f"/people/{bo.id}/accept")).to == "/follow-requests"
        await at_bo.open("/@ana")
        assert (await at_bo.submit(f"/people/{ana.id}/unfollow")).status == 303
        assert "Stop following" not in (await shown(at_bo, "/@ana")).text


async def test_a_post_is_written_liked_shared_answered_and_deleted(
    node: RunningNode, at_ana: Browser, bo: Person
) -> None:
    await at_ana.open("/")
    assert (await at_ana.submit("/posts", text="Proof the dough overnight")).to == "/"
    (post,) = (await bo.get("/api/v2/search", q=f"{node.origin}/@ana", type="accounts"))["accounts"]
    (status,) = await bo.get(f"/api/v1/accounts/{post['id']}/statuses")
    path, act = f"/@ana/{status['id']}", f"/posts/{status['id']}"
    async with browsing(node, bo) as at_bo:
        for name, pressed in (("like", "Liked"), ("share", "Shared")):
            await at_bo.open(path)
            assert (await at_bo.submit(f"{act}/{name}")).to == f"{path}#p{status['id']}"
            assert pressed in (await shown(at_bo, path)).text
            await at_bo.submit(f"{act}/un{name}")
            assert pressed not in (await shown(at_bo, path)).text
        answered = await at_bo.submit("/posts", text="@ana How cold?")
        assert "#p" in answered.to
        assert "How cold?" in (await shown(at_bo, answered.to.partition("#")[0])).text
        await at_ana.open(path)
        assert (await at_ana.submit(f"{act}/delete")).to == "/"
        assert (await at_bo.open(path)).status == 404


async def test_a_form_sent_twice_makes_one_post(at_ana: Browser, ana: Person) -> None:
    await at_ana.open("/")
    for _ in range(2):
        assert (await at_ana.submit("/posts", text="Only once")).to == "/"
    assert len(await ana.home()) == 1


async def test_a_guest_has_a_home_but_not_the_colleagues(
    node: RunningNode, gina: Person, ana: Person
) -> None:
    path = await post_path(ana, "For colleagues")
    async with browsing(node, gina) as at_gina:
        seen = await shown(at_gina, "/")
        offered = {each.attributes["value"] for each in seen.page.css("input[name=readers]")}
        assert offered == {"followers", "named"}
        for closed in (path, "/@ana", "/invitations"):
            assert (await at_gina.open(closed)).status == 404


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_what_one_may_not_read_looks_like_what_never_was(
    node: RunningNode, stranger: Browser, at_ana: Browser, bo: Person, method: str
) -> None:
    there = await post_path(bo, "Only for me", visibility="direct")
    never = "/@bo/" + str(int(there.rpartition("/")[2]) - 1)
    nobody = await stranger.ask(method, "/@nobody")
    assert nobody.status == 404
    for browser in (stranger, at_ana):
        hidden, missing = [await browser.ask(method, path) for path in (there, never)]
        assert hidden.compared() == missing.compared() == nobody.compared()
    assert (await stranger.ask(method, "/@bo")).compared() == nobody.compared()
    assert (await at_ana.ask(method, "/@bo")).status == 200
    async with browsing(node, bo) as at_bo:
        assert (await at_bo.ask(method, there)).status == 200


async def test_who_writes_for_anyone_can_be_read_by_anyone(
    stranger: Browser, ana: Person, at_ana: Browser
) -> None:
    await at_ana.open("/")
    await at_ana.submit("/posts", text="For the whole world", readers="world", sure="1")
    (status,) = await ana.home()
    seen = await shown(stranger, f"/@ana/{status['id']}")
    assert "Anyone, also outside work" in seen.text
    assert seen.page.css_first("form") is None
    assert seen.page.css_first("link[rel=alternate]") is not None
    assert "For the whole world" in (await shown(stranger, "/@ana")).text


async def test_the_first_link_makes_an_admin_who_invites(
    new_database_url: Callable[[], str], tmp_path: Path
) -> None:
    url = new_database_url()
    async with (
        running_node(url, tmp_path / "hq", registration="invite") as node,
        browsing(node) as stranger,
    ):
        await _first_admin_and_guest(node, stranger)


async def _first_admin_and_guest(node: RunningNode, stranger: Browser) -> None:
    secret = await node.db.write(accounts.first_admin_link)
    assert secret is not None
    assert "You are the first one here" in (await shown(stranger, f"/welcome/{secret}")).text
    filled = {"handle": "olga", "email": "olga@mail.example", "password": "three wet umbrellas"}
    made = await stranger.submit(f"/welcome/{secret}", **filled)
    assert (made.status, made.to) == (303, "/")
    assert "What are you learning?" in (await shown(stranger, "/")).text
    assert (await stranger.open(f"/welcome/{secret}")).status == 404
    await shown(stranger, "/invitations")
    invited = await stranger.submit("/invitations", role="guest")
    link = invited.page.css_first("#link")
    assert link is not None
    async with browsing(node) as guest:
        path = (link.attributes["value"] or "").removeprefix(node.origin)
        assert "Choose how you are called" in (await shown(guest, path)).text
        filled |= {"handle": "gus", "email": "gus@mail.example"}
        assert (await guest.submit(path, **filled)).to == "/"
        assert (await guest.open("/invitations")).status == 404


async def test_members_do_not_invite_and_unknown_links_are_nothing(
    node: RunningNode, stranger: Browser, at_ana: Browser, ana: Person
) -> None:
    assert (await at_ana.open("/invitations")).status == 404
    nothing = await stranger.open("/welcome/" + "x" * 43)
    assert nothing.status == 404
    reset = await node.db.write(accounts.reset_link, account_id=ana.id)
    assert (await stranger.open(f"/welcome/{reset}")).compared() == nothing.compared()
    assert (await stranger.open("/join")).status == 404
    invite = await node.db.write(accounts.invite, role=Role.MEMBER)
    await shown(stranger, f"/welcome/{invite}")


async def test_consent_shows_a_code_to_copy_or_says_that_it_was_denied(
    node: RunningNode, at_ana: Browser, stranger: Browser
) -> None:
    app = {"client_name": "Notes", "redirect_uris": OUT_OF_BAND, "scopes": "read write:statuses"}
    made = (await node.ask("POST", "/api/v1/apps", json=app)).json
    asked = (
        f"/oauth/authorize?response_type=code&client_id={made['client_id']}"
        f"&redirect_uri={OUT_OF_BAND}&scope=read+write:statuses"
        f"&code_challenge={CHALLENGE}&code_challenge_method=S256"
    )
    assert (await stranger.open(asked)).to.startswith("/sign-in?next=%2Foauth")
    seen = await shown(at_ana, asked)
    assert "Allow Notes?" in seen.text
    assert "Change your posts" in seen.text
    denied = await at_ana.submit("/oauth/authorize", decision="deny")
    assert denied.page.css_first("#code") is None
    assert "was not allowed" in denied.text
    await at_ana.open(asked)
    allowed = await at_ana.submit("/oauth/authorize", decision="allow")
    code = allowed.page.css_first("#code")
    assert allowed.status == 200
    assert code is not None
    assert len(code.attributes["value"] or "") >= 32


@pytest.mark.parametrize("path", ["/no/such/page", "/@nobody", "/static/passwd", "/posts/x"])
async def test_nothing_is_a_page_for_browsers(at_ana: Browser, path: str) -> None:
    seen = await at_ana.ask("GET", path, headers={"Accept": "text/html"})
    assert seen.status == 404
    assert "There is nothing at this address" in seen.text


async def test_files_beside_the_pages_may_be_kept(stranger: Browser) -> None:
    front = await stranger.open("/")
    style = front.page.css_first("link[rel=stylesheet]")
    assert style is not None
    seen = await stranger.open(style.attributes["href"] or "")
    assert (seen.status, seen.headers["Content-Type"]) == (200, "text/css")
    assert "immutable" in seen.headers["Cache-Control"]
    again = {"If-None-Match": seen.headers["ETag"]}
    assert (await stranger.ask("GET", "/static/style.css", headers=again)).status == 304
    assert "Disallow: /" in (await stranger.open("/robots.txt")).source
    icon = await stranger.node.ask("GET", "/favicon.ico")
    assert (icon.status, icon.headers["Content-Type"]) == (200, "image/png")
