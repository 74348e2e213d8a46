"""Nothing is sent to those who may not read it any more, whenever it was queued (protocol §6)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import orjson

from tests.support.nodes import Json, Nodes, RunningNode, until
from tests.support.nodes import Person as Ours
from tests.support.stranger import Page, Person, Stranger, stranger
from tests.together.stories import settled, the_wait_is_over, waiting


@asynccontextmanager
async def two_followers(
    node: RunningNode, author: Ours
) -> AsyncIterator[tuple[Person, Person, dict[str, str]]]:
    """Followers on two foreign servers, and the ids of their accounts by actor."""
    async with stranger("far") as far, stranger("near") as near:
        people = far.person("ext"), near.person("kim")
        ids = {}
        for person in people:
            follow = person.server.activity(person, "Follow", author.uri)
            await person.server.deliver(person, f"{node.origin}/inbox", follow)
            await settled(node)
            for asker in await author.get("/api/v1/follow_requests"):
                ids[asker["uri"]] = asker["id"]
                await author.post(f"/api/v1/follow_requests/{asker['id']}/authorize")
        await settled(node)
        yield *people, ids


def got(server: Stranger, kind: str) -> list[Json]:
    """The objects of what was delivered there."""
    sent = [orjson.loads(seen.body) for seen in server.seen if seen.method == "POST"]
    return [one["object"] for one in sent if one["type"] == kind]


def words(server: Stranger, kind: str) -> list[str]:
    return [one["content"] for one in got(server, kind)]


async def test_P09_an_edit_does_not_reach_who_was_removed(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with two_followers(node, ana) as (ext, kim, ids):
        post = await ana.say("first words", visibility="private")
        await settled(node)
        assert words(ext.server, "Create") == words(kim.server, "Create") == ["<p>first words</p>"]
        await ana.post(f"/api/v1/accounts/{ids[ext.uri]}/remove_from_followers")
        await ana.put(f"/api/v1/statuses/{post['id']}", status="second words")
        await settled(node)
        assert words(kim.server, "Update") == ["<p>second words</p>"]
        assert words(ext.server, "Update") == []
        await ana.delete(f"/api/v1/statuses/{post['id']}")
        await settled(node)
        for server in (ext.server, kim.server):  # the copy that each was given lawfully
            assert [one["id"] for one in got(server, "Delete")] == [post["uri"]]


async def test_P09_what_was_queued_does_not_reach_who_was_removed(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with two_followers(node, ana) as (ext, kim, ids):
        await both_away(node, ext, kim, lambda: ana.say("queued words", visibility="private"))
        await ana.post(f"/api/v1/accounts/{ids[ext.uri]}/remove_from_followers")
        await both_back(node, ext, kim)
        assert words(kim.server, "Create") == ["<p>queued words</p>"]
        assert words(ext.server, "Create") == []


async def test_P13_what_was_deleted_while_it_waited_is_not_sent(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana = await node.person("ana")
    async with two_followers(node, ana) as (ext, kim, _):
        await both_away(node, ext, kim, lambda: ana.say("regretted"))
        [regretted] = await ana.get(f"/api/v1/accounts/{ana.id}/statuses")
        await ana.delete(f"/api/v1/statuses/{regretted['id']}")
        await ana.say("meant")
        await settled(node)
        await both_back(node, ext, kim)
        for server in (ext.server, kim.server):
            assert words(server, "Create") == ["<p>meant</p>"]
            assert [one["id"] for one in got(server, "Delete")] == [regretted["uri"]]


async def both_away(
    node: RunningNode, ext: Person, kim: Person, act: Callable[[], Awaitable[Json]]
) -> None:
    """Both servers are out of order while something is said."""
    for person in (ext, kim):
        person.server.pages["/inbox"] = Page(status=503)
    await act()

    async def tried() -> bool:
        return await waiting(node) == 2 and all(
            any(seen.path == "/inbox" for seen in person.server.seen[-1:]) for person in (ext, kim)
        )

    await until(tried)
    await settled(node)


async def both_back(node: RunningNode, ext: Person, kim: Person) -> None:
    """They are in order again, and the wait is over."""
    for person in (ext, kim):
        del person.server.pages["/inbox"]
        person.server.seen.clear()
    await the_wait_is_over(node)

    async def empty() -> bool:
        return await waiting(node) == 0

    await until(empty)
    await settled(node)


async def test_P09_an_answer_to_what_stays_here_stays_here(nodes: Nodes) -> None:
    node = await nodes.start("hq")
    ana, bo, cy = [await node.person(handle) for handle in ("ana", "bo", "cy")]
    async with two_followers(node, cy) as (ext, _, _):
        root = await ana.say("a question for the world")
        kept = await bo.say("among us", in_reply_to_id=root["id"], local_only=True)
        overheard = await cy.say("half of it", in_reply_to_id=kept["id"], visibility="public")
        assert overheard["local_only"]
        mine = await cy.say("half of it", in_reply_to_id=kept["id"], visibility="private")
        assert mine["local_only"]
        open_answer = await cy.say("for all", in_reply_to_id=root["id"])
        assert not open_answer["local_only"]
        await settled(node)
        assert words(ext.server, "Create") == ["<p>for all</p>"]
        assert (await node.ask("GET", f"/api/v1/statuses/{overheard['id']}")).status == 404
        shown = await ana.get(f"/api/v1/statuses/{root['id']}/context")
        assert overheard["id"] in [one["id"] for one in shown["descendants"]]


async def test_P09_an_answer_names_nobody_here_whom_its_author_does_not_name(nodes: Nodes) -> None:
    node = await nodes.start("hq", public_means="network")
    bo, cy = await node.person("bo"), await node.person("cy")
    async with two_followers(node, cy) as (ext, kim, _):
        note = kim.server.note(kim, to=["https://www.w3.org/ns/activitystreams#Public"])
        root = await cy.find_post(note["id"])
        quiet = await bo.say("to mine", in_reply_to_id=root["id"], visibility="private")
        [follower] = [await bo.find("cy")]
        await cy.post(f"/api/v1/accounts/{bo.id}/follow")
        assert follower["id"] == str(cy.id)
        await cy.say("and so do I", in_reply_to_id=quiet["id"], visibility="public")
        await settled(node)
        [answer] = got(ext.server, "Create")
        assert bo.uri not in orjson.dumps(answer).decode()
        direct = await cy.say("hers", in_reply_to_id=root["id"])
        await settled(node)
        assert kim.uri in got(kim.server, "Create")[-1]["cc"], direct["uri"]
