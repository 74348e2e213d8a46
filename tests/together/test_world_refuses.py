"""What an open community does not take, and what stays closed beside it."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from domain.kinds import Joining, Preset, Role
from social import memberships
from storage.tables.traffic import activities
from tests.support.boosting import Boosting
from tests.support.nodes import Nodes, RunningNode, until
from tests.support.stranger import PUBLIC, Document, stranger
from tests.together.communities import found, helper_of, note_for
from tests.together.spies import a_spy
from tests.together.stories import known, settled
from tests.together.world import World, open_world

_SENT = select(activities.c.body).order_by(activities.c.id)


@pytest.fixture
async def world(nodes: Nodes) -> AsyncIterator[World]:
    async with open_world(nodes) as made:
        yield made


async def announced(node: RunningNode) -> list[Document]:
    """Every Announce that was made here."""
    rows = await node.db.read(lambda tx: tx.all(_SENT))
    documents = [orjson.loads(body) for (body,) in rows]
    return [one for one in documents if one["type"] == "Announce"]


def addressed(world: World, **more: Any) -> dict[str, Any]:
    return {"to": [PUBLIC], "cc": [world.uri], "audience": world.uri, **more}


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_O10_what_is_for_few_is_never_announced(world: World, visibility: str) -> None:
    note = await world.from_mastodon("for few", visibility=visibility)
    await world.calm()
    assert await announced(world.hq) == []
    assert await world.listed() == []
    row = await world.row(note["id"])
    assert row is None or (row.place_id, row.is_world_public) == (None, False)
    await world.from_mastodon("for all")
    await world.calm()
    assert await world.listed() == ["<p>for all</p>"]


async def test_O09_an_answer_for_few_stays_with_them(world: World) -> None:
    post = await world.ana.say("@safe-lifting Use your knees.")
    await world.calm()
    before = len(await announced(world.hq))
    await world.bo.say("only for my followers", in_reply_to_id=post["id"], visibility="private")
    await world.bo.say("@ana only for you", in_reply_to_id=post["id"], visibility="direct")
    await world.calm()
    assert len(await announced(world.hq)) == before
    await world.bo.say("for all", in_reply_to_id=post["id"])
    await world.calm()
    assert len(await announced(world.hq)) == before + 1


async def test_O07_nobody_hands_in_what_another_wrote(world: World) -> None:
    public = {"to": [PUBLIC], "cc": [world.uri]}
    mine = await world.lemmy.say(world.lia, world.uri, content="<p>mine</p>", **public)
    await world.calm()
    before = len(await announced(world.hq))
    theirs = mine | {"id": world.lemmy.server.url("/notes/theirs")}
    await world.lemmy.tell(world.mo, world.uri, "Create", theirs)
    await world.lemmy.tell(world.mo, world.uri, "Update", mine | {"content": "<p>not mine</p>"})
    await world.calm()
    assert await world.listed() == ["<p>mine</p>"]
    assert len(await announced(world.hq)) == before


async def test_O19_hidden_recipients_are_not_passed_on(world: World) -> None:
    secret = f"{world.dee.uri}/secret"
    note = world.lemmy.server.note(
        world.lia, content="<p>open</p>", bto=[secret], bcc=[secret], **addressed(world)
    )
    await world.lemmy.tell(world.lia, world.uri, "Create", note, bto=[secret], bcc=secret)
    await world.calm()
    assert await world.listed() == ["<p>open</p>"]
    sent = orjson.dumps(await announced(world.hq))
    assert b"open" in sent
    assert b"secret" not in sent
    assert b"bcc" not in sent


async def test_a_like_is_passed_on_once_however_often_it_is_said(world: World) -> None:
    post = await world.ana.say("@safe-lifting Use your knees.")
    await world.calm()
    before = len(await announced(world.hq))
    likes = [await world.lemmy.tell(world.lia, world.uri, "Like", post["uri"]) for _ in range(3)]
    await world.calm()
    assert len(await announced(world.hq)) == before + 1
    for like in likes:
        await world.lemmy.tell(world.lia, world.uri, "Undo", like)
    await world.calm()
    assert len(await announced(world.hq)) == before + 2
    assert (await world.ana.get(f"/api/v1/statuses/{post['id']}"))["favourites_count"] == 0


async def becomes_steward(world: World) -> None:
    """Ana makes Lia a steward, who lives on the Lemmy."""
    lia = f"@lia@{world.lemmy.server.authority}"
    await world.ana.say(f"@tertulia make {lia} steward of safe-lifting", visibility="direct")
    await note_for(world.ana, "is steward of Safe lifting now")

    async def listed() -> bool:
        return world.lia.uri in world.place.moderators

    await until(listed)


async def passed_on(world: World, *deeds: Document) -> bool:
    """Whether each was announced."""
    inner = [one["object"] for one in await announced(world.hq)]
    ids = {one["id"] for one in inner if isinstance(one, dict)}
    return ids >= {one["id"] for one in deeds}


@pytest.mark.interop(
    "Delete, Lock, Add and Remove (featured) by a moderator elsewhere",
    "in",
    "done and announced if they are a steward",
    peer="scripted Lemmy",
)
@pytest.mark.interop(
    "Undo{Delete, Lock} by a moderator elsewhere",
    "in",
    "shown again, open again, if they are a steward",
    peer="scripted Lemmy",
)
async def test_stewards_elsewhere_moderate_posts_and_nobody_else(world: World) -> None:
    post = await world.ana.say("@safe-lifting Use your knees.")
    await world.calm()
    featured, answer = f"{world.uri}/featured", {"status": "but", "in_reply_to_id": post["id"]}

    async def lia(kind: str, about: Any, **more: Any) -> Document:
        deed = await world.lemmy.tell(world.lia, world.uri, kind, about, **more)
        await world.calm()
        return deed

    async def is_open() -> bool:
        return (await world.ana.ask("POST", "/api/v1/statuses", json=answer)).status == 200

    async def top() -> list[str]:
        shown = (await world.hq.ask("GET", f"/a/{world.community.id}/featured")).json
        return list(shown["orderedItems"])

    powerless = [
        await lia("Delete", post["uri"], summary="no"),
        await lia("Lock", post["uri"]),
        await lia("Add", post["uri"], target=featured),
    ]
    assert (len(await world.listed()), await is_open(), await top()) == (1, True, [])
    await becomes_steward(world)
    lock = await lia("Lock", post["uri"])
    assert not await is_open()
    opened = await lia("Undo", lock)
    assert await is_open()
    added = await lia("Add", post["uri"], target=featured)
    assert await top() == [post["uri"]]
    taken_down = await lia("Remove", post["uri"], target=featured)
    assert await top() == []
    deed = await lia("Delete", post["uri"], summary="off-topic")
    await note_for(world.ana, "Your post was taken out of Safe lifting")
    assert not any("knees" in one for one in await world.listed(world.cy))
    own = await world.ana.get(f"/api/v1/statuses/{post['id']}")
    assert "knees" in own["content"]  # it stays its author's
    restored = await lia("Undo", deed)
    for reader in (world.bo, world.cy):
        assert any("knees" in one for one in await world.listed(reader))
    assert await passed_on(world, lock, opened, added, taken_down, deed, restored)
    for one in powerless:
        assert not await passed_on(world, one)


@pytest.mark.interop(
    "Block, Undo{Block} by a moderator elsewhere",
    "in",
    "shuts out, lets in again, if they are a steward",
    peer="scripted Lemmy",
)
@pytest.mark.interop(
    "Add and Remove (moderators) by a moderator elsewhere",
    "in",
    "done and announced if they are a steward",
    peer="scripted Lemmy",
)
async def test_stewards_elsewhere_moderate_people_and_nobody_else(world: World) -> None:
    moderators, words = f"{world.uri}/moderators", {"to": [PUBLIC], "cc": [world.uri]}

    async def lia(kind: str, about: Any, **more: Any) -> Document:
        deed = await world.lemmy.tell(world.lia, world.uri, kind, about, **more)
        await world.calm()
        return deed

    async def mo_writes(said: str) -> list[str]:
        await world.lemmy.say(world.mo, world.uri, content=f"<p>{said}</p>", **words)
        await world.calm()
        return await world.listed()

    async def stewards() -> list[str]:
        return list(
            (await world.hq.ask("GET", f"/a/{world.community.id}/moderators")).json["orderedItems"]
        )

    assert await mo_writes("one") == ["<p>one</p>"]
    ban = {"target": world.uri, "removeData": True}
    powerless = [
        await lia("Block", world.mo.uri, **ban),
        await lia("Add", world.lia.uri, target=moderators),
        await lia("Remove", world.ana.uri, target=moderators),
    ]
    assert await mo_writes("two") == ["<p>two</p>", "<p>one</p>"]
    assert await stewards() == [world.ana.uri, world.bo.uri]
    await becomes_steward(world)
    block = await lia("Block", world.mo.uri, summary="spam", **ban)
    assert await world.listed() == []  # what he had written went with him
    assert await mo_writes("three") == []
    again = await lia("Undo", block)
    assert await mo_writes("four") == ["<p>four</p>"]
    added = await lia("Add", world.cy.uri, target=moderators)
    assert world.cy.uri in await stewards()
    removed = await lia("Remove", world.cy.uri, target=moderators)
    assert world.cy.uri not in await stewards()
    assert await world.community.has(world.cy.uri)  # a member still
    assert await passed_on(world, block, again, added, removed)
    for one in powerless:
        assert not await passed_on(world, one)


async def test_where_one_asks_to_join_only_members_write(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo, eve = await known(hq, "ana"), await known(hq, "bo"), await known(hq, "eve")
    community = await found(hq, ana, bo, preset=Preset.WORLD, joining=Joining.BY_REQUEST)
    post = await ana.say("@safe-lifting Use your knees.")
    async with stranger("social") as server:
        mastodon = Boosting(server, f"{hq.origin}/inbox")
        dee = mastodon.person("dee")
        await mastodon.follow(dee, community.uri)
        await note_for(ana, "asks to join")
        await mastodon.send(dee, "<p>not yet</p>", visibility="public", group=community.uri)
        await settled(hq)
        timeline = f"/api/v1/timelines/list/g{community.id}"
        assert len(await ana.get(timeline)) == 1
        answer = {"status": "but", "in_reply_to_id": post["id"]}
        refused = await eve.ask("POST", "/api/v1/statuses", json=answer)
        assert (refused.status, "Only members write" in refused.text) == (403, True)
        await ana.say(f"@tertulia approve @dee@{server.authority}", visibility="direct")
        await community.takes_in(dee.uri)
        await mastodon.send(dee, "<p>now I may</p>", visibility="public", group=community.uri)
        await ana.sees("now I may", timeline)


async def test_guests_belong_and_write_where_the_world_reads(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    gina = await hq.person("gina", role=Role.GUEST)
    community = await found(hq, ana, bo, preset=Preset.WORLD)
    await hq.db.write(_add, hq, community.id, gina.id)
    await note_for(gina, "can be read by anybody, on any server, with your name")
    said = await gina.say("@safe-lifting Hello from a guest.")
    assert said["visibility"] == "public"
    await ana.sees("Hello from a guest", f"/api/v1/timelines/list/g{community.id}")
    inner = await found(hq, ana, bo, handle="at-work", preset=Preset.HERE)
    asked = await gina.ask("POST", f"/api/v1/accounts/{inner.id}/follow")
    assert asked.status in {403, 404}


def _add(tx: Any, node: RunningNode, community_id: int, actor_id: int) -> None:
    memberships.ask(tx, node=node.node, actor_id=actor_id, community_id=community_id)


@pytest.mark.interop("Group", "out", "open: whole for everybody", peer="a stranger")
@pytest.mark.interop("moderators", "out", "who keeps an open community", peer="a stranger")
@pytest.mark.interop("followers", "out", "how many follow an open community", peer="a stranger")
@pytest.mark.interop("outbox", "out", "of an open community, for everybody", peer="a stranger")
async def test_everybody_finds_it_and_nobody_finds_the_others(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana, bo = await known(hq, "ana"), await known(hq, "bo")
    community = await found(hq, ana, bo, preset=Preset.WORLD)
    closed = await found(hq, ana, bo, handle="inner", preset=Preset.PARTNERS)
    await ana.say("@safe-lifting Use your knees.")
    await settled(hq)
    async with a_spy() as spy:
        for signed in (True, False):
            whole = (await spy.fetch(community.uri, signed=signed)).json
            assert (whole["type"], whole["name"]) == ("Group", "Safe lifting")
            assert whole["attributedTo"] == f"{community.uri}/moderators"
            assert whole["postingRestrictedToMods"] is False
            assert whole["manuallyApprovesFollowers"] is False
            moderators = (await spy.fetch(whole["attributedTo"], signed=signed)).json
            assert moderators["orderedItems"] == [ana.uri, bo.uri]
            followers = (await spy.fetch(whole["followers"], signed=signed)).json
            assert (followers["totalItems"], followers["orderedItems"]) == (2, [])
            outbox = (await spy.fetch(f"{whole['outbox']}?page=true", signed=signed)).json
            (item,) = outbox["orderedItems"]
            assert (item["type"], item["object"]["type"]) == ("Announce", "Create")
            assert "Use your knees" in item["object"]["object"]["content"]
            post = (await spy.fetch(item["object"]["object"]["id"], signed=signed)).json
            assert post["audience"] == community.uri
            for path in ("", "/moderators", "/followers", "/outbox?page=true", "/featured"):
                assert (await spy.fetch(f"{closed.uri}{path}", signed=signed)).status == 404
        name = f"acct:safe-lifting@{hq.host}"
        finger = await spy.fetch(f"{hq.origin}/.well-known/webfinger?resource={name}", signed=False)
        assert finger.json["links"]
        page = await hq.ask("GET", "/@safe-lifting", headers={"Accept": "text/html"})
        assert (page.status, "Use your knees" in page.text) == (200, True)
        hidden = await hq.ask("GET", "/@inner", headers={"Accept": "text/html"})
        assert hidden.status in {303, 404}
        assert "Safe lifting" not in hidden.text
        follow = spy.server.activity(spy.eve, "Follow", closed.uri)
        await spy.server.deliver(spy.eve, f"{hq.origin}/inbox", follow)
        await settled(hq)
        assert spy.got("Accept") == spy.got("Reject") == []
        follow = spy.server.activity(spy.eve, "Follow", community.uri)
        await spy.server.deliver(spy.eve, f"{hq.origin}/inbox", follow)

        async def accepted() -> bool:
            return len(spy.got("Accept")) == 1

        await until(accepted)
        assert "result" not in spy.got("Accept")[0]


async def test_nobody_hears_of_it_before_it_is_launched(nodes: Nodes) -> None:
    hq = await nodes.start("hq")
    ana = await known(hq, "ana")
    await ana.say(
        f"{helper_of(hq)} create lifting Lifting, open to the world: to lift well",
        visibility="direct",
    )
    await note_for(ana, "is there, open to the world, and you are its steward")
    async with a_spy() as spy:
        name = f"acct:lifting@{hq.host}"
        url = f"{hq.origin}/.well-known/webfinger?resource={name}"
        assert (await spy.fetch(url, signed=False)).status == 404


async def test_a_page_of_the_network_stays_inside(world: World) -> None:
    """The presets beside it: what everyone here reads never leaves."""
    inner = await found(world.hq, world.ana, world.bo, handle="at-work", preset=Preset.HERE)
    before = len(await announced(world.hq))
    said = await world.ana.say("@at-work Lunch at one.")
    assert (said["visibility"], said["local_only"]) == ("public", True)
    await world.bo.sees("Lunch at one", f"/api/v1/timelines/list/g{inner.id}")
    await world.calm()
    assert len(await announced(world.hq)) == before
    assert not any("Lunch" in str(one) for one in world.lemmy.got.values())


async def test_who_is_shut_out_neither_answers_nor_likes(world: World) -> None:
    post = await world.ana.say("@safe-lifting Use your knees.")

    async def answer(by: Any) -> bool:
        """Somebody answers, likes and changes an answer; whether all of it counts."""
        note = await world.lemmy.say(
            by,
            world.uri,
            content="<p>yes</p>",
            inReplyTo=post["uri"],
            to=[PUBLIC],
            cc=[world.uri],
        )
        like = await world.lemmy.tell(by, world.uri, "Like", post["uri"])
        await world.calm()
        shown = await world.ana.get(f"/api/v1/statuses/{post['id']}")
        await world.lemmy.tell(by, world.uri, "Undo", like)
        return await world.row(note["id"]) is not None and shown["favourites_count"] == 1

    assert await answer(world.mo)
    mo = f"@mo@{world.lemmy.server.authority}"
    await world.ana.say(f"@tertulia ban {mo} from safe-lifting: spam", visibility="direct")
    await note_for(world.ana, "is shut out of Safe lifting")
    await world.calm()
    assert not await answer(world.mo)
    assert await answer(world.lia)
    shown = await world.ana.get(f"/api/v1/statuses/{post['id']}")
    assert shown["replies_count"] == 1  # what he had written was taken out
