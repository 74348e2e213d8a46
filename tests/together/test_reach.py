"""Who gets to see what: exactly those who were meant, on every node, and nobody by a detour."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from tests.support.nodes import Nodes, Person, until
from tests.together.spies import Spy, a_spy
from tests.together.stories import (
    become_sisters,
    befriend,
    cannot_find,
    known,
    settled,
    shows,
    thread_of,
    told,
)


class World(NamedTuple):
    """Ana and dora live at hq, ben and bea at lab, cy at far, eve spies from outside.

    Ben follows ana. Bea, cy and eve follow dora, so that every server is known to hq.
    """

    ana: Person
    dora: Person
    ben: Person
    bea: Person
    cy: Person
    spy: Spy

    async def settled(self) -> None:
        await settled(self.ana.node, self.ben.node, self.cy.node)


@pytest.fixture
async def world(nodes: Nodes) -> AsyncIterator[World]:
    hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
    ana, dora = await known(hq, "ana"), await known(hq, "dora")
    ben, bea, cy = await known(lab, "ben"), await known(lab, "bea"), await known(far, "cy")
    await befriend(ben, ana)
    await befriend(bea, dora)
    await befriend(cy, dora)
    async with a_spy() as spy:
        await spy.follow(dora)
        yield World(ana, dora, ben, bea, cy, spy)


async def is_hidden_from(status: dict[str, str], person: Person) -> None:
    """Nothing shows a post to this person: not the id, not the thread, not a list, not a search."""
    assert await cannot_find(person, status["uri"])
    for where in ("/api/v1/timelines/home", "/api/v1/timelines/public"):
        assert status["uri"] not in [one["uri"] for one in await person.get(where)]
    assert status["uri"] not in [
        one["status"]["uri"] for one in await person.notifications() if "status" in one
    ]


async def refuses(person: Person, status_id: str) -> None:
    """A post that the node has is the same 404 for this person as one that never was."""
    for path in ("", "/context", "/history", "/favourited_by", "/reblogged_by"):
        answer = await person.ask("GET", f"/api/v1/statuses/{status_id}{path}")
        nothing = await person.ask("GET", f"/api/v1/statuses/1{path}")
        assert (answer.status, answer.body) == (404, nothing.body), path
    for act in ("favourite", "reblog"):
        answer = await person.ask("POST", f"/api/v1/statuses/{status_id}/{act}")
        assert answer.status == 404, act
    reply = {"status": "me too", "in_reply_to_id": status_id}
    assert (await person.ask("POST", "/api/v1/statuses", json=reply)).status == 404


async def is_hidden_from_spy(status: dict[str, str], spy: Spy) -> None:
    """Asked for by its id, it is as if there were no such post."""
    nothing = await spy.fetch(f"{status['uri'].rpartition('/')[0]}/1")
    for signed in (True, False):
        answer = await spy.fetch(status["uri"], signed=signed)
        assert (answer.status, answer.body) == (404, nothing.body)


@pytest.mark.both
async def test_a_followers_post_reaches_exactly_its_readers(world: World) -> None:
    ana, dora, ben, bea, cy, spy = world
    secret = await ana.say("word-for-followers", visibility="private")
    marker = await dora.say("a marker for everybody")
    seen = await ben.sees("word-for-followers")
    assert seen["visibility"] == "private"
    await cy.sees("a marker")
    await bea.sees("a marker")
    await world.settled()
    assert spy.got("Create") == [marker["uri"]]
    assert not spy.heard("word-for-followers")
    await refuses(bea, seen["id"])
    await refuses(dora, secret["id"])
    for person in (bea, cy, dora):
        await is_hidden_from(secret, person)
    await is_hidden_from_spy(secret, spy)
    assert (await spy.fetch(marker["uri"])).status == 200


@pytest.mark.both
async def test_a_direct_post_reaches_exactly_its_readers(world: World) -> None:
    ana, dora, ben, bea, cy, spy = world
    secret = await ana.say(f"word-for-bea {bea.acct}", visibility="direct")
    marker = await dora.say("a marker for everybody")
    seen = (await told(bea, "mention"))["status"]
    assert (seen["uri"], seen["visibility"]) == (secret["uri"], "direct")
    await cy.sees("a marker")
    await world.settled()
    assert spy.got("Create") == [marker["uri"]]
    await refuses(ben, seen["id"])
    await refuses(dora, secret["id"])
    for person in (ben, cy, dora):
        await is_hidden_from(secret, person)
    await is_hidden_from_spy(secret, spy)


@pytest.mark.both
async def test_never_wider_an_answer_is_read_by_readers_of_the_root_only(world: World) -> None:
    ana, dora, ben, bea, cy, spy = world
    await befriend(bea, ben) if bea.node is not ben.node else await bea.follow(ben)
    if (await bea.find(ben.acct))["locked"]:
        await ben.post(f"/api/v1/follow_requests/{bea.id}/authorize")
    await befriend(cy, ben)
    await spy.follow(ben)
    root = await ana.say("root-for-followers", visibility="private")
    seen = await ben.sees("root-for-followers")
    answers = [
        await ben.say("answer-in-the-open", in_reply_to_id=seen["id"], visibility="public"),
        await ben.say("answer-to-mine", in_reply_to_id=seen["id"], visibility="private"),
        await ben.say(f"answer-naming {cy.acct}", in_reply_to_id=seen["id"], visibility="direct"),
    ]
    marker = await ben.say("ben's marker for everybody")
    await cy.sees("ben's marker")
    await bea.sees("ben's marker")
    await world.settled()
    assert answers[0]["visibility"] == "private"
    for answer in answers[:2]:
        assert answer["uri"] in await thread_of(ana, root["id"])
    assert spy.got("Create") == [marker["uri"]]
    for answer in answers:
        for person in (bea, cy, dora):
            await is_hidden_from(answer, person)
        await is_hidden_from_spy(answer, spy)
        await refuses(bea, answer["id"])
    assert not spy.heard("answer-")


async def test_a_direct_answer_in_a_public_thread_stays_between_two(world: World) -> None:
    ana, _, ben, bea, cy, spy = world
    await spy.follow(ana)
    await ana.say("an open root")
    seen = await ben.sees("an open root")
    await ben.say(f"whisper-to {ana.acct}", in_reply_to_id=seen["id"], visibility="direct")
    got = (await told(ana, "mention"))["status"]
    assert got["visibility"] == "direct"
    await world.settled()
    await refuses(bea, (await ben.find_post(got["uri"]))["id"])
    assert await cannot_find(cy, got["uri"])
    assert not spy.heard("whisper-to")
    assert await thread_of(bea, (await bea.find_post(seen["uri"]))["id"]) == [seen["uri"]]


async def test_nobody_is_told_of_a_mention_that_they_may_not_read(world: World) -> None:
    ana, _, ben, bea, cy, spy = world
    await ana.say("root-for-followers", visibility="private")
    seen = await ben.sees("root-for-followers")
    text = f"look {cy.acct} {bea.acct} {spy.acct}"
    answer = await ben.say(text, in_reply_to_id=seen["id"])
    assert answer["mentions"] == []
    await world.settled()
    for person in (bea, cy):
        assert "mention" not in [one["type"] for one in await person.notifications()]
    assert spy.got("Create") == []
    # The helper tells the author once, and names nobody who may not read.
    assert [one["type"] for one in await ben.notifications()].count("status") == 1


@pytest.mark.parametrize("means", ["network", "node"])
@pytest.mark.both
async def test_what_everybody_at_work_reads_never_leaves(nodes: Nodes, means: str) -> None:
    hq, lab = await nodes.start("hq", public_means=means), await nodes.start("lab")
    ana, dora, ben = await known(hq, "ana"), await known(hq, "dora"), await known(lab, "ben")
    await befriend(ben, ana)
    async with a_spy() as spy:
        await spy.follow(ana)
        inside = await ana.say(f"word-for-colleagues {ben.acct} {spy.acct}")
        quiet = await ana.say("word-for-colleagues, quiet", visibility="unlisted")
        only = await ana.say("word-for-colleagues, here", local_only=True)
        await ana.say("a marker for followers", visibility="private")
        assert (inside["visibility"], inside["mentions"]) == ("public", [])
        await ben.sees("a marker")
        await settled(hq, lab)
        assert not spy.heard("word-for-colleagues")
        for status in (inside, quiet, only):
            await is_hidden_from(status, ben)
            await is_hidden_from_spy(status, spy)
            assert (await dora.get(f"/api/v1/statuses/{status['id']}"))["uri"] == status["uri"]
        for signed in (True, False):
            outbox = await spy.fetch(f"{ana.uri}/outbox?page=true", signed=signed)
            assert b"word-for" not in outbox.body
        await ana.put(f"/api/v1/statuses/{inside['id']}", status="word-for-colleagues, edited")
        await ana.delete(f"/api/v1/statuses/{inside['id']}")
        await settled(hq, lab)
        assert not spy.heard(inside["uri"])
        assert not spy.heard("word-for-colleagues")


@pytest.mark.both
async def test_local_only_never_leaves_an_open_node(nodes: Nodes) -> None:
    hq, lab = await nodes.start("hq"), await nodes.start("lab")
    ana, ben = await known(hq, "ana"), await known(lab, "ben")
    await befriend(ben, ana)
    here = await ana.say("word-for-here", local_only=True)
    few = await ana.say("word-for-here, few", visibility="private", local_only=True)
    open_ = await ana.say("for everybody")
    await ben.sees("for everybody")
    await settled(hq, lab)
    for status in (here, few):
        assert status["local_only"] is True
        await is_hidden_from(status, ben)
    answer = await ana.ask(
        "POST",
        "/api/v1/statuses",
        json={"status": f"hey {ben.acct}", "visibility": "direct", "local_only": True},
    )
    assert answer.status == 422
    assert [one["uri"] for one in await ben.home()] == [open_["uri"]]


async def test_sisters_read_what_everybody_at_work_reads(nodes: Nodes) -> None:
    hq = await nodes.start("hq", public_means="network")
    lab, far = [await nodes.start(name, public_means="network") for name in ("lab", "far")]
    ana, ben, cy = await known(hq, "ana"), await known(lab, "ben"), await known(far, "cy")
    await become_sisters(hq, lab)
    await befriend(cy, ana)
    account = await ben.follow(ana)

    async def follows() -> bool:
        answer = await ben.get("/api/v1/accounts/relationships", **{"id[]": account["id"]})
        return bool(answer[0]["following"])

    await until(follows)
    made = await ana.say("for the whole network #work")
    await settled(hq, lab, far)
    assert await cannot_find(cy, made["uri"])
    found = await ben.find_post(made["uri"])
    assert (found["uri"], found["visibility"]) == (made["uri"], "public")
    await shows(ben, found["id"], favourites_count=0)

    answer = await ben.say("and an answer from the sister", in_reply_to_id=found["id"])

    async def came_home() -> bool:
        thread = await ana.get(f"/api/v1/statuses/{made['id']}/context")
        return [one["uri"] for one in thread["descendants"]] == [answer["uri"]]

    await until(came_home)
    assert await cannot_find(cy, answer["uri"])
