"""People here follow a community of a Lemmy server (FEP-1b12), and take part in it."""

from collections.abc import AsyncIterator

import pytest

from tests.support.lemmy import Lemmy
from tests.support.nodebb import NodeBB
from tests.support.nodes import Nodes, until
from tests.support.stranger import PUBLIC, stranger
from tests.together.following import Following, following_books


@pytest.fixture
async def story(nodes: Nodes) -> AsyncIterator[Following]:
    async with following_books(nodes) as made:
        yield made


@pytest.mark.interop(
    "Announce{Create{Page}}", "in", "stands in the group's list and in homes", peer="scripted Lemmy"
)
@pytest.mark.both
async def test_a_post_comes_once_though_it_is_announced_twice(story: Following) -> None:
    assert story.account["group"] is True
    lists = await story.ana.get("/api/v1/lists")
    assert [one["id"] for one in lists] == [f"g{story.account['id']}"]
    page = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
    await story.ana.sees("Read slowly")
    await story.calm()
    found = await story.ana.home()
    mine = [one for one in found if one["reblog"] and one["reblog"]["uri"] == page["id"]]
    assert len(mine) == 1
    assert mine[0]["account"]["acct"] == f"books@{story.lemmy.server.authority}"
    assert "On reading" in mine[0]["reblog"]["content"]
    assert len(await story.shown()) == 1
    row = await story.stored(page["id"])
    assert row.place_id == int(story.account["id"])


@pytest.mark.interop(
    "Announce{Update{Page}}, Announce{Delete}",
    "in",
    "changes and removes the post",
    peer="scripted Lemmy",
)
async def test_it_is_edited_liked_and_deleted_as_the_group_says(story: Following) -> None:
    page = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
    seen = await story.ana.sees("Read slowly")
    uri = f"/api/v1/statuses/{seen['reblog']['id']}"
    like = story.lemmy.vote(story.place, story.lia, page["id"])

    async def likes(count: int) -> None:
        async def so() -> bool:
            return bool((await story.ana.get(uri))["favourites_count"] == count)

        await until(so)

    await likes(1)
    story.lemmy.undo(story.place, story.lia, like)
    await likes(0)
    story.lemmy.vote(story.place, story.lia, page["id"], "Dislike")
    story.lemmy.edit(story.place, story.mo, page, "Read fast.")
    await story.ana.sees("Read fast")
    story.lemmy.delete(story.place, story.mo, page)

    async def gone() -> bool:
        return (await story.ana.ask("GET", uri)).status == 404

    await until(gone)
    assert await story.shown() == []


@pytest.mark.interop(
    "Create{Note}",
    "out",
    "to a group elsewhere: Public, cc and audience name it",
    peer="scripted Lemmy",
)
async def test_people_here_write_answer_and_like_there(story: Following) -> None:
    group = f"@books@{story.lemmy.server.authority}"
    said = await story.ana.say(f"{group} What do you read?")
    assert said["visibility"] == "public"

    async def taken() -> bool:
        return any("What do you read" in title for title in story.place.titles())

    await until(taken)
    created = story.lemmy.got["Create"][0]
    assert created["audience"] == created["object"]["audience"] == story.group.uri
    assert {story.group.uri, story.group.document["followers"]} <= set(created["cc"])
    await story.ana.sees("What do you read", story.timeline)
    page = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
    seen = await story.ana.sees("Read slowly")
    await story.ana.say("Why?", in_reply_to_id=seen["reblog"]["id"])
    await story.ana.post(f"/api/v1/statuses/{seen['reblog']['id']}/favourite")

    async def arrived() -> bool:
        comments = [one for one in story.place.shown() if one.parent == page["id"]]
        return bool(comments) and story.ana.uri in story.place.threads[page["id"]].likes

    await until(arrived)
    await story.calm()
    thread = await story.ana.get(f"/api/v1/statuses/{seen['reblog']['id']}")
    assert (thread["replies_count"], thread["favourites_count"]) == (1, 1)
    await story.ana.post(f"/api/v1/statuses/{seen['reblog']['id']}/unfavourite")

    async def unliked() -> bool:
        return not story.place.threads[page["id"]].likes

    await until(unliked)
    answered = story.lemmy.comment(story.place, story.mo, created["object"], "A story.")
    await story.sees_mention("A story")
    assert (await story.stored(answered["id"])).place_id == int(story.account["id"])
    assert story.lemmy.refused == []


@pytest.mark.interop("Undo{Follow}", "out", "leaves a group elsewhere", peer="scripted Lemmy")
async def test_unfollowing_ends_it(story: Following) -> None:
    assert story.place.followers == {story.ana.uri}
    await story.ana.post(f"/api/v1/accounts/{story.account['id']}/unfollow")

    async def left() -> bool:
        return not story.place.followers

    await until(left)
    assert await story.ana.get("/api/v1/lists") == []
    page = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
    await story.calm()
    assert await story.stored(page["id"]) is None


@pytest.mark.interop(
    "Announce{Create{Article}}", "in", "a topic with its title", peer="scripted NodeBB"
)
@pytest.mark.interop(
    "Create{Note}", "out", "a topic and a reply in a category", peer="scripted NodeBB"
)
async def test_a_category_of_a_forum_is_followed_like_any_group(nodes: Nodes) -> None:
    async with following_books(nodes, NodeBB) as story:
        article = story.lemmy.post(story.place, story.mo, "On reading", "Read slowly.")
        seen = await story.ana.sees("Read slowly")
        assert "On reading" in seen["reblog"]["content"]
        assert seen["reblog"]["visibility"] == "unlisted"
        await story.ana.say("Why?", in_reply_to_id=seen["reblog"]["id"])

        async def answered() -> bool:
            return any(one.parent == article["id"] for one in story.place.shown())

        await until(answered)
        mine = next(one for one in story.place.shown() if one.parent == article["id"])
        story.lemmy.comment(story.place, story.mo, mine.document, "For the joy of it.")
        await story.sees_mention("For the joy of it")
        await story.calm()
        assert story.lemmy.refused == []


async def test_what_was_said_before_is_read_from_the_outbox(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    async with stranger("lemmy") as server:
        story = Following(node, Lemmy(server, f"{node.origin}/inbox"))
        note = server.note(
            story.mo,
            type="Page",
            name="Long ago",
            content="<p>We read aloud.</p>",
            to=[story.group.uri, PUBLIC],
            cc=[],
            audience=story.group.uri,
        )
        create = server.activity(story.mo, "Create", note, to=[PUBLIC], audience=story.group.uri)
        earlier = server.activity(story.group, "Announce", create, to=[PUBLIC])
        forged = server.activity(story.mo, "Announce", create, to=[PUBLIC])
        outbox = {"type": "OrderedCollection", "orderedItems": [earlier, forged, "junk"]}
        server.add("/users/books/outbox", outbox)
        await story.begin()
        await story.ana.sees("We read aloud", story.timeline)
        assert await story.ana.notifications() == []


@pytest.mark.interop(
    "Announce{Note}", "in", "a group that only boosts is a community as well", peer="a stranger"
)
async def test_a_group_that_only_boosts_shows_what_it_boosts(story: Following) -> None:
    """Guppe boosts by the id alone what mentions it (facts/federation.md §3.1)."""
    async with stranger("social") as server:
        dee = server.person("dee")
        note = server.note(
            dee,
            content="<p>@books I read maps.</p>",
            cc=[dee.document["followers"], story.group.uri],
            tag=[{"type": "Mention", "href": story.group.uri, "name": "@books"}],
        )
        for _ in range(2):
            await story.lemmy.announce(story.place, note["id"])
        await story.ana.sees("I read maps", story.timeline)
        await story.calm()
        assert len(await story.shown()) == 1
        seen = await story.ana.sees("I read maps")
        await story.ana.say("Which ones?", in_reply_to_id=seen["reblog"]["id"])

        async def told() -> bool:
            answers = [one for one in server.seen if one.method == "POST"]
            in_group = any("Which ones" in str(one) for one in story.lemmy.got["Create"])
            return in_group and any(b"Which ones" in one.body for one in answers)

        await until(told)
        boost = {"type": "Announce", "actor": story.group.uri, "object": note["id"]}
        for by, shown in ((dee, 1), (story.group, 0)):
            undo = by.server.activity(by, "Undo", boost | {"actor": by.uri})
            await by.server.deliver(by, f"{story.node.origin}/inbox", undo)
            await story.calm()
            assert len(await story.shown()) == shown
