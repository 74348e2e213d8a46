"""Keeping posts and muting threads through the client API: seen by oneself alone."""

from functools import partial

import pytest

from domain.kinds import Role
from tests.support.nodes import Json, Person, RunningNode
from tests.web.gathering import found_club
from tests.web.test_api_timelines import next_page

BOOKMARKS = "/api/v1/bookmarks"


async def mark(person: Person, post: Json, verb: str) -> Json:
    return await person.post(f"/api/v1/statuses/{post['id']}/{verb}")


async def kept(person: Person) -> list[str]:
    found = await person.get(BOOKMARKS)
    assert all(post["bookmarked"] for post in found)
    return [post["id"] for post in found]


@pytest.mark.operation(
    "POST /api/v1/statuses/:id/bookmark",
    "POST /api/v1/statuses/:id/unbookmark",
    "GET /api/v1/bookmarks",
)
async def test_what_is_kept_is_found_again_by_oneself_alone(ana: Person, bo: Person) -> None:
    first, second = await ana.say("one"), await ana.say("two")
    other_app = await bo.second_app()
    for post in (second, first):
        shown = await mark(bo, post, "bookmark")
        assert (shown["id"], shown["bookmarked"]) == (post["id"], True)
    await mark(bo, first, "bookmark")  # again changes nothing
    assert await kept(other_app) == [first["id"], second["id"]]
    assert await kept(ana) == []
    shown = await other_app.get("/api/v1/timelines/public")
    lines = {post["id"]: post["bookmarked"] for post in shown}
    assert lines == {first["id"]: True, second["id"]: True}
    assert not (await ana.get(f"/api/v1/statuses/{first['id']}"))["bookmarked"]
    page = await bo.ask("GET", f"{BOOKMARKS}?limit=1")
    below = await bo.ask("GET", next_page(page.headers["Link"]))
    assert [post["id"] for post in below.json] == [second["id"]]
    for _ in range(2):
        assert (await mark(bo, first, "unbookmark"))["bookmarked"] is False
    assert await kept(other_app) == [second["id"]]


async def test_of_a_share_the_words_are_kept(node: RunningNode, ana: Person, bo: Person) -> None:
    post = await ana.say("one")
    share = await mark(ana, post, "reblog")
    shown = await mark(bo, share, "bookmark")
    assert (shown["id"], shown["bookmarked"]) == (post["id"], True)
    assert await kept(bo) == [post["id"]]
    assert (await mark(bo, share, "unbookmark"))["bookmarked"] is False
    assert await kept(bo) == []


async def test_G27_Z03_what_may_not_be_read_any_more_is_kept_out_of_sight(
    ana: Person, bo: Person, gina: Person
) -> None:
    club = await found_club(ana, bo)
    said = await ana.say("@club Inside")
    await mark(bo, said, "bookmark")
    assert await kept(bo) == [said["id"]]
    await club.end(bo)
    assert await kept(bo) == []
    for verb in ("bookmark", "unbookmark", "mute", "unmute"):
        nothing = await gina.ask("POST", f"/api/v1/statuses/12345/{verb}")
        for person in (bo, gina):
            asked = await person.ask("POST", f"/api/v1/statuses/{said['id']}/{verb}")
            assert (asked.status, asked.body) == (404, nothing.body)


async def test_what_is_deleted_is_kept_no_longer(ana: Person, bo: Person) -> None:
    post = await ana.say("one")
    await mark(bo, post, "bookmark")
    await ana.delete(f"/api/v1/statuses/{post['id']}")
    assert await kept(bo) == []


@pytest.mark.parametrize(
    ("verb", "scope"),
    [("bookmark", "write:bookmarks"), ("mute", "write:mutes")],
)
async def test_A_a_token_without_the_scope_marks_nothing(
    node: RunningNode, ana: Person, verb: str, scope: str
) -> None:
    post = await ana.say("one")
    ask = partial(Person.ask, method="POST", path=f"/api/v1/statuses/{post['id']}/{verb}")
    reader = await node.person("cy", Role.MEMBER, scopes="read write:favourites")
    writer = await node.person("di", Role.MEMBER, scopes=scope)
    assert (await ask(reader)).status == 403
    assert (await ask(writer)).status == 200
    assert (await node.ask("POST", f"/api/v1/statuses/{post['id']}/{verb}")).status == 401


@pytest.mark.operation("POST /api/v1/statuses/:id/mute", "POST /api/v1/statuses/:id/unmute")
async def test_of_a_muted_thread_nothing_more_is_told(ana: Person, bo: Person) -> None:
    root = await ana.say("A question")
    other = await ana.say("Another")
    other_app = await ana.second_app()
    shown = await mark(ana, root, "mute")
    assert (shown["id"], shown["muted"]) == (root["id"], True)
    answer = await bo.say("@ana an answer", in_reply_to_id=root["id"])
    await mark(bo, root, "favourite")
    await mark(bo, root, "reblog")
    await mark(bo, other, "favourite")
    told = await other_app.notifications()
    assert [(each["type"], each["status"]["id"]) for each in told] == [("favourite", other["id"])]
    # It is shown as before, and says that it is muted: every post of the thread, to her alone.
    assert (await other_app.get(f"/api/v1/statuses/{answer['id']}"))["muted"] is True
    below = (await other_app.get(f"/api/v1/statuses/{root['id']}/context"))["descendants"]
    assert [(post["id"], post["muted"]) for post in below] == [(answer["id"], True)]
    assert (await bo.get(f"/api/v1/statuses/{answer['id']}"))["muted"] is False
    assert (await mark(ana, answer, "unmute"))["muted"] is False
    assert (await other_app.get(f"/api/v1/statuses/{root['id']}"))["muted"] is False
    again = await bo.say("@ana once more", in_reply_to_id=root["id"])
    assert (await other_app.notifications())[0]["status"]["id"] == again["id"]
