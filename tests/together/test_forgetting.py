"""A node forgets a community when its last member is out, says so, and may learn it anew."""

import asyncio

import pytest

from domain.kinds import RuleAction
from server.wiring import web_app
from social import accounts
from storage.queries import actors, origins
from tests.support.nodes import Nodes
from tests.support.pictures import picture, upload
from tests.together.attachments import came
from tests.together.removals import CANARY, acknowledged, holding, remove, there
from tests.together.test_passing_on import Meeting
from web.fragments import Fragment
from web.services import SERVICES


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
