"""What stewards put at the top of a community is found there by members everywhere, and by nobody
else.
"""

import pytest
from sqlalchemy import delete

from federation.fetcher import CannotFetch
from storage.queries import pins
from storage.queries.posts import by_uri
from storage.tables.actors import key_fetches
from storage.tx import Tx
from tests.support.nodes import Json, Nodes, Person, until
from tests.together.stories import settled
from tests.together.test_passing_on import Meeting
from tests.web.visitor import browsing

_FORGET = delete(key_fetches)


async def group_of(meeting: Meeting, person: Person) -> Json:
    return await person.find(meeting.club.acct)


async def top(meeting: Meeting, person: Person) -> list[str]:
    """What stands at the top of the community, as this person's app shows it."""
    group = await group_of(meeting, person)
    found = await person.get(f"/api/v1/accounts/{group['id']}/statuses", pinned="true")
    return [status["uri"] for status in found]


async def shows(meeting: Meeting, person: Person, *uris: str) -> None:
    async def so() -> bool:
        return await top(meeting, person) == list(uris)

    await until(so)


async def said(meeting: Meeting, handle: str, words: str) -> Json:
    """Something that everybody in the meeting has."""
    post = await meeting.say(handle, words)
    for each in ("ana", "bo", "cy"):
        await meeting.shown(each, words)
    return post


@pytest.mark.both
@pytest.mark.interop(
    "Add (featured of a community)", "out", "members find it at the top", peer="our nodes"
)
async def test_members_everywhere_find_what_a_steward_pins(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo", "cy")
    ana, bo, cy = meeting["ana"], meeting["bo"], meeting["cy"]
    rules = await said(meeting, "ana", "the rules")
    words = await said(meeting, "cy", "words from far")
    assert (await ana.post(f"/api/v1/statuses/{rules['id']}/pin"))["pinned"] is True
    for person in (ana, bo, cy):
        await shows(meeting, person, rules["uri"])
    there = await ana.sees("words from far")
    await ana.post(f"/api/v1/statuses/{there['reblog']['id']}/pin")
    for person in (ana, bo, cy):
        await shows(meeting, person, words["uri"], rules["uri"])
    await ana.post(f"/api/v1/statuses/{rules['id']}/unpin")
    for person in (ana, bo, cy):
        await shows(meeting, person, words["uri"])
    await cy.delete(f"/api/v1/statuses/{words['id']}")
    for person in (ana, bo):
        await shows(meeting, person)


async def test_who_comes_later_finds_what_was_pinned_before(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo")
    rules = await meeting.say("ana", "the rules")
    await meeting.shown("bo", "the rules")
    await meeting["ana"].post(f"/api/v1/statuses/{rules['id']}/pin")
    await meeting.join("cy")
    await meeting.settled()
    await shows(meeting, meeting["cy"], rules["uri"])


async def test_only_stewards_pin_and_only_where_the_community_lives(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo", "cy")
    post = await said(meeting, "bo", "words of bo")
    pin = f"/api/v1/statuses/{post['id']}/pin"
    refused = await meeting["bo"].ask("POST", pin)
    assert (refused.status, "stewards pin there" in refused.json["error"]) == (403, True)
    dan = meeting["dan"]
    assert (await dan.ask("POST", pin)).status == 404, "no member"
    member = await meeting.hq.person("max")
    await meeting.club.invite(member.id, meeting["ana"])
    await member.post(f"/api/v1/accounts/{meeting.club.id}/follow")
    await meeting.club.takes_in(member.uri)
    own = await meeting.say("ana", "words of ana")
    refused = await member.ask("POST", f"/api/v1/statuses/{own['id']}/pin")
    assert (refused.status, "Only the stewards" in refused.json["error"]) == (403, True)
    assert await meeting.hq.db.read(pins.of, meeting.club.id) == []


async def test_G30_nobody_else_learns_what_stands_there(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo")
    post = await meeting.say("ana", "the rules")
    await meeting.shown("bo", "the rules")
    await meeting["ana"].post(f"/api/v1/statuses/{post['id']}/pin")
    await shows(meeting, meeting["bo"], post["uri"])
    url = f"{meeting.club.uri}/featured"
    fetcher = meeting.lab.parts.fetcher
    told = await fetcher.document(url, as_actor_id=meeting["bo"].id)
    assert told.body["orderedItems"] == [post["uri"]]
    for asking in (meeting["dan"].id, None):
        try:
            found = (await fetcher.document(url, as_actor_id=asking)).body["orderedItems"]
        except CannotFetch:
            found = []
        assert found == []
        await meeting.lab.db.write(_awake)
    anonymous = await meeting.hq.ask("GET", url, headers={"Accept": "application/activity+json"})
    assert anonymous.status == 404 or anonymous.json["orderedItems"] == []
    assert await top(meeting, await meeting.hq.person("outsider")) == []


def _awake(tx: Tx) -> None:
    """Forget that an address could not be had."""
    tx.change(_FORGET)


async def test_a_steward_pins_from_the_page(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo")
    post = await meeting.say("ana", "the rules")
    await meeting.shown("bo", "the rules")
    await meeting.say("ana", "other words")
    async with browsing(meeting.hq, meeting["ana"]) as browser:
        await browser.get(f"/@{meeting.club.handle}")
        assert (await browser.send(f"/posts/{post['id']}/pin")).status == 303
        shown = await browser.get(f"/@{meeting.club.handle}")
        assert shown.text.index("Pinned") < shown.text.index("the rules")
        assert shown.text.index("the rules") < shown.text.index("other words")
    async with browsing(meeting.lab, meeting["bo"]) as browser:
        await shows(meeting, meeting["bo"], post["uri"])
        shown = await browser.get(f"/{meeting.club.acct}")
        assert "Pinned" in shown.text
        assert shown.tree.css_first(f'form[action="/posts/{post["id"]}/unpin"]') is None


async def test_with_the_membership_goes_what_was_pinned(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo")
    post = await meeting.say("ana", "the rules")
    await meeting.shown("bo", "the rules")
    await meeting["ana"].post(f"/api/v1/statuses/{post['id']}/pin")
    bo = meeting["bo"]
    await shows(meeting, bo, post["uri"])
    group = await group_of(meeting, bo)
    await bo.post(f"/api/v1/accounts/{group['id']}/unfollow")
    await meeting.club.loses(bo.uri, meeting.lab)
    await settled(meeting.hq, meeting.lab)

    async def forgotten() -> bool:
        return await meeting.lab.db.read(by_uri, post["uri"]) is None

    await until(forgotten)
    assert await meeting.lab.db.read(pins.of, int(group["id"])) == []
