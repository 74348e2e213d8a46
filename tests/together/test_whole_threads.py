"""Threads and followers agreed between nodes: what is missing is fetched, what ended ends."""

import pytest
from sqlalchemy import bindparam, delete, select

from activitypub import synchronization
from domain.kinds import Role
from storage.queries import actors, follows, posts
from storage.tables.posts import posts as rows
from storage.tables.threads import threads
from storage.tx import Tx
from tests.support.nodes import Answer, Json, Nodes, Person, until
from tests.together.spies import a_spy
from tests.together.stories import (
    HOME,
    become_sisters,
    befriend,
    following,
    known,
    settled,
    thread_of,
)
from tests.web.visitor import browsing

_LOSE = delete(rows).where(rows.c.id == bindparam("key"))
_THREADS = select(*threads.c)
SYNCHRONIZATION = synchronization.HEADER.lower()
HEADER = "Mastodon-Async-Refresh"


async def opened(person: Person, status_id: str) -> Answer:
    answer = await person.ask("GET", f"/api/v1/statuses/{status_id}/context")
    assert answer.status == 200
    return answer


async def conversation(nodes: Nodes) -> tuple[Person, Person, Person, list[str]]:
    """Ana at hq and cy at far talk; ben at lab knows nothing of it. Their words, in order."""
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    root = await ana.say("How do you lift?")
    there = await cy.find_post(root["uri"])
    first = await cy.say("from the knees", in_reply_to_id=there["id"])
    at_hq = await _arrived(ana, root, first)
    second = await ana.say(f"{cy.acct} thank you", in_reply_to_id=at_hq)
    await settled(hq, far)
    third = await cy.say("and slowly", in_reply_to_id=there["id"])
    await settled(hq, lab, far)
    return ana, ben, cy, [status["uri"] for status in (root, first, second, third)]


async def _arrived(person: Person, root: Json, reply: Json) -> str:
    found: list[str] = []

    async def there() -> bool:
        context = (await opened(person, root["id"])).json
        found[:] = [one["id"] for one in context["descendants"] if one["uri"] == reply["uri"]]
        return bool(found)

    await until(there)
    return found[0]


@pytest.mark.both
@pytest.mark.operation("GET /api/v1_alpha/async_refreshes/:id")
@pytest.mark.interop("context", "out", "another node fetches the whole thread", peer="our nodes")
async def test_a_thread_that_is_opened_is_made_whole(nodes: Nodes) -> None:
    ana, ben, _, words = await conversation(nodes)
    seen = await ben.find_post(words[0])
    first = await opened(ben, seen["id"])
    assert first.json["descendants"] == []
    assert first.json["tertulia"] == {
        "ancestors_cut": False,
        "descendants_cut": False,
        "parent_missing": False,
        "replies_missing": False,
        "fetching": True,
    }
    assert first.headers[HEADER] == f'id="{seen["id"]}", retry=3, result_count=0'

    async def ended() -> bool:
        asked = await ben.get(f"/api/v1_alpha/async_refreshes/{seen['id']}")
        return bool(asked["async_refresh"]["status"] == "finished")

    await until(ended)
    assert await thread_of(ben, seen["id"]) == words
    again = await opened(ben, seen["id"])
    assert HEADER not in again.headers
    assert not any(again.json["tertulia"].values())
    told = await ben.get(f"/api/v1_alpha/async_refreshes/{seen['id']}")
    assert told == {"async_refresh": {"id": seen["id"], "status": "finished", "result_count": 3}}
    assert await ben.home() == []
    kept = [await ben.node.db.read(posts.by_uri, uri) for uri in words]
    assert {row and row.context_uri for row in kept} == {words[0].replace("/o/", "/t/")}
    assert await thread_of(ana, (await ana.find_post(words[0]))["id"]) == words


async def _page(person: Person, status: Json) -> str:
    """The post's page, as its reader sees it in a browser."""
    async with browsing(person.node, person) as visitor:
        return (await visitor.get(f"/@{status['account']['acct']}/{status['id']}")).text


async def test_nobody_asks_for_a_stranger(nodes: Nodes) -> None:
    _, ben, _, words = await conversation(nodes)
    seen = await ben.find_post(words[0])
    answer = await ben.node.ask("GET", f"/api/v1/statuses/{seen['id']}/context")
    assert HEADER not in answer.headers
    await settled(ben.node)
    assert await ben.node.db.read(lambda tx: tx.all(_THREADS)) == []
    path = f"/api/v1_alpha/async_refreshes/{seen['id']}"
    assert (await ben.node.ask("GET", path)).status == 401
    assert HEADER in (await opened(ben, seen["id"])).headers
    answer = await ben.node.ask("GET", f"/api/v1/statuses/{seen['id']}/context")
    assert HEADER not in answer.headers


async def test_a_page_says_what_is_missing(nodes: Nodes) -> None:
    ana, ben, cy, words = await conversation(nodes)
    seen = await ben.find_post(words[1])
    assert seen["uri"] == words[1]
    await settled(ben.node)
    page = await _page(ben, seen)
    assert "Other servers are being asked for more answers" in page
    await settled(ben.node)
    whole = await _page(ben, seen)
    assert "being asked" not in whole
    assert "could not be fetched" not in whole
    assert "thank you" in whole
    assert ana.handle in whole
    assert cy.handle in whole


@pytest.mark.interop(
    "Collection-Synchronization", "out", "a follow that ended here ends there", peer="our nodes"
)
async def test_8fcf_a_removal_that_got_lost_bites_before_the_next_words_are_shown(
    nodes: Nodes,
) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben, bea = await known(hq, "ana"), await known(lab, "ben"), await known(lab, "bea")
    account = await befriend(ben, ana)
    await befriend(bea, ana)
    await ana.say("first words", visibility="private")
    await ben.sees("first words")
    await hq.db.write(_forget, ben.uri, ana.id)
    await ana.say("words for those who are left", visibility="private")
    await bea.sees("words for those who are left")
    await following(ben, account["id"], is_so=False)
    assert all("are left" not in one["content"] for one in await ben.home())
    await ana.say("once more", visibility="private")
    await bea.sees("once more")
    await settled(hq, lab)
    assert not any("once more" in one["content"] for one in await ben.get(HOME))


def _forget(tx: Tx, follower_uri: str, target_id: int) -> None:
    follower = actors.by_uri(tx, follower_uri)
    assert follower is not None
    assert follows.remove(tx, follower.id, target_id) is not None


@pytest.mark.interop(
    "Collection-Synchronization", "out", "on what is for followers alone", peer="a stranger"
)
async def test_8fcf_only_words_for_followers_tell_who_follows(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    async with a_spy() as spy:
        await spy.follow(ana)
        for visibility in ("public", "private"):
            await ana.say(f"words {visibility}", visibility=visibility)
        await settled(hq)
        creates = [seen for seen in spy.server.seen if b'"Create"' in seen.body]
        open_words, few = sorted(creates, key=lambda seen: b"words private" in seen.body)
        assert SYNCHRONIZATION not in open_words.headers
        said = synchronization.parse(few.headers[SYNCHRONIZATION])
        assert said is not None
        assert said.digest == synchronization.digest([spy.eve.uri])
        assert said.url.startswith(f"{hq.origin}/")
        listed = await spy.fetch(said.url)
        assert listed.json["id"] == said.url
        assert listed.json["orderedItems"] == [spy.eve.uri]
        assert (await spy.fetch(said.url, signed=False)).status == 404


@pytest.mark.interop("replies", "out", "each asker's own, by signature", peer="a stranger")
async def test_P06_collections_of_what_may_not_be_read_are_not_there(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, dora = await known(hq, "ana"), await known(hq, "dora")
    async with a_spy() as spy:
        await spy.follow(ana)
        few = await ana.say("for followers", visibility="private")
        answer = await ana.say("one more", visibility="private", in_reply_to_id=few["id"])
        secret = await dora.say("not for her", visibility="private")
        note = (await spy.fetch(few["uri"])).json
        for name in ("replies", "likes", "shares", "context"):
            assert (await spy.fetch(note[name])).status == 200, name
            unsigned = await spy.fetch(note[name], signed=False)
            nothing = await spy.fetch(note[name].replace(few["id"], "1"), signed=False)
            assert (unsigned.status, unsigned.body) == (404, nothing.body), name
        assert (await spy.fetch(note["replies"])).json["first"]["orderedItems"] == [answer["uri"]]
        page = await spy.fetch(f"{note['context']}?page=true&min_id={few['id']}")
        assert page.json["orderedItems"] == [answer["uri"]]
        for name in ("o/{}/replies", "o/{}/likes", "o/{}/shares", "t/{}", "t/{}/history"):
            hidden = await spy.fetch(f"{hq.origin}/{name.format(secret['id'])}")
            nothing = await spy.fetch(f"{hq.origin}/{name.format(1)}")
            assert (hidden.status, hidden.body) == (404, nothing.body), name
            odd = await spy.fetch(f"{hq.origin}/{name.format(few['id'])}?page=true&min_id=x")
            assert odd.status in {200, 404}, name


@pytest.mark.interop("replies", "in", "in a sister's network, signed by the node", peer="our nodes")
async def test_a_sisters_thread_is_made_whole_for_her_network(nodes: Nodes) -> None:
    hq, lab = [await nodes.start(name, public_means="network") for name in ("hq", "lab")]
    await become_sisters(hq, lab)
    ana, dora, ben = await hq.person("ana"), await hq.person("dora"), await lab.person("ben")
    guest = await lab.person("gina", role=Role.GUEST)
    root = await ana.say("for everybody at work")
    await settled(hq, lab)  # an answer that comes before it has the thread asked for
    answer = await dora.say("me too", in_reply_to_id=root["id"])
    await settled(hq, lab)
    lost = await lab.db.read(posts.by_uri, answer["uri"])
    assert lost is not None
    await lab.db.write(lambda tx: tx.change(_LOSE, key=lost.id))
    seen = await ben.find_post(root["uri"])
    assert (await opened(ben, seen["id"])).json["tertulia"]["fetching"]

    async def whole() -> bool:
        return await thread_of(ben, seen["id"]) == [root["uri"], answer["uri"]]

    await until(whole)
    again = await lab.db.read(posts.by_uri, answer["uri"])
    assert again is not None
    assert (again.audience, again.root_audience) == (lost.audience, lost.root_audience)
    for status_id in (seen["id"], str(again.id)):
        answered = await guest.ask("GET", f"/api/v1/statuses/{status_id}/context")
        assert answered.status == 404
