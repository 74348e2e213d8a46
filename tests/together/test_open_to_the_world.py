"""An open community, as servers of other kinds see it and take part in it (FEP-1b12)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.kinds import Preset
from tests.support.forums import Thread
from tests.support.nodebb import NodeBB
from tests.support.nodes import Nodes, until
from tests.support.stranger import PUBLIC, stranger
from tests.together.communities import found, note_for
from tests.together.stories import known, settled
from tests.together.world import World, open_world


@pytest.fixture
async def world(nodes: Nodes) -> AsyncIterator[World]:
    async with open_world(nodes) as made:
        yield made


async def said(world: World, words: str, person: Any = None) -> Any:
    """Ana says something in the community; everywhere it is seen."""
    found = await (person or world.ana).say(f"@safe-lifting {words}")
    await everywhere(world, words)
    return found


async def everywhere(world: World, words: str) -> None:
    await world.cy.sees(words, f"/api/v1/timelines/list/g{world.there['id']}")

    async def there() -> bool:
        lemmy = any(words in str(one.document["content"]) for one in world.place.shown())
        return lemmy and any(words in content for content in world.mastodon.boosted())

    await until(there)


@pytest.mark.interop(
    "Announce{Create{Note}}",
    "out",
    "a post with a title from its first line",
    peer="scripted Lemmy",
)
@pytest.mark.interop(
    "Announce{Note}", "out", "a boost by the community, once", peer="scripted Mastodon"
)
async def test_a_post_is_seen_by_lemmy_and_mastodon(world: World) -> None:
    post = await said(world, "Use your knees.")
    await world.calm()
    thread = world.place.threads[post["uri"]]
    assert "Use your knees." in thread.title
    assert thread.document["audience"] == world.uri
    assert PUBLIC in thread.document["to"]
    assert len(world.mastodon.boosts) == 1
    assert world.mastodon.ignored == ["Create"]
    assert len(await world.listed(world.cy)) == 1
    # Lemmy understands no bare Announce, and says so; nothing else of ours is refused.
    assert {problem for _, problem in world.lemmy.refused} <= {"an Announce holds an activity"}


@pytest.mark.interop(
    "Create{Page}", "in", "is taken in, announced unchanged", peer="scripted Lemmy"
)
async def test_lemmy_posts_comments_and_votes_and_all_see_it(world: World) -> None:
    page = await world.lemmy.say(
        world.lia,
        world.uri,
        type="Page",
        name="Knees",
        content="<p>Bend them.</p>",
        to=[world.uri, PUBLIC],
        cc=[],
    )
    await world.ana.sees("Bend them", f"/api/v1/timelines/list/g{world.community.id}")
    await world.cy.sees("Bend them")

    async def boosted() -> bool:
        return any("Bend them" in one for one in world.mastodon.boosted())

    await until(boosted)
    mine = await said(world, "Use your knees.")
    comment = await world.lemmy.say(
        world.mo,
        world.uri,
        content="<p>Both of them.</p>",
        to=[PUBLIC],
        cc=[world.uri, world.ana.uri],
        inReplyTo=mine["uri"],
        tag=[{"type": "Mention", "href": world.ana.uri, "name": "@ana"}],
    )
    await note_mentioned(world, "Both of them")
    await world.lemmy.tell(world.mo, world.uri, "Like", mine["uri"])
    await world.lemmy.tell(world.mo, world.uri, "Like", page["id"])
    await world.lemmy.tell(world.mo, world.uri, "Dislike", mine["uri"])
    for post_uri in (mine["uri"], page["id"]):
        for person in (world.ana, world.cy):
            await counted(world, person, post_uri, likes=1)
    await counted(world, world.cy, mine["uri"], likes=1, replies=1)
    await world.lemmy.tell(world.mo, world.uri, "Delete", comment["id"])
    await counted(world, world.cy, mine["uri"], likes=1, replies=0)
    await counted(world, world.ana, mine["uri"], likes=1, replies=0)


async def note_mentioned(world: World, words: str) -> None:
    async def there() -> bool:
        told = await world.ana.notifications()
        return any(words in (one.get("status") or {"content": ""})["content"] for one in told)

    await until(there)


async def counted(
    world: World, person: Any, uri: str, *, likes: int, replies: int | None = None
) -> None:
    """Wait until a post's figures are these, as somebody sees them."""

    async def so() -> bool:
        row = await world.row(uri, person.node)
        if row is None:
            return False
        shown = await person.get(f"/api/v1/statuses/{row.id}")
        same = replies is None or shown["replies_count"] == replies
        return shown["favourites_count"] == likes and same

    await until(so)


@pytest.mark.interop(
    "Create{Note} with a mention", "in", "is taken in and boosted", peer="scripted Mastodon"
)
async def test_somebody_on_mastodon_writes_by_naming_it(world: World) -> None:
    note = await world.from_mastodon("How heavy is too heavy?")
    await world.ana.sees("too heavy", f"/api/v1/timelines/list/g{world.community.id}")
    await world.cy.sees("too heavy")

    async def on_lemmy() -> bool:
        return note["id"] in world.place.threads

    await until(on_lemmy)
    row = await world.row(note["id"], world.far)
    assert row is not None
    answer = await world.cy.say("Ask your back.", in_reply_to_id=row.id)
    await counted(world, world.ana, note["id"], likes=0, replies=1)

    async def answered() -> bool:
        return answer["uri"] in world.place.threads

    await until(answered)


@pytest.mark.interop(
    "Announce{Update}, Announce{Delete}, Undo{Announce}",
    "out",
    "edits and ends",
    peer="scripted Lemmy",
)
async def test_an_edit_and_a_deletion_go_everywhere(world: World) -> None:
    post = await said(world, "Use your knees.")
    await world.ana.put(f"/api/v1/statuses/{post['id']}", status="@safe-lifting Use both knees.")
    await world.cy.sees("both knees", f"/api/v1/timelines/list/g{world.there['id']}")

    async def edited() -> bool:
        lemmy = "both knees" in str(world.place.threads[post["uri"]].document["content"])
        return lemmy and any("both knees" in one for one in world.mastodon.boosted())

    await until(edited)
    await world.ana.delete(f"/api/v1/statuses/{post['id']}")

    async def gone() -> bool:
        lemmy = world.place.threads[post["uri"]].removed
        return lemmy and not world.mastodon.boosts and not await world.listed(world.cy)

    await until(gone)


@pytest.mark.interop(
    "Announce{Delete} with a summary", "out", "a removal by the stewards", peer="scripted Lemmy"
)
@pytest.mark.interop(
    "Announce{Undo{Delete}}", "out", "what stewards took out is back", peer="scripted Lemmy"
)
async def test_what_a_steward_takes_out_is_gone_everywhere_and_comes_back(world: World) -> None:
    note = await world.from_mastodon("Buy my belts!")
    await everywhere(world, "Buy my belts")
    await world.ana.say(f"@tertulia withdraw {note['id']}: no advertising", visibility="direct")
    await note_for(world.ana, "It is taken out of Safe lifting")

    async def gone() -> bool:
        lists = [await world.listed(), await world.listed(world.cy)]
        removed = world.place.threads[note["id"]].removed
        return lists == [[], []] and removed and world.mastodon.boosts == {}

    await until(gone)
    row = await world.row(note["id"])
    assert row is not None
    assert (await world.ana.ask("GET", f"/api/v1/statuses/{row.id}")).status == 404
    await world.ana.say(f"@tertulia restore {note['id']}", visibility="direct")
    await everywhere(world, "Buy my belts")


@pytest.mark.interop(
    "Announce{Lock}, Undo{Lock}", "out", "a thread is closed and opened", peer="scripted Lemmy"
)
async def test_a_closed_thread_takes_no_answers_from_anywhere(world: World) -> None:
    post = await said(world, "Use your knees.")
    await world.bo.say(f"@tertulia close {post['url']}", visibility="direct")
    await note_for(world.bo, "Nothing new is written there")

    async def locked() -> bool:
        return world.place.threads[post["uri"]].locked

    await until(locked)
    row = await world.row(post["uri"], world.far)
    assert row is not None

    async def closed_there() -> bool:
        answer = {"status": "but", "in_reply_to_id": str(row.id)}
        return (await world.cy.ask("POST", "/api/v1/statuses", json=answer)).status == 403

    await until(closed_there)
    comment = await world.lemmy.say(
        world.mo,
        world.uri,
        content="<p>but</p>",
        to=[PUBLIC],
        cc=[world.uri],
        inReplyTo=post["uri"],
    )
    await world.calm()
    assert await world.row(comment["id"]) is None
    await world.bo.say(f"@tertulia reopen {post['url']}", visibility="direct")
    await note_for(world.bo, "It goes on there")

    async def open_there() -> bool:
        return not world.place.threads[post["uri"]].locked

    await until(open_there)
    again = await world.lemmy.say(
        world.mo,
        world.uri,
        content="<p>thanks</p>",
        to=[PUBLIC],
        cc=[world.uri],
        inReplyTo=post["uri"],
    )
    await world.calm()
    assert await world.row(again["id"]) is not None


@pytest.mark.interop(
    "Announce{Block}, Undo{Block}", "out", "somebody is put out", peer="scripted Lemmy"
)
async def test_who_is_shut_out_says_nothing_there_any_more(world: World) -> None:
    note = await world.from_mastodon("Buy my belts!")
    await everywhere(world, "Buy my belts")
    await world.ana.say(
        f"@tertulia ban @dee@{world.mastodon.server.authority} from safe-lifting: spam",
        visibility="direct",
    )
    await note_for(world.ana, "is shut out of Safe lifting")

    async def banned() -> bool:
        let_go = world.uri not in world.mastodon.following[world.dee.uri]
        on_lemmy = world.dee.uri in world.place.banned
        return let_go and on_lemmy and await world.listed(world.cy) == []

    await until(banned)
    again = await world.from_mastodon("Belts again!")
    await world.calm()
    assert await world.listed() == []
    row = await world.row(again["id"])
    assert row is None or row.place_id is None
    await world.ana.say(
        f"@tertulia unban @dee@{world.mastodon.server.authority} from safe-lifting",
        visibility="direct",
    )
    await note_for(world.ana, "may come again")
    last = await world.from_mastodon("No belts, sorry.")
    await world.ana.sees("No belts", f"/api/v1/timelines/list/g{world.community.id}")
    assert note["id"] != last["id"]


@pytest.mark.interop(
    "Follow", "in", "somebody on a forum follows an open community", peer="scripted NodeBB"
)
@pytest.mark.interop(
    "Create{Article}", "in", "a topic, announced to all who follow", peer="scripted NodeBB"
)
@pytest.mark.interop("Create{Note}", "in", "an answer, announced too", peer="scripted NodeBB")
@pytest.mark.interop(
    "Announce{Create{Note}}", "out", "posts and answers of the others", peer="scripted NodeBB"
)
async def test_a_forum_posts_answers_and_hears_the_rest(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    community = await found(hq, ana, bo, preset=Preset.WORLD)
    timeline = f"/api/v1/timelines/list/g{community.id}"
    async with stranger("nodebb") as server:
        forum = NodeBB(server, f"{hq.origin}/inbox")
        max_ = forum.person("max")
        await forum.subscribe(max_, community.uri)
        place = forum.places[community.uri]

        async def accepted() -> bool:
            return max_.uri in place.subscribed

        await until(accepted)
        topic = await forum.begin(max_, community.uri, "Knees", "Bend them.")
        seen = await ana.sees("Bend them", timeline)
        assert "Knees" in seen["reblog"]["content"]
        mine = await ana.say("Both of them?", in_reply_to_id=seen["reblog"]["id"])
        other = await bo.say("@safe-lifting Use your back.")
        await settled(hq)
        heard: dict[str, Thread] = {one.id: one for one in place.shown()}
        assert set(heard) == {topic["id"], mine["uri"], other["uri"]}
        assert heard[mine["uri"]].parent == topic["id"]
        reply = await forum.answer(max_, community.uri, heard[other["uri"]], "Not your back.")
        await settled(hq)
        (child,) = (await bo.get(f"/api/v1/statuses/{other['id']}/context"))["descendants"]
        assert (child["uri"], "Not your back" in child["content"]) == (reply["id"], True)
        assert reply["id"] in place.threads  # announced back to it
        # What goes straight to Max the script wants in a category of its own.
        assert {kind for kind, _ in forum.refused} <= {"Create"}
