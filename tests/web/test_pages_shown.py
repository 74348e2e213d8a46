"""Every page: shown to whom it is for, and not there for anybody else."""

import pytest

from tests.support.nodes import Person, RunningNode
from tests.web.visitor import Shown, Visitor, Visitors, browsing

SIGNED_IN = ("/search", "/notifications", "/follow-requests", "/settings", "/tags/bread", "/posts")


async def shown(browser: Visitor, path: str) -> Shown:
    seen = await browser.get(path)
    assert (seen.status, seen.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert seen.tree.css_first("h1") is not None
    return seen


async def test_about_and_sign_in_are_for_everybody(stranger: Visitor, at_ana: Visitor) -> None:
    for browser in (stranger, at_ana):
        assert "rankings" in (await shown(browser, "/about")).text
        assert "Password" in (await shown(browser, "/sign-in")).text


@pytest.mark.parametrize("path", SIGNED_IN)
async def test_a_stranger_is_asked_to_sign_in_first(stranger: Visitor, path: str) -> None:
    seen = await stranger.get(f"{path}?q=a%26b&max_id=7")
    assert seen.status == 302
    form = (await stranger.get(seen.location)).fields("/sign-in")
    assert form["next"] == f"{path}?q=a%26b&max_id=7"


async def test_home_shows_the_posts_of_people_one_follows(
    at_ana: Visitor, ana: Person, bo: Person
) -> None:
    await ana.follow(bo)
    await bo.say("How do you keep sourdough at night?")
    seen = await shown(at_ana, "/")
    assert "How do you keep sourdough at night?" in seen.text
    assert "Everyone at work" in seen.text


async def test_a_profile_and_a_post_with_its_thread(
    at_ana: Visitor, ana: Person, bo: Person
) -> None:
    question = await bo.say("Who knows about rye?", spoiler_text="Flour")
    answer = await ana.say("@bo I do", in_reply_to_id=question["id"])
    profile = await shown(at_ana, "/@bo")
    assert "Who knows about rye?" in profile.text
    assert "/people/" in profile.html
    for post, path in ((question, "bo"), (answer, "ana")):
        seen = await shown(at_ana, f"/@{path}/{post['id']}")
        assert "Who knows about rye?" in seen.text
        assert "I do" in seen.text
        assert "1 answer" in seen.text
    assert (await at_ana.get(f"/posts/{question['id']}")).location == f"/@bo/{question['id']}"


async def test_a_post_is_written_liked_shared_answered_and_deleted(
    node: RunningNode, at_ana: Visitor, bo: Person
) -> None:
    await at_ana.get("/")
    assert (await at_ana.send("/posts", text="Proof the dough overnight")).location == "/"
    (post,) = (await bo.get("/api/v2/search", q=f"{node.origin}/@ana", type="accounts"))["accounts"]
    (status,) = await bo.get(f"/api/v1/accounts/{post['id']}/statuses")
    path, act = f"/@ana/{status['id']}", f"/posts/{status['id']}"
    async with browsing(node, bo) as at_bo:
        for name, pressed in (("like", "Liked"), ("share", "Shared")):
            await at_bo.get(path)
            assert (await at_bo.send(f"{act}/{name}")).location == f"{path}#p{status['id']}"
            assert pressed in (await shown(at_bo, path)).text
            await at_bo.send(f"{act}/un{name}")
            assert pressed not in (await shown(at_bo, path)).text
        answered = await at_bo.send("/posts", text="@ana How cold?")
        assert "#p" in answered.location
        assert "How cold?" in (await shown(at_bo, answered.location.partition("#")[0])).text
        await at_ana.get(path)
        assert (await at_ana.send(f"{act}/delete")).location == "/"
        assert (await at_bo.get(path)).status == 404


async def test_who_writes_for_anyone_can_be_read_by_anyone(
    stranger: Visitor, ana: Person, at_ana: Visitor
) -> None:
    await at_ana.get("/")
    await at_ana.send("/posts", text="For the whole world", readers="world", sure="1")
    (status,) = await ana.home()
    seen = await shown(stranger, f"/@ana/{status['id']}")
    assert "Anyone, also outside work" in seen.text
    assert seen.tree.css_first("form") is None
    assert seen.tree.css_first("link[rel=alternate]") is not None
    assert "For the whole world" in (await shown(stranger, "/@ana")).text


@pytest.mark.parametrize("path", ["/no/such/page", "/@nobody", "/static/passwd", "/posts/x"])
async def test_nothing_is_a_page_for_browsers(at_ana: Visitor, path: str) -> None:
    seen = await at_ana.ask("GET", path, headers={"Accept": "text/html"})
    assert seen.status == 404
    assert "There is nothing at this address" in seen.text


async def test_settings_change_what_others_see_and_keep_what_was_typed(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person
) -> None:
    me = await visitors.of(ana)
    page = await me.get("/settings")
    refused = await me.submit(page, "/settings", name="n" * 61, bio="About me")
    assert refused.status == 422
    assert refused.fields("/settings")["name"] == "n" * 61
    assert refused.fields("/settings")["bio"] == "About me"
    saved = await me.submit(page, "/settings", name="Ana Anderson", bio="Ties knots", public="1")
    assert saved.status == 303
    shown = await (await visitors.of(bo)).get("/@ana")
    assert "Ana Anderson" in shown.text
    assert "Ties knots" in shown.text
    assert (await visitors.stranger().get("/@ana")).status == 200
    page = await me.get("/settings")
    assert page.fields("/settings")["public"] == "1"
    assert (await me.post("/settings", name="Forged")).status == 403


@pytest.mark.parametrize(
    "path",
    ["/settings", "/notifications", "/follow-requests", "/search", "/tags/x", "/invitations"],
)
async def test_members_pages_lead_strangers_to_the_door(visitors: Visitors, path: str) -> None:
    shown = await visitors.stranger().get(path)
    assert (shown.status, shown.location) == (302, f"/sign-in?next={path}")


async def test_the_front_says_what_this_is_and_which_address_apps_need(
    node: RunningNode, visitors: Visitors
) -> None:
    front = await visitors.stranger().get("/")
    assert front.status == 200
    assert node.host in front.text
    assert "Any app for Mastodon" in front.text
    assert front.fields("/sign-in")["next"] == "/"
    for word in ("audience", "reach", "network", "node"):
        assert word not in front.text.lower().split()
    assert (await visitors.stranger().get("/about")).status == 200
