"""Removal bites at once, on every node (protocol §6, product.md §6 story 7)."""

import asyncio

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from sqlalchemy import bindparam, select, update

from domain.errors import NotFound
from domain.kinds import Role
from federation.fetcher import CannotFetch
from social import memberships
from storage.queries import actors, deliveries, origins
from storage.queries.posts import by_uri
from storage.tables.communities import communities
from storage.tables.traffic import intake
from storage.tx import Tx
from tests.support.nodes import Nodes, Person, RunningNode
from tests.together.communities import Community, found, note_for
from tests.together.plain_club import plain_club
from tests.together.removals import CANARY, acknowledged, holding, remove, there
from tests.together.stories import known, settled, the_wait_is_over
from tests.together.test_passing_on import Meeting, status_of
from tests.web.test_streaming import socket
from web.actors.relay import shown_relay_note

_RAW = select(intake.c.body)
_TAKES_BACK = (
    update(communities).where(communities.c.actor_id == bindparam("key")).values(takes_back=True)
)


async def closed(live: ClientWebSocketResponse) -> None:
    """Wait until the server ends a stream, which it looks at every two seconds; what was under
    way may still come.
    """
    async with asyncio.timeout(30):
        while (await live.receive()).type is WSMsgType.TEXT:
            pass


# What everybody can see of it.


@pytest.mark.both
async def test_G35_G57_story_7_a_member_elsewhere_loses_everything_at_once(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "cy", "bo")
    cy, group = meeting["cy"], await there(meeting, "cy")
    said = await meeting.say("ana", f"{CANARY} before")
    await meeting.shown("cy", f"{CANARY} before")
    row = await meeting.far.db.read(by_uri, said["uri"])
    assert row is not None
    ways = [
        f"/api/v1/statuses/{row.id}",
        f"/api/v1/timelines/list/g{group}",
        f"/api/v1/lists/g{group}",
    ]
    ways += [f"/api/tertulia/v1/communities/{group}/data_flow"]
    assert [(await cy.ask("GET", path)).status for path in ways] == [200] * 4
    fetch = meeting.far.parts.fetcher.document
    outbox = f"{meeting.club.uri}/outbox?page=true"
    assert (await fetch(outbox, as_actor_id=cy.id)).body["orderedItems"]
    async with socket(cy, {"stream": "list", "list": f"g{group}"}) as live:
        await meeting.say("ana", f"{CANARY} while she listens")
        assert CANARY in (await live.receive(timeout=30)).data
        await remove(meeting, "cy")
        await meeting.club.loses(cy.uri, meeting.far)
        await closed(live)
    assert [(await cy.ask("GET", path)).status for path in ways] == [404] * 4
    assert not [one for one in await cy.home() if CANARY in (one["reblog"] or one)["content"]]
    assert [one["id"] for one in await cy.get("/api/v1/lists")] == []
    for path in (f"{outbox}&x=1", f"{meeting.club.uri}/data_flow", said["uri"]):
        with pytest.raises(CannotFetch):
            await fetch(path, as_actor_id=cy.id)
    await meeting.say("ana", f"{CANARY} afterwards")
    await meeting.shown("bo", f"{CANARY} afterwards")
    await acknowledged(meeting)
    await meeting.settled()
    assert await meeting.far.db.read(holding, CANARY) == set()
    await note_for(cy, "You do not belong to Safe lifting any more")


@pytest.mark.both
async def test_G35_story_7_a_guest_here_loses_everything_at_once(nodes: Nodes) -> None:
    hq = await nodes.start("hq", public_means="network")
    ana, bo, nia = await known(hq, "ana"), await hq.person("bo"), await hq.person("nia", Role.GUEST)
    club = await found(hq, ana, bo, handle="lifting")
    await hq.db.write(_add_guest, club=club, guest=nia, sponsor=bo)
    said = await ana.say(f"@lifting {CANARY}", visibility="private")
    await nia.sees(CANARY)
    mine = await nia.say("here", in_reply_to_id=said["id"], visibility="private")
    ways = [f"/api/v1/statuses/{said['id']}", f"/api/v1/timelines/list/g{club.id}"]
    assert [(await nia.ask("GET", path)).status for path in ways] == [200] * 2
    assert (await nia.get("/api/v2/search", q="bo"))["accounts"], "whoever is in it with her"
    async with socket(nia, {"stream": "user"}) as live:
        await ana.say("@tertulia remove @nia from lifting: the job is done", visibility="direct")
        await club.loses(nia.uri)
        await closed(live)
    assert [(await nia.ask("GET", path)).status for path in ways] == [404] * 2
    assert not (await nia.get("/api/v2/search", q="bo"))["accounts"]
    answer = await nia.ask(
        "POST",
        "/api/v1/statuses",
        json={"status": "me too", "in_reply_to_id": said["id"], "visibility": "private"},
    )
    assert answer.status in {404, 422}
    own = f"/api/v1/statuses/{mine['id']}"
    assert (await nia.ask("PUT", own, json={"status": "an open editor"})).status == 403, "Z10"
    assert "here" in (await nia.get(own))["content"], "her own words are hers to read"
    assert not [one for one in await nia.home() if CANARY in (one["reblog"] or one)["content"]]
    await note_for(nia, "the job is done")
    await note_for(bo, "does not belong to Safe lifting any more")
    assert (await ana.ask("GET", ways[0])).status == 200


def _add_guest(tx: Tx, *, club: Community, guest: Person, sponsor: Person) -> None:
    memberships.add(
        tx,
        node=club.node.node,
        community_id=club.id,
        actor_id=guest.id,
        by_id=0,
        until=tx.now + 1_000_000,
        sponsor_id=sponsor.id,
    )


async def test_with_others_left_at_a_node_only_one_loses_it(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo", "dan")
    await meeting.say("ana", CANARY)
    seen = {handle: await meeting.shown(handle, CANARY) for handle in ("bo", "dan")}
    await remove(meeting, "dan")
    [row] = await acknowledged(meeting)
    assert row.actor_id
    assert await status_of(meeting["dan"], seen["dan"]["id"]) == 404
    assert await status_of(meeting["bo"], seen["bo"]["id"]) == 200
    await meeting.say("ana", "and on it goes")
    await meeting.shown("bo", "and on it goes")
    assert "posts" in await meeting.lab.db.read(holding, CANARY)


@pytest.mark.parametrize("removed", [True, False])
async def test_G57_what_waits_for_a_node_is_sent_only_to_members(
    nodes: Nodes, removed: bool
) -> None:
    meeting = await Meeting.made(nodes, "cy")
    await meeting.say("ana", "all is well")
    await meeting.shown("cy", "all is well")
    await meeting.settled()
    await meeting.hq.db.write(_out_of_reach, meeting.far.origin)
    await meeting.say("ana", CANARY)
    await settled(meeting.hq)
    assert CANARY not in str(await meeting.far.db.read(holding, CANARY))
    if removed:
        await remove(meeting, "cy")
        await meeting.club.loses(meeting["cy"].uri)
    await the_wait_is_over(meeting.hq)
    if not removed:
        await meeting.shown("cy", CANARY)
        return
    await acknowledged(meeting)
    await meeting.settled()
    assert not any(CANARY.encode() in body for body in await intake_of(meeting.far))
    assert await meeting.far.db.read(holding, CANARY) == set()


def _out_of_reach(tx: Tx, origin: str) -> None:
    row = origins.by_origin(tx, origin)
    assert row is not None
    deliveries.origin_missed(tx, row.id, tx.now + 3_600_000)


async def intake_of(node: RunningNode) -> list[bytes]:
    """The signed bytes that a node has not looked at."""
    return await node.db.read(lambda tx: [row[0] or b"" for row in tx.all(_RAW)])


# Plain servers.


@pytest.mark.parametrize("takes_back", [True, False])
async def test_rule_27_a_plain_server_gets_nothing_more_and_the_steward_hears_of_copies(
    nodes: Nodes, takes_back: bool
) -> None:
    async with plain_club(nodes) as club:
        if takes_back:
            await club.hq.db.write(lambda tx: tx.change(_TAKES_BACK, key=club.id))
        await club.say(club.ana, CANARY)
        dee, gil = (
            club.copy(server, person, CANARY)
            for server, person in ((club.mastodon, club.dee), (club.gotosocial, club.gil))
        )
        path = str(dee.document["id"])
        assert path != gil.document["id"]
        assert (await club.hq.db.read(_served, club.hq, path, club.dee.uri)) is True
        await club.expel(club.dee)
        assert (await club.hq.db.read(_served, club.hq, path, club.dee.uri)) is False
        assert club.mastodon.sees(club.dee, CANARY) is not takes_back
        await club.say(club.ana, "later words")
        assert not club.mastodon.sees(club.dee, "later words")
        assert club.gotosocial.sees(club.gil, "later words")
        told = await note_for(club.ana, "copies of what came before may remain on")
        assert club.mastodon.server.authority in told["content"]
        flow = await club.ana.get(f"/api/tertulia/v1/communities/{club.id}/data_flow")
        servers = {one["domain"]: one for one in flow["servers"]}
        gone = servers[club.mastodon.server.authority]
        assert gone["has_members"] is False
        assert gone["forgetting"][0]["acknowledged_at"] is None
        assert "may remain" in gone["notices"][0]
        assert servers[club.gotosocial.server.authority]["has_members"] is True


def _served(tx: Tx, node: RunningNode, url: str, uri: str) -> bool:
    signer = actors.by_uri(tx, uri)
    try:
        shown = shown_relay_note(tx, node=node.node, token=url.rpartition("/")[2], signer=signer)
    except NotFound:
        return False
    return CANARY in str(shown)
