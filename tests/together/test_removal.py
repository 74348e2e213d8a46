"""Removal bites at once, on every node (protocol §6, product.md §6 story 7)."""

import asyncio
import time

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from sqlalchemy import bindparam, select, update

from domain.errors import NotFound
from domain.kinds import Role, RuleAction
from federation.fetcher import CannotFetch
from server.wiring import web_app
from social import accounts, memberships
from storage.queries import actors, deliveries, origins, purges
from storage.queries.posts import by_uri
from storage.queries.purges import PurgeRow
from storage.tables.communities import communities
from storage.tables.metadata import metadata
from storage.tables.traffic import intake
from storage.tx import Tx
from tests.support.nodes import Nodes, Person, RunningNode, until
from tests.support.pictures import picture, upload
from tests.together.attachments import came
from tests.together.communities import Community, found, note_for
from tests.together.plain_club import plain_club
from tests.together.stories import known, settled, the_wait_is_over
from tests.together.test_passing_on import Meeting, status_of
from tests.web.test_streaming import socket
from web.actors.relay import shown_relay_note
from web.fragments import Fragment
from web.services import SERVICES

CANARY = "canary7731"

_TABLES = [select(table) for table in metadata.sorted_tables]
_RAW = select(intake.c.body)
_TAKES_BACK = (
    update(communities).where(communities.c.actor_id == bindparam("key")).values(takes_back=True)
)


def holding(tx: Tx, token: str) -> set[str]:
    """The tables in which some column of some row holds the token."""
    found = set()
    for table, statement in zip(metadata.sorted_tables, _TABLES, strict=True):
        for row in tx.all(statement):
            texts = [bytes(one).decode("latin-1") for one in row if isinstance(one, bytes)]
            if any(
                token in text for text in (*texts, *(one for one in row if isinstance(one, str)))
            ):
                found.add(table.name)
    return found


async def purges_of(meeting: Meeting) -> list[PurgeRow]:
    return await meeting.hq.db.read(purges.of_community, meeting.club.id)


async def acknowledged(meeting: Meeting, count: int = 1) -> list[PurgeRow]:
    """Wait until so many requests to forget are acknowledged; all requests."""

    async def so() -> bool:
        rows = await purges_of(meeting)
        return sum(row.acknowledged_at is not None for row in rows) >= count

    await until(so, 30)
    return await purges_of(meeting)


async def there(meeting: Meeting, handle: str) -> int:
    """The id that the community has at somebody's node."""
    row = await meeting[handle].node.db.read(actors.by_uri, meeting.club.uri)
    assert row is not None
    return row.id


async def closed(live: ClientWebSocketResponse) -> None:
    """Wait until the server ends a stream; what was under way may still come."""
    async with asyncio.timeout(10):
        while (await live.receive()).type is WSMsgType.TEXT:
            pass


async def remove(meeting: Meeting, handle: str) -> None:
    """Ana tells the helper, as stewards do."""
    person = meeting[handle]
    host = "" if person.node is meeting.hq else f"@{person.node.host}"
    await meeting["ana"].say(
        f"@tertulia remove @{handle}{host} from lifting: moved on", visibility="direct"
    )


@pytest.mark.interop(
    "Reject{Follow}", "out", "a removal: the member's node forgets the community", peer="our nodes"
)
@pytest.mark.interop("Accept{Reject}", "out", "once all is forgotten", peer="our nodes")
@pytest.mark.both
async def test_T18_the_last_members_node_forgets_everything_and_says_so(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "cy", "bo")
    said = await meeting.say("ana", f"{CANARY} by ana")
    await meeting.shown("cy", f"{CANARY} by ana")
    await meeting.say("bo", f"{CANARY} by bo")
    theirs = await meeting.shown("cy", f"{CANARY} by bo")
    answer = await meeting["cy"].say(
        "own words stay", in_reply_to_id=theirs["id"], visibility="private"
    )
    await meeting["cy"].post(f"/api/v1/statuses/{theirs['id']}/favourite")
    await meeting.settled()
    assert "posts" in await meeting.far.db.read(holding, CANARY)
    assert await meeting.far.db.read(actors.by_uri, meeting["bo"].uri) is not None
    rendered = web_app(meeting.far.parts)[SERVICES].fragments
    rendered.keep({1: Fragment((CANARY.encode(),))})

    await remove(meeting, "cy")
    await meeting.club.loses(meeting["cy"].uri, meeting.far)
    rows = await acknowledged(meeting)
    await meeting.settled()
    assert [row.acknowledged_at is not None for row in rows] == [True]
    assert await meeting.far.db.read(holding, CANARY) == set()
    assert rendered.held({1: 1}) == {}, "nothing stays in memory"
    assert await meeting.far.db.read(actors.by_uri, meeting["bo"].uri) is None
    own = await meeting["cy"].get(f"/api/v1/statuses/{answer['id']}")
    assert "own words stay" in own["content"]
    assert (await meeting["cy"].ask("GET", f"/api/v1/statuses/{theirs['id']}")).status == 404
    assert await meeting.lab.db.read(holding, CANARY) >= {"posts"}
    assert said["id"]


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
        assert CANARY in (await live.receive(timeout=10)).data
        await remove(meeting, "cy")
        await meeting.club.loses(cy.uri, meeting.far)
        ended = time.monotonic()
        await closed(live)
        assert time.monotonic() - ended < 5
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
        ended = time.monotonic()
        await closed(live)
        assert time.monotonic() - ended < 5
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


@pytest.mark.both
async def test_who_comes_back_reads_everything_anew(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "cy")
    cy = meeting["cy"]
    await meeting.say("ana", f"{CANARY} first")
    first = await meeting.shown("cy", f"{CANARY} first")
    mine = await cy.say("my answer", in_reply_to_id=first["id"], visibility="private")
    await meeting.settled()
    await remove(meeting, "cy")
    await acknowledged(meeting)
    assert await meeting.far.db.read(holding, CANARY) == set()
    alone = await cy.get(f"/api/v1/statuses/{mine['id']}")
    assert (alone["in_reply_to_id"], alone["replies_count"]) == (None, 0)
    await meeting.join("cy")
    again = await meeting.shown("cy", f"{CANARY} first")
    assert again["uri"] == first["uri"]
    await meeting.settled()
    context = await cy.get(f"/api/v1/statuses/{again['id']}/context")
    assert [one["uri"] for one in context["descendants"]] == [mine["uri"]]
    listed = await cy.get(f"/api/v1/timelines/list/g{await there(meeting, 'cy')}")
    assert {one["reblog"]["uri"] for one in listed} == {first["uri"], mine["uri"]}


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


async def test_leaving_makes_the_node_forget_and_say_so(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "cy")
    await meeting.say("ana", CANARY)
    await meeting.shown("cy", CANARY)
    before = [one["id"] for one in await meeting["ana"].notifications()]
    await meeting["cy"].post(f"/api/v1/accounts/{await there(meeting, 'cy')}/unfollow")
    await meeting.club.loses(meeting["cy"].uri, meeting.far)
    await acknowledged(meeting)
    await meeting.settled()
    assert await meeting.far.db.read(holding, CANARY) == set()
    assert [one["id"] for one in await meeting["ana"].notifications()] == before


async def test_a_closed_account_leaves_and_its_node_forgets(nodes: Nodes) -> None:
    """Who was let go at home belongs nowhere any more, with nobody's help (SECURITY, G35)."""
    meeting = await Meeting.made(nodes, "bo", "cy")
    await meeting.say("ana", "before it was closed")
    await meeting.shown("cy", "before it was closed")
    far, cy = meeting.far, meeting["cy"]
    await far.db.write(accounts.disable, node=far.node, account_id=cy.id)
    await meeting.club.loses(cy.uri)
    await acknowledged(meeting)
    assert await far.db.read(holding, "before it was closed") == set()
    await meeting.say("ana", "after it was closed")
    await meeting.shown("bo", "after it was closed")
    await meeting.settled()
    assert await far.db.read(holding, "after it was closed") == set()


async def test_members_everywhere_see_which_servers_hold_copies(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "cy", "bo")
    await remove(meeting, "bo")
    await acknowledged(meeting)
    path = f"/api/tertulia/v1/communities/{await there(meeting, 'cy')}/data_flow"
    here = await meeting["ana"].get(f"/api/tertulia/v1/communities/{meeting.club.id}/data_flow")
    elsewhere = await meeting["cy"].get(path)
    assert here["servers"] == elsewhere["servers"]
    assert elsewhere["complete"] is True
    assert {one["domain"]: one["has_members"] for one in here["servers"]} == {
        meeting.far.host: True,
        meeting.lab.host: False,
    }
    [lab] = [one for one in here["servers"] if one["domain"] == meeting.lab.host]
    assert (lab["software"], lab["notices"]) == ("Tertulia node", [])
    [asked] = lab["forgetting"]
    assert asked["acknowledged_at"] >= asked["asked_at"]
    await meeting.far.db.write(origins.set_rule, meeting.hq.host, RuleAction.BLOCK)
    await asyncio.sleep(2.1)  # what was decided about it is forgotten
    unasked = await meeting["cy"].get(path)
    assert (unasked["complete"], unasked["servers"]) == (False, [])


async def test_M_copied_pictures_go_with_the_last_member(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "cy")
    made = await upload(meeting["ana"], picture(), description="a red field")
    said = await meeting["ana"].say(
        f"{meeting.club.acct} look", visibility="private", media_ids=[made["id"]]
    )
    shown = await came(meeting["cy"], said["uri"])
    assert (await meeting.far.ask("GET", shown["url"])).status == 200
    blobs = meeting.far.parts.archive.blobs
    assert list(blobs.names())
    await remove(meeting, "cy")
    await meeting.club.loses(meeting["cy"].uri, meeting.far)
    assert (await meeting.far.ask("GET", shown["url"])).status == 404
    await acknowledged(meeting)
    assert list(blobs.names()) == []
    assert list(meeting.hq.parts.archive.blobs.names()), "where they belong they stay"


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
