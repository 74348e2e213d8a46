"""A safety practice community over three organisations and plain servers, step by step.

The second of the product's stories, and what the seventh asks of removal between nodes; each step
ends in what its people see, on their own node and in their own app.
"""

import secrets
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Select, bindparam, select, update

from activitypub.vocabulary import ACCEPT
from domain.kinds import AgreementKind, KeyType, MembershipState, Way
from domain.roles import CommunityRole
from federation.signatures import Scheme, sign
from social import agreed
from storage.queries import posts
from storage.tables.jobs import jobs
from storage.tables.origins import agreements
from storage.tx import Tx
from tests.support.commands import operate
from tests.support.nodes import Answer, Json, Nodes, Person, RunningNode, until
from tests.support.pictures import picture, upload
from tests.together.communities import note_for
from tests.together.lifting import HANDLE, PURPOSE, Lifting, lifting, offered, shows
from tests.together.removals import holding

_END = (
    update(agreements)
    .where(agreements.c.kind == AgreementKind.PARTNER)
    .values(until=bindparam("at"))
)


_ENDS = select(agreements.c.until).where(agreements.c.kind == AgreementKind.PARTNER)
_LOOKS = select(jobs.c.run_at).where(jobs.c.kind == agreed.TICK)


async def fetch(url: str, at: RunningNode, person: Person) -> Answer:
    """What a node answers when somebody's node asks for a URL in her name."""
    home = person.node
    key = await home.parts.keyring.signing_key(home.db, person.id, KeyType.RSA)
    headers = {"Accept": ACCEPT, "Host": at.host}
    headers |= sign(
        method="GET",
        url=url,
        headers=headers,
        body=None,
        key=key.key,
        key_id=key.uri,
        scheme=Scheme.RFC9421_OURS,
        now=datetime.now(UTC),
        nonce=secrets.token_urlsafe(18),
    )
    return await at.ask("GET", url, headers=headers)


async def id_at(person: Person, uri: str) -> str:
    """A post's id on somebody's node."""
    row = await person.node.db.read(posts.by_uri, uri)
    assert row is not None, f"{uri} did not come to {person.node.host}"
    return str(row.id)


async def same_figures(story: Lifting, uri: str, answers: int, likes: int) -> None:
    """Wait until every node of ours tells the same of a post."""

    told: list[tuple[int, int]] = []

    async def so() -> bool:
        told[:] = [await _figures(story[who], uri) for who in ("ana", "bo", "cy", "nia")]
        return set(told) == {(answers, likes)}

    try:
        await until(so)
    except TimeoutError:
        raise AssertionError(f"not {answers} answers and {likes} likes but {told}") from None


async def _figures(person: Person, uri: str) -> tuple[int, int]:
    row = await person.node.db.read(posts.by_uri, uri)
    if row is None:
        return -1, -1
    shown = await person.get(f"/api/v1/statuses/{row.id}")
    return shown["replies_count"], shown["favourites_count"]


async def nothing_for(person: Person) -> None:
    """Nobody wrote to them and nothing of the community stands in what they read."""
    assert await person.notifications() == []
    shown = [*await person.home(), *await person.get("/api/v1/timelines/public")]
    assert shown == []
    assert await person.get("/api/v1/lists") == []


@pytest.mark.both
async def test_a_community_over_three_organisations_and_plain_servers(nodes: Nodes) -> None:
    async with lifting(nodes) as story:
        await it_takes_a_purpose_and_two_stewards(story)
        await both_admins_sign(story)
        await cy_dee_and_gil_come_in(story)
        root = await a_first_conversation(story)
        await dee_answers(story, root)
        await nobody_else_gets_anything(story)
        await the_agreement_ends(story, root)


async def it_takes_a_purpose_and_two_stewards(story: Lifting) -> None:
    await story.become_sisters()
    assert "is invited as a steward" in await story.found()
    refused = await operate(story.hq, "community", "launch", HANDLE)
    assert (refused.exit_code, "two stewards" in refused.stderr) == (1, True)
    await story["ana"].say(f"@tertulia launch {HANDLE}", visibility="direct")
    await note_for(story["ana"], "needs two stewards")
    await story.launch()
    row = await story.club.member(story["bo"].uri)
    assert row is not None
    assert (row.role, row.way) == (CommunityRole.STEWARD, Way.NODE)
    account = await story["bo"].find(story.club.acct)
    assert PURPOSE in account["note"]


async def both_admins_sign(story: Lifting) -> None:
    """Before the second signature the firm's signed requests are refused, all alike."""
    hq, firm, cy = story.hq, story.firm, story["cy"]
    nothing = f"{hq.origin}/a/5"
    places = (story.club.uri, f"{story.club.uri}/outbox", story["ana"].uri, nothing)
    before = [await fetch(place, hq, cy) for place in places]
    terms = ("--kind", "partner", "--community", HANDLE, "--until", "2099-12-31")
    code = await offered(hq, firm, *terms)
    between = [await fetch(place, hq, cy) for place in places]
    for answers in (before, between):
        assert {answer.status for answer in answers} <= {401, 403, 404}
        assert len({answer.body for answer in answers}) == 1, "nothing can be told apart"
    lookup = {"q": story.club.acct, "resolve": "true", "type": "accounts"}
    assert (await cy.get("/api/v2/search", **lookup))["accounts"] == []
    accepted = await operate(firm, "partner", "accept", hq.host, code, "--yes")
    assert accepted.exit_code == 0, accepted.output
    for word in ("partner", story.club.uri, "shared", "2099-12-31"):
        assert word in accepted.stdout
    await shows(hq, f"{firm.host}  since")
    await shows(firm, f"{hq.host}  since")


async def cy_dee_and_gil_come_in(story: Lifting) -> None:
    await story.let_in(story["cy"])
    row = await story.club.member(story["cy"].uri)
    assert row is not None
    assert (row.sponsor_id, row.way) == (story["ana"].id, Way.NODE)
    for server, person in story.servers:
        await story.invite_plain(server, person)
        plain = await story.club.member(person.uri)
        assert plain is not None
        assert plain.way is Way.PLAIN
    await story.add_guest()
    await story.settled()


async def a_first_conversation(story: Lifting) -> Json:
    """What Ana writes, everybody has, each in their own kind of app; the post."""
    said = await story.say("ana", "How do you lift what has no handles?")
    await story.all_read("no handles")
    for server, person in story.servers:
        [copy] = [one for one in server.home_of(person) if "no handles" in one.content]
        assert (copy.visibility, copy.author) == ("direct", story.club.uri)
        first_line = copy.content.partition("</p>")[0]
        assert "ana" in first_line
    at_cys = await story.reads("cy", "no handles")
    assert at_cys["visibility"] == "private"
    await story["cy"].say("We screw in eyelets", in_reply_to_id=at_cys["id"], visibility="private")
    await story.all_read("eyelets")
    await same_figures(story, said["uri"], 1, 0)
    return said


async def dee_answers(story: Lifting, root: Json) -> None:
    """By a private mention; it stands in its place on every node, and her followers see nothing."""
    [copy] = [one for one in story.mastodon.home_of(story.dee) if "no handles" in one.content]
    await story.mastodon.reply(story.dee, copy, "we use straps")
    await story.all_read("we use straps", "dee")
    await same_figures(story, root["uri"], 2, 0)
    for handle in ("ana", "bo", "cy"):
        answer = await story.reads(handle, "we use straps")
        assert answer["in_reply_to_id"] == await id_at(story[handle], root["uri"])
        assert answer["account"]["acct"] == f"dee@{story.mastodon.server.authority}"
    await story["bo"].post(f"/api/v1/statuses/{await id_at(story['bo'], root['uri'])}/favourite")
    await story.mastodon.like(story.dee, copy)
    await same_figures(story, root["uri"], 2, 2)
    assert story.mastodon.leaked == story.gotosocial.leaked == []


async def nobody_else_gets_anything(story: Lifting) -> None:
    """Cy names Max, who is no member, in a post with a picture: nothing comes to him."""
    cy, max_ = story["cy"], story["max"]
    made = await upload(cy, picture(), description="a crate")
    said = await story.say("cy", f"{max_.acct} look at this crate", media_ids=[made["id"]])
    await story.all_read("this crate")
    await note_for(cy, "stayed plain text")
    await story.settled()
    await nothing_for(max_)
    for outsider in (max_, story["ivo"], story["fay"]):
        assert await outsider.get("/api/v1/lists") == []
        await _finds_nothing(story, outsider, said["uri"])
    shown = await story.reads("ana", "this crate")
    assert shown["media_attachments"][0]["description"] == "a crate"
    await _the_picture_is_for_members(story, shown["media_attachments"][0]["url"])


async def _finds_nothing(story: Lifting, outsider: Person, uri: str) -> None:
    """By its id, in her own app and by her own node's signature, or by nobody's."""
    home = outsider.node
    row = await home.db.read(posts.by_uri, uri)
    if row is not None:
        assert (await outsider.ask("GET", f"/api/v1/statuses/{row.id}")).status == 404
    found = await outsider.get("/api/v2/search", q=uri, resolve="true", type="statuses")
    assert found["statuses"] == []
    at_host = await story.hq.db.read(posts.by_uri, uri)
    assert at_host is not None
    for place in (f"{story.hq.origin}/o/{at_host.id}", f"{story.club.uri}/outbox?page=true"):
        assert (await fetch(place, story.hq, outsider)).status in {401, 403, 404}
        unsigned = await story.hq.ask("GET", place, headers={"Accept": ACCEPT})
        assert unsigned.status == 404
    assert (await fetch(uri, story.firm, outsider)).status in {401, 403, 404}


async def _the_picture_is_for_members(story: Lifting, url: str) -> None:
    """An address is one member's; no other address leads to the picture."""
    assert (await story.hq.ask("GET", url)).status == 200
    base, viewer, seal = url.rsplit("/", 2)
    for other in (
        f"{base}/{story['ivo'].id}/{seal}",
        f"{base}/{viewer}/{seal[::-1]}",
        f"{base}/{viewer}/{seal[:-1]}",
    ):
        assert (await story.hq.ask("GET", other)).status == 404


async def the_agreement_ends(story: Lifting, root: Json) -> None:
    """Its date passes: deliveries stop, the firm forgets and says so; others go on."""
    there = await id_at(story["cy"], root["uri"])
    for node in (story.hq, story.firm):
        ends, looks = [await node.db.read(_first_column, one) for one in (_ENDS, _LOOKS)]
        assert set(ends) <= set(looks), "each node looks at its agreements at that very moment"
        await node.db.write(lambda tx: tx.change(_END, at=tx.now))
    await story.say("ana", "after the end")
    await story.all_read("after the end", "cy")
    for node in (story.hq, story.firm):
        await node.db.write(agreed.end_overdue, node=node.node)
    assert (await story["cy"].ask("GET", f"/api/v1/statuses/{there}")).status == 404
    await shows(story.hq, "they forgot what they got on")
    await story.settled()
    for words in ("no handles", "we use straps", "after the end"):
        assert await story.firm.db.read(holding, words) == set()
    assert "posts" in await story.firm.db.read(holding, "screw in eyelets"), "Cy's words are Cy's"
    row = await story.club.member(story["cy"].uri)
    assert row is not None
    assert row.state is MembershipState.REMOVED
    await _the_data_flow_page_says_so(story)


def _first_column(tx: Tx, statement: Select[Any]) -> list[int]:
    return [row[0] for row in tx.all(statement)]


async def _the_data_flow_page_says_so(story: Lifting) -> None:
    """To every member, wherever: who holds copies, and who has forgotten them."""
    path = "/api/tertulia/v1/communities/{}/data_flow"
    shown = await story["ana"].get(path.format(story.club.id))
    servers = {one["domain"]: one for one in shown["servers"]}
    [asked] = servers[story.firm.host]["forgetting"]
    assert asked["acknowledged_at"] is not None
    holders = {story.lab.host, story.mastodon.server.authority, story.gotosocial.server.authority}
    assert {domain for domain, one in servers.items() if one["has_members"]} == holders
