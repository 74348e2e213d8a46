"""Writing and reading in a browser; what the viewer may not read is not there, in one way only."""

from collections.abc import Callable
from typing import Any

import pytest

from social.profiles import ProfileChange, update_profile
from tests.support.databases import folder_beside
from tests.support.nodes import Person, RunningNode, running_node
from tests.web.visitor import Shown, Visitor, Visitors, new_session


async def write(visitor: Visitor, text: str, readers: str = "everyone", **more: str) -> Shown:
    home = await visitor.get("/")
    return await visitor.submit(home, "/posts", text=text, readers=readers, **more)


async def statuses(person: Person) -> list[Any]:
    found: list[Any] = await person.get(f"/api/v1/accounts/{person.id}/statuses")
    return found


def path_of(person: Person, status: Any) -> str:
    return f"/@{person.handle}/{status['id']}"


# Writing.


@pytest.mark.parametrize(
    ("readers", "label", "shown_to_apps"),
    [
        ("everyone", "Everyone at work", ("public", False)),
        ("followers", "Followers of ana", ("private", False)),
        ("named", "Only the people named", ("direct", False)),
    ],
)
async def test_a_post_has_the_readers_that_were_chosen(
    visitors: Visitors, ana: Person, readers: str, label: str, shown_to_apps: tuple[str, bool]
) -> None:
    visitor = await visitors.of(ana)
    assert (await write(visitor, "Knots hold better wet", readers)).location == "/"
    [status] = await statuses(ana)
    assert (status["visibility"], status["local_only"]) == shown_to_apps
    home = await visitor.get("/")
    assert "Knots hold better wet" in home.text
    found = home.tree.css_first("article .readers")
    assert found is not None
    assert found.text() == label


async def test_everyone_at_work_stays_at_work_where_public_means_the_world(
    new_database_url: Callable[[], str],
) -> None:
    url = new_database_url()
    folder = folder_beside(url) / "lab"
    async with (
        running_node(url, folder, "lab", public_means="public") as lab,
        new_session() as session,
    ):
        there = Visitors(lab, session)
        mia = await lab.person("mia")
        visitor = await there.of(mia)
        await write(visitor, "for colleagues only")
        [status] = await statuses(mia)
        assert status["local_only"] is True
        assert (await there.stranger().get(path_of(mia, status))).status == 404
        await write(visitor, "for the world", "world", sure="1")
        newest = (await statuses(mia))[0]
        assert (await there.stranger().get(path_of(mia, newest))).status == 200


async def test_the_first_post_for_the_world_is_asked_about_before_it_is_made(
    visitors: Visitors, ana: Person
) -> None:
    visitor = await visitors.of(ana)
    asked = await write(visitor, "Hello world", "world")
    assert asked.status == 422
    assert "Nothing was posted yet" in asked.text
    assert await statuses(ana) == []
    assert (await visitors.stranger().get("/@ana")).status == 404
    assert asked.fields("/posts")["text"] == "Hello world"
    assert asked.fields("/posts")["readers"] == "world"
    made = await visitor.submit(asked, "/posts", sure="1")
    assert made.status == 303
    assert (await visitors.stranger().get("/@ana")).status == 200
    assert (await write(visitor, "Hello again", "world")).status == 303, "told once"


TOO_MUCH = "words " * 1000


@pytest.mark.parametrize(
    ("text", "readers"),
    [(TOO_MUCH, "everyone"), ("fine", "nobody"), ("fine", ""), ("   ", "named")],
)
async def test_a_refused_post_keeps_every_word(
    visitors: Visitors, ana: Person, text: str, readers: str
) -> None:
    visitor = await visitors.of(ana)
    shown = await write(visitor, text, readers, summary="About <knots>")
    assert shown.status == 422
    assert shown.tree.css_first("[role=alert]") is not None
    assert shown.fields("/posts")["text"] == text
    assert shown.fields("/posts")["summary"] == "About <knots>"
    assert await statuses(ana) == []


async def test_the_same_form_sent_twice_makes_one_post(visitors: Visitors, ana: Person) -> None:
    visitor = await visitors.of(ana)
    home = await visitor.get("/")
    for _ in range(2):
        sent = await visitor.submit(home, "/posts", text="once", readers="everyone")
        assert sent.status == 303
    assert len(await statuses(ana)) == 1


async def test_A18_writing_needs_the_sessions_word(visitors: Visitors, ana: Person) -> None:
    visitor = await visitors.of(ana)
    for word in ("", "x" * 43):
        refused = await visitor.post("/posts", csrf=word, text="forged", readers="everyone")
        assert refused.status == 403
    assert await statuses(ana) == []


async def test_guests_are_not_offered_everyone_and_cannot_choose_it(
    visitors: Visitors, gina: Person
) -> None:
    visitor = await visitors.of(gina)
    offered = {
        node.attributes["value"] for node in (await visitor.get("/")).tree.css("[name=readers]")
    }
    assert offered == {"followers", "named"}
    for readers in ("everyone", "world"):
        refused = await write(visitor, "psst", readers, sure="1")
        assert refused.status == 422
        assert refused.fields("/posts")["text"] == "psst"
    assert (await write(visitor, "for followers", "followers")).status == 303


# Reading.


async def test_a_post_and_its_thread_are_shown_to_who_may_read_them(
    visitors: Visitors, ana: Person, bo: Person
) -> None:
    root = await ana.say("How do you dry wet rope?")
    visitor = await visitors.of(bo)
    page = await visitor.get(path_of(ana, root))
    assert "How do you dry wet rope?" in page.text
    assert page.fields("/posts")["text"] == "@ana "
    answered = await visitor.submit(page, "/posts", text="@ana Slowly, in the shade")
    assert answered.status == 303
    assert answered.location.startswith("/@bo/")
    thread = await (await visitors.of(ana)).get(path_of(ana, root))
    assert "Slowly, in the shade" in thread.text
    [reply] = await statuses(bo)
    assert reply["in_reply_to_id"] == root["id"]


async def test_a_refused_answer_keeps_every_word_below_its_question(
    visitors: Visitors, ana: Person, bo: Person
) -> None:
    root = await ana.say("How do you dry wet rope?")
    visitor = await visitors.of(bo)
    page = await visitor.get(path_of(ana, root))
    refused = await visitor.submit(page, "/posts", text=TOO_MUCH)
    assert refused.status == 422
    assert "How do you dry wet rope?" in refused.text
    assert refused.fields("/posts")["text"] == TOO_MUCH
    await ana.delete(f"/api/v1/statuses/{root['id']}")
    late = await visitor.submit(page, "/posts", text="Slowly")
    assert late.status == 404
    assert late.fields("/posts")["text"] == "Slowly"


async def test_G01_hidden_and_missing_are_the_same_page(
    visitors: Visitors, ana: Person, bo: Person, gina: Person
) -> None:
    work = await ana.say("for work")
    mine = await ana.say("for followers", visibility="private")
    named = await ana.say("for nobody else", visibility="direct")
    gone = await ana.say("deleted")
    await ana.delete(f"/api/v1/statuses/{gone['id']}")
    missing = ["/@ana/1", "/@ana/notanumber", "/@nobody/1", f"/@bo/{work['id']}", "/posts/1"]
    hidden = [path_of(ana, status) for status in (mine, named, gone)]
    for person, paths in (
        (None, [*missing, *hidden, path_of(ana, work), f"/posts/{work['id']}", "/@ana", "/@x"]),
        (gina, [*missing, *hidden, path_of(ana, work), "/@ana", "/@x", f"/posts/{mine['id']}"]),
        (bo, [*missing, *hidden, "/@x", f"/posts/{named['id']}"]),
    ):
        visitor = visitors.stranger() if person is None else await visitors.of(person)
        for method in ("GET", "HEAD"):
            answers = set()
            for path in paths:
                shown = await visitor.ask(method, path)
                headers = tuple(sorted(set(shown.headers) - {"Date"}))
                answers.add((shown.status, shown.html, headers, len(shown.cookies)))
            assert len(answers) == 1, (person and person.handle, method)
            assert next(iter(answers))[0] == 404
        if person is not None:
            page = await visitor.get("/settings")
            word = page.fields("/settings")["csrf"]
            acts = {
                (shown.status, shown.html)
                for identifier in (mine["id"], named["id"], gone["id"], "1", "x")
                for act in ("like", "unlike", "share", "unshare", "delete")
                for shown in [await visitor.post(f"/posts/{identifier}/{act}", csrf=word)]
            }
            assert len(acts) == 1
            assert next(iter(acts))[0] == 404
    me = await visitors.of(ana)
    for status in (work, mine, named):
        assert (await me.get(path_of(ana, status))).status == 200
    assert (await (await visitors.of(bo)).get(path_of(ana, work))).status == 200


async def test_P02_strangers_see_only_who_may_be_looked_up(
    node: RunningNode, visitors: Visitors, ana: Person
) -> None:
    stranger = visitors.stranger()
    assert (await stranger.get("/@ana")).status == 404
    await node.db.write(
        update_profile, node=node.node, actor_id=ana.id, change=ProfileChange(public=True)
    )
    await ana.say("not for strangers")
    shown = await stranger.get("/@ana")
    assert shown.status == 200
    assert "not for strangers" not in shown.html
    assert shown.tree.css_first('form[action^="/people/"]') is None
    wants = await stranger.get("/@ana", Accept="application/activity+json")
    assert wants.location == ana.uri
    await node.db.write(
        update_profile, node=node.node, actor_id=ana.id, change=ProfileChange(public=False)
    )
    assert (await stranger.get("/@ana")).status == 404
    wants = await stranger.get("/@ana", Accept="application/activity+json")
    assert wants.status == 404


async def test_people_elsewhere_are_shown_to_members_only(visitors: Visitors, ana: Person) -> None:
    stranger = await visitors.stranger().get("/@x@lab.example")
    assert (stranger.status, stranger.location) == (303, "/sign-in?next=%2F%40x%40lab.example")
    assert (await (await visitors.of(ana)).get("/@x@lab.example")).status == 404


async def test_home_goes_on_on_older_pages(visitors: Visitors, ana: Person) -> None:
    for number in range(25):
        await ana.say(f"post number {number}.")
    visitor = await visitors.of(ana)
    seen: list[str] = []
    path = "/"
    while path:
        page = await visitor.get(path)
        seen += [node.text().strip() for node in page.tree.css("article .words")]
        older = page.tree.css_first("a[rel=next]")
        path = (older.attributes["href"] or "") if older is not None else ""
    assert seen == [f"post number {number}." for number in reversed(range(25))]
    newer = page.tree.css_first("a[rel=prev]")
    assert newer is not None
    back = await visitor.get(newer.attributes["href"] or "")
    assert "post number 24." in back.text
    assert "post number 4." not in back.text


# What people do to posts.


async def test_liking_sharing_and_taking_it_back(
    visitors: Visitors, ana: Person, bo: Person
) -> None:
    status = await ana.say("A bowline does not slip")
    visitor, path = await visitors.of(bo), path_of(ana, status)
    for act, undo, field in (
        ("like", "unlike", "favourites_count"),
        ("share", "unshare", "reblogs_count"),
    ):
        page = await visitor.get(path)
        done = await visitor.submit(page, f"/posts/{status['id']}/{act}")
        assert (done.status, done.location) == (303, f"{path}#p{status['id']}")
        assert (await ana.get(f"/api/v1/statuses/{status['id']}"))[field] == 1
        page = await visitor.get(path)
        await visitor.submit(page, f"/posts/{status['id']}/{undo}")
        assert (await ana.get(f"/api/v1/statuses/{status['id']}"))[field] == 0


async def test_A18_acts_need_the_sessions_word_and_come_back_here(
    visitors: Visitors, ana: Person, bo: Person
) -> None:
    status = await ana.say("A bowline does not slip")
    visitor, act = await visitors.of(bo), f"/posts/{status['id']}/like"
    assert (await visitor.post(act)).status == 403
    assert (await ana.get(f"/api/v1/statuses/{status['id']}"))["favourites_count"] == 0
    page = await visitor.get(path_of(ana, status))
    done = await visitor.submit(page, act, back="//evil.example")
    assert done.location == f"/#p{status['id']}"


async def test_deleting_is_for_the_author(visitors: Visitors, ana: Person, bo: Person) -> None:
    status = await ana.say("Soon gone")
    act, path = f"/posts/{status['id']}/delete", path_of(ana, status)
    other = await visitors.of(bo)
    page = await other.get(path)
    assert page.tree.css_first(f'form[action="{act}"]') is None
    word = page.fields("/posts")["csrf"]
    assert (await other.post(act, csrf=word)).status == 404
    me = await visitors.of(ana)
    assert (await me.submit(await me.get(path), act)).status == 303
    assert (await me.get(path)).status == 404


# People.


async def test_following_asking_and_being_let_in(
    node: RunningNode, visitors: Visitors, ana: Person, bo: Person
) -> None:
    visitor = await visitors.of(bo)
    await visitor.submit(await visitor.get("/@ana"), f"/people/{ana.id}/follow")
    await ana.say("Seen by those who follow", visibility="private")
    assert "Seen by those who follow" in (await visitor.get("/")).text
    await visitor.submit(await visitor.get("/@ana"), f"/people/{ana.id}/unfollow")
    assert "Seen by those who follow" not in (await visitor.get("/@ana")).text

    me = await visitors.of(ana)
    assert "Nobody is waiting" in (await me.get("/follow-requests")).text
    saved = await me.submit(await me.get("/settings"), "/settings", locked="1", name="Ana A.")
    assert saved.location == "/settings?saved=1"
    for answer, reads in (("refuse", False), ("accept", True)):
        asked = await visitor.submit(await visitor.get("/@ana"), f"/people/{ana.id}/follow")
        assert asked.status == 303
        assert "You asked to follow" in (await visitor.get("/@ana")).text
        assert "Seen by those" not in (await visitor.get("/@ana")).text
        told = await me.get("/notifications")
        assert "asks to follow you" in told.text
        requests = await me.get("/follow-requests")
        await me.submit(requests, f"/people/{bo.id}/{answer}")
        shown = await visitor.get("/@ana")
        assert ("Seen by those who follow" in shown.text) is reads
    await me.submit(await me.get("/@bo"), f"/people/{bo.id}/remove")
    assert "Seen by those who follow" not in (await visitor.get("/@ana")).text


async def test_notifications_say_what_happened(visitors: Visitors, ana: Person, bo: Person) -> None:
    status = await ana.say("A bowline does not slip")
    await bo.post(f"/api/v1/statuses/{status['id']}/favourite")
    await bo.follow(ana)
    await bo.say("@ana but how do you tie one?")
    shown = await (await visitors.of(ana)).get("/notifications")
    assert "follows you" in shown.text
    assert "likes your post" in shown.text
    assert "wrote to you" in shown.text
    assert "but how do you tie one?" in shown.text
    nobody = await (await visitors.of(bo)).get("/notifications")
    assert nobody.tree.css_first("section.line") is None


async def test_search_finds_people_posts_and_tags(
    visitors: Visitors, ana: Person, bo: Person, gina: Person
) -> None:
    status = await ana.say("About #Knots and ropes")
    visitor = await visitors.of(bo)
    for words in ("ana", "@ana", ana.acct, ana.uri):
        found = await visitor.ask("GET", "/search", params={"q": words})
        assert found.tree.css_first('main a.person[href="/@ana"]') is not None, words
    for words in (status["url"], "rope", "knots about "):
        found = await visitor.ask("GET", "/search", params={"q": words})
        assert "and ropes" in found.text, words
    tag = await visitor.ask("GET", "/search", params={"q": "#Knots"})
    assert tag.location == "/tags/knots"
    assert "and ropes" in (await visitor.get("/tags/knots")).text
    assert (await visitor.get("/tags/Knots")).location == "/tags/knots"
    assert (await visitor.get("/tags/a%20b")).status == 404
    assert "Nobody and nothing" in (await visitor.get("/search?q=zzz")).text
    guest = await visitors.of(gina)
    for words in ("ana", ana.acct, status["url"], "ropes"):
        hidden = await guest.ask("GET", "/search", params={"q": words})
        assert "Nobody and nothing" in hidden.text
    assert "and ropes" not in (await guest.get("/tags/knots")).text
