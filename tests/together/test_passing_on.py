"""What a community passes on between nodes that never contact each other (protocol §5).

N1 hosts the community; lab and far each refuse to talk to the other, and their people meet in it.
"""

import pytest
from msgspec.structs import replace

from activitypub.parse.cards import parse_cards
from domain.kinds import MembershipState, RuleAction
from federation.discovery import find_actor
from federation.fetcher import CannotFetch
from social.keys import rotate_keys
from social.vouching import cards_url
from storage.queries import actors, communities, origins
from storage.queries.posts import by_uri
from storage.tx import Tx
from storage.views.actors import ActorView
from tests.support.nodes import Json, Nodes, Person, RunningNode, until
from tests.together.communities import Community, found
from tests.together.stories import known, settled, shows


class Meeting:
    """Ana at hq, bo and dan at lab, cy at far, all in one community at hq."""

    def __init__(self, hq: RunningNode, lab: RunningNode, far: RunningNode) -> None:
        self.hq, self.lab, self.far = hq, lab, far
        self.people: dict[str, Person] = {}
        self.club: Community

    def __getitem__(self, handle: str) -> Person:
        return self.people[handle]

    @classmethod
    async def made(cls, nodes: Nodes, *joining: str) -> "Meeting":
        hq, lab, far = [await nodes.start(name) for name in ("hq", "lab", "far")]
        meeting = cls(hq, lab, far)
        homes = {"ana": hq, "olga": hq, "bo": lab, "dan": lab, "cy": far}
        for handle, home in homes.items():
            meeting.people[handle] = await known(home, handle)
        meeting.club = await found(hq, meeting["ana"], meeting["olga"], handle="lifting")
        for one, other in ((lab, far), (far, lab)):
            await one.db.write(origins.set_rule, other.host, RuleAction.BLOCK)
        for handle in joining:
            await meeting.join(handle)
        return meeting

    async def join(self, handle: str) -> None:
        """Be invited, and accept by following."""
        person = self[handle]
        there = await self["ana"].find(person.acct)
        await self.club.invite(int(there["id"]), self["ana"])
        await settled(self.hq, person.node)
        await person.follow(self.club.acct)
        await self.club.takes_in(person.uri, person.node)

    async def say(self, handle: str, words: str, **more: str) -> Json:
        text = words if more else f"{self.club.acct} {words}"
        return await self[handle].say(text, visibility="private", **more)

    async def shown(self, handle: str, words: str) -> Json:
        """Wait until somebody sees a community's post at home, as the community's; the post."""
        status = await self[handle].sees(words)
        assert status["reblog"] is not None
        assert status["account"]["group"] is True
        return status["reblog"]

    async def settled(self) -> None:
        await settled(self.hq, self.lab, self.far)


async def actor_at(node: RunningNode, uri: str) -> ActorView | None:
    return await node.db.read(actors.by_uri, uri)


async def status_of(person: Person, post_id: str) -> int:
    return (await person.ask("GET", f"/api/v1/statuses/{post_id}")).status


async def figures(person: Person, uri: str) -> tuple[int, int]:
    """(answers, likes) of a post, as this person is shown it."""
    row = await person.node.db.read(by_uri, uri)
    assert row is not None
    shown = await person.get(f"/api/v1/statuses/{row.id}")
    return shown["replies_count"], shown["favourites_count"]


async def same_figures(meeting: Meeting, uri: str, expected: tuple[int, int]) -> None:
    async def so() -> bool:
        told = [await figures(meeting[one], uri) for one in ("ana", "bo", "cy")]
        return told == [expected] * 3

    await until(so)


@pytest.mark.both
async def test_people_of_nodes_that_never_meet_talk_in_a_community(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo", "cy")
    made = await meeting.say("cy", "bend your knees")
    seen = await meeting.shown("bo", "bend your knees")
    assert (seen["uri"], seen["account"]["acct"]) == (made["uri"], f"cy@{meeting.far.host}")
    assert seen["account"]["display_name"] == "cy"
    author = await actor_at(meeting.lab, meeting["cy"].uri)
    assert author is not None
    assert author.is_hearsay

    answer = await meeting.say("bo", "and keep your back straight", in_reply_to_id=seen["id"])
    await same_figures(meeting, made["uri"], (1, 0))
    await meeting["bo"].post(f"/api/v1/statuses/{seen['id']}/favourite")
    await same_figures(meeting, made["uri"], (1, 1))
    thread = await meeting["cy"].get(f"/api/v1/statuses/{made['id']}/context")
    assert [one["uri"] for one in thread["descendants"]] == [answer["uri"]]

    await meeting["bo"].post(f"/api/v1/statuses/{seen['id']}/unfavourite")
    await meeting["bo"].delete(f"/api/v1/statuses/{answer['id']}")
    await same_figures(meeting, made["uri"], (0, 0))
    await meeting["cy"].put(f"/api/v1/statuses/{made['id']}", status="bend both knees")
    await meeting.shown("bo", "bend both knees")
    await meeting["cy"].delete(f"/api/v1/statuses/{made['id']}")

    async def gone() -> bool:
        return await status_of(meeting["bo"], seen["id"]) == 404

    await until(gone)


async def test_who_joins_late_reads_what_was_said_before(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo")
    first = await meeting.say("bo", "the first words")
    await meeting.shown("ana", "the first words")
    await meeting.say("ana", "an answer", in_reply_to_id=await id_at(meeting["ana"], first["uri"]))
    await meeting.settled()
    await meeting["bo"].post(f"/api/v1/statuses/{first['id']}/favourite")
    await meeting["bo"].post(f"/api/v1/statuses/{first['id']}/unfavourite")
    seen = await id_at(meeting["ana"], first["uri"])
    await meeting["ana"].post(f"/api/v1/statuses/{seen}/favourite")
    await meeting.settled()
    await meeting.join("cy")
    early = await meeting.shown("cy", "the first words")
    assert early["uri"] == first["uri"]

    async def answered() -> bool:
        thread = await meeting["cy"].get(f"/api/v1/statuses/{early['id']}/context")
        return len(thread["descendants"]) == 1

    await until(answered)
    await shows(meeting["cy"], early["id"], favourites_count=1)  # Ana's stands, Bo's does not
    assert [one for one in await meeting["cy"].notifications() if one["type"] == "mention"] == []


async def id_at(person: Person, uri: str) -> str:
    row = await person.node.db.read(by_uri, uri)
    assert row is not None
    return str(row.id)


async def test_a_removal_that_got_lost_is_noticed_with_the_next_words(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo", "dan")
    await meeting.settled()  # what a new member reads up says nothing of who belongs
    await meeting.hq.db.write(_forget_quietly, meeting.club.id, meeting["bo"].uri)
    assert await meeting.club.has(meeting["bo"].uri, meeting.lab)
    made = await meeting.say("ana", "only for members")
    await meeting.shown("dan", "only for members")
    row = await meeting.lab.db.read(by_uri, made["uri"])
    assert row is not None
    assert await status_of(meeting["bo"], str(row.id)) == 404
    assert not await meeting.club.has(meeting["bo"].uri, meeting.lab)


async def test_a_removal_that_got_lost_is_noticed_when_somebody_else_reads_up(
    nodes: Nodes,
) -> None:
    """Nobody at the lab belongs for a while, so nothing is sent there; then Dan joins."""
    meeting = await Meeting.made(nodes, "bo")
    await meeting.settled()
    await meeting.hq.db.write(_forget_quietly, meeting.club.id, meeting["bo"].uri)
    made = await meeting.say("ana", "said since then")
    await meeting.settled()
    assert await meeting.lab.db.read(by_uri, made["uri"]) is None
    assert await meeting.club.has(meeting["bo"].uri, meeting.lab)
    await meeting.join("dan")
    await meeting.shown("dan", "said since then")
    row = await meeting.lab.db.read(by_uri, made["uri"])
    assert row is not None
    assert await status_of(meeting["bo"], str(row.id)) == 404
    assert await status_of(meeting["dan"], str(row.id)) == 200
    assert not await meeting.club.has(meeting["bo"].uri, meeting.lab)


def _forget_quietly(tx: Tx, community_id: int, uri: str) -> None:
    """A removal whose Reject never arrives."""
    actor = actors.by_uri(tx, uri)
    assert actor is not None
    member = communities.member(tx, community_id, actor.id)
    assert member is not None
    communities.put_member(tx, replace(member, state=MembershipState.REMOVED))


async def rotate(person: Person) -> None:
    node = person.node
    keys = await node.parts.keyring.generate()
    await node.db.write(rotate_keys, node=node.node, actor_id=person.id, new=keys)


async def test_a_members_new_key_reaches_nodes_that_never_meet_it(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "bo", "cy")
    await meeting.say("cy", "with the first key")
    await meeting.shown("bo", "with the first key")
    await rotate(meeting["cy"])
    await meeting.say("cy", "with the second key")
    await meeting.shown("bo", "with the second key")


async def test_words_from_before_a_new_key_can_still_be_read_up(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "cy")
    for author in ("cy", "ana"):
        await meeting.say(author, f"{author} with the first key")
        await meeting.shown("cy", f"{author} with the first key")
        await rotate(meeting[author])
    await meeting.say("cy", "cy with the second key")
    await meeting.shown("ana", "cy with the second key")
    await meeting.settled()
    await meeting.join("bo")
    for words in ("cy with the second key", "cy with the first key", "ana with the first key"):
        await meeting.shown("bo", words)


async def test_T3_cards_are_for_members_nodes_alone(nodes: Nodes) -> None:
    meeting = await Meeting.made(nodes, "cy")
    bo, cy = meeting["bo"], meeting["cy"]
    group = await find_actor(meeting.far.parts.fetcher, meeting.club.uri)
    url = cards_url(group, meeting["ana"].uri)
    shown = await meeting.far.parts.fetcher.document(url, as_actor_id=cy.id)
    [card] = parse_cards(shown.body["items"])
    assert (card.of, card.handle, card.host) == (meeting["ana"].uri, "ana", meeting.hq.host)
    assert card.key is not None
    nobody = await meeting.far.parts.fetcher.document(cards_url(group, bo.uri), as_actor_id=cy.id)
    assert nobody.body["items"] == []
    for fetcher, asker in ((meeting.lab.parts.fetcher, bo.id), (meeting.far.parts.fetcher, None)):
        with pytest.raises(CannotFetch) as refusal:
            await fetcher.document(url, as_actor_id=asker)
        assert refusal.value.gone
    unsigned = await meeting.hq.ask("GET", url, headers={"Accept": "application/activity+json"})
    assert unsigned.status == 404
